//! Finds the names of images in YAML, JSON and plain lists.

use std::collections::HashSet;
use std::fmt;

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::NonFiniteFloatPolicy;

use super::named::{self, Name, Parts, Written};

/// The most bytes that are read.
pub const MAX_BYTES: usize = 256 << 20;

/// The most levels of a document.
const MAX_DEPTH: usize = 64;

/// The names of images in documents, each once.
#[derive(Debug, Default)]
pub(super) struct Found {
    texts: HashSet<String>,
    parts: HashSet<Parts>,
    /// Whether a document is a single string: YAML reads any text as one.
    is_text: bool,
}

impl Found {
    /// Reads a file. The error says what is wrong with it.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|error| format!("not UTF-8 at byte {}", error.valid_up_to()))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.trim_start().starts_with(['{', '[']) {
            // YAML in flow style begins like this too.
            return json(text).or_else(|error| yaml(text).map_err(|_| error));
        }
        lines(text).or_else(|not_a_list| match yaml(text)? {
            found if found.is_text => Err(not_a_list),
            found => Ok(found),
        })
    }

    /// The names, in no order.
    pub(super) fn names(&self) -> impl Iterator<Item = Name<'_>> {
        let texts = self.texts.iter().map(|text| Name::Text(text));
        texts.chain(self.parts.iter().map(Name::Parts))
    }

    fn add_text(&mut self, text: &str) {
        if !text.trim().is_empty() && !self.texts.contains(text) {
            self.texts.insert(text.to_owned());
        }
    }

    fn add(&mut self, other: Self) {
        self.texts.extend(other.texts);
        self.parts.extend(other.parts);
        self.is_text |= other.is_text;
    }
}

/// One reference per line, or several separated by blanks where each has a slash, colon or at sign.
fn lines(text: &str) -> Result<Found, String> {
    let mut found = Found::default();
    for (line, number) in text.lines().zip(1..) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let is_alone = !line.contains(char::is_whitespace);
        for word in line.split_whitespace() {
            let is_name = if is_alone { word != "null" } else { word.contains(['/', ':', '@']) };
            if !is_name || named::read(word).is_none() {
                return Err(format!("line {number} is not an image reference"));
            }
            found.texts.insert(word.to_owned());
        }
    }
    Ok(found)
}

/// A sequence of JSON documents.
fn json(text: &str) -> Result<Found, String> {
    let mut found = Found::default();
    for document in serde_json::Deserializer::from_str(text).into_iter::<Found>() {
        let at =
            |error: serde_json::Error| format!("not valid JSON at line {}, column {}", error.line(), error.column());
        found.add(document.map_err(at)?);
    }
    Ok(found)
}

/// A sequence of YAML documents. The list of pods of a large cluster has millions of nodes; the parser bounds aliases.
fn yaml(text: &str) -> Result<Found, String> {
    let budget = serde_saphyr::budget! {
        max_depth: MAX_DEPTH,
        max_documents: 100_000,
        max_events: 50_000_000,
        max_nodes: 25_000_000,
        max_total_scalar_bytes: MAX_BYTES,
    };
    let options = serde_saphyr::options! {
        budget: budget,
        // `5e12345` may be a commit: as an infinite number it matches that tag, as a string it would be `.inf`.
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        strict_booleans: true,
        ignore_binary_tag_for_string: true,
        with_snippet: false,
    };
    let documents: Vec<Found> =
        serde_saphyr::from_multiple_with_options(text, options).map_err(|error| match error.location() {
            Some(place) => format!("not valid YAML at line {}, column {}", place.line(), place.column()),
            None => "not valid YAML".to_owned(),
        })?;
    let mut found = Found::default();
    documents.into_iter().for_each(|document| found.add(document));
    Ok(found)
}

impl<'de> Deserialize<'de> for Found {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut found = Self::default();
        let walk = Walk { found: &mut found, place: Place::Top, is_part: true, depth: 0 };
        let value = walk.deserialize(deserializer)?;
        found.is_text = value.is_some();
        Ok(found)
    }
}

/// The position of a value in the document.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The document itself.
    Top,
    /// An item of a top-level list.
    Item,
    /// Under a key that names images.
    Images,
    Elsewhere,
}

/// Walks through a document and collects names, keeping nothing else. Returns a string or number where it is a part of
/// a name.
struct Walk<'a> {
    found: &'a mut Found,
    place: Place,
    is_part: bool,
    depth: usize,
}

impl Walk<'_> {
    /// One level deeper.
    fn below<E: de::Error>(&mut self, place: Place, is_part: bool) -> Result<Walk<'_>, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom("too deep"));
        }
        Ok(Walk { found: &mut *self.found, place, is_part, depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = Option<Written>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = Option<Written>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        if self.is_part {
            return Ok(Some(Written::Text(text.to_owned())));
        }
        if matches!(self.place, Place::Images | Place::Item) {
            self.found.add_text(text);
        }
        Ok(None)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(self.is_part.then(|| Written::Text(value.to_string())))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(self.is_part.then(|| Written::Number(number.to_string())))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(self.is_part.then(|| Written::Number(number.to_string())))
    }

    fn visit_i128<E: de::Error>(self, number: i128) -> Result<Self::Value, E> {
        Ok(self.is_part.then(|| Written::Number(number.to_string())))
    }

    fn visit_u128<E: de::Error>(self, number: u128) -> Result<Self::Value, E> {
        Ok(self.is_part.then(|| Written::Number(number.to_string())))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Self::Value, E> {
        Ok(self.is_part.then(|| Written::Number(number.to_string())))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_none<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<Self::Value, A::Error> {
        let place = match self.place {
            Place::Top => Place::Item,
            Place::Images => Place::Images,
            Place::Item | Place::Elsewhere => Place::Elsewhere,
        };
        while items.next_element_seed(self.below(place, false)?)?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut parts = Parts::default();
        let (mut name, mut new_name) = (None, None);
        while let Some(key) = entries.next_key_seed(KeySeed)? {
            let place =
                if self.place == Place::Images || key == Key::Images { Place::Images } else { Place::Elsewhere };
            let is_part = !matches!(key, Key::Images | Key::Other);
            let value = entries.next_value_seed(self.below(place, is_part)?)?;
            let value = value.filter(|value| !matches!(value, Written::Text(text) if text.trim().is_empty()));
            match key {
                Key::Registry => parts.registry = value.map(text),
                Key::Repository => parts.repository = value.map(text),
                Key::Tag => parts.tag = value,
                Key::Digest => parts.digest = value.map(text),
                Key::Name => name = value.map(text),
                Key::NewName => new_name = value.map(text),
                Key::Images | Key::Other => {}
            }
        }
        let is_image = self.place == Place::Images;
        // kustomize: name, newName and newTag.
        let repository = parts.repository.take();
        parts.repository = repository.or_else(|| new_name.or_else(|| name.clone()).filter(|_| is_image));
        if parts.repository.is_some() && (parts.tag.is_some() || parts.digest.is_some()) {
            self.found.parts.insert(parts);
        } else if is_image {
            let tag = parts.tag.map(text);
            let texts = [parts.registry, parts.repository, tag, parts.digest, name];
            texts.iter().flatten().for_each(|text| self.found.add_text(text));
        }
        Ok(None)
    }
}

fn text(written: Written) -> String {
    let (Written::Text(text) | Written::Number(text)) = written;
    text
}

/// The meaning of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Images,
    Registry,
    Repository,
    Tag,
    Digest,
    Name,
    NewName,
    Other,
}

impl Key {
    fn of(text: &str) -> Self {
        const KEYS: [(&str, Key); 10] = [
            ("image", Key::Images),
            ("imageID", Key::Images),
            ("images", Key::Images),
            ("registry", Key::Registry),
            ("repository", Key::Repository),
            ("tag", Key::Tag),
            ("newTag", Key::Tag),
            ("digest", Key::Digest),
            ("name", Key::Name),
            ("newName", Key::NewName),
        ];
        KEYS.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map_or(Self::Other, |(_, key)| *key)
    }
}

/// A key of any type.
struct KeySeed;

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for KeySeed {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Key, E> {
        Ok(Key::of(text))
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Key, E> {
        Ok(Key::Other)
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Key, E> {
        Ok(Key::Other)
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<Key, E> {
        Ok(Key::Other)
    }

    fn visit_i128<E: de::Error>(self, _: i128) -> Result<Key, E> {
        Ok(Key::Other)
    }

    fn visit_u128<E: de::Error>(self, _: u128) -> Result<Key, E> {
        Ok(Key::Other)
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Key, E> {
        Ok(Key::Other)
    }

    fn visit_unit<E: de::Error>(self) -> Result<Key, E> {
        Ok(Key::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Key, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Key::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Key, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Key::Other)
    }
}
