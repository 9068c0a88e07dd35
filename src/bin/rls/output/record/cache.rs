//! The record of `rls cache info` and `clear`.

use serde::Serialize;

use crate::output::{Human, Lines, View};

/// The cache, or what was removed from it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CacheRecord {
    /// Its folder.
    pub folder: String,
    /// The number of its entries; those that were removed.
    pub entries: u64,
    /// Their size in bytes.
    pub size: u64,
    /// The most bytes that they may take.
    pub limit: u64,
    /// Whether they were removed.
    pub cleared: bool,
}

/// How `rls cache` shows its record.
#[derive(Debug, Clone, Copy)]
pub struct CacheView;

impl View for CacheView {
    type Record = CacheRecord;

    fn sample(&self) -> CacheRecord {
        CacheRecord::default()
    }

    fn plain(&self, record: &CacheRecord, lines: &mut Lines) {
        let CacheRecord { folder, entries, size, limit, cleared: _ } = record;
        lines.push([folder, &entries.to_string(), &size.to_string(), &limit.to_string()]);
    }

    fn text(&self, record: &CacheRecord, human: &Human) -> String {
        let entries = if record.entries == 1 { "entry" } else { "entries" };
        let (count, size) = (record.entries, human.size(record.size));
        let folder = human.escape(&record.folder);
        match record.cleared {
            true => format!("removed {count} {entries}, {size}, from {folder}"),
            false => format!("{folder}: {count} {entries}, {size} of {}", human.size(record.limit)),
        }
    }
}
