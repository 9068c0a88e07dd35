//! The registry's clock and ours, by the `Date` of its reply: tokens and certificates are judged by both.

use std::time::{Duration, SystemTime};

use reqwest::header::{AGE, DATE, HeaderMap};

use super::check::Finding;
use super::context::Context;
use super::outcome::Outcome;
use super::problem::Problem;
use super::span::span;
use crate::error::Kind;

/// Clocks that differ by more than this make tokens fail: distribution allows for so much.
const MOST: Duration = Duration::from_secs(60);

pub(super) fn check(context: &Context) -> Outcome {
    let Some((headers, seen)) = context.look.as_ref().map(|look| (&look.headers, look.seen)) else {
        return Outcome::skipped("not told");
    };
    let Some(told) = server_time(headers) else { return Outcome::skipped("not told") };
    let (difference, ours) = match seen.duration_since(told) {
        Ok(ahead) => (ahead, "ahead of"),
        Err(error) => (error.duration(), "behind"),
    };
    let seconds = difference.as_secs();
    let span = span(seconds);
    if difference <= MOST {
        let detail = match seconds {
            0 | 1 => "the same here and there".to_owned(),
            _ => format!("{span} {ours} the registry's"),
        };
        return Outcome::passed(detail).untimed();
    }
    let cause = format!(
        "this machine's clock is {span} {ours} the registry's: tokens and certificates seem to be over, or not to have begun"
    );
    let finding = Finding { problem: Problem::Clock, cause, kind: Kind::Config };
    Outcome::failed(format!("{span} {ours} the registry's"), finding).untimed()
}

/// When the reply was made, by the registry's clock. One that comes out of a cache is older by its age.
fn server_time(headers: &HeaderMap) -> Option<SystemTime> {
    let date = httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()?;
    let age = headers.get(AGE).and_then(|age| age.to_str().ok()?.trim().parse().ok()).unwrap_or(0);
    date.checked_add(Duration::from_secs(age))
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn a_cached_reply_is_as_old_as_its_age() {
        let mut headers = HeaderMap::new();
        assert_eq!(server_time(&headers), None);
        headers.insert(DATE, HeaderValue::from_static("Mon, 01 Jan 2018 10:00:00 GMT"));
        let made = SystemTime::UNIX_EPOCH + Duration::from_secs(1_514_800_800);
        assert_eq!(server_time(&headers), Some(made));
        headers.insert(AGE, HeaderValue::from_static("100"));
        assert_eq!(server_time(&headers), Some(made + Duration::from_secs(100)));
        headers.insert(DATE, HeaderValue::from_static("yesterday"));
        assert_eq!(server_time(&headers), None);
    }
}
