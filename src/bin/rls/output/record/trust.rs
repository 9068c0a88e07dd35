//! The certificates of a registry, and where its CA is configured: `rls trust`.

use serde::Serialize;

use super::certificate::CertificateRecord;
use super::field::{Field, UNKNOWN};
use crate::output::{Human, Lines, Tone, View};

/// The result of `rls trust`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct TrustRecord {
    /// `HOST[:PORT]`
    pub registry: String,
    /// Whether it is trusted here, before anything was written.
    pub trusted: bool,
    /// By which file, or by the system's roots.
    pub trusted_by: Option<String>,
    /// Why it is not.
    pub cause: Option<String>,
    /// Such as `TLS 1.3`; `null` if the handshake failed.
    pub tls: Option<String>,
    /// What it sends, its own certificate first.
    pub certificates: Vec<CertificateRecord>,
    /// What a client needs to trust it.
    pub anchors: Vec<CertificateRecord>,
    /// What that is to the server: `root`, `intermediate`, `leaf`, or `given` for what is from a file.
    pub anchor_kind: String,
    /// The same as a file holds it.
    pub pem: String,
    /// The client that it is for.
    pub client: String,
    /// The file where that client looks.
    pub path: String,
    /// The setting that refers to the file, if the client needs one.
    pub setting: Option<SettingRecord>,
    /// What was written, with `--write`.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub written: Field<Vec<WrittenRecord>>,
}

/// A file of settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SettingRecord {
    /// The file.
    pub path: String,
    /// Its required contents.
    pub text: String,
}

/// A written file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct WrittenRecord {
    /// The file.
    pub path: String,
    /// `created`, `replaced` or `unchanged`.
    pub change: String,
}

/// How `rls trust` shows its record: people get the chain, then what to do, or what was written.
#[derive(Debug, Clone, Copy)]
pub struct TrustView;

impl View for TrustView {
    type Record = TrustRecord;

    const DEEP: bool = true;

    fn sample(&self) -> TrustRecord {
        let text = |text: &str| text.to_owned();
        TrustRecord {
            registry: text("registry"),
            trusted: true,
            trusted_by: None,
            cause: None,
            tls: None,
            certificates: Vec::new(),
            anchors: Vec::new(),
            anchor_kind: text("root"),
            pem: text("-----BEGIN CERTIFICATE-----\n"),
            client: text("rls"),
            path: text("path"),
            setting: None,
            written: Field::Unknown,
        }
    }

    fn plain(&self, record: &TrustRecord, lines: &mut Lines) {
        let certificate = |lines: &mut Lines, name: &str, one: &CertificateRecord| {
            let names = if one.names.is_empty() { UNKNOWN.to_owned() } else { one.names.join(",") };
            let time =
                |time: Option<super::time::Time>| time.map_or_else(|| UNKNOWN.to_owned(), |time| time.to_string());
            let text = |text: &'_ str| if text.is_empty() { UNKNOWN.to_owned() } else { text.to_owned() };
            let (subject, issuer) = (text(&one.subject), text(&one.issuer));
            let (from, until) = (time(one.not_before), time(one.not_after));
            lines.push([name, &one.sha256, &subject, &issuer, &names, &from, &until]);
        };
        lines.push(["registry", &record.registry]);
        lines.push(["trusted", if record.trusted { "yes" } else { "no" }]);
        record.trusted_by.iter().for_each(|by| lines.push(["trusted-by", by]));
        record.cause.iter().for_each(|cause| lines.push(["cause", cause]));
        record.tls.iter().for_each(|tls| lines.push(["tls", tls]));
        record.certificates.iter().for_each(|one| certificate(lines, "certificate", one));
        record.anchors.iter().for_each(|one| certificate(lines, "anchor", one));
        match record.written.known() {
            Some(written) => written.iter().for_each(|file| lines.push([&file.change, &file.path])),
            None => {
                lines.push(["path", &record.path]);
            }
        }
    }

    fn text(&self, record: &TrustRecord, human: &Human) -> String {
        let mut lines = chain(record, human);
        lines.push(String::new());
        lines.extend(verdict(record, human));
        match record.written.known() {
            Some(written) => {
                let line = |file: &WrittenRecord| {
                    let change = human.styles.paint(Tone::Good, &file.change);
                    format!("{change}  {}", human.escape(&file.path))
                };
                lines.extend(written.iter().map(line));
            }
            None => lines.extend(files(record, human)),
        }
        lines.join("\n")
    }
}

fn chain(record: &TrustRecord, human: &Human) -> Vec<String> {
    let count = record.certificates.len();
    let plural = if count == 1 { "" } else { "s" };
    let tls = record.tls.as_ref().map_or(String::new(), |tls| format!(" over {tls}"));
    let title = format!("{} sends {count} certificate{plural}{tls}", record.registry);
    let mut lines = vec![human.styles.paint(Tone::Heading, &human.escape(&title))];
    for one in &record.certificates {
        lines.push(format!("  {}", one.line(human)));
        if one.issuer != one.subject {
            lines.push(format!("    issued by {}", human.escape(&one.issuer)));
        }
    }
    lines
}

fn verdict(record: &TrustRecord, human: &Human) -> Vec<String> {
    let mut lines = Vec::new();
    if record.trusted {
        let by = record.trusted_by.as_deref().map_or(String::new(), |by| format!(" by {}", human.escape(by)));
        lines.push(format!("{}{by}", human.styles.paint(Tone::Good, "trusted here")));
    } else {
        let cause = record.cause.as_deref().map_or(String::new(), |cause| format!(": {}", human.escape(cause)));
        let so_far = if record.written.known().is_some() { "was not trusted here" } else { "not trusted here" };
        lines.push(format!("{}{cause}", human.styles.paint(Tone::Bad, so_far)));
    }
    let what = match record.anchor_kind.as_str() {
        "root" => "clients need this root CA certificate:",
        "intermediate" => "clients need this CA certificate:",
        "leaf" => "clients need this certificate, until it is renewed:",
        _ => "clients need this CA certificate:",
    };
    lines.push(what.to_owned());
    lines.extend(record.anchors.iter().map(|anchor| format!("  {}", anchor.line(human))));
    lines
}

/// The files to write, with their contents.
fn files(record: &TrustRecord, human: &Human) -> Vec<String> {
    let mut lines = vec![format!("{} looks for it in", human.escape(&record.client))];
    lines.push(format!("  {}", human.escape(&record.path)));
    lines.extend(record.pem.lines().map(str::to_owned));
    if let Some(setting) = &record.setting {
        lines.push(format!("  {}", human.escape(&setting.path)));
        lines.extend(setting.text.lines().map(|line| human.escape(line).into_owned()));
    }
    lines
}
