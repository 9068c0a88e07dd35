//! What to do about an error, from the facts that it carries.

use registry_ls::auth::{Action, Permission};
use registry_ls::error::{Danger, Denial, Fault, Identity, Missing, Network, Operation, Refuser, Tls};
use registry_ls::name::Registry;
use registry_ls::{Error, Kind};

/// What is known about the run besides the error.
#[derive(Debug, Clone, Default)]
pub struct HintContext {
    /// The registry that was asked.
    pub registry: Option<Registry>,
    /// Names that were perhaps meant, best first.
    pub nearest: Vec<String>,
    /// A tag that is listed although its manifest is gone.
    pub dangling: Option<String>,
    /// Whether the registry does not even have the repository.
    pub no_repository: bool,
    /// Whether a certificate was given with `--ca-file`.
    pub ca_given: bool,
    /// Whether repositories were to be listed.
    pub listing: bool,
}

impl HintContext {
    /// A context with one registry.
    pub fn at(registry: &Registry, ca_given: bool) -> Self {
        Self {
            registry: Some(registry.clone()),
            nearest: Vec::new(),
            dangling: None,
            no_repository: false,
            ca_given,
            listing: false,
        }
    }

    /// The same where repositories were to be listed.
    #[must_use]
    pub fn of_listing(self) -> Self {
        Self { listing: true, ..self }
    }

    /// What to do, where something can be said.
    pub fn hint(&self, error: &Error) -> Option<String> {
        match error.kind() {
            Kind::NotFound(missing) => self.not_found(*missing),
            Kind::Unauthenticated => {
                Some(self.known_catalog().filter(|_| self.listing).unwrap_or_else(|| self.log_in()))
            }
            Kind::CredentialsUnavailable(action) => Some(format!(
                "-u NAME asks for a password; rls login {} stores the credentials anew; --anonymous goes on to {action} without any",
                self.name()
            )),
            Kind::Denied(denial) => Some(self.denied(denial, error)),
            Kind::UnsafeRealm => Some(
                "nothing was sent there; the registry's operator has to correct the realm of its token server"
                    .to_owned(),
            ),
            Kind::Unsupported(operation) => Some(self.unsupported(*operation, error)),
            Kind::Protocol(fault) => self.protocol(fault),
            Kind::RateLimited => Some("--jobs 1 asks more slowly; logged in, the limit is often higher".to_owned()),
            Kind::Safety(danger) => danger_hint(danger),
            Kind::Network(network) => self.network(*network),
            Kind::Tls(tls) => {
                let wish =
                    error.ignored_skip_verify().map(|file| format!("--insecure does as {} asks", file.display()));
                let hints: Vec<_> = self.tls(tls).into_iter().chain(wish).collect();
                (!hints.is_empty()).then(|| hints.join("; "))
            }
            Kind::TimedOut => {
                Some("--timeout sets the limit for the whole command; -v shows what it waits for".to_owned())
            }
            _ => None,
        }
    }

    /// The registry's host, with its port.
    fn name(&self) -> String {
        self.registry.as_ref().map_or_else(|| "REGISTRY".to_owned(), Registry::authority)
    }

    /// The command that lists its repositories, with the scheme and the path that it may need.
    fn repos(&self) -> String {
        let registry = self.registry.as_ref().map_or_else(|| "REGISTRY".to_owned(), ToString::to_string);
        format!("rls repos {registry}")
    }

    fn not_found(&self, missing: Missing) -> Option<String> {
        if let Some(name) = &self.dangling {
            return Some(format!(
                "it is in the list of tags, but its manifest is gone; rls rm {name} --placeholder removes it where you may push, \
                 otherwise the registry's administrator has to"
            ));
        }
        if !self.nearest.is_empty() {
            return Some(format!("did you mean {}?", self.nearest.join(", ")));
        }
        match missing {
            Missing::Tag if self.no_repository => {
                Some(format!("there is no such repository; {} lists the repositories", self.repos()))
            }
            Missing::Repository => Some(format!("{} lists the repositories", self.repos())),
            Missing::Endpoint => Some(format!("is {} a registry? A registry answers on /v2/", self.name())),
            Missing::Tag | Missing::Manifest | Missing::Blob => None,
        }
    }

    fn log_in(&self) -> String {
        let name = self.name();
        format!(
            "-u NAME asks for a password; RLS_USERNAME and RLS_PASSWORD serve scripts; rls login {name} stores both for docker and rls"
        )
    }

    fn denied(&self, denial: &Denial, error: &Error) -> String {
        if error.reply().is_some_and(|reply| matches!(reply.status, 409 | 412)) {
            return "a rule of the registry, such as one for immutable tags, has to allow it first".to_owned();
        }
        if let Refuser::OtherServer(place) = &denial.by {
            return format!(
                "the registry leads to {place}, whose operator has to let everybody in who knows the address"
            );
        }
        let Some(identity) = &denial.identity else {
            let catalog = denial.permission.as_ref().is_some_and(|right| right.action == Action::Catalog);
            return if catalog { self.no_catalog() } else { self.log_in() };
        };
        if has_expired_at_ecr(identity, error) {
            return "a password of ECR lasts twelve hours: aws ecr get-login-password prints a new one".to_owned();
        }
        let password = format!("check the user name and password from {}", identity.source);
        match (&denial.by, &denial.permission) {
            (Refuser::TokenServer(_), _) | (_, None) => format!("{password}; -u NAME uses others"),
            (_, Some(Permission { action: Action::Catalog, .. })) if denial.accepted => self.no_catalog(),
            (_, Some(Permission { action: Action::Catalog, .. })) => format!("{password}; {}", self.no_catalog()),
            (_, Some(Permission { action, repository: Some(repository) })) if denial.accepted => {
                format!("ask for {action} on {repository}; -u NAME logs in as somebody else")
            }
            (_, Some(Permission { action, repository: Some(repository) })) => {
                format!("{password}, or ask for {action} on {repository}; -u NAME logs in as somebody else")
            }
            _ => "-u NAME logs in as somebody else".to_owned(),
        }
    }

    fn unsupported(&self, operation: Operation, error: &Error) -> String {
        match operation {
            Operation::Catalog => self.no_catalog(),
            Operation::DeleteTag | Operation::DeleteManifest if self.is_docker_hub() => {
                "Docker Hub deletes tags on its web site: hub.docker.com/repository/docker/NAMESPACE/NAME/tags"
                    .to_owned()
            }
            Operation::DeleteTag | Operation::DeleteManifest if self.is_at("ghcr.io") => {
                "GHCR deletes versions of packages on GitHub's web site, or with \
                 gh api --method DELETE /user/packages/container/NAME/versions/ID"
                    .to_owned()
            }
            Operation::DeleteTag | Operation::DeleteManifest => no_deletion(error).to_owned(),
            Operation::Tags | Operation::Other => format!("is {} a registry? A registry answers on /v2/", self.name()),
        }
    }

    /// What there is instead of a catalog.
    fn no_catalog(&self) -> String {
        let usual = "many registries show their catalog to administrators only; rls tags REPO works without it";
        self.known_catalog().unwrap_or_else(|| usual.to_owned())
    }

    /// What the registries have that are known to list nothing, whoever asks.
    fn known_catalog(&self) -> Option<String> {
        let is_gitlab = self.registry.as_ref().is_some_and(|registry| registry.host().contains("gitlab"));
        let instead = if self.is_docker_hub() {
            "Docker Hub has no catalog; its repositories are on hub.docker.com, their tags here: rls tags NAMESPACE/NAME"
        } else if self.is_at("ghcr.io") {
            "GHCR has no catalog; packages are on github.com/OWNER?tab=packages, their tags here: rls tags ghcr.io/OWNER/NAME"
        } else if self.is_at("pkg.dev") || self.is_at("gcr.io") {
            "gcloud artifacts docker images list LOCATION-docker.pkg.dev/PROJECT/REPOSITORY lists images; \
             rls tags lists their tags"
        } else if self.is_at("quay.io") {
            "Quay lists repositories on its web site and API; rls tags quay.io/NAMESPACE/NAME lists tags"
        } else if is_gitlab {
            "GitLab lists a project's repositories under Deploy > Container registry and \
             GET /projects/:id/registry/repositories; rls tags lists their tags"
        } else {
            return None;
        };
        Some(instead.to_owned())
    }

    fn is_docker_hub(&self) -> bool {
        self.registry.as_ref().is_some_and(Registry::is_docker_hub)
    }

    /// Whether the registry is this host, or one below this domain.
    fn is_at(&self, domain: &str) -> bool {
        let host = self.registry.as_ref().map_or("", Registry::host);
        host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }

    fn protocol(&self, fault: &Fault) -> Option<String> {
        let name = self.name();
        match fault {
            Fault::Html => Some(format!(
                "is {name} the registry itself? A proxy, a login page or a web interface answered; -vv shows the headers"
            )),
            Fault::TlsPort => Some("leave out --plain-http and http://: the port speaks https".to_owned()),
            Fault::NotHttp => Some(format!("another service listens on {name}; registries usually have port 443 or 5000")),
            Fault::PageSize => Some("--limit N asks for pages of N names at most".to_owned()),
            Fault::Redirect => Some(
                "behind a proxy a registry needs to know its own address: REGISTRY_HTTP_HOST=https://HOST on the server".to_owned(),
            ),
            Fault::Status(500..) => Some("the fault is on the server: its log says more; --retries N tries longer".to_owned()),
            _ => None,
        }
    }

    fn network(&self, network: Network) -> Option<String> {
        match network {
            Network::Dns => Some("check the name; --resolve HOST:PORT:ADDR goes without the resolver".to_owned()),
            Network::Refused => {
                Some("nothing listens there; is the port right? Without one it is 443, and 80 with http://".to_owned())
            }
            Network::Proxy => Some(
                "HTTPS_PROXY, HTTP_PROXY and ALL_PROXY name the proxy; NO_PROXY lists hosts to reach without it"
                    .to_owned(),
            ),
            Network::ConnectTimeout => Some(
                "a firewall may drop the packets; --connect-timeout waits longer, HTTPS_PROXY goes through a proxy"
                    .to_owned(),
            ),
            Network::HandshakeTimeout => Some(format!(
                "is {} the registry itself, and does it speak TLS on this port? --connect-timeout waits longer",
                self.name()
            )),
            Network::Reset | Network::Other => None,
        }
    }

    fn tls(&self, tls: &Tls) -> Option<String> {
        let name = self.name();
        match tls {
            Tls::UnknownIssuer { self_signed: true, .. } => {
                Some(format!("--ca-file FILE trusts the certificate in FILE; rls trust {name} shows it and saves it for good"))
            }
            Tls::UnknownIssuer { issuer, leaf_only: true, .. } => Some(format!(
                "--ca-file FILE trusts the CA whose certificate is in FILE, here {issuer:?}; if that is an intermediate, the server \
                 sends cert.pem where fullchain.pem belongs, and FILE is chain.pem"
            )),
            Tls::UnknownIssuer { .. } if self.ca_given => {
                Some("the file given with --ca-file is of another CA; ask the registry's operator for the right one".to_owned())
            }
            Tls::UnknownIssuer { .. } => Some(format!(
                "--ca-file FILE trusts the CA whose certificate is in FILE; rls trust {name} shows what is sent and saves it for good"
            )),
            Tls::Expired { .. } => Some("the server needs a new certificate; if it has one, check this machine's clock".to_owned()),
            Tls::NotYetValid { .. } => Some("check the clock of this machine and of the server".to_owned()),
            Tls::WrongName { names } if names.is_empty() => {
                Some("the certificate has to be issued anew, with the host in its subjectAltName".to_owned())
            }
            Tls::WrongName { names } => {
                let port = self.registry.as_ref().map_or(443, Registry::effective_port);
                Some(format!(
                    "use a name that is in the certificate, such as {}; --resolve NAME:{port}:ADDR connects where you want",
                    names[0]
                ))
            }
            Tls::BadCertificate => Some("the certificate has to be issued anew, as X.509 version 3 with a subjectAltName".to_owned()),
            Tls::PlainHttp => Some(format!("--plain-http or http://{name} if plain HTTP is meant; rls never falls back to it")),
            Tls::ClientCertificate { offered: false } => {
                Some("--client-cert FILE and --client-key FILE present one".to_owned())
            }
            Tls::ClientCertificate { offered: true } => {
                Some("the server does not accept the one in --client-cert: it wants another CA or a later date".to_owned())
            }
            Tls::Downgrade { .. } => Some(
                "the registry behind the proxy does not know that it is reached by https: REGISTRY_HTTP_HOST=https://HOST on the \
                 server, or X-Forwarded-Proto from the proxy"
                    .to_owned(),
            ),
            Tls::Version => Some("rls speaks TLS 1.2 and 1.3; the server has to as well".to_owned()),
            Tls::Handshake => None,
        }
    }
}

/// Amazon's registry has one user, whose password is made anew twice a day, and says so in the words of its reply alone.
fn has_expired_at_ecr(identity: &Identity, error: &Error) -> bool {
    let mut errors = error.reply().into_iter().flat_map(|reply| &reply.errors);
    identity.username.as_deref() == Some("AWS") && errors.any(|error| error.message.contains("token has expired"))
}

/// Why a registry does not delete, as far as its reply tells: several causes are answered alike.
fn no_deletion(error: &Error) -> &'static str {
    match error.reply() {
        Some(reply) if reply.status == 404 => {
            "a gateway in front of the registry may let no DELETE through, or a rule of the registry forbids it"
        }
        // Only a plan has no other way.
        Some(reply) if reply.status == 400 => "this registry deletes manifests, not tags; save a new plan for it",
        // distribution answers so while it is read-only; where deletion is disabled its reply has a code.
        Some(reply) if reply.status == 405 && reply.errors.is_empty() => {
            "the registry may be in read-only mode (storage.maintenance.readonly in its config.yml), or let no DELETE through"
        }
        _ => {
            "on docker's registry: deletion is disabled unless REGISTRY_STORAGE_DELETE_ENABLED=true (storage.delete.enabled in config.yml); \
             a pull-through cache (proxy.remoteurl) never deletes, and read-only mode (storage.maintenance.readonly) answers the same"
        }
    }
}

fn danger_hint(danger: &Danger) -> Option<String> {
    match danger {
        Danger::Siblings { .. } => Some(
            "use --with-siblings to remove these tags too; --placeholder removes only the named one (it pushes a tiny manifest first)"
                .to_owned(),
        ),
        Danger::Tagged { .. } => Some("use --all-tags to remove the manifest with its tags".to_owned()),
        Danger::InIndex { .. } => Some(
            "remove the index that lists it instead; --placeholder removes only the tag, --force breaks the index".to_owned(),
        ),
        Danger::Unlisted => Some(
            "--placeholder removes only this tag (it pushes a tiny manifest first); --with-siblings removes every tag on the manifest"
                .to_owned(),
        ),
        Danger::Unreadable { names } => {
            let broken = names.first().map(|name| format!("; or remove {name} first")).unwrap_or_default();
            Some(format!("--placeholder removes a tag without knowing about others (it pushes a tiny manifest first){broken}"))
        }
        Danger::Moved { .. } => Some("it was pushed to meanwhile; look at it again before removing it".to_owned()),
        Danger::TagExists { .. } => {
            Some("tags are never overwritten; to restore it, remove the tag, then: rls undo ID (see rls undo --list)".to_owned())
        }
        Danger::MissingBlobs { .. } => Some(
            "the registry's garbage collection has deleted them; push the image again from where it was built".to_owned(),
        ),
        Danger::DamagedCopy => Some("push the image again from where it was built".to_owned()),
        Danger::DigestMismatch => Some("a proxy or the registry altered the data; nothing of it was used".to_owned()),
        _ => None,
    }
}
