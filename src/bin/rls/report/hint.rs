//! Hints: what to do about an error, from the facts in it.

use std::net::IpAddr;

use registry_ls::auth::{Action, Permission};
use registry_ls::error::{
    Danger, Denial, Fault, Identity, Missing, NamedBy, Network, Operation, OtherServer, Refuser, Tls,
};
use registry_ls::name::Registry;
use registry_ls::{Error, Kind};

use super::convert::conversion;
use super::near_miss::near_miss_remedy;
use crate::output::some_of;

/// The context of an error, as far as hints need it.
#[derive(Debug, Clone, Default)]
pub struct HintContext {
    /// The registry of the request.
    pub registry: Option<Registry>,
    /// Similar names, best first.
    pub nearest: Vec<String>,
    /// The repositories in the folder that was taken for one.
    pub folder: Vec<String>,
    /// The repository that lacks a tag.
    pub repository: Option<String>,
    /// The tag, if it is listed but its manifest is gone.
    pub dangling: Option<String>,
    /// Whether the repository does not exist either.
    pub no_repository: bool,
    /// Whether `--ca-file` is set.
    pub ca_given: bool,
    /// Whether the request was to list repositories.
    pub listing: bool,
    /// The image whose files are read.
    pub image: Option<String>,
    /// Whether the request was for a list that is held in memory.
    pub held_list: bool,
}

impl HintContext {
    /// The context of a request to a registry.
    pub fn at(registry: &Registry, ca_given: bool) -> Self {
        Self {
            registry: Some(registry.clone()),
            nearest: Vec::new(),
            folder: Vec::new(),
            repository: None,
            dangling: None,
            no_repository: false,
            ca_given,
            listing: false,
            image: None,
            held_list: false,
        }
    }

    /// The same for a request to list repositories.
    #[must_use]
    pub fn of_listing(self) -> Self {
        Self { listing: true, ..self }
    }

    /// The same for a list that is held in memory to be sorted, or until the lists before it are printed.
    #[must_use]
    pub fn of_held_list(self) -> Self {
        Self { held_list: true, ..self }
    }

    /// The hint for an error, if there is one.
    pub fn hint(&self, error: &Error) -> Option<String> {
        if let Some(hint) = error.other_server().and_then(|server| self.other_server(server, error.kind())) {
            return Some(hint);
        }
        match error.kind() {
            Kind::NotFound(missing) => self.not_found(*missing),
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
                "run 'rls login {}' to store the credentials again, use -u NAME, or use --anonymous to {action} \
                 without credentials",
                self.name()
            )),
            Kind::Denied(denial) => Some(self.denied(denial, error)),
            Kind::UnsafeRealm => Some(
                "nothing was sent there; the registry's administrator must correct the realm of its token server \
                 (REGISTRY_AUTH_TOKEN_REALM), or let the proxy in front of it send X-Forwarded-Proto"
                    .to_owned(),
            ),
            Kind::Unsupported(operation) => Some(self.unsupported(*operation, error)),
            Kind::Protocol(fault) => self.protocol(fault),
            Kind::ForeignPage { host } => Some(format!(
                "behind a proxy the registry must know its external URL: REGISTRY_HTTP_HOST=https://HOST on the server, \
                 or X-Forwarded-Host and X-Forwarded-Proto from the proxy; if {host} is the registry, use its name"
            )),
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
                        "use --ca-file FILE with the CA certificate of the proxy {proxy} if it intercepts TLS, or of the \
                         registry's CA if it does not"
                    )),
                    _ => self.tls(tls),
                };
                let hints: Vec<_> = own.into_iter().chain(skip_verify).collect();
                (!hints.is_empty()).then(|| hints.join("; "))
            }
            Kind::TimedOut => {
                Some("use --timeout to set the limit for the whole command, -v to see what it waits for".to_owned())
            }
            _ => None,
        }
    }

    /// The registry's host, with its port.
    fn name(&self) -> String {
        self.registry.as_ref().map_or_else(|| "REGISTRY".to_owned(), Registry::authority)
    }

    /// The command that lists its repositories, with scheme and prefix if needed.
    fn repos(&self) -> String {
        let registry = self.registry.as_ref().map_or_else(|| "REGISTRY".to_owned(), ToString::to_string);
        format!("rls repos {registry}")
    }

    fn not_found(&self, missing: Missing) -> Option<String> {
        if let Some(name) = &self.dangling {
            return Some(format!(
                "the tag is listed, but its manifest is gone; run 'rls rm {name} --placeholder' to remove it (needs \
                 permission to push), or ask the registry's administrator"
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
            Missing::Tag if self.no_repository => {
                Some(format!("{no_repository}run '{}' to list repositories", self.repos()))
            }
            Missing::Tag if self.repository.is_some() => {
                let registry = self.registry.as_ref()?;
                Some(format!("run 'rls tags {}' to list tags", registry.qualify(self.repository.as_ref()?)))
            }
            Missing::Repository => Some(format!("run '{}' to list repositories", self.repos())),
            Missing::Endpoint => Some(format!("check that {} is a registry; registries respond on /v2/", self.name())),
            Missing::File => self.image.as_ref().map(|image| format!("run 'rls files {image}' to list its files")),
            Missing::Tag | Missing::Manifest | Missing::Blob => None,
        }
    }

    fn log_in(&self, error: &Error) -> String {
        let name = self.name();
        let login = format!("run 'rls login {name}', or set RLS_USERNAME and RLS_PASSWORD");
        match error.near_misses() {
            [] => login,
            [near_miss, ..] => near_miss_remedy(near_miss, &login),
        }
    }

    fn denied(&self, denial: &Denial, error: &Error) -> String {
        if error.reply().is_some_and(|reply| matches!(reply.status, 409 | 412)) {
            return "check the rules of the registry, such as one for immutable tags".to_owned();
        }
        if let Refuser::OtherServer(place) = &denial.by {
            return format!("the registry redirects to {place}, which must allow access to the redirected URL");
        }
        let Some(identity) = &denial.identity else {
            let catalog = denial.permission.as_ref().is_some_and(|right| right.action == Action::Catalog);
            return if catalog { self.no_catalog() } else { self.log_in(error) };
        };
        if has_expired_at_ecr(identity, error) {
            return "ECR passwords expire after 12 hours; run 'aws ecr get-login-password' for a new one".to_owned();
        }
        let password = format!("check the user name and password from {}", identity.source);
        match (&denial.by, &denial.permission) {
            (Refuser::TokenServer(_), _) | (_, None) => format!("{password}, or use -u NAME"),
            (_, Some(Permission { action: Action::Catalog, .. })) if denial.accepted => self.no_catalog(),
            (_, Some(Permission { action: Action::Catalog, .. })) => format!("{password}; {}", self.no_catalog()),
            (_, Some(Permission { action, repository: Some(repository) })) if denial.accepted => {
                let check = if *action == Action::Pull { "check the name, or " } else { "" };
                format!("{check}request {action} permission on {repository}; -u NAME logs in as another user")
            }
            (_, Some(Permission { action, repository: Some(repository) })) => {
                format!("{password}, or request {action} permission on {repository}; -u NAME logs in as another user")
            }
            _ => "use -u NAME to log in as another user".to_owned(),
        }
    }

    /// The hint where an address that the registry named does not work: the user did not choose it.
    fn other_server(&self, server: &OtherServer, kind: &Kind) -> Option<String> {
        let OtherServer { place, named_by } = server;
        let correct = match named_by {
            NamedBy::Challenge => {
                "the registry's administrator must correct the address of its token server (REGISTRY_AUTH_TOKEN_REALM; \
                 Harbor: external_url)"
            }
            NamedBy::Redirect => {
                "a login page or a proxy may be in front of it; its administrator must let registry clients through, or \
                 correct its external address (REGISTRY_HTTP_HOST; Harbor: external_url)"
            }
        };
        let who = match named_by {
            NamedBy::Challenge => format!("the registry's WWW-Authenticate header names {place}"),
            NamedBy::Redirect => format!("{} redirects to {place}", self.name()),
        };
        match kind {
            Kind::Protocol(Fault::Status(500..)) => Some(format!("check the log of {place}")),
            Kind::Protocol(Fault::Status(_)) if *named_by == NamedBy::Challenge => {
                Some(format!("use -vv to see the request that {place} refuses"))
            }
            Kind::Protocol(Fault::Html) if *named_by == NamedBy::Challenge => Some(format!(
                "a proxy or login page may answer in place of the token server {place}; -vv shows the headers"
            )),
            // The address of the registry itself works.
            _ if *place == self.name() => None,
            Kind::Network(Network::Proxy | Network::Reset) => None,
            Kind::Network(_) | Kind::Tls(Tls::PlainHttp) | Kind::Protocol(Fault::Html | Fault::NotHttp) => {
                Some(format!("{who}; {correct}"))
            }
            Kind::Tls(Tls::WrongName { .. }) => Some(format!("{who}, which its certificate is not for; {correct}")),
            Kind::Tls(Tls::UnknownIssuer { .. }) => Some(format!(
                "use --ca-file FILE with the certificate of the CA of {place}; to make it permanent: rls trust {place} \
                 --write rls"
            )),
            Kind::Tls(Tls::Expired { .. } | Tls::NotYetValid { .. } | Tls::BadCertificate) => Some(format!(
                "the administrator of {place} must renew its certificate; if it is valid, check this machine's clock"
            )),
            _ => None,
        }
    }

    fn unsupported(&self, operation: Operation, error: &Error) -> String {
        match operation {
            Operation::Catalog => self.no_catalog(),
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

    /// What to use instead of the catalog.
    fn no_catalog(&self) -> String {
        let usual = "many registries show their catalog to administrators only; 'rls tags REPO' works without it";
        self.known_catalog().unwrap_or_else(|| usual.to_owned())
    }

    /// The same for hosted registries, which never list repositories.
    fn known_catalog(&self) -> Option<String> {
        let is_gitlab = self.registry.as_ref().is_some_and(|registry| registry.host().contains("gitlab"));
        let instead = if self.is_docker_hub() {
            "Docker Hub has no catalog; find repositories on hub.docker.com, then run 'rls tags NAMESPACE/NAME'"
        } else if self.is_at("ghcr.io") {
            "GHCR has no catalog; find packages on github.com/OWNER?tab=packages, then run 'rls tags \
             ghcr.io/OWNER/NAME'"
        } else if self.is_at("pkg.dev") || self.is_at("gcr.io") {
            "run 'gcloud artifacts docker images list LOCATION-docker.pkg.dev/PROJECT/REPOSITORY' to list images, \
             'rls tags' to list their tags"
        } else if self.is_at("quay.io") {
            "find repositories on quay.io, then run 'rls tags quay.io/NAMESPACE/NAME'"
        } else if is_gitlab {
            "find a project's repositories in GitLab under Deploy > Container registry or with GET \
             /projects/:id/registry/repositories, then run 'rls tags REPO'"
        } else {
            return None;
        };
        Some(instead.to_owned())
    }

    fn is_docker_hub(&self) -> bool {
        self.registry.as_ref().is_some_and(Registry::is_docker_hub)
    }

    /// Whether the registry is at this host, or at a subdomain.
    fn is_at(&self, domain: &str) -> bool {
        let host = self.registry.as_ref().map_or("", Registry::host);
        host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }

    fn protocol(&self, fault: &Fault) -> Option<String> {
        let name = self.name();
        match fault {
            Fault::Html => Some(format!(
                "check that {name} is the registry; a proxy, login page or web interface may have responded, -vv \
                 shows the headers"
            )),
            Fault::TlsPort => Some("remove --plain-http or http://; the port uses HTTPS".to_owned()),
            Fault::NotHttp => {
                Some(format!("another service listens on {name}; registries usually use port 443 or 5000"))
            }
            Fault::PageSize => Some("use --limit N to request pages of at most N names".to_owned()),
            Fault::Redirect => Some(
                "behind a proxy the registry must know its external URL: REGISTRY_HTTP_HOST=https://HOST on the server"
                    .to_owned(),
            ),
            Fault::Unpacked => Some("if the image is trusted, use --max-unpacked SIZE to allow more".to_owned()),
            Fault::Window => Some("use --max-window SIZE to allow more, which takes as much memory".to_owned()),
            Fault::TooLarge if self.held_list => Some(
                "run 'rls tags REPO --sort none' for this repository alone: it prints tags as they arrive".to_owned(),
            ),
            Fault::Encoding => {
                Some(format!("a proxy in front of {name} may compress its replies; turn that off for /v2/"))
            }
            Fault::Status(500..) => Some("check the server's log; use --retries N to retry more often".to_owned()),
            _ => None,
        }
    }

    fn network(&self, network: Network, error: &Error) -> Option<String> {
        match network {
            Network::Dns => Some("check the host name, or use --resolve HOST:PORT:ADDR to bypass DNS".to_owned()),
            Network::Resolver => Some(
                "check the name servers in /etc/resolv.conf, or use --resolve HOST:PORT:ADDR to bypass DNS".to_owned(),
            ),
            Network::Refused if error.route().has_answered => Some(
                "the server answered before, and has stopped or is restarting; use --retries N to wait longer"
                    .to_owned(),
            ),
            Network::Refused => Some(
                "check that the registry is running and the port is right; the default is 443, or 80 with \
                     http://"
                    .to_owned(),
            ),
            Network::Proxy => {
                Some("check HTTPS_PROXY, HTTP_PROXY and ALL_PROXY; NO_PROXY lists hosts to reach directly".to_owned())
            }
            Network::ConnectTimeout => Some(
                "a firewall may be dropping packets; use --connect-timeout to wait longer, or set HTTPS_PROXY to use \
                 a proxy"
                    .to_owned(),
            ),
            Network::HandshakeTimeout => Some(format!(
                "check that {} serves TLS on this port; if it does, large packets may get lost (MTU): ping -M do -s 1400 {}",
                self.name(),
                self.registry.as_ref().map_or("HOST", Registry::host)
            )),
            Network::Reset | Network::Other => None,
        }
    }

    /// What to do about a certificate for other names. Only a name that can be typed and is not the one that was typed
    /// is suggested.
    fn wrong_name(&self, names: &[String]) -> String {
        let host = self.registry.as_ref().map_or("HOST", Registry::host);
        let port = self.registry.as_ref().map_or(443, Registry::effective_port);
        let kind = if host.parse::<IpAddr>().is_ok() { "IP address" } else { "DNS name" };
        let reissue = format!("reissue the certificate with {host} as {kind} in its subjectAltName");
        if let Some(name) = names.iter().find(|name| !name.contains('*') && *name != host) {
            return format!(
                "use a name from the certificate, such as {name}; --resolve NAME:{port}:ADDR sets the address to \
                 connect to"
            );
        }
        // A wildcard for a whole top-level domain covers nothing.
        match names.iter().find(|name| name.strip_prefix("*.").is_some_and(|domain| domain.contains('.'))) {
            Some(wildcard) => format!(
                "{reissue}, or connect by a name that {wildcard} covers; --resolve NAME:{port}:ADDR sets the address"
            ),
            None => reissue,
        }
    }

    fn tls(&self, tls: &Tls) -> Option<String> {
        let name = self.name();
        match tls {
            Tls::UnknownIssuer { roots: 0, .. } if roots_variable().is_some() => {
                roots_variable().map(|variable| format!("correct {variable}, or unset it to use the system's CAs"))
            }
            Tls::UnknownIssuer { self_signed: true, .. } => Some(format!(
                "use --ca-file FILE with this certificate; to make it permanent: rls trust {name} \
                     --write rls"
            )),
            Tls::UnknownIssuer { issuer, leaf_only: true, .. } => Some(format!(
                "use --ca-file FILE with the certificate of {issuer:?}; if this is an intermediate CA, the server \
                 should send its full chain (fullchain.pem)"
            )),
            Tls::UnknownIssuer { .. } if self.ca_given => {
                Some("--ca-file names a different CA; ask the registry's administrator for the right one".to_owned())
            }
            Tls::UnknownIssuer { .. } => Some(format!(
                "use --ca-file FILE with the certificate of the CA; to make it permanent: rls trust {name} --write rls"
            )),
            Tls::Expired { .. } => Some(
                "renew the server's certificate; if it is valid, check this machine's \
                 clock"
                    .to_owned(),
            ),
            Tls::NotYetValid { .. } => Some("check the clocks of this machine and of the server".to_owned()),
            Tls::WrongName { names } if names.is_empty() => {
                Some("reissue the certificate with the host in its subjectAltName".to_owned())
            }
            Tls::WrongName { names } => Some(self.wrong_name(names)),
            Tls::BadCertificate => Some(
                "reissue the server's certificate; it needs CA:FALSE, extendedKeyUsage=serverAuth and the host in its \
                 subjectAltName"
                    .to_owned(),
            ),
            Tls::PlainHttp => Some(format!(
                "use --plain-http or http://{name} if plain HTTP is intended; rls never \
                 falls back to it"
            )),
            Tls::ClientCertificate { offered: false } => {
                Some("use --client-cert FILE and --client-key FILE".to_owned())
            }
            Tls::ClientCertificate { offered: true } => {
                Some("the server rejected the client certificate; check its issuer and expiry date".to_owned())
            }
            Tls::Downgrade { .. } => Some(
                "behind a proxy the registry must know that it is reached over HTTPS: set \
                 REGISTRY_HTTP_HOST=https://HOST on the server, or send X-Forwarded-Proto from the proxy"
                    .to_owned(),
            ),
            Tls::Version => Some("enable TLS 1.2 or 1.3 on the server".to_owned()),
            Tls::Handshake => None,
        }
    }
}

/// The variable that replaces the system's CAs, if one is set.
fn roots_variable() -> Option<&'static str> {
    ["SSL_CERT_FILE", "SSL_CERT_DIR"].into_iter().find(|name| std::env::var_os(name).is_some())
}

/// Whether a password of Amazon ECR has expired; only the text of the response says so.
fn has_expired_at_ecr(identity: &Identity, error: &Error) -> bool {
    let mut errors = error.reply().into_iter().flat_map(|reply| &reply.errors);
    identity.username.as_deref() == Some("AWS") && errors.any(|error| error.message.contains("token has expired"))
}

/// Why a registry does not delete, as far as its response shows: several causes have the same response.
fn no_deletion(error: &Error) -> &'static str {
    match error.reply() {
        Some(reply) if reply.status == 404 => {
            "a gateway in front of the registry may block DELETE, or a rule of the registry may forbid it"
        }
        // Only a saved plan has no alternative method.
        Some(reply) if reply.status == 400 => "this registry deletes manifests, not tags; save a new plan for it",
        // distribution responds like this when read-only; if deletion is disabled, the response has an error code.
        Some(reply) if reply.status == 405 && reply.errors.is_empty() => {
            "the registry may be in read-only mode (storage.maintenance.readonly in config.yml), or a proxy may block \
             DELETE"
        }
        _ => {
            "on the distribution registry: set REGISTRY_STORAGE_DELETE_ENABLED=true (storage.delete.enabled in \
             config.yml); pull-through caches (proxy.remoteurl) and read-only registries \
             (storage.maintenance.readonly) refuse deletion too"
        }
    }
}

fn danger_hint(danger: &Danger) -> Option<String> {
    match danger {
        Danger::Siblings { .. } => Some(
            "use --with-siblings to remove these tags too, or --placeholder to remove only the named one (it pushes a \
             tiny manifest first)"
                .to_owned(),
        ),
        Danger::Tagged { .. } => Some("use --all-tags to remove the manifest with its tags".to_owned()),
        Danger::InIndex { .. } => Some(
            "remove the index that lists it instead, or use --placeholder to remove only the tag; --force breaks the \
             index"
                .to_owned(),
        ),
        Danger::Unlisted => Some(
            "use --placeholder to remove only this tag (it pushes a tiny manifest first), or --with-siblings to \
             remove every tag on the manifest"
                .to_owned(),
        ),
        Danger::Unreadable { names } => {
            let broken = names.first().map(|name| format!(", or remove {name} first")).unwrap_or_default();
            Some(format!(
                "use --placeholder, which does not depend on other tags (it pushes a tiny manifest \
                 first){broken}"
            ))
        }
        Danger::Moved { .. } => Some("check what it points to now before removing it".to_owned()),
        Danger::TagExists { .. } => Some(
            "existing tags are never overwritten; to restore it, remove the tag, then run 'rls undo ID' (see \
                 'rls undo --list')"
                .to_owned(),
        ),
        Danger::MissingBlobs { .. } => Some(
            "the registry's garbage collection has deleted them; push the image again from where it was \
             built"
                .to_owned(),
        ),
        Danger::DamagedCopy => Some("push the image again from where it was built".to_owned()),
        Danger::DigestMismatch => Some("a proxy or the registry altered the data; it was not used".to_owned()),
        _ => None,
    }
}
