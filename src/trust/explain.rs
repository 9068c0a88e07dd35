//! Explains errors of TLS handshakes: the fault, its cause, and the certificates that the server sent.

use std::fmt::{self, Display};
use std::sync::Arc;

use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, PeerIncompatible};

use super::certificate::Certificate;
use crate::error::Tls;

/// Why a server was refused, or refused the client.
///
/// The verifier's rejection travels inside `rustls::Error::InvalidCertificate(CertificateError::Other(…))`;
/// `explain` extracts it. Its texts may contain text from the server: programs must escape them before printing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The fault, with the facts that a hint needs.
    pub fault: Tls,
    /// The cause, as one sentence in lower case.
    pub cause: String,
    /// The certificates that the server sent and that can be parsed, its own first. Empty when they are not the cause.
    pub chain: Vec<Certificate>,
}

impl Rejection {
    /// A rejection that is not about the server's certificates.
    pub(crate) fn new(fault: Tls, cause: impl Into<String>) -> Self {
        Self { fault, cause: cause.into(), chain: Vec::new() }
    }

    /// The rejection in an error of rustls, from which [`explain`] extracts it.
    pub(super) fn into_error(self) -> Error {
        CertificateError::Other(rustls::OtherError(Arc::new(self))).into()
    }

    /// What failed, in one line. `host` is the server as the user knows it, for instance `registry.corp:5000`.
    pub fn what(&self, host: &str) -> String {
        match &self.fault {
            Tls::UnknownIssuer { .. } => format!("certificate of {host} not trusted: unknown authority (x509)"),
            Tls::Expired { .. } => format!("certificate of {host} has expired"),
            Tls::NotYetValid { .. } => format!("certificate of {host} is not yet valid"),
            Tls::WrongName { .. } => format!("the server's certificate is not valid for {host}"),
            Tls::BadCertificate => format!("certificate of {host} cannot be accepted"),
            Tls::PlainHttp => format!("{host} speaks plain HTTP on this port, not TLS"),
            Tls::ClientCertificate { offered: true } => format!("{host} refused the client certificate"),
            Tls::ClientCertificate { offered: false } => format!("{host} requires a client certificate"),
            Tls::Version => format!("no TLS protocol version or cipher suite in common with {host}"),
            Tls::Downgrade { .. } => format!("{host} redirects from https to plain HTTP"),
            Tls::Handshake => format!("TLS handshake with {host} failed"),
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.cause)
    }
}

impl std::error::Error for Rejection {}

/// The longest text of rustls that is quoted, in characters.
const MAX_TEXT: usize = 200;

/// Explains a failed handshake with `host`; `client_certificate_offered` says whether the client had a certificate to
/// present.
///
/// A rejection of this module's own verifier is returned as it was made.
pub(super) fn explain(error: &Error, host: &str, client_certificate_offered: bool) -> Rejection {
    explain_to(ClientSide { offered: client_certificate_offered, asked: false }, error, host)
}

/// The client certificate's part in a handshake.
#[derive(Debug, Clone, Copy)]
pub(super) struct ClientSide {
    /// Whether the client had one.
    pub offered: bool,
    /// Whether the server is known to have requested one.
    pub asked: bool,
}

/// [`explain`], with details of the client certificate.
pub(super) fn explain_to(client: ClientSide, error: &Error, host: &str) -> Rejection {
    if let Error::InvalidCertificate(CertificateError::Other(other)) = error
        && let Some(rejection) = rejection_in(other)
    {
        return rejection;
    }
    match error {
        Error::InvalidCertificate(CertificateError::BadSignature) => {
            Rejection::new(Tls::BadCertificate, "the server did not prove possession of its certificate's private key")
        }
        Error::InvalidCertificate(
            CertificateError::UnsupportedSignatureAlgorithmContext { .. }
            | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. },
        ) => Rejection::new(Tls::BadCertificate, "its key signed the handshake with an unsupported algorithm"),
        Error::InvalidCertificate(error) => Rejection::new(Tls::BadCertificate, words(error)),
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            Rejection::new(Tls::PlainHttp, "got a plain HTTP response")
        }
        Error::AlertReceived(alert) => alerted(*alert, host, client),
        Error::PeerIncompatible(reason) => Rejection::new(Tls::Version, incompatible(reason)),
        Error::NoCertificatesPresented => Rejection::new(Tls::Handshake, "the server sent no certificate"),
        error => Rejection::new(Tls::Handshake, words(error)),
    }
}

fn rejection_in(other: &rustls::OtherError) -> Option<Rejection> {
    other.0.downcast_ref::<Rejection>().cloned()
}

/// The meaning of an alert (RFC 8446 §6.2, RFC 5246 §7.2.2).
fn alerted(alert: AlertDescription, host: &str, client: ClientSide) -> Rejection {
    use AlertDescription as Alert;
    let offered = client.offered;
    let name = words(format_args!("{alert:?}"));
    match alert {
        // Alerts about certificates are about the client's: the server has received no other.
        Alert::CertificateRequired
        | Alert::NoCertificate
        | Alert::BadCertificate
        | Alert::UnsupportedCertificate
        | Alert::CertificateRevoked
        | Alert::CertificateExpired
        | Alert::CertificateUnknown
        | Alert::UnknownCA
        | Alert::AccessDenied => client_certificate(offered, &name),
        // The server knows the issuer's name, and has another key for it.
        Alert::DecryptError if offered => client_certificate(offered, &name),
        // OpenSSL's servers send this in TLS 1.2 when the requested certificate is missing.
        Alert::HandshakeFailure if client.asked => client_certificate(offered, &name),
        Alert::ProtocolVersion | Alert::InsufficientSecurity | Alert::InappropriateFallback => {
            Rejection::new(Tls::Version, format!("TLS 1.2 and 1.3 were offered; the server replied: {name}"))
        }
        Alert::HandshakeFailure => Rejection::new(
            Tls::Version,
            format!("the server accepts none of the offered parameters (TLS 1.2 and 1.3); it replied: {name}"),
        ),
        Alert::UnrecognisedName => {
            Rejection::new(Tls::Handshake, format!("the server has no certificate for {host}; it replied: {name}"))
        }
        _ => Rejection::new(Tls::Handshake, format!("the server replied: {name}")),
    }
}

fn client_certificate(offered: bool, alert: &str) -> Rejection {
    without_client_certificate(offered, &format!("replied: {alert}"))
}

/// A server that requested a client certificate and closed the connection without an alert.
pub(super) fn closed_after_asking(offered: bool) -> Rejection {
    without_client_certificate(offered, "requested one and closed the connection")
}

fn without_client_certificate(offered: bool, what_it_did: &str) -> Rejection {
    let had = if offered { "client certificate presented" } else { "no client certificate configured" };
    Rejection::new(Tls::ClientCertificate { offered }, format!("{had}; the server {what_it_did}"))
}

fn incompatible(reason: &PeerIncompatible) -> String {
    match reason {
        PeerIncompatible::ServerDoesNotSupportTls12Or13 => "the server supports only TLS 1.1 or older".to_owned(),
        reason => words(format_args!("{reason:?}")),
    }
}

/// An error's text as words: rustls and webpki format many as identifiers such as `NameConstraintViolation`.
pub(super) fn words(error: impl Display) -> String {
    let text: String = error.to_string().chars().take(MAX_TEXT).collect();
    if text.is_empty() || !text.chars().all(|c| c.is_ascii_alphanumeric()) {
        return text;
    }
    let mut words = String::with_capacity(text.len() + 8);
    let mut before = 'A';
    for c in text.chars() {
        // A word begins where a capital follows a small letter: "UnknownCA" is "unknown CA".
        if c.is_ascii_uppercase() && !before.is_ascii_uppercase() {
            words.push(' ');
        }
        words.push(c);
        before = c;
    }
    let lower = |word: &str| {
        if word.len() > 1 && word.chars().all(|c| c.is_ascii_uppercase()) {
            word.to_owned()
        } else {
            word.to_lowercase()
        }
    };
    words.split(' ').map(lower).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use rustls::{InconsistentKeys, PeerMisbehaved};

    use super::*;

    fn fault(error: &Error, offered: bool) -> Tls {
        explain(error, "registry.corp", offered).fault
    }

    #[test]
    fn the_kinds_of_failure_are_distinguished() {
        use AlertDescription as Alert;
        let cases = [
            (Error::InvalidMessage(InvalidMessage::InvalidContentType), Tls::PlainHttp),
            (Error::AlertReceived(Alert::ProtocolVersion), Tls::Version),
            (Error::AlertReceived(Alert::HandshakeFailure), Tls::Version),
            (Error::AlertReceived(Alert::InsufficientSecurity), Tls::Version),
            (PeerIncompatible::ServerDoesNotSupportTls12Or13.into(), Tls::Version),
            (PeerIncompatible::NoCipherSuitesInCommon.into(), Tls::Version),
            (Error::AlertReceived(Alert::InternalError), Tls::Handshake),
            (Error::AlertReceived(Alert::UnrecognisedName), Tls::Handshake),
            (Error::InvalidMessage(InvalidMessage::MessageTooLarge), Tls::Handshake),
            (PeerMisbehaved::InvalidKeyShare.into(), Tls::Handshake),
            (InconsistentKeys::Unknown.into(), Tls::Handshake),
            (Error::NoCertificatesPresented, Tls::Handshake),
            (Error::DecryptError, Tls::Handshake),
            (CertificateError::BadSignature.into(), Tls::BadCertificate),
            (CertificateError::Revoked.into(), Tls::BadCertificate),
        ];
        for (error, expected) in cases {
            assert_eq!(fault(&error, false), expected, "{error:?}");
        }
    }

    #[test]
    fn alerts_about_certificates_are_about_the_clients() {
        use AlertDescription as Alert;
        for alert in [Alert::CertificateRequired, Alert::BadCertificate, Alert::UnknownCA, Alert::CertificateUnknown] {
            for offered in [true, false] {
                assert_eq!(fault(&Error::AlertReceived(alert), offered), Tls::ClientCertificate { offered });
            }
        }
        let another_key = |offered| fault(&Error::AlertReceived(Alert::DecryptError), offered);
        assert_eq!(another_key(true), Tls::ClientCertificate { offered: true });
        assert_eq!(another_key(false), Tls::Handshake);
        let cause = |offered| explain(&Error::AlertReceived(Alert::UnknownCA), "h", offered).cause;
        assert_eq!(cause(true), "client certificate presented; the server replied: unknown CA");
        assert_eq!(cause(false), "no client certificate configured; the server replied: unknown CA");
    }

    #[test]
    fn a_rejection_of_the_verifier_is_returned_unchanged() {
        let verdict =
            Rejection::new(Tls::Expired { not_after: "2026-01-01T00:00:00Z".to_owned(), issuer: None }, "it was …");
        assert_eq!(explain(&verdict.clone().into_error(), "h", true), verdict);
    }

    #[test]
    fn identifiers_become_words_and_sentences_stay() {
        assert_eq!(words("NameConstraintViolation"), "name constraint violation");
        assert_eq!(words("UnknownCA"), "unknown CA");
        assert_eq!(words("received corrupt message of type X"), "received corrupt message of type X");
        assert_eq!(words("x".repeat(10_000)).len(), MAX_TEXT);
    }

    #[test]
    fn what_failed_contains_the_words_that_people_search_for() {
        let unknown = Tls::UnknownIssuer { issuer: "X".to_owned(), roots: 1, self_signed: false, leaf_only: false };
        let cases = [
            (unknown, "unknown authority (x509)"),
            (Tls::Expired { not_after: String::new(), issuer: None }, "expired"),
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
