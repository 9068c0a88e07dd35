//! The meaning of an error: `rls doctor --explain`.

use serde::Serialize;

use super::field::UNKNOWN;
use crate::output::{Human, Lines, View};

/// What an error text of another client means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ExplanationRecord {
    /// The registry that the text names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registry: Option<String>,
    /// The full name of the repository that the text names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The error as clients print it.
    pub error: String,
    /// What it means, and what to do.
    pub meaning: String,
    /// The command that shows why.
    pub command: String,
}

/// How `rls doctor --explain` shows its records.
#[derive(Debug, Clone, Copy)]
pub struct ExplanationView;

impl View for ExplanationView {
    type Record = ExplanationRecord;

    fn sample(&self) -> ExplanationRecord {
        ExplanationRecord {
            registry: Some("registry.corp:5000".to_owned()),
            reference: Some("registry.corp:5000/team/app".to_owned()),
            error: "no basic auth credentials".to_owned(),
            meaning: "Not logged in.".to_owned(),
            command: "rls login registry.corp:5000".to_owned(),
        }
    }

    fn plain(&self, record: &ExplanationRecord, lines: &mut Lines) {
        let name = record.reference.as_ref().or(record.registry.as_ref()).map_or(UNKNOWN, String::as_str);
        lines.push([&record.error, name, &record.meaning, &record.command]);
    }

    fn text(&self, record: &ExplanationRecord, human: &Human) -> String {
        let ExplanationRecord { error, meaning, command, .. } = record;
        let line = |label: &str, text: &str| format!("     {label}  {}", human.escape(text));
        [human.escape(error).to_string(), line("meaning", meaning), line("command", command)].join("\n")
    }
}
