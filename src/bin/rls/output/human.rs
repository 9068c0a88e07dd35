//! Sizes, times and digests as people read them.

use std::borrow::Cow;

use humansize::{DECIMAL, FormatSizeOptions};
use jiff::Timestamp;
use unicode_width::UnicodeWidthStr;

use super::escape::escape;
use super::record::Time;
use super::styles::Styles;

const SECOND: i64 = 1;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const WEEK: i64 = 7 * DAY;
const MONTH: i64 = 30 * DAY;
const YEAR: i64 = 365 * DAY;

/// Number of hexadecimal digits in a shortened digest.
const SHORT: usize = 12;

/// Formats values for people: relative to the current time, with or without colours.
#[derive(Debug, Clone, Copy)]
pub struct Human {
    /// Now.
    pub now: Timestamp,
    /// For standard output.
    pub styles: Styles,
    /// Whether digests are shown whole.
    pub whole: bool,
}

impl Human {
    /// `61.2 MB`: powers of ten, as registries and docker count.
    pub fn size(&self, bytes: u64) -> String {
        let decimals = usize::from(bytes >= 1000);
        let options = FormatSizeOptions::from(DECIMAL).decimal_places(decimals).decimal_zeroes(decimals);
        humansize::format_size(bytes, options)
    }

    /// `3 days ago`: the largest unit, from weeks on only if there are at least two; a time in the future as its date.
    pub fn ago(&self, time: Time) -> String {
        let seconds = self.now.as_second() - time.timestamp().as_second();
        let (unit, name) = match seconds {
            seconds if seconds < -MINUTE => return time.timestamp().strftime("%Y-%m-%d").to_string(),
            i64::MIN..=0 => return "just now".to_owned(),
            1..MINUTE => (SECOND, "second"),
            MINUTE..HOUR => (MINUTE, "minute"),
            HOUR..DAY => (HOUR, "hour"),
            seconds if seconds < 2 * WEEK => (DAY, "day"),
            seconds if seconds < 2 * MONTH => (WEEK, "week"),
            seconds if seconds < 2 * YEAR => (MONTH, "month"),
            _ => (YEAR, "year"),
        };
        let count = seconds / unit;
        format!("{count} {name}{} ago", if count == 1 { "" } else { "s" })
    }

    /// `2026-11-18 09:12 UTC`
    pub fn minute(&self, time: Time) -> String {
        time.timestamp().strftime("%Y-%m-%d %H:%M UTC").to_string()
    }

    /// `sha256:9b1f27c4a0d1`; other text is unchanged.
    pub fn short(&self, digest: &str) -> String {
        match digest.split_once(':').filter(|_| !self.whole) {
            Some((algorithm, hex)) if hex.len() > SHORT && hex.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                format!("{algorithm}:{}", &hex[..SHORT])
            }
            _ => digest.to_owned(),
        }
    }

    /// Escapes text from a server.
    pub fn escape<'a>(&self, text: &'a str) -> Cow<'a, str> {
        escape(text)
    }

    /// `text`, padded with spaces to `width` columns of the terminal.
    pub fn pad(&self, text: &str, width: usize) -> String {
        format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
    }
}

/// Maximum number of names in a message.
const MAX_NAMES: usize = 10;

/// The first ten names, and how many more there are.
pub fn some_of(names: &[String]) -> String {
    match names.get(..MAX_NAMES).filter(|_| names.len() > MAX_NAMES) {
        Some(first) => format!("{} and {} more", first.join(", "), names.len() - MAX_NAMES),
        None => names.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn human() -> Human {
        Human { now: "2026-11-21T12:00:00Z".parse().expect("a time"), styles: Styles::new(false), whole: false }
    }

    #[test]
    fn sizes_have_one_decimal_and_bytes_none() {
        let cases = [
            (0, "0 B"),
            (1, "1 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (61_200_000, "61.2 MB"),
            (31_000_000, "31.0 MB"),
            (1_500_000_000, "1.5 GB"),
            (u64::MAX, "18.4 EB"),
        ];
        for (bytes, shown) in cases {
            assert_eq!(human().size(bytes), shown);
        }
    }

    #[test]
    fn ages_use_the_unit_that_fits() {
        let cases = [
            ("2026-11-21T12:00:00Z", "just now"),
            ("2026-11-21T12:00:30Z", "just now"),
            ("2026-11-21T11:59:59Z", "1 second ago"),
            ("2026-11-21T11:59:01Z", "59 seconds ago"),
            ("2026-11-21T11:59:00Z", "1 minute ago"),
            ("2026-11-21T11:00:00Z", "1 hour ago"),
            ("2026-11-20T12:00:01Z", "23 hours ago"),
            ("2026-11-20T12:00:00Z", "1 day ago"),
            ("2026-11-18T09:12:00Z", "3 days ago"),
            ("2026-11-07T12:00:01Z", "13 days ago"),
            ("2026-11-07T12:00:00Z", "2 weeks ago"),
            ("2026-09-25T12:00:00Z", "8 weeks ago"),
            ("2026-09-22T12:00:00Z", "2 months ago"),
            ("2025-11-21T12:00:00Z", "12 months ago"),
            ("2024-11-21T12:00:00Z", "2 years ago"),
            ("1980-01-01T00:00:00Z", "46 years ago"),
            ("2031-01-02T03:04:05Z", "2031-01-02"),
        ];
        for (time, shown) in cases {
            assert_eq!(human().ago(Time::parse(time).expect("a time")), shown, "{time}");
        }
    }

    #[test]
    fn digests_are_shortened_and_other_text_is_not() {
        let digest = format!("sha256:9b1f27c4{}", "0".repeat(56));
        assert_eq!(human().short(&digest), "sha256:9b1f27c40000");
        for text in ["sha256:9b1f27c40000", "latest", "a:ééééééééé", "http://registry.corp:5000/app", ""] {
            assert_eq!(human().short(text), text);
        }
    }

    #[test]
    fn padding_counts_columns() {
        assert_eq!(human().pad("日本", 6), "日本  ");
        assert_eq!(human().pad("long", 2), "long");
    }

    #[test]
    fn minutes_are_utc() {
        assert_eq!(human().minute(Time::parse("2026-11-18T10:12:59+01:00").expect("a time")), "2026-11-18 09:12 UTC");
    }
}
