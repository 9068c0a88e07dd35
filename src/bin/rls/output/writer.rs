//! Writes records in the requested format.
//!
//! `json`, `jsonl`, `yaml`, `csv`, `plain` and templates are written record by record, and so are tables with one
//! column. Other tables are laid out in pieces of some 10,000 rows, so that memory is bounded; a long table may become
//! wider on its way.

use std::io::Write;

use super::csv::Csv;
use super::format::{Format, Layout, OutputOptions};
use super::human::Human;
use super::sink::{OutputError, Sink};
use super::table::Table;
use super::template::Template;
use super::view::{Lines, View};
use super::{json, yaml};

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
    /// The lines of the current record; the buffer is reused.
    Plain(Lines),
    /// The previous record, held back because a comma must follow it if there is another; `None` before the first.
    Json(Option<String>),
    /// The line of the current record; the buffer is reused.
    Jsonl(Vec<u8>),
    Yaml,
    Csv(Csv),
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
                columns => Encoder::Table(Table::new(columns, header, width, human.styles).keeping(view.essential())),
            },
            Layout::Format(Format::Plain) => Encoder::Plain(Lines::default()),
            Layout::Format(Format::Json) => Encoder::Json(None),
            Layout::Format(Format::Jsonl) => Encoder::Jsonl(Vec::new()),
            Layout::Format(Format::Yaml) => Encoder::Yaml,
            Layout::Format(Format::Csv) => Encoder::Csv(Csv::new(&serde_json::to_value(view.sample())?, header)),
            Layout::Template(source) => {
                let sample = serde_json::to_value(view.sample())?;
                let template = Template::compile(&source, &sample, human, |field| view.option_for(field))
                    .map_err(OutputError::Template)?;
                Encoder::Template(Box::new(template))
            }
        };
        Ok(Self { view, human, encoder, sink: Sink::new(writer), has_records: false })
    }

    /// Writes a record.
    ///
    /// # Errors
    /// [`OutputError`]; for [`OutputError::Template`] nothing of this record is written.
    pub fn write(&mut self, record: &V::Record) -> Result<(), OutputError> {
        self.has_records = true;
        match &mut self.encoder {
            Encoder::Json(previous) => {
                let record =
                    if V::DEEP { json::to_block(record)?.replace('\n', "\n  ") } else { json::to_line(record)? };
                match previous.replace(record) {
                    None => self.sink.push("[\n"),
                    Some(previous) => self.sink.push(format!("  {previous},\n")),
                }
            }
            Encoder::Jsonl(line) => {
                line.clear();
                json::add_line(record, line)?;
                self.sink.push(line)
            }
            Encoder::Yaml => self.sink.push(yaml::to_item(record)?),
            Encoder::Csv(csv) => self.sink.push(csv.row(record)?),
            _ if !self.view.shows(record) => Ok(()),
            Encoder::Table(table) => {
                let rows = self.view.rows(record, &self.human);
                rows.into_iter().filter_map(|row| table.push(row)).try_for_each(|lines| self.sink.push(lines))
            }
            Encoder::Text => self.sink.push(self.human.styles.localize(self.view.text(record, &self.human)) + "\n"),
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

    /// The view, for properties known only after the first requests. Its columns and fields must not change.
    pub fn view_mut(&mut self) -> &mut V {
        &mut self.view
    }

    /// Whether any record was written.
    pub fn has_records(&self) -> bool {
        self.has_records
    }

    /// Whether an empty list would show nothing, or only a header.
    pub fn is_silent(&self) -> bool {
        matches!(self.encoder, Encoder::Table(_) | Encoder::Text | Encoder::Plain(_))
    }

    /// Flushes complete records.
    ///
    /// # Errors
    /// [`OutputError::Closed`] or [`OutputError::Write`].
    pub fn flush(&mut self) -> Result<(), OutputError> {
        self.sink.flush()
    }

    /// Finishes the output: closes lists, and prints tables.
    ///
    /// # Errors
    /// [`OutputError::Closed`] or [`OutputError::Write`].
    pub fn finish(mut self) -> Result<(), OutputError> {
        match &mut self.encoder {
            Encoder::Table(table) => self.sink.push(table.take())?,
            Encoder::Json(Some(last)) => self.sink.push(format!("  {last}\n]\n"))?,
            Encoder::Json(None) => self.sink.push("[]\n")?,
            Encoder::Csv(csv) => self.sink.push(csv.header()?)?,
            Encoder::Yaml if !self.has_records => self.sink.push("[]\n")?,
            Encoder::Text | Encoder::Plain(_) | Encoder::Jsonl(_) | Encoder::Yaml | Encoder::Template(_) => {}
        }
        self.sink.flush()
    }
}
