//! Classifies the refusal of a server: by what it sends, and by the files that were meant to make it trusted.

use std::net::IpAddr;
use std::path::Path;

use jiff::Timestamp;

use super::chain::{TrustedBy, authorities, names as names_of};
use crate::diagnosis::check::Finding;
use crate::diagnosis::classify::tls_problem;
use crate::diagnosis::problem::{Part, Problem};
use crate::error::{Kind, Tls};
use crate::trust::certificate::Validity;
use crate::trust::{Certificate, ClientCertificateRequest, Origin, Provides, Rejection, Source, TrustSource, Unused};

/// A server that was refused, or that refused the client.
pub(super) struct Refused<'a> {
    /// Why.
    pub rejection: &'a Rejection,
    /// The certificates that it sent and that can be parsed.
    pub chain: &'a [Certificate],
    /// What is configured for it in files.
    pub sources: &'a [Source],
    /// Its host name.
    pub host: &'a str,
    /// Its request for a client certificate.
    pub request: Option<&'a ClientCertificateRequest>,
    /// Whether its certificates were trusted.
    pub was_trusted: bool,
}

type Classified = (Problem, String);

impl Refused<'_> {
    pub fn finding(&self) -> Finding {
        let (problem, cause) = self.classify();
        Finding { problem, cause, kind: Kind::Tls(self.rejection.fault.clone()) }
    }

    fn classify(&self) -> Classified {
        let as_reported = |problem| (problem, self.rejection.cause.clone());
        match (&self.rejection.fault, self.chain.first()) {
            (Tls::UnknownIssuer { issuer, self_signed, leaf_only, .. }, Some(leaf)) => {
                self.unknown_issuer(leaf, issuer, *self_signed, *leaf_only)
            }
            (Tls::Expired { not_after, .. }, Some(_)) => self.expired(not_after),
            (Tls::NotYetValid { not_before }, Some(_)) => {
                let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ");
                let cause =
                    format!("the server's certificate is valid from {not_before}, and this machine's clock says {now}");
                (Problem::NotYetValid, cause)
            }
            (Tls::WrongName { names }, Some(leaf)) => self.wrong_name(leaf, names),
            // The rejection is about no certificate: the handshake's signature is not by its key.
            (Tls::BadCertificate, Some(_)) if self.was_trusted && self.rejection.chain.is_empty() => {
                as_reported(Problem::ForeignKey)
            }
            (Tls::BadCertificate, Some(leaf)) => self.bad_certificate(leaf),
            (Tls::ClientCertificate { offered }, _) => self.client_certificate(*offered),
            (fault, _) => as_reported(tls_problem(fault)),
        }
    }

    fn unknown_issuer(&self, leaf: &Certificate, issuer: &str, self_signed: bool, leaf_only: bool) -> Classified {
        if let Some(path) = self.former_leaf(leaf) {
            let path = path.to_owned();
            let cause = format!(
                "{} contains a server certificate instead of its CA's, and the server has a new certificate",
                path.display()
            );
            return (Problem::LeafAsAuthority { path }, cause);
        }
        let last = self.end_of_chain(leaf);
        let namesake = authorities(self.sources).find(|(_, configured)| configured.subject == last.issuer);
        if let Some((path, configured)) = namesake {
            let path = path.to_owned();
            if !configured.may_issue() {
                let cause = format!("\"{issuer}\" in {} is not a CA: CA:TRUE is missing", path.display());
                return (Problem::NotAnAuthority { path }, cause);
            }
            let cause = format!(
                "{} contains a different certificate of \"{issuer}\" than the one that issued the server's: the CA was renewed, or \
                 it is another CA with the same name",
                path.display()
            );
            return (Problem::OtherAuthority { path }, cause);
        }
        let configured = authorities(self.sources).map(|(path, _)| path.display().to_string()).next();
        if let Some(classified) = self.not_used(configured.is_some()) {
            return classified;
        }
        let cause = self.rejection.cause.clone();
        if self_signed && self.chain.len() == 1 {
            return (Problem::SelfSigned, cause);
        }
        let sent =
            if self.chain.len() == 1 { "only its own certificate" } else { "its own certificate without its issuer's" };
        match configured {
            Some(path) if leaf_only => {
                let cause = format!(
                    "the server sends {sent}, and its issuer \"{issuer}\" is not in {path}: either that is another CA, or \
                     the chain is missing (certbot: cert.pem instead of fullchain.pem)"
                );
                (Problem::ChainNotSent { issuer: issuer.to_owned() }, cause)
            }
            None if leaf_only => {
                let cause = format!(
                    "the server sends {sent}, {cause}: either its issuer is an untrusted root, or the chain is missing \
                     (certbot: cert.pem instead of fullchain.pem)"
                );
                (Problem::UnknownIssuer { issuer: issuer.to_owned(), is_alone: true }, cause)
            }
            _ => (Problem::UnknownIssuer { issuer: issuer.to_owned(), is_alone: false }, cause),
        }
    }

    /// The last certificate of the chain, as far as it can be followed by name from the server's own.
    fn end_of_chain<'c>(&'c self, leaf: &'c Certificate) -> &'c Certificate {
        // At most as many steps as certificates, in case two name each other as issuer.
        (1..self.chain.len()).fold(leaf, |last, _| {
            let issued = |issuer: &&Certificate| issuer.subject == last.issuer && !last.self_signed;
            self.chain.iter().find(issued).unwrap_or(last)
        })
    }

    /// The file with, in place of a CA certificate, the certificate that this server used before.
    fn former_leaf(&self, leaf: &Certificate) -> Option<&Path> {
        let is_former = |configured: &Certificate| {
            !configured.may_issue()
                && configured.sha256 != leaf.sha256
                && (configured.names.iter().any(|name| leaf.names.contains(name)) || configured.subject == leaf.subject)
        };
        authorities(self.sources).find(|(_, configured)| is_former(configured)).map(|(path, _)| path)
    }

    /// The file that was meant to make the server trusted, and is not used.
    fn not_used(&self, others_are: bool) -> Option<Classified> {
        let unused = self.sources.iter().filter_map(|source| match &source.provides {
            Provides::Nothing(why) => Some((source, why)),
            _ => None,
        });
        let (source, why) = unused.into_iter().find(|(source, why)| is_meant_for_server(source, why, others_are))?;
        let problem = Problem::FileNotUsed { path: source.path.clone(), why: why.clone() };
        Some((problem, format!("{} is not used: {why}", source.path.display())))
    }

    fn expired(&self, not_after: &str) -> Classified {
        let now = Timestamp::now();
        let is_expired = |certificate: &Certificate| certificate.validity_at(now) == Validity::Expired;
        match self.chain.iter().position(is_expired) {
            Some(0) => {
                let cause = format!("the server's certificate expired at {not_after}");
                (Problem::Expired { part: Part::Server }, cause)
            }
            Some(place) => {
                let issuer = &self.chain[place].subject;
                let cause = format!("the certificate of \"{issuer}\", which the server sends, expired at {not_after}");
                (Problem::Expired { part: Part::Issuer }, cause)
            }
            None => {
                let configured = authorities(self.sources).find(|(_, certificate)| is_expired(certificate));
                let (part, place) = match configured {
                    Some((path, _)) => (Part::Trusted(path.to_owned()), path.display().to_string()),
                    None => (Part::Server, "the chain".to_owned()),
                };
                (Problem::Expired { part }, format!("a certificate in {place} expired at {not_after}"))
            }
        }
    }

    fn wrong_name(&self, leaf: &Certificate, names: &[String]) -> Classified {
        let (names, listed) = (names.to_vec(), names_of(leaf));
        let Some(listed) = listed else {
            let only = match &leaf.subject.common_name {
                Some(name) => format!("only CN={name}, which clients ignore"),
                None => "and no other name".to_owned(),
            };
            return (Problem::OnlyCommonName, format!("the certificate has no subjectAltName, {only}"));
        };
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        if host.parse::<IpAddr>().is_ok() {
            let cause =
                format!("the certificate is for {listed}; an IP address must be in subjectAltName as an IP address");
            return (Problem::AddressNotNamed { names }, cause);
        }
        (Problem::WrongName { names }, format!("the certificate is for {listed}"))
    }

    fn bad_certificate(&self, leaf: &Certificate) -> Classified {
        if leaf.version < 3 {
            let cause = format!("it is an X.509 version {} certificate, which has no subjectAltName", leaf.version);
            return (Problem::OldCertificate, cause);
        }
        if leaf.is_ca && !leaf.self_signed {
            let cause = format!(
                "the server presents a CA certificate, \"{}\", as its own (certbot: chain.pem instead of fullchain.pem)",
                leaf.subject
            );
            return (Problem::AuthorityAsServer, cause);
        }
        (Problem::UnusableCertificate, self.rejection.cause.clone())
    }

    fn client_certificate(&self, offered: bool) -> Classified {
        let wanted = self.request.map(|request| request.authorities.as_slice()).unwrap_or_default();
        let authorities: Vec<_> = wanted.iter().map(|name| name.text.clone()).collect();
        let of = match authorities.as_slice() {
            [] => String::new(),
            names => format!(" issued by {}", names.join(" or ")),
        };
        if !offered {
            if let Some(classified) = self.client_certificate_not_used() {
                return classified;
            }
            let cause = format!("the server requires a client certificate{of}; no client certificate configured");
            return (Problem::ClientCertificateWanted { authorities }, cause);
        }
        let shown = self.request.and_then(|request| request.shown.as_ref());
        let identity = self.sources.iter().find(|source| matches!(source.provides, Provides::ClientIdentity { .. }));
        let path = identity.map(|source| source.path.clone());
        let cause = match shown {
            Some(shown) if shown.validity_at(Timestamp::now()) == Validity::Expired => {
                format!("the client certificate {} expired at {}", shown.subject.text, shown.not_after)
            }
            Some(shown) if !wanted.is_empty() && !wanted.contains(&shown.issuer) => format!(
                "the client certificate {} was issued by {}; the server accepts those{of}",
                shown.subject.text, shown.issuer.text
            ),
            _ => self.rejection.cause.clone(),
        };
        (Problem::ClientCertificateRefused { authorities, path }, cause)
    }

    fn client_certificate_not_used(&self) -> Option<Classified> {
        self.sources.iter().find_map(|source| match &source.provides {
            Provides::Nothing(
                why @ (Unused::KeyWithoutCertificate | Unused::ClientIdentity(_) | Unused::OtherPort { .. }),
            ) => {
                let problem = Problem::FileNotUsed { path: source.path.clone(), why: why.clone() };
                Some((problem, format!("{} is not used: {why}", source.path.display())))
            }
            _ => None,
        })
    }
}

/// Whether an unused file was meant to make this server trusted. A file for all registries is not taken for the cause
/// where another CA is configured.
fn is_meant_for_server(source: &Source, why: &Unused, others_are: bool) -> bool {
    match why {
        Unused::OtherPort { .. } | Unused::NotNamedCrt | Unused::Key { .. } | Unused::Misplaced => true,
        Unused::NoCertificate(_) | Unused::Damaged(_) | Unused::Member { .. } => true,
        Unused::FileName { .. } | Unused::NotFolder => true,
        Unused::Denied | Unused::Unreadable(_) | Unused::Syntax(_) => {
            source.origin != Origin::Registries || !others_are
        }
        _ => false,
    }
}

/// A warning for a server that is trusted because its own certificate is configured: that ends with its next
/// certificate.
pub(super) fn pinned(chain: &[Certificate], trusted_by: &TrustedBy<'_>) -> Option<Finding> {
    let TrustedBy::Source(TrustSource::Pin(path)) = trusted_by else { return None };
    chain.first().filter(|leaf| !leaf.self_signed)?;
    let path = path.clone();
    let cause = format!(
        "{} contains the server's own certificate instead of its CA's: trust ends when the server's certificate is renewed",
        path.display()
    );
    Some(Finding { problem: Problem::LeafAsAuthority { path }, cause, kind: Kind::Config })
}
