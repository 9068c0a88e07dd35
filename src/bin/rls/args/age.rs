//! Ages such as `30d`, `12h`, `2w`, `6mo`, `1y`, and dates.

use jiff::civil::Date;
use jiff::fmt::friendly::SpanParser;
use jiff::tz::TimeZone;
use jiff::{SpanFieldwise, Timestamp};
use registry_ls::retention::Cutoff;

use super::filter::not_blank;

/// An age or a date, relative to a clock that is read later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    /// A time span before now.
    Ago(SpanFieldwise),
    /// The start of this day, in UTC.
    Day(Date),
    /// This moment.
    Moment(Timestamp),
}

/// Reads an age.
///
/// # Errors
/// What is expected, for clap and for the configuration file.
pub fn parse_age(text: &str) -> Result<Age, String> {
    const EXPECTED: &str =
        "expected an age, such as 12h, 30d, 2w, 6mo or 1y, or a date, such as 2026-01-31 or 2026-01-31T12:00:00Z";
    not_blank(text, "age")?;
    if let Ok(moment) = text.parse() {
        return in_the_past(Age::Moment(moment));
    }
    // jiff would also parse a date with a time and no offset, and drop the time.
    if let Some(day) = text.parse().ok().filter(|_| text.len() == "2026-01-31".len()) {
        return in_the_past(Age::Day(day));
    }
    let span = SpanParser::new().parse_span(text).map_err(|_| EXPECTED.to_owned())?.fieldwise();
    if span.0.is_negative() {
        return Err(EXPECTED.to_owned());
    }
    // Pruning by minutes is never intended; 1m means a month to the user.
    if span != span.0.minutes(0).seconds(0).milliseconds(0).microseconds(0).nanoseconds(0).fieldwise() {
        return Err("expected hours at least; a month is 1mo, 1m would be a minute".to_owned());
    }
    if span.0.is_zero() { Err("expected a value greater than zero".to_owned()) } else { Ok(Age::Ago(span)) }
}

/// Rejects dates in the future, which everything is older than.
fn in_the_past(age: Age) -> Result<Age, String> {
    let now = Timestamp::now();
    if age.before(now).moment > now { Err("expected a date in the past".to_owned()) } else { Ok(age) }
}

impl Age {
    /// The moment, counted back from `now`.
    pub fn before(&self, now: Timestamp) -> Cutoff {
        let moment = match self {
            // Out of range: nothing is older.
            Self::Ago(span) => {
                now.to_zoned_datetime(TimeZone::UTC).checked_sub(span.0).map_or(Timestamp::MIN, |then| then.timestamp())
            }
            Self::Day(day) => day.to_zoned_datetime(TimeZone::UTC).map_or(Timestamp::MIN, |start| start.timestamp()),
            Self::Moment(moment) => *moment,
        };
        Cutoff { moment, text: self.to_string() }
    }
}

/// `30 days`
impl std::fmt::Display for Age {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let span = match self {
            Self::Ago(SpanFieldwise(span)) => span,
            Self::Day(day) => return day.fmt(f),
            Self::Moment(moment) => return moment.fmt(f),
        };
        let parts: [(i64, &str); 5] = [
            (span.get_years().into(), "year"),
            (span.get_months().into(), "month"),
            (span.get_weeks().into(), "week"),
            (span.get_days().into(), "day"),
            (span.get_hours().into(), "hour"),
        ];
        let shown = parts.iter().filter(|(count, _)| *count != 0);
        let shown = shown.map(|(count, unit)| format!("{count} {unit}{}", if *count == 1 { "" } else { "s" }));
        f.write_str(&shown.collect::<Vec<_>>().join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cutoff(text: &str) -> (String, String) {
        let cutoff = parse_age(text).expect("an age").before("2026-03-31T12:00:00Z".parse().expect("a time"));
        (cutoff.moment.to_string(), cutoff.text)
    }

    #[test]
    fn an_age_counts_back_from_now() {
        for (text, moment, shown) in [
            ("12h", "2026-03-31T00:00:00Z", "12 hours"),
            ("30d", "2026-03-01T12:00:00Z", "30 days"),
            ("1d", "2026-03-30T12:00:00Z", "1 day"),
            ("2w", "2026-03-17T12:00:00Z", "2 weeks"),
            ("1mo", "2026-02-28T12:00:00Z", "1 month"),
            ("6mo", "2025-09-30T12:00:00Z", "6 months"),
            ("1y", "2025-03-31T12:00:00Z", "1 year"),
            ("1y6mo", "2024-09-30T12:00:00Z", "1 year 6 months"),
            ("90 days", "2025-12-31T12:00:00Z", "90 days"),
            ("19998y", "-009999-01-02T01:59:59Z", "19998 years"),
        ] {
            assert_eq!(cutoff(text), (moment.to_owned(), shown.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_date_is_what_it_says() {
        for (text, moment, shown) in [
            ("2026-01-31", "2026-01-31T00:00:00Z", "2026-01-31"),
            ("2026-01-31T12:00:00+02:00", "2026-01-31T10:00:00Z", "2026-01-31T10:00:00Z"),
        ] {
            assert_eq!(cutoff(text), (moment.to_owned(), shown.to_owned()), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["30", "d", "-5d", "5d ago", "30x", "2026-13-01", "2026-01-31T12:00:00", "P30D", "yesterday"] {
            assert!(parse_age(text).expect_err("it is refused").starts_with("expected an age, such as 12h"), "{text}");
        }
        for text in ["6m", "90s", "1h30m", "1d 5ms"] {
            let error = "expected hours at least; a month is 1mo, 1m would be a minute";
            assert_eq!(parse_age(text), Err(error.to_owned()), "{text}");
        }
        assert_eq!(parse_age(" "), Err("the age is empty; is a shell variable unset?".to_owned()));
        assert_eq!(parse_age("0d"), Err("expected a value greater than zero".to_owned()));
        for text in ["2999-01-31", "9999-12-30T00:00:00Z"] {
            assert_eq!(parse_age(text), Err("expected a date in the past".to_owned()), "{text}");
        }
    }
}
