//! Reads the members of a JSON object one by one, so that one that cannot be read does not affect the others.
//!
//! As in Go, which most clients are written in, `null`, an absent member and the zero value of its type are equal.
//! Unlike Go, which reads `Layers` as `layers`, a name that differs only in case is an error: ignoring it would miss
//! what other clients find there.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeOwned, DeserializeSeed, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// The raw value of a member; `None` where it is absent or `null`.
pub(super) type Member<'a> = Option<&'a RawValue>;

/// The most errors that are kept.
const MAX_CAUSES: usize = 3;

/// The members with these names of a JSON object.
///
/// # Errors
///
/// When it is no object, or has one of them twice or in another case.
pub(super) fn members<'a, const N: usize>(
    text: &'a [u8],
    names: [&'static str; N],
) -> Result<[Member<'a>; N], serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let members = Names(names).deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(members)
}

struct Names<const N: usize>([&'static str; N]);

impl<'de, const N: usize> DeserializeSeed<'de> for Names<N> {
    type Value = [Member<'de>; N];

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, const N: usize> Visitor<'de> for Names<N> {
    type Value = [Member<'de>; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = [None; N];
        let mut seen = [false; N];
        while let Some(place) = map.next_key_seed(Name(&self.0))? {
            let Some(place) = place else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            if std::mem::replace(&mut seen[place], true) {
                return Err(A::Error::custom(format_args!("duplicate member {}", self.0[place])));
            }
            found[place] = map.next_value()?;
        }
        Ok(found)
    }
}

/// Whether Go reads a member of this name as the known one: whatever the case, and with the two characters beyond ASCII
/// whose other case is an ASCII letter, `ſ` and the Kelvin sign.
pub(super) fn is_alike(known: &str, name: &str) -> bool {
    let folded = |c: char| match c {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        c => c.to_ascii_lowercase(),
    };
    known.chars().map(folded).eq(name.chars().map(folded))
}

/// The position of a member's name among the names.
struct Name<'a>(&'a [&'static str]);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Self::Value, E> {
        match self.0.iter().position(|known| is_alike(known, name)) {
            Some(place) if self.0[place] != name => {
                Err(E::custom(format_args!("the member {name} should be written {}", self.0[place])))
            }
            place => Ok(place),
        }
    }
}

/// Reads members, and collects the errors.
#[derive(Debug)]
pub(super) struct Reader {
    /// Which annotations are kept: there may be hundreds of thousands.
    keeps: fn(&str) -> bool,
    causes: Vec<String>,
    more: usize,
}

impl Default for Reader {
    fn default() -> Self {
        Self::keeping(|_| true)
    }
}

impl Reader {
    /// A reader that keeps only the annotations that `keeps` accepts.
    pub(super) fn keeping(keeps: fn(&str) -> bool) -> Self {
        Self { keeps, causes: Vec::new(), more: 0 }
    }

    /// The first errors, and the number of the others.
    pub(super) fn causes(mut self) -> Vec<String> {
        if self.more > 0 {
            self.causes.push(format!("and {} more", self.more));
        }
        self.causes
    }

    /// Records that `place` could not be read.
    pub(super) fn fail(&mut self, place: fmt::Arguments<'_>, error: impl fmt::Display) {
        if self.causes.len() == MAX_CAUSES {
            self.more += 1;
            return;
        }
        // The position within one member would mislead.
        let error = error.to_string();
        let cause = error.rsplit_once(" at line ").map_or(error.as_str(), |(cause, _)| cause);
        self.causes.push(format!("{place}: {cause}"));
    }

    /// A value; the default of its type where it is absent or cannot be read.
    pub(super) fn value<T: DeserializeOwned + Default>(&mut self, member: Member<'_>, place: fmt::Arguments<'_>) -> T {
        let Some(member) = member else { return T::default() };
        serde_json::from_str(member.get()).unwrap_or_else(|error| {
            self.fail(place, error);
            T::default()
        })
    }

    /// A string; `None` where it is empty.
    pub(super) fn text(&mut self, member: Member<'_>, place: fmt::Arguments<'_>) -> Option<String> {
        Some(self.value::<String>(member, place)).filter(|text| !text.is_empty())
    }

    /// The raw elements of a list.
    pub(super) fn list<'a>(&mut self, member: Member<'a>, place: fmt::Arguments<'_>) -> Vec<Member<'a>> {
        let Some(member) = member else { return Vec::new() };
        serde_json::from_str(member.get()).unwrap_or_else(|error| {
            self.fail(place, error);
            Vec::new()
        })
    }

    /// A map of strings; `null` counts as an empty string.
    pub(super) fn texts(&mut self, member: Member<'_>, place: fmt::Arguments<'_>) -> BTreeMap<String, String> {
        let Some(member) = member else { return BTreeMap::new() };
        let mut deserializer = serde_json::Deserializer::from_str(member.get());
        if let Ok(texts) = Texts(self.keeps).deserialize(&mut deserializer) {
            return texts;
        }
        let texts = self.value::<BTreeMap<String, Box<RawValue>>>(Some(member), place);
        let text = |(key, text): (String, Box<RawValue>)| match Option::<String>::deserialize(&*text) {
            Ok(text) => Some((key, text.unwrap_or_default())).filter(|(key, _)| (self.keeps)(key)),
            Err(error) => {
                self.fail(format_args!("{place}.{key}"), error);
                None
            }
        };
        texts.into_iter().filter_map(text).collect()
    }
}

/// A map of strings that are all readable, reduced to the kept ones.
struct Texts(fn(&str) -> bool);

impl<'de> DeserializeSeed<'de> for Texts {
    type Value = BTreeMap<String, String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Texts {
    type Value = BTreeMap<String, String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut texts = BTreeMap::new();
        while let Some((key, text)) = map.next_entry::<String, Option<String>>()? {
            if (self.0)(&key) {
                texts.insert(key, text.unwrap_or_default());
            }
        }
        Ok(texts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> &RawValue {
        serde_json::from_str(text).expect(text)
    }

    #[test]
    fn members_are_found_by_their_names() {
        let [a, b, c] = members(br#"{"x":1,"b":null,"a":[1,2]} "#, ["a", "b", "c"]).expect("an object");
        assert_eq!((a.map(RawValue::get), b.is_none(), c.is_none()), (Some("[1,2]"), true, true));
        for (text, expected) in [
            (r#"{"a":1,"a":1}"#, "duplicate member a at line 1 column 10"),
            (r#"{"a":null,"a":1}"#, "duplicate member a at line 1 column 13"),
            (r#"{"A":1}"#, "the member A should be written a at line 1 column 4"),
            ("[]", "invalid type: sequence, expected an object at line 1 column 0"),
            ("7", "invalid type: integer `7`, expected an object at line 1 column 1"),
            (r#"{"a":1}x"#, "trailing characters at line 1 column 8"),
            (r#"{"a":1"#, "EOF while parsing an object at line 1 column 6"),
        ] {
            let error = members(text.as_bytes(), ["a"]).expect_err(text).to_string();
            assert_eq!(error, expected);
        }
    }

    #[test]
    fn names_are_alike_where_go_takes_one_for_the_other() {
        for name in ["manifests", "MANIFESTS", "Manifests", "manife\u{17f}t\u{17f}"] {
            assert!(is_alike("manifests", name), "{name}");
            let text = serde_json::json!({name: []}).to_string();
            let read = members(text.as_bytes(), ["manifests"]).map(drop).map_err(|error| error.to_string());
            let refused = format!("the member {name} should be written manifests");
            match read {
                Ok(()) => assert_eq!(name, "manifests"),
                Err(error) => assert!(error.starts_with(&refused), "{error}"),
            }
        }
        assert!(is_alike("token", "to\u{212a}en"));
        for name in ["manifest", "manifests ", "manifestz", "ｍanifests", "manıfests"] {
            assert!(!is_alike("manifests", name), "{name}");
        }
    }

    #[test]
    fn an_unreadable_member_does_not_affect_the_others() {
        let mut reader = Reader::default();
        let texts = reader.texts(Some(raw(r#"{"a":"b","c":7,"d":null}"#)), format_args!("annotations"));
        assert_eq!(texts, BTreeMap::from([("a".to_owned(), "b".to_owned()), ("d".to_owned(), String::new())]));
        assert_eq!(reader.value::<u64>(Some(raw("-1")), format_args!("size")), 0);
        assert_eq!(reader.list(Some(raw(r#""nonsense""#)), format_args!("layers")).len(), 0);
        assert_eq!(reader.list(Some(raw("[null,1]")), format_args!("layers")).len(), 2);
        assert_eq!(reader.text(Some(raw("[]")), format_args!("mediaType")), None);
        assert_eq!(reader.text(Some(raw("{}")), format_args!("artifactType")), None);
        assert_eq!(
            reader.causes(),
            [
                "annotations.c: invalid type: integer `7`, expected a string",
                "size: invalid value: integer `-1`, expected u64",
                "layers: invalid type: string \"nonsense\", expected a sequence",
                "and 2 more",
            ]
        );
    }
}
