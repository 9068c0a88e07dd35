//! How records are shown to people.

use serde::Serialize;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

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
    /// What is shown where the table is too wide; `None` if the text cannot be shortened.
    pub short: Option<String>,
    /// Its tone; plain cells that repeat the cell above are dimmed.
    pub tone: Tone,
}

impl Cell {
    /// A plain cell.
    pub fn new(text: impl AsRef<str>) -> Self {
        Self { text: escape(text.as_ref()).into_owned(), short: None, tone: Tone::Plain }
    }

    /// A digest, shown whole if it fits.
    pub fn digest(digest: &str, human: &Human) -> Self {
        let short = human.short(digest);
        Self { short: (short != digest).then(|| escape(&short).into_owned()), ..Self::new(digest) }
    }

    /// Text with digests in it, which are shown whole if they fit.
    pub fn with_digests(text: &str, human: &Human) -> Self {
        let short = |word: &str| {
            let end = word.trim_end_matches([',', ';', ')']).len();
            human.short(&word[..end]) + &word[end..]
        };
        let short = text.split(' ').map(short).collect::<Vec<_>>().join(" ");
        Self { short: (short != text).then(|| escape(&short).into_owned()), ..Self::new(text) }
    }

    /// Its text is cut to so many columns of the terminal where the table is too wide.
    pub fn cut_to(self, width: usize, human: &Human) -> Self {
        let shown = self.short.as_deref().unwrap_or(&self.text);
        if human.whole || shown.width() <= width {
            return self;
        }
        let mut left = width.saturating_sub(1);
        let fits = |c: &char| {
            let columns = c.width().unwrap_or_default();
            let fits = columns <= left;
            left = left.saturating_sub(columns);
            fits
        };
        let cut: String = shown.chars().take_while(fits).collect();
        Self { short: Some(cut + human.styles.ellipsis()), ..self }
    }
}

/// How one command shows its records. The machine formats need nothing but the record.
pub trait View {
    /// The record of the command.
    type Record: Serialize;

    /// Whether a record is deep: `json` then spreads it over several lines.
    const DEEP: bool = false;

    /// A sample record of this run; its fields are those of templates.
    fn sample(&self) -> Self::Record;

    /// The option that adds a field which this run's records do not have.
    fn option_for(&self, _field: &str) -> Option<&'static str> {
        None
    }

    /// Whether the record is shown to people and templates. One that failed without data is only an error for them;
    /// machine formats contain every record.
    fn shows(&self, _record: &Self::Record) -> bool {
        true
    }

    /// Adds the lines of `plain`. A field is never empty.
    fn plain(&self, record: &Self::Record, lines: &mut Lines);

    /// The columns of `table`; none when `table` is [`View::text`].
    fn columns(&self) -> Vec<Column> {
        Vec::new()
    }

    /// The columns that a table never leaves out, besides those that name the thing: without them a row says nothing.
    /// Rows that are too wide with them continue on the terminal's next line.
    fn essential(&self) -> &'static [Column] {
        &[]
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

    /// Removes all lines.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

impl AsRef<[u8]> for Lines {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}
