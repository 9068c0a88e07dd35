//! The requested format, and the properties of standard output.

use std::io::{IsTerminal, stdout};

use jiff::Timestamp;

use super::human::Human;
use super::styles::{ColorChoice, Styles};

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
    /// elsewhere when no format is requested.
    pub fn for_stdout(layout: Option<Layout>, header: bool, color: ColorChoice) -> Self {
        let terminal = stdout().is_terminal();
        let default = if terminal { Format::Table } else { Format::Plain };
        let width = terminal_size::terminal_size_of(stdout()).map(|(width, _)| usize::from(width.0));
        Self {
            layout: layout.unwrap_or(Layout::Format(default)),
            header,
            width: width.filter(|width| terminal && *width > 0),
            human: Human { now: Timestamp::now(), styles: Styles::for_stdout(color) },
        }
    }
}
