//! The names of runs.

use std::fmt;

use jiff::Timestamp;

/// The name of a run: when it began, in UTC, and six random hexadecimal digits, such as `20261130T015018-4f2a9c`. With
/// its upper-case letter it cannot be mistaken for a repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(String);

/// The format: `d` is a decimal digit, `x` a hexadecimal one; other characters are literal.
const FORM: &str = "ddddddddTdddddd-xxxxxx";

impl RunId {
    pub(super) fn new(began: Timestamp) -> Self {
        Self(format!("{}-{:06x}", began.strftime("%Y%m%dT%H%M%S"), fastrand::u32(..1 << 24)))
    }

    /// Parses what [`RunId::as_str`] returns; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = |(form, byte): (u8, u8)| match form {
            b'd' => byte.is_ascii_digit(),
            b'x' => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            other => byte == other,
        };
        (text.len() == FORM.len() && FORM.bytes().zip(text.bytes()).all(fits)).then(|| Self(text.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// When the run began, to the second.
    pub(super) fn began(&self) -> Option<Timestamp> {
        let (time, _) = self.0.split_once('-')?;
        jiff::civil::DateTime::strptime("%Y%m%dT%H%M%S", time)
            .ok()?
            .to_zoned_datetime(jiff::tz::TimeZone::UTC)
            .ok()
            .map(|at| at.timestamp())
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_it_is_written() {
        let began: Timestamp = "2026-11-30T01:50:18.75Z".parse().expect("a time");
        let id = RunId::new(began);
        assert!(id.as_str().starts_with("20261130T015018-"), "{id}");
        assert_eq!(RunId::parse(id.as_str()), Some(id.clone()));
        assert_eq!(id.began(), "2026-11-30T01:50:18Z".parse().ok());
    }

    #[test]
    fn nothing_else_is_a_run() {
        for text in [
            "",
            "20261130T015018",
            "20261130T015018-4f2a9",
            "20261130T015018-4F2A9C",
            "20261130t015018-4f2a9c",
            "../../../T/etc/pass-wd",
            "20261130T015018-4f2a9c.jsonl",
            "20261130T01501\u{e9}-4f2a9c",
        ] {
            assert_eq!(RunId::parse(text), None, "{text}");
        }
        let no_date = RunId::parse("20269930T015018-4f2a9c").expect("an identity");
        assert_eq!(no_date.began(), None);
    }
}
