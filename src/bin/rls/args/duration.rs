//! Durations such as `500ms`, `10s`, `2m`, `1h30m`.

use std::time::Duration;

/// Parses a duration longer than zero, in jiff's friendly format without days and larger units.
///
/// # Errors
/// What is expected, for clap and for the configuration file.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    const EXPECTED: &str = "expected a number with its unit, such as 500ms, 10s, 2m or 1h";
    let duration: jiff::SignedDuration = text.parse().map_err(|_| EXPECTED.to_owned())?;
    let duration = Duration::try_from(duration).map_err(|_| EXPECTED.to_owned())?;
    if duration.is_zero() { Err("expected a value greater than zero".to_owned()) } else { Ok(duration) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_numbers_with_units() {
        let cases =
            [("500ms", 500), ("10s", 10_000), ("2m", 120_000), ("1h", 3_600_000), ("1h30m", 5_400_000), ("1.5s", 1500)];
        for (text, millis) in cases {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn durations_without_unit_or_length_are_refused() {
        for text in ["", "10", "ten", "-5s", "1y", "2d", "s", "99999999999999999999h"] {
            let error = parse_duration(text).expect_err("it is refused");
            assert_eq!(error, "expected a number with its unit, such as 500ms, 10s, 2m or 1h", "{text}");
        }
        assert_eq!(parse_duration("0s"), Err("expected a value greater than zero".to_owned()));
    }
}
