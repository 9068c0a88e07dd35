//! From an error of a request to a finding, where nothing more is known than the error says.

use url::Url;

use super::check::Finding;
use super::outcome::Outcome;
use super::problem::Problem;
use super::tls;
use crate::error::{Error, Fault, Kind, Missing, Network, Operation, Tls};

/// The outcome on a check that met an error.
pub(super) fn outcome(error: &Error, base: &Url) -> Outcome {
    Outcome::failed(error.what(), finding(error, base))
}

/// What an error of a request to the registry at `base` means.
pub(super) fn finding(error: &Error, base: &Url) -> Finding {
    Finding { problem: problem(error, base), cause: cause(error), kind: error.kind().clone() }
}

/// Why it is so, in one line.
pub(super) fn cause(error: &Error) -> String {
    match error.causes() {
        [] => error.what().to_owned(),
        causes => causes.join("; "),
    }
}

/// What was said first: by the server, if it said anything.
pub(super) fn first_cause(error: &Error) -> &str {
    error.causes().first().map_or(error.what(), String::as_str)
}

fn problem(error: &Error, base: &Url) -> Problem {
    match error.kind() {
        Kind::Network(Network::Proxy) => Problem::ProxyRefuses,
        Kind::Network(Network::Refused) => Problem::NothingListens { is_proxy: false },
        Kind::Network(_) | Kind::TimedOut => Problem::NoConnection { is_proxy: false },
        Kind::Tls(Tls::Downgrade { to }) => downgrade(to, base),
        Kind::Tls(fault) => tls::problem(fault),
        Kind::Protocol(fault) => protocol(fault),
        Kind::RateLimited => Problem::RateLimited,
        Kind::Config | Kind::Invalid => Problem::NamedFile,
        Kind::CredentialsUnavailable(_) => Problem::CredentialsNotRead,
        Kind::Unauthenticated => Problem::NoCredentials,
        Kind::Denied(denial) => {
            Problem::MissingRight { right: denial.permission.clone(), identity: denial.identity.clone() }
        }
        Kind::UnsafeRealm => Problem::RefusedRealm,
        Kind::NotFound(Missing::Repository) => Problem::NoRepository,
        Kind::NotFound(Missing::Endpoint) => Problem::NotARegistry,
        Kind::NotFound(_) => Problem::Incomplete,
        Kind::Unsupported(Operation::Catalog) => Problem::NoCatalog,
        Kind::Unsupported(Operation::DeleteTag | Operation::DeleteManifest) => Problem::DeletionDisabled,
        Kind::Incomplete => Problem::Paging,
        Kind::Unsupported(_) | Kind::Safety(_) => Problem::Other,
    }
}

/// A registry that calls itself by http has not been told that it is reached by https; any other place has no TLS.
fn downgrade(to: &str, base: &Url) -> Problem {
    let is_itself = Url::parse(to).is_ok_and(|to| to.host_str() == base.host_str());
    if is_itself { Problem::ForgottenScheme } else { Problem::Redirect }
}

fn protocol(fault: &Fault) -> Problem {
    match fault {
        Fault::Html => Problem::Html,
        Fault::TlsPort => Problem::SpeaksTls,
        Fault::NotHttp => Problem::SpeaksNeither,
        Fault::Redirect => Problem::Redirect,
        Fault::PageSize => Problem::Paging,
        Fault::Status(500..) => Problem::ServerError,
        Fault::Status(_) | Fault::Malformed | Fault::TooLarge | Fault::Truncated => Problem::Other,
    }
}
