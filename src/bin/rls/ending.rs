//! What ends a command from outside: a signal, or the time limit.

use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::{LocalBoxFuture, Shared};
use registry_ls::{Error, Kind};
use tokio::signal::unix::{SignalKind, signal};

use crate::report::{Exit, Situation, Stop};

/// Comes true when the command has to end. It can be waited for in several places.
pub type Ending = Shared<LocalBoxFuture<'static, End>>;

/// Why it has to end.
#[derive(Debug, Clone)]
pub enum End {
    /// SIGINT or SIGTERM.
    Signal(Exit),
    /// The time limit.
    TimedOut(Error),
}

impl From<End> for Stop {
    fn from(end: End) -> Self {
        match end {
            End::Signal(exit) => Self::Signal(exit),
            End::TimedOut(error) => Self::Failed(error, Situation::default()),
        }
    }
}

/// Begins to watch for signals and the time limit, which counts from `started`.
///
/// # Errors
///
/// When signals cannot be watched for.
pub fn watch(started: Instant, timeout: Option<Duration>) -> std::io::Result<Ending> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let ending = async move {
        let limit = async {
            match timeout {
                Some(timeout) => {
                    tokio::time::sleep_until((started + timeout).into()).await;
                    timeout
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = interrupt.recv() => End::Signal(Exit::INTERRUPTED),
            _ = terminate.recv() => End::Signal(Exit::TERMINATED),
            timeout = limit => End::TimedOut(Error::new(Kind::TimedOut, format!("timed out after {timeout:?}"))),
        }
    };
    Ok(ending.boxed_local().shared())
}
