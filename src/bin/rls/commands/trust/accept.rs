//! Asking whether a certificate is the right one.

use registry_ls::name::Registry;

use super::Wanted;
use crate::output::CertificateRecord;
use crate::output::day;
use crate::prompt;
use crate::usage::{Result, Usage};

/// Asks on the terminal whether to trust what a registry sends.
///
/// # Errors
///
/// Where nobody can be asked, and where the answer is no.
pub(super) async fn ask(registry: &Registry, wanted: &Wanted) -> Result<()> {
    let name = registry.authority();
    let shown: Vec<String> =
        wanted.anchors.iter().map(|anchor| shown(&CertificateRecord::from(&anchor.certificate))).collect();
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
