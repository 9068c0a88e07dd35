//! A certificate, as a part of the records of `rls trust`.

use registry_ls::trust::Certificate;
use serde::Serialize;

use super::time::Time;
use crate::output::Human;

/// A certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CertificateRecord {
    /// The subject.
    pub subject: String,
    /// The issuer.
    pub issuer: String,
    /// The host names and addresses in it.
    pub names: Vec<String>,
    /// Begin of validity.
    pub not_before: Option<Time>,
    /// End of validity.
    pub not_after: Option<Time>,
    /// `sha256:` and 64 digits.
    pub sha256: String,
    /// Its public key, such as `EC P-256`.
    pub key: String,
    /// Whether it may issue others.
    pub ca: bool,
}

impl From<&Certificate> for CertificateRecord {
    fn from(certificate: &Certificate) -> Self {
        Self {
            subject: certificate.subject.text.clone(),
            issuer: certificate.issuer.text.clone(),
            names: certificate.names.iter().map(ToString::to_string).collect(),
            not_before: Time::new(certificate.not_before),
            not_after: Time::new(certificate.not_after),
            sha256: certificate.fingerprint(),
            key: certificate.key.to_string(),
            ca: certificate.is_ca,
        }
    }
}

impl CertificateRecord {
    /// `CN=registry.corp, for registry.corp, 2026-08-01 to 2026-10-30, sha256:…`; escaped.
    pub fn line(&self, human: &Human) -> String {
        let names = if self.names.is_empty() { String::new() } else { format!(", for {}", self.names.join(", ")) };
        let subject = if self.subject.is_empty() { "without a subject" } else { &self.subject };
        let line = format!("{subject}{names}, {} to {}, {}", day(self.not_before), day(self.not_after), self.sha256);
        human.escape(&line).into_owned()
    }
}

/// The day of a moment, in UTC.
pub fn day(time: Option<Time>) -> String {
    time.map_or_else(|| "the beginning".to_owned(), |time| time.timestamp().strftime("%Y-%m-%d").to_string())
}
