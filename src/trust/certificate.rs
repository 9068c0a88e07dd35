//! Describes certificates: names, dates, key, fingerprint (RFC 5280).
//!
//! Nothing here decides about trust, and no signature is checked. Every text is chosen by the issuer of the
//! certificate, so each is bounded in length and number; programs must escape them before printing.

use std::fmt;
use std::net::IpAddr;

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::objects::{oid_registry, oid2sn};
use x509_parser::oid_registry::{
    OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY, OID_NIST_EC_P384, OID_NIST_EC_P521, OID_PKCS1_RSAENCRYPTION,
    OID_SIG_ED25519, Oid,
};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::{SubjectPublicKeyInfo, X509Name};

/// The longest text of a certificate, in characters. A DNS name has at most 253.
const MAX_TEXT: usize = 256;

/// The largest number of alternative names of one certificate.
const MAX_NAMES: usize = 64;

/// The description of an X.509 certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Its subject.
    pub subject: Name,
    /// Its issuer.
    pub issuer: Name,
    /// The DNS names and IP addresses of its `subjectAltName`, in its order, at most 64 of them.
    pub names: Vec<AltName>,
    /// The number of names that were left out.
    pub names_omitted: usize,
    /// The beginning of its validity.
    pub not_before: Timestamp,
    /// The end of its validity. "No well-defined expiration date" (RFC 5280 §4.1.2.5) is the last moment of a
    /// [`Timestamp`].
    pub not_after: Timestamp,
    /// The SHA-256 of its DER encoding.
    pub sha256: [u8; 32],
    /// X.509 version: 1, 2 or 3.
    pub version: u32,
    /// Whether `basicConstraints` says CA:TRUE.
    pub is_ca: bool,
    /// Whether it is its own issuer, by name.
    pub self_signed: bool,
    /// Whether a TLS server may use it: without extended key usage, or with `serverAuth`.
    pub for_servers: bool,
    /// Its public key.
    pub key: Key,
    /// The public key as SubjectPublicKeyInfo in DER: two certificates with the same one share their key.
    pub spki: Vec<u8>,
    /// The algorithm of its signature, for instance `ecdsa-with-SHA256`, or its OID.
    pub signature_algorithm: String,
}

impl Certificate {
    /// Parses a certificate in DER; `None` when it is not one. Trailing bytes are ignored.
    pub fn parse(der: &[u8]) -> Option<Self> {
        let (_, parsed) = X509Certificate::from_der(der).ok()?;
        let (names, names_omitted) = alt_names(&parsed);
        Some(Self {
            subject: Name::new(parsed.subject()),
            issuer: Name::new(parsed.issuer()),
            names,
            names_omitted,
            not_before: timestamp(parsed.validity().not_before.timestamp()),
            not_after: timestamp(parsed.validity().not_after.timestamp()),
            sha256: Sha256::digest(parsed.as_raw()).into(),
            version: parsed.version().0.saturating_add(1),
            is_ca: parsed.is_ca(),
            self_signed: parsed.subject().as_raw() == parsed.issuer().as_raw(),
            for_servers: for_servers(&parsed),
            key: Key::new(parsed.public_key()),
            spki: parsed.public_key().raw.to_vec(),
            signature_algorithm: oid_name(&parsed.signature_algorithm.algorithm),
        })
    }

    /// The SHA-256 fingerprint as `sha256:` and 64 hexadecimal digits.
    pub fn fingerprint(&self) -> String {
        format!("sha256:{}", hex::encode(self.sha256))
    }

    /// Its validity at `now`; both ends are included.
    pub fn validity_at(&self, now: Timestamp) -> Validity {
        if now < self.not_before {
            Validity::NotYet
        } else if now > self.not_after {
            Validity::Expired
        } else {
            Validity::Valid
        }
    }

    /// Whether it can be a trust anchor at `now`. webpki accepts anchors whatever their dates.
    pub(super) fn may_issue_at(&self, now: Timestamp) -> bool {
        self.may_issue() && self.validity_at(now) == Validity::Valid
    }

    /// Whether it may be an issuer. Versions 1 and 2 have no `basicConstraints` and are accepted as issuers, as in
    /// OpenSSL and Go.
    pub(crate) fn may_issue(&self) -> bool {
        self.is_ca || self.version < 3
    }
}

/// A certificate's validity at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validity {
    /// Before `not_before`.
    NotYet,
    /// From `not_before` to `not_after`.
    Valid,
    /// After `not_after`.
    Expired,
}

/// A distinguished name. Equal by encoding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The first common name (CN) in it.
    pub common_name: Option<String>,
    /// The complete name, for instance `O=Corp, CN=Corp Root CA`.
    pub text: String,
    /// Its DER encoding.
    pub(super) der: Vec<u8>,
}

impl Name {
    /// Parses a distinguished name in DER; `None` when it is not one.
    pub(super) fn parse(der: &[u8]) -> Option<Self> {
        X509Name::from_der(der).ok().map(|(_, name)| Self::new(&name))
    }

    fn new(name: &X509Name<'_>) -> Self {
        Self {
            common_name: name.iter_common_name().next().map(|value| {
                value.as_str().map_or_else(|_| bounded(&String::from_utf8_lossy(value.as_slice())), bounded)
            }),
            text: bounded(&name.to_string()),
            der: name.as_raw().to_vec(),
        }
    }
}

/// Writes the common name, or the complete name without one.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.common_name.as_deref().unwrap_or(&self.text))
    }
}

/// A name that a certificate is valid for (RFC 5280 §4.2.1.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AltName {
    /// A DNS name; its first label may be a wildcard.
    Dns(String),
    /// An IP address.
    Ip(IpAddr),
}

impl fmt::Display for AltName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => f.write_str(name),
            Self::Ip(address) => address.fmt(f),
        }
    }
}

/// The kind and size of a public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// RSA, with the length of the modulus in bits.
    Rsa(usize),
    /// An elliptic curve, by name or OID.
    Ec(String),
    /// Ed25519.
    Ed25519,
    /// Another algorithm, by name or OID.
    Other(String),
}

impl Key {
    /// Parses a SubjectPublicKeyInfo in DER; `None` when it is not one.
    pub(super) fn parse(spki: &[u8]) -> Option<Self> {
        SubjectPublicKeyInfo::from_der(spki).ok().map(|(_, key)| Self::new(&key))
    }

    fn new(key: &SubjectPublicKeyInfo<'_>) -> Self {
        let algorithm = &key.algorithm;
        if algorithm.algorithm == OID_PKCS1_RSAENCRYPTION
            && let Ok(PublicKey::RSA(rsa)) = key.parsed()
        {
            Self::Rsa(rsa.key_size())
        } else if algorithm.algorithm == OID_KEY_TYPE_EC_PUBLIC_KEY {
            let curve = algorithm.parameters.as_ref().and_then(|curve| curve.as_oid().ok());
            Self::Ec(curve.map_or_else(|| "unnamed".to_owned(), |curve| curve_name(&curve)))
        } else if algorithm.algorithm == OID_SIG_ED25519 {
            Self::Ed25519
        } else {
            Self::Other(oid_name(&algorithm.algorithm))
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa(bits) => write!(f, "RSA {bits}"),
            Self::Ec(curve) => write!(f, "EC {curve}"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::Other(name) => f.write_str(name),
        }
    }
}

fn curve_name(curve: &Oid<'_>) -> String {
    if *curve == OID_EC_P256 {
        "P-256".to_owned()
    } else if *curve == OID_NIST_EC_P384 {
        "P-384".to_owned()
    } else if *curve == OID_NIST_EC_P521 {
        "P-521".to_owned()
    } else {
        oid_name(curve)
    }
}

fn oid_name(oid: &Oid<'_>) -> String {
    oid2sn(oid, oid_registry()).map_or_else(|_| bounded(&oid.to_id_string()), str::to_owned)
}

/// The alternative names that TLS clients use, and how many were left out.
fn alt_names(certificate: &X509Certificate<'_>) -> (Vec<AltName>, usize) {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return (Vec::new(), 0) };
    let mut all = extension.value.general_names.iter().filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(AltName::Dns(bounded(name))),
        GeneralName::IPAddress(bytes) => ip_address(bytes).map(AltName::Ip),
        _ => None,
    });
    let kept = all.by_ref().take(MAX_NAMES).collect();
    (kept, all.count())
}

fn ip_address(bytes: &[u8]) -> Option<IpAddr> {
    <[u8; 4]>::try_from(bytes).map(IpAddr::from).or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

fn for_servers(certificate: &X509Certificate<'_>) -> bool {
    match certificate.extended_key_usage() {
        Ok(None) => true,
        Ok(Some(usage)) => usage.value.any || usage.value.server_auth,
        Err(_) => false,
    }
}

/// Seconds since 1970 as a timestamp, clamped to its range.
fn timestamp(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(if seconds < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

/// Truncates to [`MAX_TEXT`] characters and an ellipsis.
fn bounded(text: &str) -> String {
    match text.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, SanType, date_time_ymd};

    use super::*;
    use crate::trust::fixture::{self, Authority};

    #[test]
    fn a_server_certificate_is_described_whole() {
        let root = Authority::root("Corp Root CA");
        let mut params = fixture::server(&["registry.corp", "*.corp", "10.1.2.3", "::1"]);
        params.distinguished_name.push(DnType::OrganizationName, "Corp");
        params.distinguished_name.push(DnType::CommonName, "registry.corp");
        params.not_before = date_time_ymd(2026, 8, 1);
        params.not_after = date_time_ymd(2026, 10, 30);
        let leaf = root.issue(params);

        let seen = Certificate::parse(leaf.der()).expect("a certificate");
        assert_eq!(seen.subject.common_name.as_deref(), Some("registry.corp"));
        assert_eq!(seen.subject.text, "O=Corp, CN=registry.corp");
        assert_eq!(seen.issuer.to_string(), "Corp Root CA");
        let names: Vec<_> = seen.names.iter().map(ToString::to_string).collect();
        assert_eq!(names, ["registry.corp", "*.corp", "10.1.2.3", "::1"]);
        assert_eq!(seen.names[2], AltName::Ip("10.1.2.3".parse().expect("an IP address")));
        assert_eq!(seen.not_before.to_string(), "2026-08-01T00:00:00Z");
        assert_eq!(seen.not_after.to_string(), "2026-10-30T00:00:00Z");
        assert_eq!(seen.fingerprint(), format!("sha256:{}", hex::encode(Sha256::digest(leaf.der()))));
        assert_eq!((seen.version, seen.is_ca, seen.self_signed, seen.for_servers), (3, false, false, true));
        assert_eq!(seen.key.to_string(), "EC P-256");
        assert_eq!(seen.signature_algorithm, "ecdsa-with-SHA256");
        assert!(!seen.may_issue());
    }

    #[test]
    fn a_root_is_its_own_issuer_and_may_issue() {
        let root = Authority::root("Corp Root CA");
        let seen = Certificate::parse(root.der()).expect("a certificate");
        assert!(seen.is_ca && seen.self_signed && seen.may_issue());
        assert_eq!(seen.subject, seen.issuer);
    }

    #[test]
    fn version_1_is_distinguished_from_version_3() {
        let seen = Certificate::parse(&fixture::version_1().0).expect("a certificate");
        assert_eq!(seen.version, 1);
        assert!(seen.names.is_empty() && !seen.is_ca && seen.may_issue());
        assert_eq!(seen.subject.to_string(), "registry.corp");
    }

    #[test]
    fn keys_are_named() {
        let key = |pem: &str| {
            let der = fixture::first_certificate(pem);
            Certificate::parse(&der).expect("a certificate").key
        };
        assert_eq!(key(fixture::RSA_1024_CA), Key::Rsa(1024));
        let ed25519 = KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("a key");
        let own = CertificateParams::default().self_signed(&ed25519).expect("a certificate");
        assert_eq!(Certificate::parse(own.der()).expect("a certificate").key, Key::Ed25519);
    }

    #[test]
    fn a_certificate_for_clients_only_is_not_for_servers() {
        let mut params = fixture::server(&["a.corp"]);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let leaf = Authority::root("Root").issue(params);
        assert!(!Certificate::parse(leaf.der()).expect("a certificate").for_servers);
    }

    #[test]
    fn both_ends_belong_to_the_validity() {
        let mut params = fixture::server(&["a.corp"]);
        params.not_before = date_time_ymd(2026, 8, 1);
        params.not_after = date_time_ymd(2026, 8, 2);
        let seen = Certificate::parse(Authority::root("Root").issue(params).der()).expect("a certificate");
        let at = |text: &str| seen.validity_at(text.parse().expect("a time"));
        assert_eq!(at("2026-07-31T23:59:59Z"), Validity::NotYet);
        assert_eq!(at("2026-08-01T00:00:00Z"), Validity::Valid);
        assert_eq!(at("2026-08-02T00:00:00Z"), Validity::Valid);
        assert_eq!(at("2026-08-02T00:00:01Z"), Validity::Expired);
    }

    #[test]
    fn a_certificate_without_end_is_valid() {
        let mut params = fixture::server(&["a.corp"]);
        params.not_after = date_time_ymd(9999, 12, 31);
        let seen = Certificate::parse(Authority::root("Root").issue(params).der()).expect("a certificate");
        assert_eq!(seen.not_after, Timestamp::MAX);
        assert_eq!(seen.validity_at(Timestamp::now()), Validity::Valid);
    }

    #[test]
    fn names_are_bounded_in_number_and_length() {
        let mut params = fixture::server(&[]);
        params.distinguished_name.push(DnType::CommonName, "x".repeat(5_000));
        params.subject_alt_names =
            (0..500).map(|i| SanType::DnsName(format!("host-{i}.corp").try_into().expect("ASCII"))).collect();
        let seen = Certificate::parse(Authority::root("Root").issue(params).der()).expect("a certificate");
        assert_eq!((seen.names.len(), seen.names_omitted), (MAX_NAMES, 500 - MAX_NAMES));
        assert_eq!(seen.subject.to_string().chars().count(), MAX_TEXT + 1);
    }

    #[test]
    fn what_is_not_a_certificate_is_none() {
        let root = Authority::root("Root");
        assert_eq!(Certificate::parse(&[]), None);
        assert_eq!(Certificate::parse(b"\x30\x03\x02\x01\x00"), None);
        for end in 0..root.der().len() {
            assert_eq!(Certificate::parse(&root.der()[..end]), None, "the first {end} bytes");
        }
    }

    #[test]
    fn bytes_after_the_certificate_do_not_change_its_description() {
        let root = Authority::root("Root");
        let longer = [root.der(), &b"\x30\x00"[..]].concat();
        assert_eq!(Certificate::parse(&longer), Certificate::parse(root.der()));
    }
}
