//! CSV (RFC 4180): one row per record, for spreadsheets and databases.

use csv::{Terminator, WriterBuilder};
use serde::Serialize;
use serde_json::Value;

use super::escape::escape;
use super::json;

/// The columns of a table, which are those of the sample record and `error`.
#[derive(Debug)]
pub struct Csv {
    columns: Vec<String>,
    /// Whether the header is still to be written.
    header: bool,
}

impl Csv {
    /// The columns of records like this one.
    pub fn new(sample: &Value, header: bool) -> Self {
        const ERROR: &str = "error";
        let mut columns: Vec<_> = sample.as_object().into_iter().flat_map(|sample| sample.keys().cloned()).collect();
        if !columns.iter().any(|column| column == ERROR) {
            columns.push(ERROR.to_owned());
        }
        Self { columns, header }
    }

    /// The row of a record, after the header if it is the first one. A list or object is a cell of JSON, what is absent
    /// or unknown an empty one.
    ///
    /// # Errors
    /// Only for values that JSON cannot hold.
    pub fn row(&mut self, record: &impl Serialize) -> serde_json::Result<Vec<u8>> {
        let record = serde_json::to_value(record)?;
        let cells = self.columns.iter().map(|column| cell(record.get(column).unwrap_or(&Value::Null)));
        let row = line(&cells.collect::<Result<Vec<_>, _>>()?)?;
        Ok([self.header()?, row].concat())
    }

    /// The header, unless it was written.
    ///
    /// # Errors
    /// None in memory.
    pub fn header(&mut self) -> serde_json::Result<Vec<u8>> {
        if std::mem::take(&mut self.header) { line(&self.columns) } else { Ok(Vec::new()) }
    }
}

fn cell(value: &Value) -> serde_json::Result<String> {
    Ok(match value {
        Value::Null => String::new(),
        Value::String(text) => escape(text).into_owned(),
        other => json::to_line(other)?,
    })
}

fn line(cells: &[String]) -> serde_json::Result<Vec<u8>> {
    let mut writer = WriterBuilder::new().terminator(Terminator::Any(b'\n')).from_writer(Vec::new());
    let written = writer.write_record(cells).map_err(serde::ser::Error::custom);
    written.and_then(|()| writer.into_inner().map_err(serde::ser::Error::custom))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn cells_are_quoted_where_needed_and_escaped() {
        let mut csv = Csv::new(&json!({ "a": "", "b": [], "c": 0 }), true);
        let mut written = csv.row(&json!({ "a": "x, \"y\"", "b": ["1", "2"], "c": 7, "d": "left out" })).expect("CSV");
        written.extend(csv.row(&json!({ "a": "\u{1b}[2J\n", "c": null, "error": { "kind": "tls" } })).expect("CSV"));
        let expected = "a,b,c,error\n\"x, \"\"y\"\"\",\"[\"\"1\"\",\"\"2\"\"]\",7,\n\\x1b[2J\\n,,,\"{\"\"kind\"\":\"\"tls\"\"}\"\n";
        assert_eq!(String::from_utf8(written).expect("UTF-8"), expected);
    }

    #[test]
    fn an_empty_list_is_a_header() {
        assert_eq!(Csv::new(&json!({ "a": "" }), true).header().expect("CSV"), b"a,error\n");
        assert_eq!(Csv::new(&json!({ "a": "" }), false).header().expect("CSV"), b"");
    }
}
