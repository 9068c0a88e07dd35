//! Everything that goes to standard output.
//!
//! ```text
//! let options = OutputOptions::for_stdout(layout, header, color);
//! let mut out = Output::new(TagView { qualified, detail, full }, options, std::io::stdout())?;   // before any request
//! out.write(&TagRecord { … })?;                     // as records arrive
//! out.flush()?;                                     // when the next record is not there yet
//! out.finish()?;                                    // always, also after an error: it closes lists and prints tables
//! ```
//!
//! Records and their views are in [`record`]: [`RepositoryRecord`] with [`RepositoryView`], [`TagRecord`] with
//! [`TagView`], [`ManifestRecord`] with [`ManifestView`], [`DigestRecord`] with [`DigestView`], [`RemovalRecord`] with
//! [`RemovalView`], [`PruneRecord`] with [`PruneView`], [`LoginRecord`] with [`LoginView`], [`LogoutRecord`] with
//! [`LogoutView`], [`TrustRecord`] with [`TrustView`], [`InspectionRecord`] with [`InspectionView`], [`UndoRunRecord`]
//! with [`UndoRunView`]. A [`Field`] is absent, unknown or known; [`Failure`] is the `"error"` of one record.
//!
//! Exact bytes go through [`write_raw`], any other whole text through [`Sink`]. [`OutputError`] tells a closed pipe
//! (141) from a disk that is full (13) and a template that does not fit (2). For standard error there are [`Styles`],
//! [`Tone`], [`escape()`] and [`Progress`].
//!
//! Formats: `json`, `jsonl`, `yaml`, `plain` and templates are written record by record. A table with one column is,
//! too; any other is laid out in pieces of some 10,000 rows, so a longer one has a bounded cost and may widen on its
//! way.

mod closed;
mod escape;
mod human;
mod json;
mod progress;
mod raw;
mod record;
mod sink;
mod styles;
mod table;
mod template;
mod view;
mod yaml;

use std::io::{IsTerminal, Write, stdout};

use jiff::Timestamp;

pub use closed::is_closed;
pub use escape::escape;
pub use human::{Human, some_of};
pub use progress::{Progress, ProgressChoice, on_terminal};
pub use raw::write_raw;
pub use record::*;
pub use sink::{OutputError, Sink};
pub use styles::{ColorChoice, Styles, Tone};
pub use view::{Cell, Column, Lines, View};

use table::Table;
use template::Template;

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

/// What the output is to be like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layout {
    /// One of the formats.
    Format(Format),
    /// `--format`, with `@name` already looked up.
    Template(String),
}

/// How records are written.
#[derive(Debug, Clone)]
pub struct OutputOptions {
    /// In which format.
    pub layout: Layout,
    /// Whether tables have their header.
    pub header: bool,
    /// The columns that a table may take; `None` for as many as it needs.
    pub width: Option<usize>,
    /// Colours, and the time that ages are counted from.
    pub human: Human,
}

impl OutputOptions {
    /// Options for this process's standard output: its width if it is a terminal; `layout` is `table` there and `plain`
    /// elsewhere when nothing was asked for.
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

/// Writes the records of one command.
#[derive(Debug)]
pub struct Output<V, W> {
    view: V,
    human: Human,
    encoder: Encoder,
    sink: Sink<W>,
    has_records: bool,
}

#[derive(Debug)]
enum Encoder {
    Table(Table),
    Text,
    /// Those of the record at hand; their room serves the next.
    Plain(Lines),
    /// The record before the next, because the comma between them ends its line; `None` before the first.
    Json(Option<String>),
    /// The line of the record at hand; its room serves the next.
    Jsonl(Vec<u8>),
    Yaml,
    Template(Box<Template>),
}

impl<V: View, W: Write> Output<V, W> {
    /// Output for one command. Nothing is written yet.
    ///
    /// # Errors
    /// [`OutputError::Template`] for a template that cannot be used with these records.
    pub fn new(view: V, options: OutputOptions, writer: W) -> Result<Self, OutputError> {
        let OutputOptions { layout, header, width, human } = options;
        let encoder = match layout {
            Layout::Format(Format::Table) => match view.columns() {
                columns if columns.is_empty() => Encoder::Text,
                columns => Encoder::Table(Table::new(columns, header, width, human.styles)),
            },
            Layout::Format(Format::Plain) => Encoder::Plain(Lines::default()),
            Layout::Format(Format::Json) => Encoder::Json(None),
            Layout::Format(Format::Jsonl) => Encoder::Jsonl(Vec::new()),
            Layout::Format(Format::Yaml) => Encoder::Yaml,
            Layout::Template(source) => {
                let sample = serde_json::to_value(view.sample())?;
                let template = Template::compile(&source, &sample, human, |field| view.option_for(field))
                    .map_err(OutputError::Template)?;
                Encoder::Template(Box::new(template))
            }
        };
        Ok(Self { view, human, encoder, sink: Sink::new(writer), has_records: false })
    }

    /// Takes one record.
    ///
    /// # Errors
    /// [`OutputError`]; for [`OutputError::Template`] nothing of this record is written.
    pub fn write(&mut self, record: &V::Record) -> Result<(), OutputError> {
        self.has_records = true;
        match &mut self.encoder {
            Encoder::Json(former) => {
                let record =
                    if V::DEEP { json::to_block(record)?.replace('\n', "\n  ") } else { json::to_line(record)? };
                match former.replace(record) {
                    None => self.sink.push("[\n"),
                    Some(former) => self.sink.push(format!("  {former},\n")),
                }
            }
            Encoder::Jsonl(line) => {
                line.clear();
                json::add_line(record, line)?;
                self.sink.push(line)
            }
            Encoder::Yaml => self.sink.push(yaml::to_item(record)?),
            _ if !self.view.shows(record) => Ok(()),
            Encoder::Table(table) => {
                let rows = self.view.rows(record, &self.human);
                rows.into_iter().filter_map(|row| table.push(row)).try_for_each(|lines| self.sink.push(lines))
            }
            Encoder::Text => self.sink.push(self.view.text(record, &self.human) + "\n"),
            Encoder::Plain(lines) => {
                lines.clear();
                self.view.plain(record, lines);
                self.sink.push(lines)
            }
            Encoder::Template(template) => {
                let record = serde_json::to_value(record)?;
                let line = template.render(record).map_err(OutputError::Template)?;
                self.sink.push(line + "\n")
            }
        }
    }

    /// The view, for what is known about it only after the first requests. Its columns and fields stay what they are.
    pub fn view_mut(&mut self) -> &mut V {
        &mut self.view
    }

    /// Whether there was a record.
    pub fn has_records(&self) -> bool {
        self.has_records
    }

    /// Writes what can be written by now.
    ///
    /// # Errors
    /// [`OutputError::Closed`] or [`OutputError::Write`].
    pub fn flush(&mut self) -> Result<(), OutputError> {
        self.sink.flush()
    }

    /// Ends the output. Without this a list stays open and a table unprinted.
    ///
    /// # Errors
    /// [`OutputError::Closed`] or [`OutputError::Write`].
    pub fn finish(mut self) -> Result<(), OutputError> {
        match &mut self.encoder {
            Encoder::Table(table) => self.sink.push(table.take())?,
            Encoder::Json(Some(last)) => self.sink.push(format!("  {last}\n]\n"))?,
            Encoder::Json(None) => self.sink.push("[]\n")?,
            Encoder::Yaml if !self.has_records => self.sink.push("[]\n")?,
            Encoder::Text | Encoder::Plain(_) | Encoder::Jsonl(_) | Encoder::Yaml | Encoder::Template(_) => {}
        }
        self.sink.flush()
    }
}

#[cfg(test)]
mod tests;
