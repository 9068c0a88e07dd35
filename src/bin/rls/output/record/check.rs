//! A check of `rls doctor`, with its facts.

use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};
use unicode_width::UnicodeWidthStr;

use super::field::UNKNOWN;
use crate::output::{Human, Lines, Tone, View};

/// Width of the name of a check, in columns.
const NAME: usize = 13;
/// Width of the name of a client, in columns.
const CLIENT: usize = 11;
/// Width of the detail, before the time.
const DETAIL: usize = 52;
/// Indents the lines of a check.
const INDENT: &str = "     ";
/// Width of `cause` and `remedy`, in columns.
const LABEL: usize = 8;

/// One check of `rls doctor`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CheckRecord {
    /// The registry.
    pub registry: String,
    /// The full name of the repository or tag that was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The name of the check, such as `tls`; `clients` for a report on another client.
    pub check: String,
    /// The other client that it is about, such as `docker`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// The outcome.
    pub status: CheckStatus,
    /// The outcome in a few words.
    pub detail: String,
    /// What is wrong.
    pub cause: Option<String>,
    /// Alternative remedies.
    pub remedy: Vec<String>,
    /// Details.
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    pub facts: Vec<FactRecord>,
    /// How long it took, if it waited for something.
    #[serde(rename = "milliseconds", serialize_with = "milliseconds")]
    #[cfg_attr(test, schemars(with = "Option<u64>"))]
    pub took: Option<Duration>,
}

/// The outcome of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CheckStatus {
    /// Passed.
    Ok,
    /// Failed.
    Failed,
    /// Nothing to check, or an earlier failure prevents it.
    Skipped,
}

/// A detail. Machine formats contain only its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactRecord {
    /// Its nesting level.
    pub depth: usize,
    /// The text.
    pub text: String,
}

impl Serialize for FactRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

fn milliseconds<S: Serializer>(took: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    took.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX)).serialize(serializer)
}

impl fmt::Display for CheckStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        })
    }
}

impl CheckStatus {
    fn sign(self) -> (&'static str, Tone) {
        match self {
            Self::Ok => ("✓", Tone::Good),
            Self::Failed => ("✗", Tone::Bad),
            Self::Skipped => ("–", Tone::Dim),
        }
    }
}

/// How `rls doctor` shows its records: a line for each, followed by what is wrong.
#[derive(Debug, Clone)]
pub struct CheckView {
    /// Whether details of passed checks are shown.
    pub everything: bool,
    /// The line above the next record.
    pub heading: Option<String>,
}

impl View for CheckView {
    type Record = CheckRecord;

    fn sample(&self) -> CheckRecord {
        CheckRecord {
            registry: "registry.corp:5000".to_owned(),
            reference: None,
            check: "tls".to_owned(),
            client: None,
            status: CheckStatus::Ok,
            detail: "TLS 1.3".to_owned(),
            cause: None,
            remedy: Vec::new(),
            facts: Vec::new(),
            took: None,
        }
    }

    fn plain(&self, record: &CheckRecord, lines: &mut Lines) {
        let cause = record.cause.as_deref().unwrap_or(UNKNOWN);
        let remedy = if record.remedy.is_empty() { UNKNOWN.to_owned() } else { record.remedy.join("; ") };
        let check = record.client.as_ref().unwrap_or(&record.check);
        lines.push([check, &record.status.to_string(), &record.detail, cause, &remedy]);
    }

    fn text(&self, record: &CheckRecord, human: &Human) -> String {
        let heading = self.heading.iter().map(|heading| human.escape(heading).to_string());
        if let Some(client) = &record.client {
            return heading.chain([client_line(client, record, human)]).collect::<Vec<_>>().join("\n");
        }
        let mut lines: Vec<_> = heading.chain([line(record, human)]).collect();
        if record.status == CheckStatus::Failed || self.everything {
            lines.extend(record.facts.iter().map(|fact| {
                let depth = "  ".repeat(fact.depth);
                format!("{INDENT}{depth}{}", human.escape(&fact.text))
            }));
        }
        // Of a permission that is missing and not needed, the line itself says enough.
        if record.status == CheckStatus::Skipped && !self.everything {
            return lines.join("\n");
        }
        lines.extend(record.cause.iter().map(|cause| labelled("cause", cause, human)));
        for (index, remedy) in record.remedy.iter().enumerate() {
            lines.push(labelled(if index == 0 { "remedy" } else { "" }, remedy, human));
        }
        lines.join("\n")
    }
}

/// ` ✓ dns          10.1.2.3                                              1 ms`
fn line(record: &CheckRecord, human: &Human) -> String {
    let (sign, tone) = record.status.sign();
    let sign = human.styles.paint(tone, sign);
    let detail = human.escape(&record.detail);
    let line = format!(" {sign} {}{detail}", human.pad(&record.check, NAME));
    match record.took {
        None => line,
        Some(took) => {
            let blanks = " ".repeat(DETAIL.saturating_sub(detail.width()));
            format!("{line}{blanks}  {} ms", took.as_millis())
        }
    }
}

/// ` ✗ docker       would fail: … – sudo rls trust registry.corp:5000 --write docker`
fn client_line(client: &str, record: &CheckRecord, human: &Human) -> String {
    let (sign, tone) = record.status.sign();
    let fix =
        if record.remedy.is_empty() { String::new() } else { format!("; fix: {}", record.remedy.join(", then ")) };
    let detail = format!("{}{fix}", record.detail);
    format!("   {} {}{}", human.styles.paint(tone, sign), human.pad(client, CLIENT), human.escape(&detail))
}

fn labelled(label: &str, text: &str, human: &Human) -> String {
    format!("{INDENT}{}{}", human.pad(label, LABEL), human.escape(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Styles;

    fn human(colored: bool) -> Human {
        Human { now: jiff::Timestamp::UNIX_EPOCH, styles: Styles::new(colored), whole: false }
    }

    fn record() -> CheckRecord {
        CheckRecord {
            registry: "registry.corp:5000".to_owned(),
            reference: None,
            check: "tls".to_owned(),
            client: None,
            status: CheckStatus::Failed,
            detail: "unknown issuer".to_owned(),
            cause: Some("cause unknown \x1b[2J".to_owned()),
            remedy: vec!["on the server: a".to_owned(), "or here: b".to_owned()],
            facts: vec![
                FactRecord { depth: 0, text: "1 certificate".to_owned() },
                FactRecord { depth: 1, text: "CN=x\u{202e}".to_owned() },
            ],
            took: Some(Duration::from_micros(4321)),
        }
    }

    #[test]
    fn a_failure_is_followed_by_facts_cause_and_remedies() {
        let expected = [
            " ✗ tls          unknown issuer                                        4 ms",
            "     1 certificate",
            "       CN=x\\u{202e}",
            "     cause   cause unknown \\x1b[2J",
            "     remedy  on the server: a",
            "             or here: b",
        ];
        assert_eq!(CheckView { everything: false, heading: None }.text(&record(), &human(false)), expected.join("\n"));
    }

    #[test]
    fn what_passed_is_one_line_unless_everything_is_wanted() {
        let passed = CheckRecord { status: CheckStatus::Ok, cause: None, remedy: Vec::new(), took: None, ..record() };
        assert_eq!(
            CheckView { everything: false, heading: None }.text(&passed, &human(false)),
            " ✓ tls          unknown issuer"
        );
        assert_eq!(CheckView { everything: true, heading: None }.text(&passed, &human(false)).lines().count(), 3);
    }

    #[test]
    fn only_the_sign_is_coloured() {
        let text = CheckView { everything: false, heading: None }.text(&record(), &human(true));
        assert!(text.starts_with(" \x1b[1m\x1b[31m✗\x1b[0m tls "), "{text:?}");
        assert_eq!(text.matches('\x1b').count(), 3, "{text:?}");
    }

    #[test]
    fn a_long_detail_pushes_the_time_aside() {
        let long = CheckRecord { detail: "x".repeat(60), ..record() };
        assert!(line(&long, &human(false)).ends_with("xx  4 ms"));
    }

    #[test]
    fn machines_see_facts_as_text_and_the_time_in_milliseconds() {
        let value = serde_json::to_value(record()).expect("JSON");
        let expected = serde_json::json!({
            "registry": "registry.corp:5000",
            "check": "tls",
            "status": "failed",
            "detail": "unknown issuer",
            "cause": "cause unknown \x1b[2J",
            "remedy": ["on the server: a", "or here: b"],
            "facts": ["1 certificate", "CN=x\u{202e}"],
            "milliseconds": 4,
        });
        assert_eq!(value, expected);
    }
}
