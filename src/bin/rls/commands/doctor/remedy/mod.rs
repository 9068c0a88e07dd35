//! What to do about a problem: commands and settings on this machine, on the registry's server, and on proxies between.
//!
//! Each line is one remedy; "on the server" and "on the proxy" say where to apply it if not on this machine.

mod api;
mod connection;
mod files;
mod login;
mod subject;
mod tls;

use registry_ls::diagnosis::Problem;

use self::subject::Server;
pub use self::subject::Subject;
use crate::command_line::rls;

/// The remedies for a problem, the most likely first. Never empty.
pub fn remedies(subject: &Subject<'_>, problem: &Problem) -> Vec<String> {
    match problem {
        Problem::TokenServer { place, problem } => {
            let server = Server::other(place);
            let remedies =
                login::token_server(&server, problem).unwrap_or_else(|| remedies_at(subject, &server, problem));
            let there = format!("on the token server {place}: ");
            remedies.into_iter().map(|remedy| remedy.replace("on the server: ", &there)).collect()
        }
        Problem::RedirectTarget { place, problem } => {
            let server = Server::other(place);
            let remedies =
                login::redirect_target(&server, problem).unwrap_or_else(|| remedies_at(subject, &server, problem));
            let there = format!("on {place}: ");
            remedies.into_iter().map(|remedy| remedy.replace("on the server: ", &there)).collect()
        }
        problem => remedies_at(subject, &subject.server(), problem),
    }
}

fn remedies_at(subject: &Subject<'_>, server: &Server, problem: &Problem) -> Vec<String> {
    let remedies = connection::remedies(server, problem)
        .or_else(|| files::remedies(problem))
        .or_else(|| tls::remedies(server, problem))
        .or_else(|| login::remedies(subject, problem))
        .or_else(|| api::remedies(subject, problem));
    remedies.unwrap_or_else(|| {
        let again = rls(format_args!("doctor {} -vv", subject.argument()));
        vec![format!("see the requests and responses: {again}")]
    })
}

#[cfg(test)]
mod tests;
