//! What a PEM file is: `rls trust --check`.

use serde::Serialize;

use super::certificate::CertificateRecord;
use super::field::Failure;
use crate::output::{Human, Lines, Tone, View};

/// One file of `rls trust --check`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct InspectionRecord {
    /// The file.
    pub file: String,
    /// What it is: `leaf`, `self-signed`, `fullchain`, `chain`, `root`, `bundle`, `client`, `key`, `with-key` or
    /// `other`; `null` when it cannot be read.
    pub kind: Option<String>,
    /// The same for people.
    #[serde(skip)]
    pub described: String,
    /// Its certificates, in their order.
    pub certificates: Vec<InspectedRecord>,
    /// Its private keys: the kind of each, and the files with its certificate.
    pub keys: Vec<KeyRecord>,
    /// What else is in it.
    pub others: Vec<String>,
    /// What is wrong with it.
    pub faults: Vec<String>,
    /// Where it goes.
    pub uses: Vec<UseRecord>,
    /// What went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
}

/// A certificate in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct InspectedRecord {
    /// What it says.
    #[serde(flatten)]
    pub certificate: CertificateRecord,
    /// The files with its issuer.
    pub issuer_in: Vec<String>,
    /// The files with its private key.
    pub key_in: Vec<String>,
}

/// A private key in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct KeyRecord {
    /// Such as `EC P-256`; `null` for a kind that is not accepted.
    pub key: Option<String>,
    /// The files with its certificate.
    pub certificate_in: Vec<String>,
}

/// Where a file belongs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct UseRecord {
    /// `docker`, `podman`, `containerd`, `k3s`, `rls` or `registry`; `clients` for all but the last.
    pub program: String,
    /// Where to copy the file.
    pub path: Option<String>,
    /// The setting that it needs.
    pub setting: Option<String>,
    /// A remark, or why it does not belong there.
    pub note: Option<String>,
}

/// How `rls trust --check` shows its records: people get a block for each file, `plain` its name and kind.
#[derive(Debug, Clone, Copy)]
pub struct InspectionView;

impl View for InspectionView {
    type Record = InspectionRecord;

    const DEEP: bool = true;

    fn sample(&self) -> InspectionRecord {
        InspectionRecord { file: "cert.pem".to_owned(), kind: Some("leaf".to_owned()), ..InspectionRecord::default() }
    }

    fn shows(&self, record: &InspectionRecord) -> bool {
        record.kind.is_some()
    }

    fn plain(&self, record: &InspectionRecord, lines: &mut Lines) {
        record.kind.iter().for_each(|kind| lines.push([&record.file, kind]));
    }

    fn text(&self, record: &InspectionRecord, human: &Human) -> String {
        let file = human.styles.paint(Tone::Heading, &human.escape(&record.file));
        let mut lines = vec![format!("{file}: {}", record.described)];
        let plain = |text: String| human.escape(&text).into_owned();
        for one in &record.certificates {
            lines.push(format!("  {}", one.certificate.line(human)));
            if one.certificate.issuer != one.certificate.subject {
                lines.push(plain(format!(
                    "    issued by {}{}",
                    one.certificate.issuer,
                    listed(", which is in ", &one.issuer_in)
                )));
            }
            if !one.key_in.is_empty() {
                lines.push(plain(listed("    its key is in ", &one.key_in)));
            }
        }
        for key in &record.keys {
            let kind = key.key.as_deref().unwrap_or("of an unsupported type");
            let owner = match key.certificate_in.as_slice() {
                [] => ", matches none of the certificates in these files".to_owned(),
                files => listed(", matches the certificate in ", files),
            };
            lines.push(plain(format!("  private key, {kind}{owner}")));
        }
        lines.extend(record.others.iter().map(|other| plain(format!("  {other}"))));
        let bad = human.styles.paint(Tone::Bad, "wrong");
        lines.extend(record.faults.iter().map(|fault| format!("  {bad}       {}", human.escape(fault))));
        lines.extend(record.uses.iter().flat_map(UseRecord::lines).map(plain));
        lines.join("\n")
    }
}

impl UseRecord {
    /// A line for each part, with the program's name before the first.
    fn lines(&self) -> Vec<String> {
        let parts = [&self.path, &self.setting, &self.note].into_iter().flatten().enumerate();
        let label = |number| if number == 0 { self.program.as_str() } else { "" };
        parts.map(|(number, part)| format!("  {:<11} {part}", label(number))).collect()
    }
}

/// Words followed by files; empty if there are no files.
fn listed(words: &str, files: &[String]) -> String {
    if files.is_empty() { String::new() } else { format!("{words}{}", files.join(" and ")) }
}
