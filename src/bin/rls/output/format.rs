//! The requested format, and the properties of standard output.

use std::io::{IsTerminal, stdout};

use jiff::Timestamp;

use super::human::Human;
use super::styles::{ColorChoice, Styles};

/// Limits of the width of running text, in columns.
const MIN_TEXT: usize = 40;
const MAX_TEXT: usize = 100;

/// `--output`
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Aligned columns, sizes and times for people
    Table,
    /// One item per line, fields separated by tabs, nothing shortened
    Plain,
    /// A single array
    Json,
    /// One object per line, as it arrives
    Jsonl,
    /// A single list
    Yaml,
    /// A header and one row per record, for spreadsheets and databases
    Csv,
}

/// The format of records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layout {
    /// One of the formats.
    Format(Format),
    /// A template of `--format`, with `@NAME` resolved.
    Template(String),
}

/// How records are written.
#[derive(Debug, Clone)]
pub struct OutputOptions {
    /// The format.
    pub layout: Layout,
    /// Whether tables have their header.
    pub header: bool,
    /// Maximum width of tables in columns; `None` for no limit.
    pub width: Option<usize>,
    /// Colours, and the time that ages are counted from.
    pub human: Human,
}

impl OutputOptions {
    /// Options for this process's standard output: its width if it is a terminal; `layout` is `table` there and `plain`
    /// elsewhere when no format is requested; `no_trunc`: nothing is shortened or left out.
    pub fn for_stdout(layout: Option<Layout>, header: bool, no_trunc: bool, color: ColorChoice) -> Self {
        let terminal = stdout().is_terminal();
        let default = if terminal { Format::Table } else { Format::Plain };
        Self {
            layout: layout.unwrap_or(Layout::Format(default)),
            header,
            width: terminal_width().filter(|_| !no_trunc),
            human: Human { now: Timestamp::now(), styles: Styles::for_stdout(color), whole: no_trunc },
        }
    }
}

/// The columns of the terminal that standard output is, if it is one.
fn terminal_width() -> Option<usize> {
    let size = if stdout().is_terminal() { terminal_size::terminal_size_of(stdout()) } else { None };
    size.map(|(width, _)| usize::from(width.0)).filter(|width| *width > 0)
}

/// The width of running text: that of the terminal, but not more than people like to read.
pub fn text_width() -> usize {
    terminal_width().unwrap_or(MAX_TEXT).clamp(MIN_TEXT, MAX_TEXT)
}
