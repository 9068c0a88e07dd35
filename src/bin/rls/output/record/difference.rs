//! A difference that `rls diff` finds.

use registry_ls::analysis::DifferenceKind;
use serde::Serialize;
use serde_json::{Map, Value};

use super::field::UNKNOWN;
use crate::output::{Cell, Column, Human, Lines, View};

/// One difference of `rls diff`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DifferenceRecord {
    /// The registry of the left image.
    pub registry: String,
    /// The full name of the left image.
    pub reference: String,
    /// The full name of the right image.
    pub other: String,
    /// The platform of the images, if they are chosen from indexes.
    pub platform: Option<String>,
    /// `platform`, `config`, `annotation`, `layer`, `size`, `history` or `file`.
    pub kind: &'static str,
    /// What differs: a platform, a setting, a digest, a path.
    pub path: String,
    /// On the left; `null` where it is absent.
    pub left: Value,
    /// On the right; `null` where it is absent.
    pub right: Value,
}

/// To how many columns of the terminal a value is cut where the table is too wide, such as the command of a build step.
const VALUE: usize = 40;

/// The name of a kind of difference.
pub fn difference_kind(kind: DifferenceKind) -> &'static str {
    match kind {
        DifferenceKind::Platform => "platform",
        DifferenceKind::Config => "config",
        DifferenceKind::Annotation => "annotation",
        DifferenceKind::Layer => "layer",
        DifferenceKind::Size => "size",
        DifferenceKind::History => "history",
        DifferenceKind::File => "file",
        _ => "other",
    }
}

/// How `rls diff` shows its records.
#[derive(Debug, Clone, Copy)]
pub struct DifferenceView {
    /// Whether there may be several platforms.
    pub platforms: bool,
}

impl View for DifferenceView {
    type Record = DifferenceRecord;

    fn sample(&self) -> DifferenceRecord {
        DifferenceRecord { kind: "config", path: "User".to_owned(), ..DifferenceRecord::default() }
    }

    fn plain(&self, record: &DifferenceRecord, lines: &mut Lines) {
        let [left, right] = [&record.left, &record.right].map(text);
        lines.push([record.kind.to_owned(), self.name(record), left, right]);
    }

    fn columns(&self) -> Vec<Column> {
        vec!["KIND", "NAME", "LEFT", "RIGHT"]
    }

    fn essential(&self) -> &'static [Column] {
        &["LEFT", "RIGHT"]
    }

    fn rows(&self, record: &DifferenceRecord, human: &Human) -> Vec<Vec<Cell>> {
        let shown = |value: &Value, other: &Value| match (record.kind, value) {
            ("layer" | "size", Value::Number(size)) => human.size(size.as_u64().unwrap_or_default()),
            ("file", Value::Object(file)) => described(file, other.as_object(), human),
            _ => text(value),
        };
        let [left, right] = [shown(&record.left, &record.right), shown(&record.right, &record.left)];
        let value = |text: &str| Cell::with_digests(text, human).cut_to(VALUE, human);
        let name = Cell::with_digests(&self.name(record), human);
        vec![vec![Cell::new(record.kind), name, value(&left), value(&right)]]
    }
}

/// What a file is; of two with the same path only what differs.
fn described(file: &Map<String, Value>, other: Option<&Map<String, Value>>, human: &Human) -> String {
    let differs = |key: &str| other.is_none_or(|other| other.get(key) != file.get(key));
    let part = |key: &str| {
        let value = file.get(key).filter(|_| differs(key))?;
        Some(match (key, value) {
            ("type", Value::String(kind)) if other.is_none() && kind == "file" => return None,
            // Beside a file that is absent these say little.
            ("mode" | "uid" | "gid" | "digest", _) if other.is_none() => return None,
            ("digest", _) if differs("size") => return None,
            ("uid" | "gid", id) => format!("{key} {id}"),
            ("size", size) => human.size(size.as_u64().unwrap_or_default()),
            ("link", Value::String(target)) => format!("-> {target}"),
            (_, value) => text(value),
        })
    };
    ["type", "mode", "uid", "gid", "size", "link", "digest"].into_iter().filter_map(part).collect::<Vec<_>>().join(" ")
}

impl DifferenceView {
    fn name(&self, record: &DifferenceRecord) -> String {
        match &record.platform {
            Some(platform) if self.platforms => format!("{platform} {}", record.path),
            _ => record.path.clone(),
        }
    }
}

/// Text unchanged; anything else as JSON.
fn text(value: &Value) -> String {
    match value {
        Value::Null => UNKNOWN.to_owned(),
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
