//! Hints: what to do about an error, from the facts in it.

mod access;
mod connection;
mod context;
mod removal;

use registry_ls::error::{Danger, Fault, Missing, Operation, Tls};
use registry_ls::{Error, Kind};

pub use self::connection::roots_variable;
pub use self::context::{HintContext, LoginSource};
use self::removal::{danger_hint, no_deletion};
use super::convert::conversion;
use crate::command_line::rls;
use crate::output::some_of;

impl HintContext {
    /// The hint for an error, if there is one.
    pub fn hint(&self, error: &Error) -> Option<String> {
        if let Some(hint) = error.other_server().and_then(|server| self.other_server(server, error.kind())) {
            return Some(hint);
        }
        match error.kind() {
            Kind::NotFound(missing) => self.not_found(*missing, error),
            Kind::Unauthenticated => {
                Some(self.known_catalog().filter(|_| self.listing).unwrap_or_else(|| self.log_in(error)))
            }
            Kind::UnusableChallenge => Some(self.known_catalog().filter(|_| self.listing).unwrap_or_else(|| {
                "a login does not help; the registry's administrator must offer Basic or token authentication, in a valid \
                 WWW-Authenticate header"
                    .to_owned()
            })),
            Kind::Hidden => Some(format!("check the name; for a private repository, {}", self.log_in(error))),
            Kind::Config => error.unusable_file().map(conversion),
            Kind::CredentialsUnavailable(action) => Some(format!(
                "run '{}' to store the credentials again, use -u NAME, or use --anonymous to {action} without \
                 credentials",
                self.login()
            )),
            Kind::Denied(denial) => Some(self.denied(denial, error)),
            Kind::UnsafeRealm => Some(
                "nothing was sent there; the registry's administrator must correct the realm of its token server \
                 (REGISTRY_AUTH_TOKEN_REALM), or let the proxy in front of it send X-Forwarded-Proto"
                    .to_owned(),
            ),
            Kind::Unsupported(operation) => Some(self.unsupported(*operation, error)),
            Kind::Protocol(Fault::Html) => Some(self.web_page(error)),
            // A proxy answers so when it cannot reach the registry, too.
            Kind::Protocol(Fault::Status(500..))
                if error.route().proxy.is_some() && error.reply().is_some_and(|reply| reply.is_page) =>
            {
                Some(self.web_page(error))
            }
            Kind::Protocol(fault) => self.protocol(fault),
            Kind::ForeignPage { host } => {
                let other = if host.is_empty() { String::new() } else { format!("; if {host} is the registry, use its name") };
                Some(format!(
                    "behind a proxy the registry must know its external URL: REGISTRY_HTTP_HOST=https://HOST on the \
                     server, or X-Forwarded-Host and X-Forwarded-Proto from the proxy{other}"
                ))
            }
            Kind::RateLimited => {
                Some("use --jobs 1 to send one request at a time; logging in often raises the limit".to_owned())
            }
            // Files are printed as they arrive.
            Kind::Safety(Danger::DigestMismatch) if self.image.is_some() => {
                Some("a proxy or the registry altered the data; do not use what was printed".to_owned())
            }
            Kind::Safety(danger) => danger_hint(danger),
            Kind::Network(network) => self.network(*network, error),
            Kind::Tls(tls) => {
                let skip_verify = error
                    .ignored_skip_verify()
                    .map(|file| format!("use --insecure to skip verification, as {} asks", file.display()));
                let own = match (tls, &error.route().proxy) {
                    (Tls::UnknownIssuer { .. }, Some(proxy)) => Some(format!(
                        "use --ca-file FILE with the CA certificate of the proxy {} if it intercepts TLS, or of the \
                         registry's CA if it does not",
                        proxy.url
                    )),
                    _ => self.tls(tls),
                };
                let hints: Vec<_> = own.into_iter().chain(skip_verify).collect();
                (!hints.is_empty()).then(|| hints.join("; "))
            }
            Kind::TimedOut if self.waits => None,
            Kind::TimedOut => {
                Some("use --timeout to set the limit for the whole command, -v to see what it waits for".to_owned())
            }
            _ => None,
        }
    }

    fn not_found(&self, missing: Missing, error: &Error) -> Option<String> {
        if let Some(name) = &self.dangling {
            return Some(format!(
                "the tag is listed, but its manifest is gone; run '{}' to remove it (needs permission to push), or ask \
                 the registry's administrator",
                rls(format_args!("rm {name} --placeholder"))
            ));
        }
        let no_repository = if self.no_repository { "the repository does not exist; " } else { "" };
        match (self.nearest.as_slice(), self.folder.as_slice()) {
            ([], []) => {}
            (nearest, []) => return Some(format!("{no_repository}did you mean {}?", nearest.join(", "))),
            (_, [only]) => return Some(format!("this is a folder; did you mean {only}?")),
            (_, folder) => return Some(format!("this is a folder; repositories in it: {}", some_of(folder))),
        }
        match missing {
            // Whether the registry itself says so is unknown.
            Missing::Repository | Missing::Tag if error.reply().is_some_and(|reply| reply.is_page) => {
                Some(self.web_page(error))
            }
            Missing::Tag if self.no_repository => {
                Some(format!("{no_repository}run '{}' to list repositories", self.repos()))
            }
            Missing::Tag if self.repository.is_some() => {
                let registry = self.registry.as_ref()?;
                let tags = rls(format_args!("tags {}", registry.qualify(self.repository.as_ref()?)));
                Some(format!("run '{tags}' to list tags"))
            }
            Missing::Repository => Some(format!("run '{}' to list repositories", self.repos())),
            Missing::Endpoint => Some(format!("check that {} is a registry; registries respond on /v2/", self.name())),
            Missing::File => {
                let image = self.image.as_ref()?;
                Some(format!("run '{}' to list its files", rls(format_args!("files {image}"))))
            }
            Missing::Tag | Missing::Manifest | Missing::Blob => None,
        }
    }

    fn unsupported(&self, operation: Operation, error: &Error) -> String {
        match operation {
            Operation::Catalog => self
                .known_catalog()
                .unwrap_or_else(|| format!("use '{}', which works without a list of repositories", rls("tags REPO"))),
            Operation::DeleteTag | Operation::DeleteManifest if self.is_docker_hub() => {
                "delete tags on the Docker Hub website: hub.docker.com/repository/docker/NAMESPACE/NAME/tags".to_owned()
            }
            Operation::DeleteTag | Operation::DeleteManifest if self.is_at("ghcr.io") => {
                "delete package versions on the GitHub website, or with: gh api --method DELETE \
                 /user/packages/container/NAME/versions/ID"
                    .to_owned()
            }
            Operation::DeleteTag | Operation::DeleteManifest => no_deletion(error).to_owned(),
            Operation::Tags | Operation::Other => format!(
                "check that {} is a registry; registries respond on \
                 /v2/",
                self.name()
            ),
        }
    }

    fn protocol(&self, fault: &Fault) -> Option<String> {
        let name = self.name();
        match fault {
            Fault::TlsPort => Some("remove --plain-http or http://; the port uses HTTPS".to_owned()),
            Fault::NotHttp => {
                Some(format!("another service may listen on {name}; registries usually use port 443 or 5000"))
            }
            Fault::PageSize => Some("use --limit N to request pages of at most N names".to_owned()),
            Fault::Redirect => Some(
                "behind a proxy the registry must know its external URL: REGISTRY_HTTP_HOST=https://HOST on the server"
                    .to_owned(),
            ),
            Fault::Unpacked => Some("if the image is trusted, use --max-unpacked SIZE to allow more".to_owned()),
            Fault::Window => Some("use --max-window SIZE to allow more, which takes as much memory".to_owned()),
            Fault::TooLarge if self.held_list && self.image.is_some() => {
                Some("use --sort none to print files as they are found, or name a PATH".to_owned())
            }
            Fault::TooLarge if self.held_list => Some(format!(
                "run '{}' for this repository alone: it prints tags as they arrive",
                rls("tags REPO --sort none")
            )),
            Fault::Encoding => {
                Some(format!("a proxy in front of {name} may compress its replies; turn that off for /v2/"))
            }
            Fault::Status(511) => Some(format!(
                "the network requires a login before it lets requests pass to {name}: open a web page in a browser"
            )),
            Fault::Status(500..) => Some("check the server's log; use --retries N to retry more often".to_owned()),
            _ => None,
        }
    }
}
