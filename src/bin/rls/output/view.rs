//! How records look to people.

use serde::Serialize;

use super::escape::escape;
use super::human::Human;
use super::styles::Tone;

/// A table column's heading.
pub type Column = &'static str;

/// One cell of a table. Its text is escaped from the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// What is shown.
    pub text: String,
    /// In which manner; plain cells become dim when they repeat the cell above.
    pub tone: Tone,
}

impl Cell {
    /// A plain cell.
    pub fn new(text: impl AsRef<str>) -> Self {
        Self { text: escape(text.as_ref()).into_owned(), tone: Tone::Plain }
    }
}

/// How one command shows its records. The machine formats need nothing but the record.
pub trait View {
    /// What the command shows.
    type Record: Serialize;

    /// Whether a record is deep: `json` then spreads it over several lines.
    const DEEP: bool = false;

    /// A record as this run makes them: its fields are those that a template may name.
    fn sample(&self) -> Self::Record;

    /// The option that adds a field which this run's records do not have.
    fn option_for(&self, _field: &str) -> Option<&'static str> {
        None
    }

    /// Whether people and templates are shown the record at all. One that failed before there was anything to show is
    /// an error on standard error for them; the machine formats have every record.
    fn shows(&self, _record: &Self::Record) -> bool {
        true
    }

    /// Adds the lines of `plain`. A field is never empty.
    fn plain(&self, record: &Self::Record, lines: &mut Lines);

    /// The columns of `table`; none when `table` is [`View::text`].
    fn columns(&self) -> Vec<Column> {
        Vec::new()
    }

    /// The rows of `table`, as wide as [`View::columns`].
    fn rows(&self, _record: &Self::Record, _human: &Human) -> Vec<Vec<Cell>> {
        Vec::new()
    }

    /// The whole lines of `table` when it has no columns, without the last line end; escaped.
    fn text(&self, record: &Self::Record, _human: &Human) -> String {
        let mut lines = Lines::default();
        self.plain(record, &mut lines);
        lines.0.pop();
        lines.0
    }
}

/// Lines of `plain`: escaped fields, separated by one tab.
#[derive(Debug, Default)]
pub struct Lines(String);

impl Lines {
    /// Adds a line of these fields.
    pub fn push<T: AsRef<str>>(&mut self, fields: impl IntoIterator<Item = T>) {
        for (index, field) in fields.into_iter().enumerate() {
            if index > 0 {
                self.0.push('\t');
            }
            self.0.push_str(&escape(field.as_ref()));
        }
        self.0.push('\n');
    }

    /// Forgets them.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

impl AsRef<[u8]> for Lines {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}
