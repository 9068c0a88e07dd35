//! Tables: aligned columns, a bold header, repeated cells dimmed, fitted to the terminal.

use tabled::builder::Builder;
use tabled::settings::object::Rows;
use tabled::settings::peaker::Priority;
use tabled::settings::{Color, Padding, Style, Width};
use unicode_width::UnicodeWidthStr;

use super::styles::{Styles, Tone};
use super::view::{Cell, Column};

/// Number of rows that are laid out together, to bound memory. A longer table is a sequence of such pieces, each at
/// least as wide as the one before, without a second header.
const PIECE: usize = 10_000;
/// Spaces between columns.
const GAP: usize = 2;

/// A table under construction.
#[derive(Debug)]
pub struct Table {
    columns: Vec<Column>,
    header: bool,
    /// The terminal's columns; `None` for no limit.
    width: Option<usize>,
    styles: Styles,
    rows: Vec<Vec<Cell>>,
    widths: Vec<usize>,
    above: Vec<String>,
}

impl Table {
    /// An empty table with these columns.
    pub fn new(columns: Vec<Column>, header: bool, width: Option<usize>, styles: Styles) -> Self {
        let widths = vec![0; columns.len()];
        Self { columns, header, width, styles, rows: Vec::new(), widths, above: Vec::new() }
    }

    /// Adds a row, and returns the lines that are ready, if any. With one column nothing is aligned: each row is ready
    /// at once.
    pub fn push(&mut self, row: Vec<Cell>) -> Option<String> {
        self.rows.push(row);
        let piece = if self.is_gathering() { PIECE } else { 1 };
        (self.rows.len() >= piece).then(|| self.take())
    }

    /// The lines that are left; the header alone if there never was a row.
    pub fn take(&mut self) -> String {
        let header = std::mem::take(&mut self.header);
        let mut rows = std::mem::take(&mut self.rows);
        if !header && rows.is_empty() {
            return String::new();
        }
        self.dim_repeats(&mut rows);
        if header {
            let cell = |column: &&str| Cell { text: (*column).to_owned(), tone: Tone::Heading };
            rows.insert(0, self.columns.iter().map(cell).collect());
        }
        self.lay_out(&rows)
    }

    /// Whether rows wait for others.
    fn is_gathering(&self) -> bool {
        self.columns.len() > 1
    }

    fn dim_repeats(&mut self, rows: &mut [Vec<Cell>]) {
        for row in rows {
            for (index, cell) in row.iter_mut().enumerate() {
                if self.above.get(index) == Some(&cell.text) && cell.tone == Tone::Plain {
                    cell.tone = Tone::Dim;
                }
            }
            self.above = row.iter().map(|cell| cell.text.clone()).collect();
        }
    }

    /// The widest text so far in each column; whether all of these are among `rows`.
    fn widen(&mut self, rows: &[Vec<Cell>]) -> bool {
        let mut here = vec![0; self.widths.len()];
        for row in rows {
            for (width, cell) in here.iter_mut().zip(row) {
                *width = cell.text.width().max(*width);
            }
        }
        self.widths.iter_mut().zip(&here).for_each(|(width, here)| *width = (*width).max(*here));
        self.widths == here
    }

    fn lay_out(&mut self, rows: &[Vec<Cell>]) -> String {
        let is_widest = self.widen(rows);
        let mut builder: Builder = rows.iter().map(|row| row.iter().map(|cell| cell.text.as_str())).collect();
        if !is_widest {
            // A row with the previous widths, which is not shown, keeps this piece as wide as those before it.
            builder.push_record(self.widths.iter().map(|width| "x".repeat(*width)));
        }
        let mut table = builder.build();
        table.with(Style::empty()).modify(Rows::new(..), Padding::new(0, GAP, 0, 0));
        for (index, row) in rows.iter().enumerate() {
            self.color(&mut table, index, row);
        }
        if let Some(width) = self.width {
            table.with(Width::truncate(width + GAP).suffix("…").priority(Priority::max(true)));
        }
        let mut text = String::new();
        for line in table.to_string().lines().take(rows.len()) {
            text.push_str(line.trim_end_matches(' '));
            text.push('\n');
        }
        text
    }

    fn color(&self, table: &mut tabled::Table, row: usize, cells: &[Cell]) {
        for (column, cell) in
            cells.iter().enumerate().filter(|(_, cell)| self.styles.colored() && cell.tone != Tone::Plain)
        {
            let style = cell.tone.style();
            table.modify((row, column), Color::new(style.render().to_string(), style.render_reset().to_string()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(texts: &[&str]) -> Vec<Cell> {
        texts.iter().map(Cell::new).collect()
    }

    fn table(rows: &[&[&str]], width: Option<usize>, colored: bool) -> String {
        let columns = vec!["REPOSITORY", "TAG", "SIZE"];
        let mut table = Table::new(columns, true, width, Styles::new(colored));
        let ready: String = rows.iter().filter_map(|row| table.push(cells(row))).collect();
        ready + &table.take()
    }

    #[test]
    fn the_widest_column_gives_way_to_the_terminal() {
        let rows: &[&[&str]] = &[&["team/a-rather-long-name", "1.0", "61.2 MB"], &["x", "latest", "1 B"]];
        let fits = "\
REPOSITORY               TAG     SIZE
team/a-rather-long-name  1.0     61.2 MB
x                        latest  1 B
";
        assert_eq!(table(rows, None, false), fits);
        assert_eq!(table(rows, Some(40), false), fits);
        let narrow = "\
REPOSITORY          TAG     SIZE
team/a-rather-lon…  1.0     61.2 MB
x                   latest  1 B
";
        assert_eq!(table(rows, Some(35), false), narrow);
        let widest = narrow.lines().map(UnicodeWidthStr::width).max();
        assert_eq!(widest, Some(35));
    }

    #[test]
    fn a_terminal_that_is_too_narrow_is_no_trouble() {
        for width in 1..12 {
            let text = table(&[&["team/app", "latest", "61.2 MB"]], Some(width), false);
            assert_eq!(text.lines().count(), 2, "{width}: {text:?}");
        }
    }

    #[test]
    fn wide_characters_count_as_two() {
        let rows: &[&[&str]] = &[&["日本語", "é", "1 B"], &["abcdef", "x", "2 B"]];
        assert_eq!(table(rows, None, false), "REPOSITORY  TAG  SIZE\n日本語      é    1 B\nabcdef      x    2 B\n");
        let narrow = table(&[&["日本語日本語日本語", "x", "1 B"]], Some(20), false);
        assert!(narrow.lines().all(|line| line.width() <= 20), "{narrow}");
    }

    #[test]
    fn the_header_is_bold_and_repeats_are_dim() {
        let rows: &[&[&str]] = &[&["app", "1", "1 B"], &["app", "2", "1 B"], &["web", "2", "1 B"]];
        let text = table(rows, None, true).replace('\x1b', "^");
        let expected = "\
^[1mREPOSITORY^[0m  ^[1mTAG^[0m  ^[1mSIZE^[0m
app         1    1 B
^[2mapp^[0m         2    ^[2m1 B^[0m
web         ^[2m2^[0m    ^[2m1 B^[0m
";
        assert_eq!(text, expected);
    }

    #[test]
    fn colours_do_not_move_columns() {
        let rows: &[&[&str]] = &[&["a-long-repository-name", "1", "1 B"], &["a-long-repository-name", "2", "1 B"]];
        let plain = table(rows, Some(24), false);
        let colored = table(rows, Some(24), true);
        assert!(plain.contains('…'));
        let stripped = ["\x1b[0m", "\x1b[1m", "\x1b[2m"].iter().fold(colored, |text, code| text.replace(code, ""));
        assert_eq!(stripped, plain);
    }

    #[test]
    fn a_long_table_comes_in_pieces_that_never_get_narrower() {
        let mut table = Table::new(vec!["TAG", "SIZE"], true, None, Styles::new(false));
        let mut pieces = Vec::new();
        for index in 0..PIECE * 2 + 1 {
            let tag = if index == 0 { "a-long-tag" } else { "tag" };
            pieces.extend(table.push(cells(&[tag, "1 B"])));
        }
        assert_eq!(pieces.len(), 2);
        pieces.push(table.take());
        let text = pieces.concat();
        assert_eq!(text.lines().count(), PIECE * 2 + 2);
        assert_eq!(text.matches("TAG").count(), 1);
        assert!(text.starts_with("TAG         SIZE\na-long-tag  1 B\ntag         1 B\n"));
        assert!(text.ends_with("\ntag         1 B\n"));
        assert_eq!(table.take(), "");
    }

    #[test]
    fn one_column_does_not_wait() {
        let mut table = Table::new(vec!["REPOSITORY"], true, Some(12), Styles::new(false));
        assert_eq!(table.push(cells(&["base"])).as_deref(), Some("REPOSITORY\nbase\n"));
        assert_eq!(table.push(cells(&["team/a-long-name"])).as_deref(), Some("team/a-long…\n"));
        assert_eq!(table.take(), "");
        assert!(!table.is_gathering());
    }
}
