//! A failed TLS handshake in words: the fault, its cause, and the certificates that the server showed.

use std::fmt;
use std::sync::Arc;

use super::certificate::Certificate;
use crate::error::Tls;

/// Why a server was refused, or refused us.
///
/// A verdict on a certificate travels inside `rustls::Error::InvalidCertificate(CertificateError::Other(…))`;
/// [`super::explain()`] takes it out again. Its texts may hold what the server sent: whoever prints them must escape them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// What is wrong, with the facts that a hint needs.
    pub fault: Tls,
    /// Why, as one sentence in lower case.
    pub cause: String,
    /// The certificates that the server sent and that can be read, its own first. Empty when it was not about them.
    pub chain: Vec<Certificate>,
}

impl Rejection {
    /// A rejection that is not about the server's certificates.
    pub fn new(fault: Tls, cause: impl Into<String>) -> Self {
        Self { fault, cause: cause.into(), chain: Vec::new() }
    }

    /// What failed, in one line; `host` names the server as the user knows it, for instance `registry.corp:5000`.
    pub fn what(&self, host: &str) -> String {
        match &self.fault {
            Tls::UnknownIssuer { .. } => format!("the certificate of {host} is not trusted: unknown issuer"),
            Tls::Expired { .. } => format!("the certificate of {host} has expired"),
            Tls::NotYetValid { .. } => format!("the certificate of {host} is not yet valid"),
            Tls::WrongName { .. } => format!("the certificate of this server is not valid for {host}"),
            Tls::BadCertificate => format!("the certificate of {host} cannot be accepted"),
            Tls::PlainHttp => format!("{host} speaks plain HTTP on this port, not TLS"),
            Tls::ClientCertificate { offered: true } => format!("{host} refuses the client certificate"),
            Tls::ClientCertificate { offered: false } => format!("{host} demands a client certificate"),
            Tls::Version => format!("no TLS protocol version or cipher suite in common with {host}"),
            Tls::Downgrade { .. } => format!("{host} redirects from https to plain HTTP"),
            Tls::Handshake => format!("the TLS handshake with {host} failed"),
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.cause)
    }
}

impl std::error::Error for Rejection {}

impl From<Rejection> for rustls::Error {
    /// The form in which a verdict travels through rustls; [`super::explain()`] takes it out again.
    fn from(rejection: Rejection) -> Self {
        rustls::CertificateError::Other(rustls::OtherError(Arc::new(rejection))).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_is_said_in_the_words_that_people_search_for() {
        let unknown = Tls::UnknownIssuer { issuer: "X".to_owned(), roots: 1, self_signed: false, leaf_only: false };
        let cases = [
            (unknown, "unknown issuer"),
            (Tls::Expired { not_after: String::new() }, "expired"),
            (Tls::NotYetValid { not_before: String::new() }, "not yet valid"),
            (Tls::WrongName { names: Vec::new() }, "not valid for registry.corp"),
            (Tls::PlainHttp, "speaks plain HTTP"),
            (Tls::Version, "protocol version"),
            (Tls::Downgrade { to: String::new() }, "plain HTTP"),
            (Tls::Handshake, "handshake"),
            (Tls::ClientCertificate { offered: false }, "client certificate"),
            (Tls::ClientCertificate { offered: true }, "client certificate"),
        ];
        for (fault, words) in cases {
            let what = Rejection::new(fault, "").what("registry.corp:5000");
            assert!(what.contains(words), "{what}");
            assert!(what.contains("registry.corp:5000"), "{what}");
        }
    }
}
