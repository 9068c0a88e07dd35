//! What to do about a problem: commands and files, of this program, of the registry's server, of what stands between
//! them.
//!
//! Each line is one way out; `on the server` and `on the proxy` say for whom it is where that is not this machine.

mod api;
mod files;
mod login;
mod tls;
mod way;

use registry_ls::diagnosis::Problem;
use registry_ls::name::{Registry, Repository};

/// The remedies for one registry.
#[derive(Debug)]
pub struct Remedies<'a> {
    registry: &'a Registry,
    repository: Option<&'a Repository>,
}

/// The server that a remedy is about: the registry, or its token server.
#[derive(Debug, Clone)]
struct Server {
    /// As it is typed: `HOST[:PORT]`.
    authority: String,
    /// Without brackets.
    host: String,
    port: u16,
    is_registry: bool,
}

impl<'a> Remedies<'a> {
    /// Remedies for a registry, and a repository if it is about one.
    pub fn new(registry: &'a Registry, repository: Option<&'a Repository>) -> Self {
        Self { registry, repository }
    }

    /// What helps against a problem, the likeliest first. Never empty.
    pub fn of(&self, problem: &Problem) -> Vec<String> {
        let server = Server {
            authority: self.registry.authority(),
            host: self.registry.host().to_owned(),
            port: self.registry.effective_port(),
            is_registry: true,
        };
        match problem {
            Problem::TokenServer { place, problem } => login::token_server(self, place, problem),
            problem => self.at(&server, problem),
        }
    }

    fn at(&self, server: &Server, problem: &Problem) -> Vec<String> {
        let remedies = way::remedies(server, problem)
            .or_else(|| files::remedies(problem))
            .or_else(|| tls::remedies(server, problem))
            .or_else(|| login::remedies(self, problem))
            .or_else(|| api::remedies(self, problem));
        remedies.unwrap_or_else(|| vec![format!("see the requests and responses: rls doctor {} -vv", self.place())])
    }

    /// The argument of this run.
    fn place(&self) -> String {
        match self.repository {
            Some(repository) => format!("{}/{repository}", self.registry.authority()),
            None => self.registry.to_string(),
        }
    }
}

/// One way out.
fn lines<const N: usize>(lines: [&str; N]) -> Vec<String> {
    lines.map(str::to_owned).to_vec()
}

#[cfg(test)]
mod tests;
