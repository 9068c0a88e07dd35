//! Finds, among the certificates that a server sends, the one that clients need to trust it.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};

use super::certificate::Certificate;
use super::explain::{Rejection, explain};
use super::file;
use super::pem;
use super::presented::PresentedChain;
use super::roots::SystemRoots;
use super::trust_source::{ConfiguredCert, Presented, ReportingVerifier as _};
use super::verifier::Verifier;
use crate::error::Tls;

/// A certificate to trust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// Its DER encoding.
    pub der: CertificateDer<'static>,
    /// Its description.
    pub certificate: Certificate,
}

/// The role of an anchor in a server's chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnchorKind {
    /// The CA at the end of its chain.
    Root,
    /// The last CA that it sends, without that CA's issuer. Docker, podman, containerd and curl accept one as they do a
    /// root.
    Intermediate,
    /// Its own certificate, because it sends no CA: trust ends when it is renewed.
    Leaf,
}

impl Anchor {
    /// The anchors as a PEM file.
    pub fn pem(anchors: &[Self]) -> String {
        anchors.iter().map(|anchor| pem::encode(&anchor.der)).collect()
    }

    /// The certificates in a PEM file; none when it cannot be read.
    pub fn in_file(path: &Path) -> Vec<Self> {
        let contents = file::read_found(path).map(|bytes| pem::Contents::parse(&bytes)).unwrap_or_default();
        contents.certificates.into_iter().map(|(der, certificate)| Self { der, certificate }).collect()
    }

    /// Reads a certificate; `None` when it is not one.
    pub(super) fn parse(der: &CertificateDer<'_>) -> Option<Self> {
        Some(Self { certificate: Certificate::parse(der)?, der: der.clone().into_owned() })
    }
}

impl fmt::Display for AnchorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Root => "root",
            Self::Intermediate => "intermediate",
            Self::Leaf => "leaf",
        })
    }
}

impl PresentedChain {
    /// The certificate to trust, of those that the server sends: the end of its chain, followed by name from its own
    /// certificate. `None` when its own certificate cannot be parsed.
    ///
    /// The server chooses what it sends: users must verify the fingerprint.
    pub fn anchor(&self) -> Option<(Anchor, AnchorKind)> {
        let sent: Vec<Anchor> = self.chain.iter().filter_map(|sent| Anchor::parse(&sent.der)).collect();
        let leaf = sent.iter().find(|anchor| anchor.der == self.chain[0].der)?;
        let mut end = leaf;
        // At most as many steps as certificates, in case two name each other as issuer.
        for _ in &sent {
            let issuer = &end.certificate.issuer;
            let next = sent.iter().find(|next| next.certificate.may_issue() && next.certificate.subject == *issuer);
            match next.filter(|next| next.der != end.der) {
                Some(next) => end = next,
                None => break,
            }
        }
        let kind = match end {
            end if end.der == leaf.der => AnchorKind::Leaf,
            end if end.certificate.self_signed => AnchorKind::Root,
            _ => AnchorKind::Intermediate,
        };
        Some((end.clone(), kind))
    }

    /// The certificate with this SHA-256 among those that the server sends.
    pub fn with_fingerprint(&self, sha256: &[u8; 32]) -> Option<Anchor> {
        let mut sent = self.chain.iter().filter_map(|sent| Anchor::parse(&sent.der));
        sent.find(|anchor| anchor.certificate.sha256 == *sha256)
    }

    /// Whether a client that trusts only `anchors` would trust `host`.
    ///
    /// # Errors
    ///
    /// Why not.
    pub fn is_trusted_by(&self, anchors: &[Anchor], host: &str) -> Result<(), Rejection> {
        let from: Arc<Path> = Path::new("").into();
        let configured = |anchor: &Anchor| ConfiguredCert {
            der: anchor.der.clone(),
            certificate: anchor.certificate.clone(),
            from: Arc::clone(&from),
        };
        let nothing = Arc::new(SystemRoots::none());
        let algorithms = ring::default_provider().signature_verification_algorithms;
        let verifier = Verifier::new(nothing, anchors.iter().map(configured).collect(), Vec::new(), algorithms);
        let name = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let name = ServerName::try_from(name).map_err(|error| {
            Rejection::new(Tls::Handshake, format!("{host:?} is not a valid TLS server name: {error}"))
        })?;
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let sent: Vec<_> = self.chain.iter().map(|sent| sent.der.clone()).collect();
        let now = UnixTime::since_unix_epoch(since_epoch);
        let presented = Presented { leaf: &sent[0], intermediates: &sent[1..], name: &name, now };
        verifier.trust_source(&presented).map(drop).map_err(|error| explain(&error, host, false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::TrustSource;
    use crate::trust::fixture::{self, Authority};
    use crate::trust::presented::{Agreed, PresentedCertificate};

    const HOST: &str = "registry.corp";

    fn sent(chain: &[&Authority]) -> PresentedChain {
        let sent = |one: &&Authority| PresentedCertificate { der: one.der().clone(), certificate: None };
        let agreed = Agreed { version: "TLS 1.3", cipher_suite: String::new(), protocol: None };
        PresentedChain {
            chain: chain.iter().map(sent).collect(),
            trust: Ok(TrustSource::System),
            client_certificate: None,
            agreed: Ok(agreed),
        }
    }

    fn anchor(one: &Authority) -> Anchor {
        Anchor::parse(one.der()).expect("a certificate")
    }

    #[test]
    fn the_end_of_the_chain_is_the_anchor_whatever_else_is_sent() {
        let (root, other) = (Authority::root("Corp Root"), Authority::root("Other Root"));
        let upper = root.intermediate("Upper");
        let lower = upper.intermediate("Lower");
        let leaf = lower.issue(fixture::server(&[HOST]));
        let own = Authority::own_issuer(fixture::server(&[HOST]));
        for (chain, expected, kind) in [
            (&[&leaf, &lower, &upper, &root][..], &root, AnchorKind::Root),
            (&[&leaf, &root, &upper, &lower], &root, AnchorKind::Root),
            (&[&leaf, &lower, &upper, &other], &upper, AnchorKind::Intermediate),
            (&[&leaf, &upper, &root], &leaf, AnchorKind::Leaf),
            (&[&leaf, &other], &leaf, AnchorKind::Leaf),
            (&[&leaf], &leaf, AnchorKind::Leaf),
            (&[&own], &own, AnchorKind::Leaf),
        ] {
            let presented = sent(chain);
            assert_eq!(presented.anchor(), Some((anchor(expected), kind)));
            assert_eq!(presented.is_trusted_by(&[anchor(expected)], HOST), Ok(()), "{kind}");
        }
    }

    #[test]
    fn certificates_that_name_each_other_come_to_an_end() {
        let mut params = fixture::authority("A");
        let b = Authority::root("B");
        let a = b.issue(params.clone());
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(rcgen::DnType::CommonName, "B");
        let b_by_a = a.issue(params);
        let leaf = a.issue(fixture::server(&[HOST]));
        assert!(sent(&[&leaf, &a, &b_by_a]).anchor().is_some());
    }

    #[test]
    fn an_anchor_that_did_not_issue_the_server_does_not_help() {
        let leaf = Authority::root("Corp Root").issue(fixture::server(&[HOST]));
        // The same name, another key.
        let impostor = Authority::root("Corp Root");
        let presented = sent(&[&leaf, &impostor]);
        let (chosen, _) = presented.anchor().expect("a certificate to trust");
        assert_eq!(chosen, anchor(&impostor));
        let rejection = presented.is_trusted_by(&[chosen], HOST).expect_err("it is not trusted");
        assert!(matches!(rejection.fault, Tls::UnknownIssuer { .. }), "{}", rejection.cause);
    }

    #[test]
    fn trust_in_the_issuer_mends_neither_a_wrong_name_nor_a_wrong_date() {
        let root = Authority::root("Corp Root");
        let refusal = |params| {
            sent(&[&root.issue(params)]).is_trusted_by(&[anchor(&root)], HOST).expect_err("it is not trusted").fault
        };
        assert!(matches!(refusal(fixture::server(&["other.corp"])), Tls::WrongName { .. }));
        assert!(matches!(refusal(fixture::expired(fixture::server(&[HOST]))), Tls::Expired { .. }));
    }

    #[test]
    fn a_certificate_is_found_by_its_fingerprint() {
        let root = Authority::root("Corp Root");
        let presented = sent(&[&root.issue(fixture::server(&[HOST])), &root]);
        assert_eq!(presented.with_fingerprint(&anchor(&root).certificate.sha256), Some(anchor(&root)));
        assert_eq!(presented.with_fingerprint(&[0; 32]), None);
    }

    #[test]
    fn what_is_written_reads_back() {
        let (one, other) = (Authority::root("One"), Authority::root("Other"));
        let text = Anchor::pem(&[anchor(&one), anchor(&other)]);
        let read = pem::Contents::parse(text.as_bytes());
        assert_eq!(read.certificates.iter().map(|(der, _)| der).collect::<Vec<_>>(), [one.der(), other.der()]);
        assert!(text.lines().all(|line| line.len() <= 64) && text.ends_with("-----END CERTIFICATE-----\n"));
    }
}
