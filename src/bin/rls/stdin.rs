//! Reading standard input without keeping a signal or the time limit from being heeded.

use std::io::{self, StdinLock, stdin};

use crate::usage::{Result, Usage};

/// What `read` makes of standard input. Dropping the future gives up waiting, not reading: the thread that reads is left behind.
///
/// # Errors
///
/// Those of `read`.
pub async fn from_stdin<T: Send + 'static>(read: fn(StdinLock<'static>) -> io::Result<T>) -> Result<T> {
    let read = tokio::task::spawn_blocking(move || read(stdin().lock())).await;
    read.unwrap_or_else(|panicked| Err(io::Error::other(panicked)))
        .map_err(|error| Usage::new("cannot read standard input").because(error))
}
