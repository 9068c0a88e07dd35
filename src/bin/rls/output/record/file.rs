//! A file of an image: `rls files`.

use serde::Serialize;

use super::field::UNKNOWN;
use super::time::Time;
use crate::output::{Cell, Column, Human, Lines, View};

/// One file of `rls files`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FileRecord {
    /// The registry.
    pub registry: String,
    /// The full name of the image.
    pub reference: String,
    /// The path, with a leading slash.
    pub path: String,
    /// `file`, `directory`, `symlink`, `hardlink`, `char-device`, `block-device` or `fifo`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The permission bits as four octal digits.
    pub mode: String,
    /// The owner.
    pub uid: u64,
    /// The group.
    pub gid: u64,
    /// The size in bytes; of regular files only.
    pub size: Option<u64>,
    /// When it was modified.
    pub modified: Option<Time>,
    /// The digest of its layer.
    pub layer: String,
    /// The target of a link.
    pub link: Option<String>,
}

/// How `rls files` shows its records: a table as `ls -l` does, lines only with `--long`.
#[derive(Debug, Clone, Copy)]
pub struct FileView {
    /// Whether `--long` was given.
    pub long: bool,
}

impl View for FileView {
    type Record = FileRecord;

    fn sample(&self) -> FileRecord {
        FileRecord {
            path: "/etc/os-release".to_owned(),
            kind: "file",
            mode: "0644".to_owned(),
            ..FileRecord::default()
        }
    }

    fn plain(&self, record: &FileRecord, lines: &mut Lines) {
        if !self.long {
            lines.push([&record.path]);
            return;
        }
        let or_unknown = |text: Option<String>| text.unwrap_or_else(|| UNKNOWN.to_owned());
        let size = or_unknown(record.size.map(|size| size.to_string()));
        let modified = or_unknown(record.modified.map(|modified| modified.to_string()));
        lines.push([symbolic(record), owner(record), size, modified, with_link(record)]);
    }

    fn columns(&self) -> Vec<Column> {
        vec!["MODE", "OWNER", "SIZE", "MODIFIED", "PATH"]
    }

    fn rows(&self, record: &FileRecord, human: &Human) -> Vec<Vec<Cell>> {
        let size = record.size.map_or_else(|| UNKNOWN.to_owned(), |size| human.size(size));
        let modified = record.modified.map_or_else(|| UNKNOWN.to_owned(), |modified| human.minute(modified));
        let texts = [symbolic(record), owner(record), size, modified, with_link(record)];
        vec![texts.iter().map(Cell::new).collect()]
    }
}

/// `1000:1000`
fn owner(record: &FileRecord) -> String {
    format!("{}:{}", record.uid, record.gid)
}

/// `/bin -> usr/bin`
fn with_link(record: &FileRecord) -> String {
    let arrow = if record.kind == "hardlink" { "link to" } else { "->" };
    record.link.as_ref().map_or_else(|| record.path.clone(), |link| format!("{} {arrow} {link}", record.path))
}

/// The mode as `ls -l` shows it: `-rwsr-xr-x`.
fn symbolic(record: &FileRecord) -> String {
    let mode = u32::from_str_radix(&record.mode, 8).unwrap_or_default();
    let first = match record.kind {
        "directory" => 'd',
        "symlink" => 'l',
        "char-device" => 'c',
        "block-device" => 'b',
        "fifo" => 'p',
        _ => '-',
    };
    let mut text = String::from(first);
    for (shift, special, shown) in [(6, 0o4000, 's'), (3, 0o2000, 's'), (0, 0o1000, 't')] {
        let bits = mode >> shift;
        text.push(if bits & 4 == 0 { '-' } else { 'r' });
        text.push(if bits & 2 == 0 { '-' } else { 'w' });
        text.push(match (mode & special != 0, bits & 1 != 0) {
            (true, true) => shown,
            (true, false) => shown.to_ascii_uppercase(),
            (false, true) => 'x',
            (false, false) => '-',
        });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_look_as_in_ls() {
        let shown = |kind, mode: &str| symbolic(&FileRecord { kind, mode: mode.to_owned(), ..FileRecord::default() });
        assert_eq!(shown("file", "0644"), "-rw-r--r--");
        assert_eq!(shown("directory", "1777"), "drwxrwxrwt");
        assert_eq!(shown("file", "4755"), "-rwsr-xr-x");
        assert_eq!(shown("file", "6644"), "-rwSr-Sr--");
        assert_eq!(shown("symlink", "0777"), "lrwxrwxrwx");
    }
}
