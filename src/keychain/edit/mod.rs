//! Changes entries of a `config.json`, and not a byte of the rest: the file belongs to docker, to podman and to users
//! who edit it.

use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::documents::parse_json;

/// The object with the entries.
const AUTHS: &str = "auths";
/// The members of an entry that are credentials; others, such as `email`, are left alone.
const SECRETS: [&str; 5] = ["auth", "username", "password", "identitytoken", "registrytoken"];

/// The text with `credentials` as the entry `key`; other members of an existing entry are preserved. Entries for which
/// `is_same` is true are other spellings of the key, and are removed. The error says why the text cannot be changed,
/// and quotes nothing of it.
pub(super) fn put(
    text: &str,
    key: &str,
    credentials: Map<String, Value>,
    is_same: impl Fn(&str) -> bool,
) -> Result<String, String> {
    let (text, _) = remove(text, |other| other != key && is_same(other))?;
    let document = Document::parse(&text)?;
    let Some(auths) = document.auths()? else {
        let entries = Map::from_iter([(key.to_owned(), Value::Object(credentials))]);
        let entries = Value::Object(entries);
        let text = match document.root.last(AUTHS) {
            Some(null) => document.replaced(null.start..null.end, &document.style.value(&entries, 1)),
            None => document.with_member(&document.root, AUTHS, &entries, 1),
        };
        return checked(text, key);
    };
    let text = match auths.last(key) {
        Some(entry) => {
            let mut members = match parse_json(&text[entry.start..entry.end])? {
                Value::Object(members) => members,
                _ => Map::new(),
            };
            members.retain(|name, _| !SECRETS.contains(&name.as_str()));
            let entry_value = Value::Object(credentials.into_iter().chain(members).collect());
            document.replaced(entry.start..entry.end, &document.style.value(&entry_value, 2))
        }
        None => document.with_member(&auths, key, &Value::Object(credentials), 2),
    };
    checked(text, key)
}

/// The text without the entries whose keys are `unwanted`, and their number.
///
/// The error is that of [`put`].
pub(super) fn remove(text: &str, unwanted: impl Fn(&str) -> bool) -> Result<(String, usize), String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = if text.trim().is_empty() { "{}" } else { text };
    let document = Document::parse(text)?;
    let Some(auths) = document.auths()? else { return Ok((text.to_owned(), 0)) };
    let kept: Vec<_> = auths.members.iter().map(|member| !unwanted(&member.key)).collect();
    let removed = kept.iter().filter(|kept| !**kept).count();
    Ok((document.with_members(&auths, &kept), removed))
}

/// Checks that a text can be parsed and has the entry, so that a broken file is never written.
fn checked(text: String, key: &str) -> Result<String, String> {
    match parse_json(&text)?[AUTHS].get(key) {
        Some(_) => Ok(text),
        None => Err("it cannot be changed".to_owned()),
    }
}

/// A JSON text, with the position of its members.
struct Document<'a> {
    text: &'a str,
    root: Object,
    style: Style,
}

/// The position of an object and of its members in a text.
struct Object {
    /// The position of its opening brace.
    start: usize,
    /// The position after its closing brace.
    end: usize,
    members: Vec<Member>,
}

/// A member of an object: its name, and the position of its value.
struct Member {
    key: String,
    start: usize,
    end: usize,
}

impl<'a> Document<'a> {
    fn parse(text: &'a str) -> Result<Self, String> {
        parse_json(text)?;
        let trimmed = text.trim();
        let root = Object::parse(text, trimmed).ok_or("it is not a JSON object")?;
        let style = Style::of(text, &root);
        Ok(Self { text, root, style })
    }

    /// The entries: the last `auths` counts if there are several, as in JSON parsers.
    fn auths(&self) -> Result<Option<Object>, String> {
        let Some(member) = self.root.last(AUTHS) else { return Ok(None) };
        match &self.text[member.start..member.end] {
            "null" => Ok(None),
            raw => Object::parse(self.text, raw).map(Some).ok_or_else(|| format!("{AUTHS} is not an object")),
        }
    }

    fn replaced(&self, span: std::ops::Range<usize>, by: &str) -> String {
        format!("{}{by}{}", &self.text[..span.start], &self.text[span.end..])
    }

    /// The text with another member at the end of an object; `depth` is the nesting level of its members.
    fn with_member(&self, object: &Object, key: &str, value: &Value, depth: usize) -> String {
        let member = self.style.member(key, value, depth);
        match object.members.last() {
            Some(last) => self.replaced(last.end..last.end, &format!(",{}{member}", self.style.line(depth))),
            None => {
                let member = format!("{{{}{member}{}}}", self.style.line(depth), self.style.line(depth - 1));
                self.replaced(object.start..object.end, &member)
            }
        }
    }

    /// The text without the members of an object that are not `kept`, and their commas.
    fn with_members(&self, object: &Object, kept: &[bool]) -> String {
        let Some(last) = object.members.last().filter(|_| kept.contains(&true)) else {
            return match kept {
                [] => self.text.to_owned(),
                _ => self.replaced(object.start..object.end, "{}"),
            };
        };
        let mut members = String::with_capacity(last.end - object.start);
        let mut before = object.start + 1;
        for (member, kept) in object.members.iter().zip(kept) {
            let with_comma = &self.text[before..member.end];
            if *kept {
                // The first has a comma before it only if those before it are gone.
                let comma = with_comma.find(',').filter(|_| members.is_empty() && before > object.start + 1);
                members.push_str(&with_comma[comma.map_or(0, |comma| comma + 1)..]);
            }
            before = member.end;
        }
        self.replaced(object.start + 1..last.end, &members)
    }
}

impl Object {
    /// Parses `raw`, which is a part of `text`; `None` when it is not an object.
    fn parse(text: &str, raw: &str) -> Option<Self> {
        // Borrowed JSON is at its position in the text.
        let place = |part: &str| part.as_ptr() as usize - text.as_ptr() as usize;
        let members = serde_json::Deserializer::from_str(raw).deserialize_map(Members).ok()?;
        let member = |(key, value): (String, &RawValue)| {
            let start = place(value.get());
            Member { key, start, end: start + value.get().len() }
        };
        let start = place(raw);
        Some(Self { start, end: start + raw.len(), members: members.into_iter().map(member).collect() })
    }

    fn last(&self, key: &str) -> Option<&Member> {
        self.members.iter().rfind(|member| member.key == key)
    }
}

/// Deserializes an object as a list of its members.
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(key) = map.next_key()? {
            members.push((key, map.next_value()?));
        }
        Ok(members)
    }
}

/// The formatting of a text.
enum Style {
    /// Everything on one line.
    Compact,
    /// One member per line.
    Lines { line_end: &'static str, indent: String },
}

impl Style {
    /// The style of a text, by its first member; docker's where it has none.
    fn of(text: &str, root: &Object) -> Self {
        let line_end = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let lines = |indent: &str| Self::Lines { line_end, indent: indent.to_owned() };
        if root.members.is_empty() {
            return lines("\t");
        }
        let inner = &text[root.start + 1..];
        let blank = &inner[..inner.len() - inner.trim_start().len()];
        match blank.rsplit_once('\n') {
            Some((_, "")) => lines("\t"),
            Some((_, indent)) => lines(indent),
            None => Self::Compact,
        }
    }

    /// The line break and indentation of a nesting level.
    fn line(&self, depth: usize) -> String {
        match self {
            Self::Compact => String::new(),
            Self::Lines { line_end, indent } => format!("{line_end}{}", indent.repeat(depth)),
        }
    }

    fn member(&self, key: &str, value: &Value, depth: usize) -> String {
        let blank = if matches!(self, Self::Compact) { "" } else { " " };
        format!("{}:{blank}{}", Value::from(key), self.value(value, depth))
    }

    /// A value at a nesting level.
    fn value(&self, value: &Value, depth: usize) -> String {
        match value {
            Value::Object(members) if members.is_empty() => "{}".to_owned(),
            Value::Object(members) => {
                let member = |(key, value): (&String, &Value)| {
                    format!("{}{}", self.line(depth + 1), self.member(key, value, depth + 1))
                };
                format!("{{{}{}}}", members.iter().map(member).collect::<Vec<_>>().join(","), self.line(depth))
            }
            other => other.to_string(),
        }
    }
}

#[cfg(test)]
mod tests;
