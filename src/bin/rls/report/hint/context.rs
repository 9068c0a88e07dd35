//! What hints need to know of a request besides its error.

use registry_ls::name::Registry;

use crate::command_line::rls;

/// Where the credentials of a request come from, as far as hints need it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum LoginSource {
    /// Where `rls login` stores them too, or the command line.
    #[default]
    Stored,
    /// The user name and password of this run.
    Given,
    /// `--auth-file`, alone.
    AuthFile(String),
    /// None: `--anonymous`.
    Anonymous,
    /// None: this is set, but belongs to no registry that is named.
    Ignored(&'static str),
}

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
    /// What replaces the stored credentials, so that `rls login` would not help.
    pub login: LoginSource,
    /// Whether the request was to list repositories.
    pub listing: bool,
    /// The image whose files are read.
    pub image: Option<String>,
    /// Whether the request was for a list that is held in memory.
    pub held_list: bool,
    /// Whether the command waited for something, up to the time limit that it was given for that.
    pub waits: bool,
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
            login: LoginSource::Stored,
            listing: false,
            image: None,
            held_list: false,
            waits: false,
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

    /// The registry's host, with its port.
    pub(super) fn name(&self) -> String {
        self.registry.as_ref().map_or_else(|| "REGISTRY".to_owned(), Registry::authority)
    }

    /// The command that lists its repositories.
    pub(super) fn repos(&self) -> String {
        rls(format_args!("repos {}", self.typed()))
    }

    /// The command that logs in to it.
    pub(super) fn login(&self) -> String {
        rls(format_args!("login {}", self.typed()))
    }

    /// The registry as an argument, with scheme and prefix if needed.
    pub(super) fn typed(&self) -> String {
        self.registry.as_ref().map_or_else(|| "REGISTRY".to_owned(), ToString::to_string)
    }

    pub(super) fn is_docker_hub(&self) -> bool {
        self.registry.as_ref().is_some_and(Registry::is_docker_hub)
    }

    /// Whether the registry is at this host, or at a subdomain.
    pub(super) fn is_at(&self, domain: &str) -> bool {
        let host = self.registry.as_ref().map_or("", Registry::host);
        host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }
}
