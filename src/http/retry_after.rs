//! The `Retry-After` header (RFC 9110 §10.2.3).

use std::time::{Duration, SystemTime};

/// The longest wait that `Retry-After` may ask for; beyond it the request fails at once and says when to come back.
pub(super) const MAX_WAIT: Duration = Duration::from_secs(60);

/// What a `Retry-After` header asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// Absent or unreadable.
    Absent,
    /// Wait this long.
    Wait(Duration),
    /// Longer than a minute: fail now, and say how long it would have been.
    TooLong(Duration),
}

/// Parses a `Retry-After` value: seconds, or a date in one of the three HTTP formats.
///
/// Docker Hub has sent a Unix time where seconds belong; a number too large to be a wait is read as one.
pub fn retry_after(value: &[u8], now: SystemTime) -> RetryAfter {
    const TEN_YEARS: u64 = 10 * 365 * 24 * 3600;
    let Ok(text) = std::str::from_utf8(value) else { return RetryAfter::Absent };
    let wait = match longest(text) {
        Some(seconds) => {
            let wait = Duration::from_secs(seconds);
            match SystemTime::UNIX_EPOCH.checked_add(wait) {
                Some(until) if seconds > TEN_YEARS => until.duration_since(now).ok(),
                _ => Some(wait),
            }
        }
        None => httpdate::parse_http_date(text.trim()).ok().and_then(|date| date.duration_since(now).ok()),
    };
    match wait {
        None => RetryAfter::Absent,
        Some(wait) if wait > MAX_WAIT => RetryAfter::TooLong(wait),
        Some(wait) => RetryAfter::Wait(wait),
    }
}

/// The longest of the waits in seconds: a registry and the proxy in front of it may each send one, and HTTP joins them
/// by commas.
fn longest(text: &str) -> Option<u64> {
    text.split(',').map(|wait| seconds(wait.trim())).reduce(|one, other| Some(one?.max(other?)))?
}

/// A number of seconds, rounded up: some servers send fractions. A number that does not fit is larger than any.
fn seconds(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let is_rounded = fraction.bytes().any(|digit| digit != b'0');
    Some(whole.parse().unwrap_or(u64::MAX).saturating_add(is_rounded.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_proxies_make_of_seconds_is_read() {
        // 21 October 2026, 07:27:30 UTC
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_792_567_650);
        let wait = |seconds| RetryAfter::Wait(Duration::from_secs(seconds));
        for (value, expected) in [
            ("1.5", wait(2)),
            ("2.0", wait(2)),
            ("0.2", wait(1)),
            ("5, 5", wait(5)),
            ("5,30", wait(30)),
            ("120, 120", RetryAfter::TooLong(Duration::from_secs(120))),
            ("99999999999999999999.5", RetryAfter::TooLong(Duration::from_secs(u64::MAX))),
            ("Wed, 21 Oct 2026 07:28:00 GMT", wait(30)),
            ("5, later", RetryAfter::Absent),
            ("1.5.2", RetryAfter::Absent),
            (".", RetryAfter::Absent),
            ("-1", RetryAfter::Absent),
            ("1e3", RetryAfter::Absent),
            ("", RetryAfter::Absent),
        ] {
            assert_eq!(retry_after(value.as_bytes(), now), expected, "{value:?}");
        }
    }
}
