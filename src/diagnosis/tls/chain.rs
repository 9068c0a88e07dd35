//! The certificates that a server sends, and who vouches for them.

use std::fmt;
use std::path::Path;

use jiff::Timestamp;

use crate::diagnosis::Fact;
use crate::trust::certificate::{AltName, Validity};
use crate::trust::{Certificate, Gives, PresentedCertificate, Source};

/// Most names of one certificate that are told.
const MOST_NAMES: usize = 8;

/// Who vouches for a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Vouched<'a> {
    /// It was refused because nobody does.
    ByNobody,
    /// It was refused for another reason.
    InVain,
    /// Nobody was asked.
    NotAsked,
    /// An authority in this file.
    ByAuthority(&'a Path),
    /// This file holds the server's own certificate.
    ByPin(&'a Path),
    /// The system's roots.
    BySystem,
}

impl fmt::Display for Vouched<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByNobody | Self::InVain => f.write_str("not trusted"),
            Self::NotAsked => f.write_str("not verified"),
            Self::ByAuthority(path) => write!(f, "trusted by {}", path.display()),
            Self::ByPin(path) => write!(f, "pinned by {}", path.display()),
            Self::BySystem => f.write_str("trusted by the system's roots"),
        }
    }
}

/// Who vouches for a chain that was accepted. What was given for this server is asked before the system's roots are.
pub(super) fn vouched<'a>(chain: &[Certificate], sources: &'a [Source]) -> Vouched<'a> {
    let now = Timestamp::now();
    let issues = |authority: &Certificate| {
        authority.may_issue()
            && authority.validity_at(now) == Validity::Valid
            && chain.iter().any(|sent| sent.issuer == authority.subject)
    };
    let is_leaf = |given: &Certificate| chain.first().is_some_and(|leaf| leaf.sha256 == given.sha256);
    let with = |fits: &dyn Fn(&Certificate) -> bool| {
        authorities(sources).find(|(_, certificate)| fits(certificate)).map(|(path, _)| path)
    };
    // The server's own certificate is a pin also when it is an authority's: as such webpki would not take it.
    match (with(&is_leaf), with(&issues)) {
        (Some(path), _) if chain.first().is_some_and(|leaf| leaf.self_signed) => Vouched::ByPin(path),
        (_, Some(path)) => Vouched::ByAuthority(path),
        (Some(path), None) => Vouched::ByPin(path),
        (None, None) => Vouched::BySystem,
    }
}

/// The certificates that files give as authorities, with their files.
pub(super) fn authorities(sources: &[Source]) -> impl Iterator<Item = (&Path, &Certificate)> {
    sources.iter().flat_map(|source| {
        let certificates = match &source.gives {
            Gives::Authorities(certificates) => certificates.as_slice(),
            _ => &[],
        };
        certificates.iter().map(|certificate| (source.path.as_path(), certificate))
    })
}

/// What the server sends, certificate by certificate.
pub(super) fn facts(chain: &[PresentedCertificate], sources: &[Source], vouched: &Vouched<'_>) -> Vec<Fact> {
    let count = if chain.len() == 1 { "1 certificate".to_owned() } else { format!("{} certificates", chain.len()) };
    let mut facts = vec![Fact::new(0, format!("the server sends {count}"))];
    let readable: Vec<_> = chain.iter().filter_map(|sent| sent.certificate.as_ref()).collect();
    for sent in chain {
        match &sent.certificate {
            None => facts.push(Fact::new(1, "one that cannot be read")),
            Some(certificate) => {
                facts.push(Fact::new(1, described(certificate)));
                facts.push(Fact::new(2, certificate.fingerprint()));
                facts.extend(issuer(certificate, &readable, sources, vouched).map(|text| Fact::new(2, text)));
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

/// The names that a certificate is for; `None` when there are none.
pub(super) fn names(certificate: &Certificate) -> Option<String> {
    let told: Vec<_> = certificate.names.iter().take(MOST_NAMES).map(AltName::to_string).collect();
    match certificate.names.len() + certificate.names_omitted - told.len() {
        _ if told.is_empty() => None,
        0 => Some(told.join(", ")),
        more => Some(format!("{} and {more} more", told.join(", "))),
    }
}

/// Where the issuer of a certificate is; `None` when it is sent too.
fn issuer(
    certificate: &Certificate,
    sent: &[&Certificate],
    sources: &[Source],
    vouched: &Vouched<'_>,
) -> Option<String> {
    if certificate.self_signed {
        return Some("issued by itself".to_owned());
    }
    if sent.iter().any(|other| other.subject == certificate.issuer) {
        return None;
    }
    let issuer = &certificate.issuer.text;
    let known = authorities(sources).find(|(_, authority)| authority.subject == certificate.issuer);
    Some(match (known, vouched) {
        (Some((path, _)), Vouched::ByNobody) => {
            format!("issued by {issuer}: not sent, and {} has another one of that name", path.display())
        }
        (Some((path, _)), _) => format!("issued by {issuer}: in {}", path.display()),
        (None, Vouched::BySystem) => format!("issued by {issuer}: among the system's roots"),
        (None, _) => format!("issued by {issuer}: not sent, not found here"),
    })
}
