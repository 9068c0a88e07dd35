//! The storage of a tag, a repository or a registry: `rls du`.

use serde::Serialize;

use super::field::{Failure, UNKNOWN};
use super::name::{name, shown};
use crate::output::{Cell, Column, Human, Lines, View};

/// The width of a bar, in columns.
const BAR: u64 = 20;

/// The storage of a tag, a repository, or a registry: one line of `rls du`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct UsageRecord {
    /// The registry; `null` for the total of several.
    pub registry: Option<String>,
    /// The full name of the tag or repository; for a total the registry, or the prefix of its repositories.
    pub reference: Option<String>,
    /// The repository's path in its registry; `null` for a total.
    pub repository: Option<String>,
    /// The tag; `null` for a repository.
    pub tag: Option<String>,
    /// Bytes of the distinct blobs that it reaches; `null` where they are not known.
    pub size: Option<u64>,
    /// Those of them that nothing else in the output uses.
    pub unique: u64,
    /// The others.
    pub shared: Option<u64>,
    /// Whether all of it was measured; otherwise it may use more.
    pub complete: bool,
    /// Why it could not be measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
    /// The size of the largest of its kind, which has the longest bar; 0 for a total, which has none.
    #[serde(skip)]
    pub largest: u64,
}

/// How `rls du` shows its records.
#[derive(Debug, Clone, Copy)]
pub struct UsageView {
    /// Whether names are shown in full.
    pub full: bool,
    /// Whether sizes have a bar beside them.
    pub bars: bool,
}

impl View for UsageView {
    type Record = UsageRecord;

    fn sample(&self) -> UsageRecord {
        UsageRecord::default()
    }

    fn plain(&self, record: &UsageRecord, lines: &mut Lines) {
        let number = |number: Option<u64>| number.map_or_else(|| UNKNOWN.to_owned(), |number| number.to_string());
        lines.push([number(record.size), number(Some(record.unique)), number(record.shared), self.name(record)]);
    }

    fn columns(&self) -> Vec<Column> {
        let size = if self.bars { &["SIZE", ""][..] } else { &["SIZE"] };
        [size, &["UNIQUE", "SHARED", "NAME"]].concat()
    }

    fn rows(&self, record: &UsageRecord, human: &Human) -> Vec<Vec<Cell>> {
        let size = |size: Option<u64>| size.map_or_else(|| UNKNOWN.to_owned(), |size| human.size(size));
        let mut row = vec![Cell::new(size(record.size))];
        if self.bars {
            row.push(Cell::new(bar(record.size.unwrap_or_default(), record.largest)));
        }
        row.extend([size(Some(record.unique)), size(record.shared), self.name(record)].map(Cell::new));
        vec![row]
    }
}

impl UsageView {
    fn name(&self, record: &UsageRecord) -> String {
        let total = || format!("total of {}", record.reference.as_deref().unwrap_or("all registries"));
        let Some(repository) = &record.repository else { return total() };
        match &record.reference {
            Some(reference) => shown(self.full, repository, record.tag.as_deref(), None, reference).into_owned(),
            None => name(repository, record.tag.as_deref(), None),
        }
    }
}

/// A bar in eighths of a column. Anything above zero has at least an eighth.
fn bar(size: u64, largest: u64) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    if largest == 0 {
        return String::new();
    }
    let eighths = u128::from(size) * u128::from(BAR) * 8 / u128::from(largest);
    let eighths = eighths.max(u128::from(size > 0)).min(u128::from(BAR) * 8) as usize;
    format!("{}{}", "█".repeat(eighths / 8), EIGHTHS[eighths % 8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_in_proportion() {
        assert_eq!(bar(0, 100), "");
        assert_eq!(bar(1, 100_000), "▏");
        assert_eq!(bar(50, 100), "█".repeat(10));
        assert_eq!(bar(100, 100), "█".repeat(20));
        assert_eq!(bar(u64::MAX, 1), "█".repeat(20));
        assert_eq!(bar(0, 0), "");
    }
}
