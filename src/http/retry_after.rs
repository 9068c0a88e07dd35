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
    let Ok(text) = std::str::from_utf8(value) else { return RetryAfter::Absent };
    let text = text.trim();
    let wait = if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        const TEN_YEARS: u64 = 10 * 365 * 24 * 3600;
        // A number that does not fit is larger than any.
        let seconds = Duration::from_secs(text.parse().unwrap_or(u64::MAX));
        match SystemTime::UNIX_EPOCH.checked_add(seconds) {
            Some(until) if seconds.as_secs() > TEN_YEARS => until.duration_since(now).ok(),
            _ => Some(seconds),
        }
    } else {
        httpdate::parse_http_date(text).ok().and_then(|date| date.duration_since(now).ok())
    };
    match wait {
        None => RetryAfter::Absent,
        Some(wait) if wait > MAX_WAIT => RetryAfter::TooLong(wait),
        Some(wait) => RetryAfter::Wait(wait),
    }
}
