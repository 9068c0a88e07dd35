//! Classifies errors of requests as findings, where no more is known than the error itself contains.

use url::Url;

use super::check::{Finding, Outcome};
use super::problem::{Part, Problem};
use crate::error::{Error, Fault, Kind, Missing, NamedBy, Network, Operation, OtherServer, Tls};

/// The outcome of a check that ended with an error.
pub(super) fn outcome(error: &Error, base: &Url) -> Outcome {
    Outcome::failed(error.what(), finding(error, base))
}

/// The finding for an error of a request to the registry at `base`.
pub(super) fn finding(error: &Error, base: &Url) -> Finding {
    Finding { problem: problem(error, base), cause: cause(error), kind: error.kind().clone() }
}

/// All causes of an error in one line.
pub(super) fn cause(error: &Error) -> String {
    match error.causes() {
        [] => error.what().to_owned(),
        causes => causes.join("; "),
    }
}

/// The most specific cause: what the server replied, if it replied anything.
pub(super) fn first_cause(error: &Error) -> &str {
    error.causes().first().map_or(error.what(), String::as_str)
}

fn problem(error: &Error, base: &Url) -> Problem {
    let problem = problem_of_kind(error, base);
    match error.other_server() {
        Some(OtherServer { place, named_by: NamedBy::Redirect }) => {
            Problem::RedirectTarget { place: place.clone(), problem: Box::new(problem) }
        }
        _ => problem,
    }
}

fn problem_of_kind(error: &Error, base: &Url) -> Problem {
    match error.kind() {
        Kind::Network(Network::Proxy(fault)) => Problem::Proxy { fault: *fault, proxy: error.route().proxy.clone() },
        Kind::Network(Network::Refused) => Problem::NothingListens { is_proxy: false },
        Kind::Network(Network::HandshakeTimeout) => Problem::SilentHandshake,
        Kind::Network(Network::Dns) => Problem::NoAddress { host: host(error, base), is_proxy: false },
        Kind::Network(Network::Resolver) => Problem::ResolverFails { host: host(error, base), is_proxy: false },
        Kind::Network(_) | Kind::TimedOut => Problem::NoConnection { is_proxy: false },
        Kind::Tls(Tls::Downgrade { to }) => downgrade(to, base),
        Kind::Tls(fault) => tls_problem(fault),
        Kind::Protocol(fault) => protocol(fault),
        Kind::RateLimited => Problem::RateLimited,
        Kind::Config | Kind::Invalid => Problem::NamedFile { unusable: error.unusable_file().cloned() },
        Kind::CredentialsUnavailable(_) => Problem::CredentialsNotRead { unusable: None },
        Kind::Unauthenticated => Problem::NoCredentials,
        Kind::UnusableChallenge => Problem::UnknownScheme,
        Kind::Hidden => Problem::HiddenRepository,
        Kind::Denied(denial) => {
            Problem::MissingPermission { permission: denial.permission.clone(), identity: denial.identity.clone() }
        }
        Kind::UnsafeRealm => Problem::UnsafeRealm,
        Kind::NotFound(Missing::Repository) => Problem::NoRepository,
        Kind::NotFound(Missing::Endpoint) => Problem::NotARegistry,
        Kind::NotFound(_) => Problem::Incomplete,
        Kind::Unsupported(Operation::Catalog) => Problem::NoCatalog,
        Kind::Unsupported(Operation::DeleteTag | Operation::DeleteManifest) => {
            let is_read_only = error.reply().is_some_and(|reply| reply.status == 405 && reply.errors.is_empty());
            Problem::DeletionDisabled { is_read_only }
        }
        Kind::Incomplete | Kind::ForeignPage { .. } => Problem::Paging,
        Kind::Unsupported(_) | Kind::Safety(_) => Problem::Other,
    }
}

/// The host that a request went to: the target of a redirect, else that of `base`.
fn host(error: &Error, base: &Url) -> String {
    let target = error.other_server().filter(|server| server.named_by == NamedBy::Redirect);
    let target = target.and_then(|server| Url::parse(&format!("https://{}", server.place)).ok());
    target.as_ref().unwrap_or(base).host_str().unwrap_or_default().to_owned()
}

/// A registry that refers to itself by http does not know that it is reached by https; any other target simply has no
/// TLS.
fn downgrade(to: &str, base: &Url) -> Problem {
    let is_itself = Url::parse(to).is_ok_and(|to| to.host_str() == base.host_str());
    if is_itself { Problem::SchemeNotForwarded } else { Problem::Redirect }
}

fn protocol(fault: &Fault) -> Problem {
    match fault {
        Fault::Html => Problem::Html,
        Fault::TlsPort => Problem::SpeaksTls,
        Fault::NotHttp => Problem::SpeaksNeither,
        Fault::Redirect => Problem::Redirect,
        Fault::PageSize => Problem::Paging,
        Fault::Status(500..) => Problem::ServerError,
        Fault::Status(_) | Fault::Malformed | Fault::Encoding | Fault::Header | Fault::TooLarge | Fault::Truncated => {
            Problem::Other
        }
        // No layer is read.
        Fault::Unpacked | Fault::Window => Problem::Other,
    }
}

/// The finding for a registry that refers to itself by http.
pub(super) fn scheme_not_forwarded(error: &Error, base: &Url) -> Finding {
    let finding = finding(error, base);
    let cause = format!(
        "{}: a reverse proxy terminates TLS and does not forward the scheme (X-Forwarded-Proto)",
        finding.cause
    );
    Finding { cause, ..finding }
}

/// The problem behind a TLS fault where no more is known than the fault.
pub(super) fn tls_problem(fault: &Tls) -> Problem {
    match fault {
        Tls::UnknownIssuer { self_signed: true, .. } => Problem::SelfSigned,
        Tls::UnknownIssuer { issuer, leaf_only, .. } => {
            Problem::UnknownIssuer { issuer: issuer.clone(), is_alone: *leaf_only }
        }
        Tls::Expired { .. } => Problem::Expired { part: Part::Server },
        Tls::NotYetValid { .. } => Problem::NotYetValid,
        Tls::WrongName { names } if names.is_empty() => Problem::OnlyCommonName,
        Tls::WrongName { names } => Problem::WrongName { names: names.clone() },
        Tls::BadCertificate => Problem::UnusableCertificate,
        Tls::PlainHttp => Problem::SpeaksHttp,
        Tls::ClientCertificate { offered: false } => Problem::ClientCertificateWanted { authorities: Vec::new() },
        Tls::ClientCertificate { offered: true } => {
            Problem::ClientCertificateRefused { authorities: Vec::new(), path: None }
        }
        Tls::Version => Problem::TlsVersion,
        Tls::Downgrade { .. } => Problem::SchemeNotForwarded,
        Tls::Handshake => Problem::Handshake,
    }
}
