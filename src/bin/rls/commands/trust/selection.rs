//! Selects the certificates to trust, from those that the registry sends or that are given, and asks for confirmation.

use std::path::Path;

use registry_ls::name::Registry;
use registry_ls::trust::{Anchor, AnchorKind, Certificate, PresentedChain, Rejection, TrustSource};
use registry_ls::{Error, Kind, error};

use crate::commands::context::Context;
use crate::output::{CertificateRecord, day};
use crate::prompt;
use crate::report::CommandError;
use crate::usage::{self, Usage};

/// The certificates to trust.
pub struct Selection {
    /// The certificates.
    pub anchors: Vec<Anchor>,
    /// What the first is to the server; `None` if it was given in a file.
    pub kind: Option<AnchorKind>,
    /// Whether it needs no further confirmation: trusted already, or accepted by its fingerprint.
    pub is_accepted: bool,
}

impl Selection {
    /// Selects the CA from a secret, if it issued the certificate of the registry.
    pub fn from_secret(
        context: &Context<'_>,
        registry: &Registry,
        presented: &PresentedChain,
        anchors: Vec<Anchor>,
    ) -> Result<Self, CommandError> {
        match verify(registry, presented, &anchors) {
            Err(rejection) if matches!(rejection.fault, error::Tls::UnknownIssuer { .. }) => {
                let names: Vec<String> =
                    anchors.iter().map(|anchor| format!("\"{}\"", anchor.certificate.subject)).collect();
                let what = format!("the CA in the secret did not issue the certificate of {}", registry.authority());
                let error = Error::new(Kind::Tls(rejection.fault), what);
                Err(context
                    .failed(registry, error.because(format!("it is {}", names.join(", "))).because(rejection.cause)))
            }
            // It is the right CA; other problems of the server are reported later.
            _ => Ok(Self { anchors, kind: None, is_accepted: true }),
        }
    }

    /// Selects the certificate with the given fingerprint, else the one that already makes the registry trusted here,
    /// else the best of those that the registry sends.
    pub fn find(
        context: &Context<'_>,
        registry: &Registry,
        presented: &PresentedChain,
        fingerprint: Option<&[u8; 32]>,
    ) -> Result<Self, CommandError> {
        let unreadable = || {
            let what = format!("the certificate of {} cannot be read", registry.authority());
            context.failed(registry, Error::new(Kind::Tls(error::Tls::BadCertificate), what))
        };
        let (sent, kind) = presented.anchor().ok_or_else(unreadable)?;
        if let Some(fingerprint) = fingerprint {
            let named = presented
                .with_fingerprint(fingerprint)
                .ok_or_else(|| unknown_fingerprint(context, registry, presented))?;
            // The server proved that it has the key, so its own certificate vouches for its CA.
            let is_servers = presented.chain.first().is_some_and(|own| own.der == named.der);
            let (anchor, kind) =
                if is_servers || named == sent { (sent, kind) } else { (named, AnchorKind::Intermediate) };
            return Ok(Self { anchors: vec![anchor], kind: Some(kind), is_accepted: true });
        }
        let is_trusted = presented.trust.is_ok();
        if let Ok(TrustSource::Authority(file) | TrustSource::Pin(file)) = &presented.trust
            && let Some(anchor) = trusted_anchor_in(registry, file, presented)
        {
            let is_servers = presented.chain.first().is_some_and(|own| own.der == anchor.der);
            return Ok(Self { anchors: vec![anchor], kind: is_servers.then_some(AnchorKind::Leaf), is_accepted: true });
        }
        Ok(Self { anchors: vec![sent], kind: Some(kind), is_accepted: is_trusted })
    }

    /// When trust ends because the pinned certificate of the server is replaced.
    pub fn end_of_trust(&self) -> Option<String> {
        let record = CertificateRecord::from(&self.anchors.first()?.certificate);
        (self.kind == Some(AnchorKind::Leaf)).then(|| day(record.not_after))
    }
}

/// The certificate in a local file that makes the registry trusted.
fn trusted_anchor_in(registry: &Registry, file: &Path, presented: &PresentedChain) -> Option<Anchor> {
    let mut anchors = Anchor::in_file(file).into_iter();
    anchors.find(|anchor| verify(registry, presented, std::slice::from_ref(anchor)).is_ok())
}

/// Whether these certificates would make the registry trusted, and why not.
pub fn verify(registry: &Registry, presented: &PresentedChain, anchors: &[Anchor]) -> Result<(), Rejection> {
    presented.is_trusted_by(anchors, registry.base().host_str().unwrap_or_default())
}

fn unknown_fingerprint(context: &Context<'_>, registry: &Registry, presented: &PresentedChain) -> CommandError {
    let what = format!("{} sends no certificate with this fingerprint", registry.authority());
    let sent = presented.chain.iter().filter_map(|sent| sent.certificate.as_ref());
    let error = Error::new(Kind::Tls(error::Tls::Handshake), what);
    let name = |error: Error, one: &Certificate| {
        error.because(format!("it sends {} of \"{}\"", one.fingerprint(), one.subject))
    };
    context.failed(registry, sent.fold(error, name))
}

/// Asks on the terminal whether to trust what a registry sends.
///
/// # Errors
///
/// There is no terminal to ask on, or the answer is no.
pub async fn confirm(registry: &Registry, selection: &Selection) -> usage::Result<()> {
    let name = registry.authority();
    let shown: Vec<String> =
        selection.anchors.iter().map(|anchor| shown(&CertificateRecord::from(&anchor.certificate))).collect();
    let shown = shown.join(" and ");
    if !prompt::is_possible() {
        return Err(Usage::new(format!("confirmation needed: trust {shown} for {name}?"))
            .because("no terminal to ask on")
            .hint("verify the fingerprint with the registry's administrator, then use --fingerprint SHA256"));
    }
    if prompt::is_yes(&prompt::ask(&format!("Trust {shown} for {name}? [y/N]")).await?) {
        Ok(())
    } else {
        Err(Usage::new("cancelled; nothing was changed"))
    }
}

/// `"CN=Corp Root CA" (sha256:…, until 2036-01-01)`
fn shown(certificate: &CertificateRecord) -> String {
    format!("\"{}\" ({}, until {})", certificate.subject, certificate.sha256, day(certificate.not_after))
}
