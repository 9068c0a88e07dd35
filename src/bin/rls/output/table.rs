//! Tables: aligned columns, a bold header, repeated cells dimmed, fitted to the terminal.
//!
//! A table that is too wide first shortens digests, then leaves out columns; the name of the thing is cut only when
//! that is not enough. What a view calls essential is neither left out nor cut.

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
/// The titles of columns that name the thing where the first column does not.
const NAMES: [&str; 3] = ["NAME", "PATH", "REFERENCE"];
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
    /// Whether cells are shown in their short form.
    shortened: bool,
    /// The columns that are shown.
    shown: Vec<usize>,
    /// Those that are never left out.
    essential: &'static [Column],
    above: Vec<String>,
}

impl Table {
    /// An empty table with these columns.
    pub fn new(columns: Vec<Column>, header: bool, width: Option<usize>, styles: Styles) -> Self {
        let (widths, shown) = (vec![0; columns.len()], (0..columns.len()).collect());
        let (rows, above) = (Vec::new(), Vec::new());
        Self { columns, header, width, styles, rows, widths, shortened: false, shown, essential: &[], above }
    }

    /// Never leaves out these columns.
    pub fn keeping(self, essential: &'static [Column]) -> Self {
        Self { essential, ..self }
    }

    /// Adds a row, and returns the lines that are ready, if any. With one column nothing is aligned: each row is ready
    /// at once.
    pub fn push(&mut self, row: Vec<Cell>) -> Option<String> {
        self.rows.push(row);
        let piece = if self.is_gathering() { PIECE } else { 1 };
        (self.rows.len() >= piece).then(|| self.take())
    }

    /// The lines that are left. Without a row there is no header: what commands say about an empty result is enough.
    pub fn take(&mut self) -> String {
        let mut rows = std::mem::take(&mut self.rows);
        if rows.is_empty() {
            return String::new();
        }
        self.dim_repeats(&mut rows);
        if std::mem::take(&mut self.header) {
            let cell = |column: &&str| Cell { text: (*column).to_owned(), short: None, tone: Tone::Heading };
            rows.insert(0, self.columns.iter().map(cell).collect());
        }
        self.lay_out(rows)
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
        self.shown.iter().all(|column| self.widths[*column] == here[*column])
    }

    /// The width of the table, by what is the widest so far.
    fn total(&self) -> usize {
        self.shown.iter().map(|column| self.widths[*column] + GAP).sum::<usize>().saturating_sub(GAP)
    }

    fn shorten(&mut self, rows: &mut [Vec<Cell>]) {
        for cell in rows.iter_mut().flatten() {
            if let Some(short) = cell.short.take() {
                cell.text = short;
            }
        }
        // What earlier pieces had in full no longer counts.
        self.widths.fill(0);
        self.widen(rows);
    }

    /// Leaves out one column: one without a title, else the last without which the table fits, else the widest. The
    /// first column, the name of the thing and what is essential stay. Returns whether one was left out.
    fn drop_column(&mut self, max: usize) -> bool {
        let total = self.total();
        let title = |column: usize| self.columns[column];
        let stays = |column: usize| NAMES.contains(&title(column)) || self.essential.contains(&title(column));
        let others = self.shown.iter().enumerate().skip(1).filter(|(_, column)| !stays(**column));
        let enough = |column: usize| total - self.widths[column] - GAP <= max;
        let bar = others.clone().find(|(_, column)| title(**column).is_empty());
        let last = bar.or_else(|| others.clone().rev().find(|(_, column)| enough(**column)));
        let dropped = last.or_else(|| others.max_by_key(|(_, column)| self.widths[**column]));
        dropped.map(|(position, _)| position).map(|position| self.shown.remove(position)).is_some()
    }

    /// Fits `rows` to the terminal; what they leave out, later rows leave out too. Returns whether their widest texts
    /// are the widest so far.
    fn fit(&mut self, rows: &mut [Vec<Cell>]) -> bool {
        if self.shortened {
            self.shorten(rows);
        }
        let mut is_widest = self.widen(rows);
        let Some(max) = self.width else { return is_widest };
        if self.total() > max && !self.shortened && rows.iter().flatten().any(|cell| cell.short.is_some()) {
            self.shortened = true;
            self.shorten(rows);
            is_widest = true;
        }
        while self.total() > max && self.drop_column(max) {}
        is_widest
    }

    fn lay_out(&mut self, mut rows: Vec<Vec<Cell>>) -> String {
        let is_widest = self.fit(&mut rows);
        let rows: Vec<Vec<&Cell>> =
            rows.iter().map(|row| self.shown.iter().filter_map(|column| row.get(*column)).collect()).collect();
        let mut builder: Builder = rows.iter().map(|row| row.iter().map(|cell| cell.text.as_str())).collect();
        if !is_widest {
            // A row with the previous widths, which is not shown, keeps this piece as wide as those before it.
            builder.push_record(self.shown.iter().map(|column| "x".repeat(self.widths[*column])));
        }
        let mut table = builder.build();
        table.with(Style::empty()).modify(Rows::new(..), Padding::new(0, GAP, 0, 0));
        for (index, row) in rows.iter().enumerate() {
            self.color(&mut table, index, row);
        }
        if let Some(width) = self.width.filter(|_| self.essential.is_empty()) {
            table.with(Width::truncate(width + GAP).suffix(self.styles.ellipsis()).priority(Priority::max(true)));
        }
        let mut text = String::new();
        for line in table.to_string().lines().take(rows.len()) {
            text.push_str(line.trim_end_matches(' '));
            text.push('\n');
        }
        text
    }

    fn color(&self, table: &mut tabled::Table, row: usize, cells: &[&Cell]) {
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
    use crate::output::Human;

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
    fn essential_columns_are_neither_left_out_nor_cut() {
        let table = |width| {
            let columns = vec!["KIND", "NAME", "SIZE", "LEFT", "RIGHT"];
            let mut table = Table::new(columns, true, Some(width), Styles::new(false)).keeping(&["LEFT", "RIGHT"]);
            table.push(cells(&["layer", "a-rather-long-name", "1 B", "some value", "another value"]));
            table.take()
        };
        let kept =
            "KIND   NAME                LEFT        RIGHT\nlayer  a-rather-long-name  some value  another value\n";
        assert_eq!(table(55), kept);
        assert_eq!(table(20), kept, "its lines continue on the next line of the terminal");
    }

    #[test]
    fn columns_give_way_to_the_terminal_before_anything_is_cut() {
        let rows: &[&[&str]] = &[&["team/a-rather-long-name", "1.0", "61.2 MB"], &["x", "latest", "1 B"]];
        let fits = "\
REPOSITORY               TAG     SIZE
team/a-rather-long-name  1.0     61.2 MB
x                        latest  1 B
";
        assert_eq!(table(rows, None, false), fits);
        assert_eq!(table(rows, Some(40), false), fits);
        // The last column is enough.
        let narrow = "\
REPOSITORY               TAG
team/a-rather-long-name  1.0
x                        latest
";
        assert_eq!(table(rows, Some(35), false), narrow);
        assert_eq!(table(rows, Some(31), false), narrow);
        assert_eq!(table(rows, Some(30), false), "REPOSITORY\nteam/a-rather-long-name\nx\n");
        assert_eq!(table(rows, Some(12), false), "REPOSITORY\nteam/a-rath…\nx\n");
    }

    #[test]
    fn the_name_of_the_thing_stays_wherever_it_is() {
        let used = |width: usize| {
            let columns = vec!["SIZE", "", "UNIQUE", "NAME"];
            let mut table = Table::new(columns, true, Some(width), Styles::new(false));
            table.push(cells(&["6.9 MB", "████████", "1.2 MB", "team/backend/service"]));
            table.take()
        };
        let all = "SIZE              UNIQUE  NAME\n6.9 MB  ████████  1.2 MB  team/backend/service\n";
        assert_eq!(used(46), all);
        assert_eq!(used(45), "SIZE    UNIQUE  NAME\n6.9 MB  1.2 MB  team/backend/service\n");
        assert_eq!(used(30), "SIZE    NAME\n6.9 MB  team/backend/service\n");
        assert_eq!(used(20), "SIZE    NAME\n6.9 MB  team/backen…\n");
    }

    #[test]
    fn the_widest_column_goes_if_no_other_is_enough() {
        let columns = vec!["TAG", "PLATFORMS", "SIZE", "CREATED"];
        let mut table = Table::new(columns, true, Some(30), Styles::new(false));
        table.push(cells(&["latest", "linux/amd64, linux/arm64, linux/arm/v7", "61.2 MB", "3 days ago"]));
        assert_eq!(table.take(), "TAG     SIZE     CREATED\nlatest  61.2 MB  3 days ago\n");
    }

    #[test]
    fn a_digest_is_shortened_before_its_column_goes() {
        let human = Human { now: jiff::Timestamp::UNIX_EPOCH, styles: Styles::new(false), whole: false };
        let digest = format!("sha256:{}", "0123456789abcdef".repeat(4));
        for (width, expected) in [
            (Some(79), format!("TAG     DIGEST\nlatest  {digest}\n")),
            (Some(78), "TAG     DIGEST\nlatest  sha256:0123456789ab\n".to_owned()),
            (Some(27), "TAG     DIGEST\nlatest  sha256:0123456789ab\n".to_owned()),
            (Some(26), "TAG\nlatest\n".to_owned()),
            (None, format!("TAG     DIGEST\nlatest  {digest}\n")),
        ] {
            let mut table = Table::new(vec!["TAG", "DIGEST"], true, width, Styles::new(false));
            table.push(vec![Cell::new("latest"), Cell::digest(&digest, &human)]);
            assert_eq!(table.take(), expected, "{width:?}");
        }
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let human = Human { now: jiff::Timestamp::UNIX_EPOCH, styles: Styles::new(false), whole: false };
        let digest = format!("sha256:{}", "0123456789abcdef".repeat(4));
        for width in 30..=200 {
            let columns = vec!["REPOSITORY", "TAG", "PLATFORMS", "SIZE", "CREATED", "DIGEST"];
            let mut table = Table::new(columns, true, Some(width), Styles::new(false));
            for tag in ["1.0", "a-tag-of-some-length"] {
                let mut row =
                    cells(&["team/backend/service", tag, "linux/amd64, linux/arm64", "61.2 MB", "3 weeks ago"]);
                row.push(Cell::digest(&digest, &human));
                table.push(row);
            }
            let text = table.take();
            for line in text.lines() {
                assert!(line.width() <= width, "{width}: {line}");
                assert!(!line.contains('…'), "{width}: {line}");
                let digits = line.split_once("sha256:").map_or(64, |(_, rest)| rest.trim_end().len());
                assert!(digits == 64 || digits == 12, "{width}: {line}");
            }
        }
    }

    #[test]
    fn a_terminal_may_be_too_narrow() {
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
        let plain = table(rows, Some(12), false);
        let colored = table(rows, Some(12), true);
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
