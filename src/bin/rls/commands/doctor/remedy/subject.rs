//! What a remedy is about: a registry and a repository, and the server that has the problem.

use registry_ls::name::{Registry, Repository};

use crate::command_line::rls;
use crate::report::{HintContext, LoginSource};

/// The registry, and the repository, that were checked.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The registry.
    pub registry: &'a Registry,
    /// The repository, if one was named.
    pub repository: Option<&'a Repository>,
    /// Where the credentials of this run come from.
    pub hints: &'a HintContext,
}

/// The server that has the problem: the registry, or one that it names.
#[derive(Debug, Clone)]
pub struct Server {
    /// `HOST[:PORT]`, as typed.
    pub authority: String,
    /// The host, without brackets.
    pub host: String,
    /// The host that is connected to; another one for Docker Hub.
    pub target: String,
    /// The port.
    pub port: u16,
    /// Whether it is the registry.
    pub is_registry: bool,
}

impl Subject<'_> {
    /// The argument of this run.
    pub fn argument(&self) -> String {
        match self.repository {
            Some(repository) => self.registry.qualify(repository),
            None => self.registry.to_string(),
        }
    }

    /// How to log in: with stored credentials, unless this run does not look for those.
    pub fn login(&self) -> String {
        match self.hints.login {
            LoginSource::Stored | LoginSource::Given => self.login_command(),
            _ => self.hints.login_remedy(),
        }
    }

    /// The command that logs in to the registry.
    pub fn login_command(&self) -> String {
        rls(format_args!("login {}", self.registry))
    }

    /// The command that lists its repositories.
    pub fn repos_command(&self) -> String {
        rls(format_args!("repos {}", self.registry))
    }

    /// The server of the registry.
    pub fn server(&self) -> Server {
        Server {
            authority: self.registry.authority(),
            host: self.registry.host().to_owned(),
            target: self.registry.base().host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned(),
            port: self.registry.effective_port(),
            is_registry: true,
        }
    }
}

impl Server {
    /// A server at `HOST[:PORT]` that the registry names: its token server, or the target of a redirect.
    pub fn other(authority: &str) -> Self {
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().unwrap_or(443)),
            _ => (authority, 443),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Self { authority: authority.to_owned(), target: host.clone(), host, port, is_registry: false }
    }
}

/// Remedies that need no data.
pub fn lines<const N: usize>(lines: [&str; N]) -> Vec<String> {
    lines.map(str::to_owned).to_vec()
}
