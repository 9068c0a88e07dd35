//! Tables: aligned columns, a bold header, what repeats dimmed, fitted to the terminal.

use tabled::builder::Builder;
use tabled::settings::object::{Columns, Rows};
use tabled::settings::peaker::Priority;
use tabled::settings::{Color, Modify, Padding, Style, Width};
use unicode_width::UnicodeWidthStr;

use super::styles::{Styles, Tone};
use super::view::{Cell, Column};

/// Rows that are laid out together. More would cost memory without end: a longer table is a sequence of such pieces, each
/// at least as wide as the one before, without a second header.
const PIECE: usize = 10_000;
/// Blanks between columns.
const GAP: usize = 2;

/// A table that is being filled.
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

    /// Adds a row and returns the lines that became ready, if any. With one column there is nothing to align: each row is
    /// ready at once.
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
        self.widen(&rows);
        self.lay_out(&rows)
    }

    /// Whether rows wait for others.
    pub fn is_gathering(&self) -> bool {
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

    fn widen(&mut self, rows: &[Vec<Cell>]) {
        for row in rows {
            for (width, cell) in self.widths.iter_mut().zip(row) {
                *width = cell.text.width().max(*width);
            }
        }
    }

    fn lay_out(&self, rows: &[Vec<Cell>]) -> String {
        let texts = rows.iter().map(|row| row.iter().map(|cell| cell.text.as_str()));
        let mut table = texts.collect::<Builder>().build();
        table.with(Style::empty()).modify(Rows::new(..), Padding::new(0, GAP, 0, 0));
        for (index, width) in self.widths.iter().enumerate() {
            table.with(Modify::new(Columns::one(index)).with(Width::increase(*width)));
        }
        for (index, row) in rows.iter().enumerate() {
            self.color(&mut table, index, row);
        }
        if let Some(width) = self.width {
            table.with(Width::truncate(width + GAP).suffix("…").priority(Priority::max(true)));
        }
        let mut text = String::new();
        for line in table.to_string().lines() {
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
