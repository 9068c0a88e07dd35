//! Times in records, in UTC and as precise as they are known.

use jiff::Timestamp;
use serde::{Serialize, Serializer};

/// A moment, RFC 3339 in UTC in every machine format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(Timestamp);

impl Time {
    /// The moment, unless it is one of those that builders write for "not known": Go's zero time, or the year 1970.
    pub fn new(moment: Timestamp) -> Option<Self> {
        const END_OF_1970: i64 = 365 * 24 * 60 * 60;
        (moment.as_second() >= END_OF_1970).then_some(Self(moment))
    }

    /// Reads RFC 3339 with any offset, as image configs have it.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok().and_then(Self::new)
    }

    /// The moment.
    pub fn timestamp(self) -> Timestamp {
        self.0
    }
}

impl std::fmt::Display for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Time {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Time".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "date-time" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_utc_whatever_the_offset() {
        assert_eq!(Time::parse("2026-11-18T10:12:13.5+01:00").expect("a time").to_string(), "2026-11-18T09:12:13.5Z");
        let time = Time::parse("2026-11-18T09:12:13.123456789Z").expect("a time");
        assert_eq!(serde_json::to_string(&time).expect("JSON"), "\"2026-11-18T09:12:13.123456789Z\"");
    }

    #[test]
    fn placeholders_and_nonsense_are_unknown() {
        for text in
            ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "1970-01-01T00:00:01Z", "1970-12-31T23:59:59Z", "", "now"]
        {
            assert_eq!(Time::parse(text), None, "{text}");
        }
        assert_eq!(Time::parse("1971-01-01T00:00:00Z").expect("a time").to_string(), "1971-01-01T00:00:00Z");
        assert!(Time::parse("1980-01-01T00:00:01Z").is_some());
    }
}
