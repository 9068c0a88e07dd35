//! Reads what tags pointed to at another time: the output of `snapshot` in any line-based format.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};

use crate::error::{Error, Result};
use crate::name::{Digest, Located, Reference, Registry, Repository, Tag};

/// A tag, and what it pointed to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SavedTag {
    /// The registry.
    pub registry: Registry,
    /// The repository.
    pub repository: Repository,
    /// The tag.
    pub tag: Tag,
    /// What it pointed to; `None` where that was not known.
    pub digest: Option<Digest>,
}

/// A record. Other members are ignored.
#[derive(Deserialize)]
struct Record {
    registry: Option<String>,
    repository: Option<String>,
    tag: Option<String>,
    digest: Option<String>,
}

/// Reads JSON (an array, or one object per line), or lines of a full reference and its digest, separated by blanks.
/// Empty lines and lines that begin with `#` are skipped. What is said twice counts, and takes memory, once.
///
/// # Errors
///
/// [`Kind::Config`](crate::Kind::Config): a line or record cannot be read, naming the first, or the file has no
/// records.
pub fn read_saved_tags(bytes: &[u8]) -> Result<BTreeSet<SavedTag>> {
    let cannot = |cause: String| Error::config("cannot read the snapshot").because(cause);
    let text =
        std::str::from_utf8(bytes).map_err(|error| cannot(format!("not UTF-8 at byte {}", error.valid_up_to())))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let saved = match text.trim_start().chars().next() {
        Some('[') => array(text),
        Some('{') => {
            let records = serde_json::Deserializer::from_str(text).into_iter::<Record>();
            distinct(records.zip(1..).map(|(record, number)| of_record(record.map_err(place)?, number)))
        }
        _ => distinct(text.lines().zip(1..).filter_map(|(line, number)| of_line(line, number).transpose())),
    };
    match saved.map_err(cannot)? {
        saved if saved.is_empty() && !text.trim().starts_with('[') => Err(cannot("it has no tags".to_owned())),
        saved => Ok(saved),
    }
}

/// What `collect` returns. That holds all of them before it compares any.
fn distinct(tags: impl Iterator<Item = Result<SavedTag, String>>) -> Result<BTreeSet<SavedTag>, String> {
    let mut distinct = BTreeSet::new();
    for tag in tags {
        distinct.insert(tag?);
    }
    Ok(distinct)
}

fn array(text: &str) -> Result<BTreeSet<SavedTag>, String> {
    serde_json::from_str::<Array>(text).map_err(place)?.0
}

/// The tags of a list of records, or what is wrong with the first one that cannot be read. The list is not held.
struct Array(Result<BTreeSet<SavedTag>, String>);

impl<'de> Deserialize<'de> for Array {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ArrayVisitor)
    }
}

struct ArrayVisitor;

impl<'de> Visitor<'de> for ArrayVisitor {
    type Value = Array;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut records: A) -> Result<Array, A::Error> {
        let mut saved = BTreeSet::new();
        for number in 1.. {
            let Some(record) = records.next_element()? else { break };
            match of_record(record, number) {
                Ok(tag) => saved.insert(tag),
                Err(cause) => {
                    while records.next_element::<IgnoredAny>()?.is_some() {}
                    return Ok(Array(Err(cause)));
                }
            };
        }
        Ok(Array(Ok(saved)))
    }
}
fn place(error: serde_json::Error) -> String {
    format!("not valid at line {}, column {}", error.line(), error.column())
}

fn of_record(record: Record, number: usize) -> Result<SavedTag, String> {
    let missing = |name: &str| format!("record {number} has no {name}");
    let refused = |error: Error| format!("record {number}: {error}");
    Ok(SavedTag {
        registry: record.registry.ok_or_else(|| missing("registry"))?.parse().map_err(refused)?,
        repository: record.repository.ok_or_else(|| missing("repository"))?.parse().map_err(refused)?,
        tag: record.tag.ok_or_else(|| missing("tag"))?.parse().map_err(refused)?,
        digest: record.digest.map(|digest| digest.parse()).transpose().map_err(refused)?,
    })
}

fn of_line(line: &str, number: usize) -> Result<Option<SavedTag>, String> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let mut words = line.split_whitespace();
    let (name, digest) = (words.next().unwrap_or_default(), words.next());
    let refused = |error: Error| format!("line {number}: {error}");
    let located = Located::<Reference>::read(name).map_err(refused)?;
    let Some(tag) = located.name.tag().cloned() else { return Err(format!("line {number}: {name} has no tag")) };
    if located.registry.is_none() {
        return Err(format!("line {number}: {name} does not name its registry"));
    }
    let (registry, reference) = located.within(&Registry::docker_hub());
    let repository = reference.repository().clone();
    let digest = digest.filter(|digest| *digest != "-").map(|digest| digest.parse()).transpose().map_err(refused)?;
    Ok(Some(SavedTag { registry, repository, tag, digest }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn read(text: &str) -> Vec<(String, String, String, Option<String>)> {
        let saved = read_saved_tags(text.as_bytes()).expect(text).into_iter();
        let shown = saved.map(|saved| {
            let digest = saved.digest.map(|digest| digest.to_string());
            (saved.registry.to_string(), saved.repository.to_string(), saved.tag.to_string(), digest)
        });
        shown.collect()
    }

    #[test]
    fn each_format_says_the_same() {
        let record = format!(
            r#"{{"registry":"http://reg:5000","reference":"x","repository":"team/app","tag":"1.0","digest":"{DIGEST}"}}"#
        );
        let expected = ("http://reg:5000", "team/app", "1.0", Some(DIGEST));
        let expected =
            (expected.0.to_owned(), expected.1.to_owned(), expected.2.to_owned(), expected.3.map(str::to_owned));
        for text in [
            format!("[{record}]"),
            format!("[{record},\n{record}]"),
            format!("{record}\n{record}\n"),
            format!("# made today\n\nhttp://reg:5000/team/app:1.0\t{DIGEST}\n").repeat(2),
        ] {
            assert_eq!(read(&text), std::slice::from_ref(&expected), "{text}");
        }
        assert_eq!(read("reg:5000/app:1.0\t-")[0].3, None);
        assert!(read("[]").is_empty());
    }

    #[test]
    fn an_unreadable_line_is_named() {
        let refused = |text: &str| read_saved_tags(text.as_bytes()).expect_err(text).causes()[0].clone();
        assert_eq!(refused(""), "it has no tags");
        assert_eq!(refused("{}"), "record 1 has no registry");
        assert_eq!(refused("[1]"), "not valid at line 1, column 2");
        assert_eq!(refused("[{}, {}]"), "record 1 has no registry");
        assert_eq!(refused("app:1.0"), "line 1: app:1.0 does not name its registry");
        assert_eq!(refused("reg:5000/app"), "line 1: reg:5000/app has no tag");
        assert!(refused("\nreg:5000/app:1 sha256:00").starts_with("line 2: 'sha256:00' is not a digest"));
    }
}
