//! Turns webpki's error and the certificates into a fault and a sentence that a person can act on.

use jiff::Timestamp;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, Error};

use super::certificate::{AltName, Certificate, Key, Validity};
use super::explain::{Rejection, words};
use super::trust_source::ConfiguredCert;
use crate::error::Tls;

/// The largest number of names in a sentence; the facts have all of them.
const MAX_NAMES: usize = 8;

/// The smallest RSA key that is accepted (by ring, as by browsers), in bits.
const MIN_RSA_BITS: usize = 2048;

/// The trusted certificates that were tried.
pub(super) struct Considered<'a> {
    /// The system's roots; `None` if they do not count.
    pub system: Option<ConsideredRoots>,
    /// The configured certificates, including those that cannot be issuers.
    pub configured: &'a [ConfiguredCert],
}

/// The system's roots, or those that variables name in their place.
pub(super) struct ConsideredRoots {
    /// Their number.
    pub count: usize,
    /// Why the variables provide nothing.
    pub faults: Vec<String>,
}

/// A chain that was refused.
pub(super) struct Refusal<'a> {
    /// The error of rustls.
    pub error: Error,
    /// The certificates that the server sent and that can be parsed, in its order.
    pub chain: Vec<Certificate>,
    /// The requested name.
    pub name: &'a ServerName<'a>,
    /// The time of verification.
    pub now: Timestamp,
    /// The trusted certificates.
    pub considered: Considered<'a>,
}

/// That there are no roots, and why if it is known.
fn nothing_trusted(roots: &ConsideredRoots) -> String {
    match roots.faults.as_slice() {
        [] => "this system has no trusted CAs".to_owned(),
        faults => format!("no CA is trusted: {}", faults.join("; ")),
    }
}

/// A fault and its cause.
type Finding = (Tls, String);

impl Refusal<'_> {
    /// The explanation.
    pub fn into_rejection(self) -> Rejection {
        let (fault, cause) = match self.chain.split_first() {
            Some((leaf, _)) => self.find(leaf),
            None => (Tls::BadCertificate, "it is not a readable X.509 certificate".to_owned()),
        };
        Rejection { fault, cause, chain: self.chain }
    }

    fn find(&self, leaf: &Certificate) -> Finding {
        let Error::InvalidCertificate(error) = &self.error else {
            return (Tls::BadCertificate, words(&self.error));
        };
        match error {
            _ if leaf.version < 3 => {
                bad(format!("it is an X.509 version {} certificate, which has no subjectAltName", leaf.version))
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => self.outdated(Validity::Expired),
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                self.outdated(Validity::NotYet)
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                self.wrong_name(leaf)
            }
            CertificateError::UnknownIssuer => self.unknown_issuer(leaf, false),
            CertificateError::BadSignature => self.bad_signature(leaf),
            CertificateError::Other(_) if leaf.is_ca && leaf.self_signed => self.unknown_issuer(leaf, false),
            CertificateError::Other(_) if leaf.is_ca => bad(format!(
                "it is a CA certificate (CA:TRUE), issued by \"{}\"; a server needs one with CA:FALSE",
                leaf.issuer
            )),
            CertificateError::Other(other) => self.other(leaf, other),
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
                bad("its extended key usage is not for servers: serverAuth is missing".to_owned())
            }
            CertificateError::BadEncoding => bad("it is damaged: it is not valid DER".to_owned()),
            CertificateError::UnsupportedSignatureAlgorithmContext { .. }
            | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
                bad(format!("it or one of its issuers has an unsupported signature algorithm: {}", self.algorithms()))
            }
            error => bad(words(error)),
        }
    }

    /// The chain from the server's own certificate, each followed by its issuer, as far as it can be followed.
    fn path<'c>(&'c self, leaf: &'c Certificate) -> Vec<&'c Certificate> {
        let mut path = vec![leaf];
        let mut last = leaf;
        while !last.self_signed
            && path.len() < self.chain.len()
            && let Some(issuer) = self.chain.iter().find(|candidate| candidate.subject == last.issuer)
        {
            path.push(issuer);
            last = issuer;
        }
        path
    }

    fn configured_issuer_of<'c>(&'c self, last: &Certificate) -> Option<&'c Certificate> {
        self.considered
            .configured
            .iter()
            .map(|configured| &configured.certificate)
            .find(|configured| configured.subject == last.issuer)
    }

    /// No trusted certificate issued the chain. `namesake` says that a trusted one has the issuer's name and another
    /// key.
    fn unknown_issuer(&self, leaf: &Certificate, namesake: bool) -> Finding {
        let path = self.path(leaf);
        let last = path.last().copied().unwrap_or(leaf);
        let configured = self.configured_issuer_of(last);
        if let Some(expired) = configured.filter(|configured| configured.validity_at(self.now) == Validity::Expired) {
            let not_after = expired.not_after.to_string();
            let cause = format!("issued by \"{}\", whose configured certificate expired at {not_after}", last.issuer);
            return (Tls::Expired { not_after, issuer: Some(last.issuer.to_string()) }, cause);
        }
        // Some servers send their own certificate twice, or the root without what is between.
        let leaf_only = path.len() == 1 && !leaf.self_signed;
        let whose = if last.self_signed {
            format!("self-signed by \"{}\"", last.subject)
        } else {
            format!("issued by \"{}\"", last.issuer)
        };
        let cause = match configured {
            Some(configured) if !configured.may_issue() && !last.self_signed => {
                format!("{whose}; the configured certificate with that name is not a CA's (CA:TRUE is missing)")
            }
            Some(_) => format!("{whose}; the configured certificate with that name is a different one"),
            None if namesake => format!("{whose}; the trusted certificate with that name has a different key"),
            None => format!("{whose}, {}", self.not_among(leaf_only)),
        };
        let fault = Tls::UnknownIssuer {
            issuer: last.issuer.to_string(),
            roots: self.considered.system.as_ref().map_or(0, |roots| roots.count) + self.considered.configured.len(),
            self_signed: last.self_signed,
            leaf_only,
        };
        (fault, cause)
    }

    fn not_among(&self, leaf_only: bool) -> String {
        let roots = self.considered.system.as_ref().filter(|roots| roots.count > 0);
        let roots = roots.map(|roots| match roots.count {
            1 => (1, "the trusted CA of this system".to_owned()),
            many => (many, format!("the {many} trusted CAs of this system")),
        });
        let configured = match self.considered.configured.len() {
            0 => None,
            1 => Some((1, "the configured certificate".to_owned())),
            many => Some((many, format!("the {many} configured certificates"))),
        };
        // If the root is configured and only the leaf was sent, the intermediate may be all that is missing.
        let which =
            if leaf_only && configured.is_some() { "which is neither sent by the server nor" } else { "which is not" };
        let nothing = self.considered.system.as_ref().filter(|roots| roots.count == 0).map(nothing_trusted);
        match (roots, configured) {
            (Some((_, roots)), Some((_, configured))) => format!("{which} among {roots} and {configured}"),
            (Some((count, all)), None) | (None, Some((count, all))) => {
                let among = if count == 1 { "" } else { "among " };
                let nothing = nothing.map(|nothing| format!("; {nothing}")).unwrap_or_default();
                format!("{which} {among}{all}{nothing}")
            }
            (None, None) => format!("and {}", nothing.unwrap_or_else(|| "no CA is trusted".to_owned())),
        }
    }

    fn bad_signature(&self, leaf: &Certificate) -> Finding {
        let path = self.path(leaf);
        let weak = path
            .iter()
            .copied()
            .chain(self.considered.configured.iter().map(|configured| &configured.certificate))
            .find(|issuer| {
                matches!(issuer.key, Key::Rsa(bits) if bits < MIN_RSA_BITS)
                    && path.iter().any(|issued| issued.issuer == issuer.subject)
            });
        match weak {
            Some(issuer) => bad(too_weak(&format!("the key of \"{}\"", issuer.subject), &issuer.key)),
            None => self.unknown_issuer(leaf, true),
        }
    }

    /// A certificate of the chain is expired or not yet valid.
    fn outdated(&self, validity: Validity) -> Finding {
        let Some((place, at_fault)) =
            self.chain.iter().enumerate().find(|(_, one)| one.validity_at(self.now) == validity)
        else {
            return bad("its validity ends before it begins".to_owned());
        };
        let whose = if place == 0 {
            "it".to_owned()
        } else {
            format!("the certificate of its issuer \"{}\"", at_fault.subject)
        };
        if validity == Validity::Expired {
            let not_after = at_fault.not_after.to_string();
            let cause = format!("{whose} expired at {not_after}");
            let issuer = (place > 0).then(|| at_fault.subject.to_string());
            (Tls::Expired { not_after, issuer }, cause)
        } else {
            let not_before = at_fault.not_before.to_string();
            let now = Timestamp::from_second(self.now.as_second()).unwrap_or(self.now);
            let cause = format!("{whose} is valid from {not_before}, and this machine's clock says {now}");
            (Tls::NotYetValid { not_before }, cause)
        }
    }

    fn wrong_name(&self, leaf: &Certificate) -> Finding {
        let names: Vec<String> = leaf.names.iter().map(ToString::to_string).collect();
        let cause = match self.name {
            _ if names.is_empty() => {
                let only = match &leaf.subject.common_name {
                    Some(name) => format!("only CN={name}, which clients ignore since RFC 2818 and RFC 6125"),
                    None => "and no other name".to_owned(),
                };
                format!("it has no subjectAltName, {only}")
            }
            ServerName::IpAddress(address) => {
                let address = std::net::IpAddr::from(*address).to_string();
                if leaf.names.iter().any(|name| matches!(name, AltName::Dns(text) if *text == address)) {
                    format!("{address} is in subjectAltName as a DNS name; it must be there as an IP address")
                } else {
                    format!(
                        "names in the certificate: {}; an IP address must be in subjectAltName as an IP address",
                        describe(leaf)
                    )
                }
            }
            ServerName::DnsName(host) if leaf.names.iter().any(|name| covers_top_level(name, host.as_ref())) => {
                format!(
                    "names in the certificate: {}; a wildcard for a whole top-level domain is not accepted",
                    describe(leaf)
                )
            }
            _ => format!("names in the certificate: {}", describe(leaf)),
        };
        (Tls::WrongName { names }, cause)
    }

    fn other(&self, leaf: &Certificate, other: &rustls::OtherError) -> Finding {
        let issuers = self.path(leaf);
        match issuers.iter().skip(1).find(|issuer| !issuer.may_issue()) {
            Some(issuer) => bad(format!("its issuer \"{}\" is not a CA (CA:TRUE is missing)", issuer.subject)),
            None => bad(words(other)),
        }
    }

    fn algorithms(&self) -> String {
        let mut names: Vec<&str> = Vec::new();
        for certificate in &self.chain {
            if !names.contains(&certificate.signature_algorithm.as_str()) {
                names.push(&certificate.signature_algorithm);
            }
        }
        names.join(", ")
    }
}

fn bad(cause: String) -> Finding {
    (Tls::BadCertificate, cause)
}

/// The names of a certificate as a list for a sentence.
fn describe(certificate: &Certificate) -> String {
    let listed: Vec<_> = certificate.names.iter().take(MAX_NAMES).map(ToString::to_string).collect();
    let more = certificate.names.len() - listed.len() + certificate.names_omitted;
    let names = listed.join(", ");
    if more == 0 { names } else { format!("{names} and {more} more") }
}

/// Whether a name is a wildcard such as `*.corp` that would match `host`. Go accepts these; webpki and OpenSSL do not.
fn covers_top_level(name: &AltName, host: &str) -> bool {
    let AltName::Dns(name) = name else { return false };
    match (name.strip_prefix("*."), host.split_once('.')) {
        (Some(domain), Some((_, rest))) => !domain.contains('.') && domain.eq_ignore_ascii_case(rest),
        _ => false,
    }
}

fn too_weak(whose: &str, key: &Key) -> String {
    format!("{whose}, {key}, is too short: at least {MIN_RSA_BITS} bits are required")
}

/// Explains a failed signature of the handshake by the server's key, where its size is the cause.
pub(super) fn weak_key(leaf: &CertificateDer<'_>, error: Error) -> Error {
    match Certificate::parse(leaf) {
        Some(leaf) if matches!(leaf.key, Key::Rsa(bits) if bits < MIN_RSA_BITS) => {
            let cause = too_weak("its key", &leaf.key);
            Rejection { fault: Tls::BadCertificate, cause, chain: vec![leaf] }.into_error()
        }
        _ => error,
    }
}
