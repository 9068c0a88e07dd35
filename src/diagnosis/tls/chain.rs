//! The certificates that a server sends, and why they are trusted.

use std::fmt;
use std::path::Path;

use jiff::Timestamp;

use crate::diagnosis::check::Fact;
use crate::trust::certificate::AltName;
use crate::trust::{Certificate, PresentedCertificate, Provides, Source, TrustSource};

/// The largest number of names of one certificate that are listed.
const MAX_NAMES: usize = 8;

/// Why a chain is trusted, or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TrustedBy<'a> {
    /// Refused: no trusted certificate issued it.
    UnknownIssuer,
    /// Refused for another reason.
    Refused,
    /// Accepted.
    Source(&'a TrustSource),
}

impl fmt::Display for TrustedBy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownIssuer | Self::Refused => f.write_str("not trusted"),
            Self::Source(TrustSource::Unverified) => f.write_str("not verified"),
            Self::Source(TrustSource::Authority(path)) => write!(f, "trusted by {}", path.display()),
            Self::Source(TrustSource::Pin(path)) => write!(f, "pinned by {}", path.display()),
            Self::Source(TrustSource::System) => f.write_str("trusted by the system's roots"),
            Self::Source(TrustSource::SystemPin) => f.write_str("pinned by the system's roots"),
        }
    }
}

impl TrustedBy<'_> {
    /// The file that made the chain trusted.
    fn file(&self) -> Option<&Path> {
        match self {
            Self::Source(TrustSource::Authority(path) | TrustSource::Pin(path)) => Some(path),
            _ => None,
        }
    }
}

/// The CA certificates in files, with their files.
pub(super) fn authorities(sources: &[Source]) -> impl Iterator<Item = (&Path, &Certificate)> + Clone {
    sources.iter().flat_map(|source| {
        let certificates = match &source.provides {
            Provides::Authorities(certificates) => certificates.as_slice(),
            _ => &[],
        };
        certificates.iter().map(|certificate| (source.path.as_path(), certificate))
    })
}

/// Describes what the server sends, certificate by certificate.
pub(super) fn facts(chain: &[PresentedCertificate], sources: &[Source], trusted_by: &TrustedBy<'_>) -> Vec<Fact> {
    let count = if chain.len() == 1 { "1 certificate".to_owned() } else { format!("{} certificates", chain.len()) };
    let mut facts = vec![Fact::new(0, format!("server sends {count}"))];
    let readable: Vec<_> = chain.iter().filter_map(|sent| sent.certificate.as_ref()).collect();
    for sent in chain {
        match &sent.certificate {
            None => facts.push(Fact::new(1, "unreadable certificate")),
            Some(certificate) => {
                facts.push(Fact::new(1, described(certificate)));
                facts.push(Fact::new(2, certificate.fingerprint()));
                facts.extend(issuer(certificate, &readable, sources, trusted_by).map(|text| Fact::new(2, text)));
            }
        }
    }
    facts
}

/// `CN=registry.corp, for registry.corp, 2026-08-01 to 2026-10-30`
fn described(certificate: &Certificate) -> String {
    let day = |time: Timestamp| time.strftime("%Y-%m-%d").to_string();
    let subject = if certificate.subject.text.is_empty() { "no subject" } else { &certificate.subject.text };
    let names = match (names(certificate), certificate.may_issue()) {
        (Some(names), _) => format!("for {names}, "),
        (None, true) => String::new(),
        (None, false) => "for no name, ".to_owned(),
    };
    format!("{subject}, {names}{} to {}", day(certificate.not_before), day(certificate.not_after))
}

/// The names that a certificate is valid for; `None` when it has none.
pub(super) fn names(certificate: &Certificate) -> Option<String> {
    let listed: Vec<_> = certificate.names.iter().take(MAX_NAMES).map(AltName::to_string).collect();
    match certificate.names.len() + certificate.names_omitted - listed.len() {
        _ if listed.is_empty() => None,
        0 => Some(listed.join(", ")),
        more => Some(format!("{} and {more} more", listed.join(", "))),
    }
}

/// Where the issuer of a certificate was found; `None` when the server sends it too.
fn issuer(
    certificate: &Certificate,
    sent: &[&Certificate],
    sources: &[Source],
    trusted_by: &TrustedBy<'_>,
) -> Option<String> {
    if certificate.self_signed {
        return Some("self-signed".to_owned());
    }
    if sent.iter().any(|other| other.subject == certificate.issuer) {
        return None;
    }
    let issuer = &certificate.issuer.text;
    let mut namesakes = authorities(sources).filter(|(_, authority)| authority.subject == certificate.issuer);
    let known = namesakes.clone().find(|(path, _)| trusted_by.file() == Some(path)).or_else(|| namesakes.next());
    Some(match (known, trusted_by) {
        (Some((path, authority)), TrustedBy::UnknownIssuer) if !authority.may_issue() => {
            format!("issued by {issuer}: in {}, not marked as a CA", path.display())
        }
        (Some((path, _)), TrustedBy::UnknownIssuer) => {
            format!("issued by {issuer}: not sent; {} has a different certificate with that name", path.display())
        }
        (Some((path, _)), _) => format!("issued by {issuer}: in {}", path.display()),
        (None, TrustedBy::Source(TrustSource::System)) => format!("issued by {issuer}: one of the system's roots"),
        (None, TrustedBy::UnknownIssuer) => format!("issued by {issuer}: not sent, not trusted here"),
        (None, _) => format!("issued by {issuer}: not sent"),
    })
}
