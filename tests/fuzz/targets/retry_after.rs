//! `Retry-After`: rls waits a minute at most.

use std::time::{Duration, SystemTime};

use registry_ls::http::internals::{RetryAfter, retry_after};

use super::vectors;

pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = vectors::texts(include_str!("../../../fixtures/vectors/retries.json"), &["retry-after"]);
    seeds.extend(
        ["0", " 60 ", "18446744073709551616", "1792000000", "Wednesday, 21-Oct-26 07:28:00 GMT"].map(Into::into),
    );
    seeds.push(b"Wed Oct 21 07:28:00 2026".to_vec());
    seeds
}

pub fn run(input: &[u8]) {
    // 21 October 2026, 07:27:30 UTC
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_792_567_650);
    let minute = Duration::from_secs(60);
    let read = retry_after(input, now);
    match read {
        RetryAfter::Absent => {}
        RetryAfter::Wait(wait) => {
            assert!(wait <= minute);
            assert_eq!(retry_after(wait.as_secs().to_string().as_bytes(), now), read);
        }
        RetryAfter::TooLong(wait) => assert!(wait > minute),
    }
    for now in [SystemTime::UNIX_EPOCH, SystemTime::UNIX_EPOCH + Duration::from_secs(u32::MAX.into())] {
        retry_after(input, now);
    }
}
