//! Ends a command on a signal, or at the time limit.
//!
//! Both are watched for on a separate thread. A command that waits with [`Shutdown`] is notified at once, and ends
//! properly: with its lists closed and its work reported. One whose thread is blocked is ended all the same.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::{LocalBoxFuture, Shared};
use registry_ls::{Error, Kind};
use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::output::clear_progress;
use crate::report::{CommandError, Exit, Report};

/// Resolves when the command must end. Can be awaited in several places.
pub type Shutdown = Shared<LocalBoxFuture<'static, ShutdownReason>>;

/// How long a command may take to end properly.
const GRACE: Duration = Duration::from_millis(150);
/// How long reporting why it was ended may take.
const REPORT_GRACE: Duration = Duration::from_millis(20);

/// Why a command must end.
#[derive(Debug, Clone)]
pub enum ShutdownReason {
    /// SIGHUP, SIGINT or SIGTERM.
    Signal(Exit),
    /// The time limit.
    TimedOut(Error),
}

impl From<ShutdownReason> for CommandError {
    fn from(end: ShutdownReason) -> Self {
        match end {
            ShutdownReason::Signal(exit) => Self::Signal(exit),
            ShutdownReason::TimedOut(error) => Self::Failed(error, Box::default()),
        }
    }
}

impl ShutdownReason {
    fn timed_out(timeout: Duration) -> Self {
        Self::TimedOut(Error::new(Kind::TimedOut, format!("timed out after {timeout:?}")))
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Signal(exit) => *exit,
            Self::TimedOut(error) => Exit::of(error.kind()),
        }
    }
}

/// The time limit of the running command.
#[derive(Debug)]
pub struct Limit {
    started: Instant,
    sender: watch::Sender<Option<(Instant, Duration)>>,
}

impl Limit {
    /// Sets the limit, which counts from the start of the program; `None` removes it.
    pub fn set(&self, timeout: Option<Duration>) {
        self.sender.send_replace(timeout.map(|timeout| (self.started + timeout, timeout)));
    }
}

/// Starts to watch for signals and the time limit. `report` is used if the command cannot report why it was ended.
///
/// # Errors
/// Signals cannot be watched for.
pub fn watch(started: Instant, report: impl Fn() -> Report + Send + 'static) -> std::io::Result<(Shutdown, Limit)> {
    let (sender, limit) = watch::channel(None);
    let (end, mut ended) = watch::channel(None);
    let (ready, is_ready) = mpsc::sync_channel(1);
    thread::Builder::new().name("ending".to_owned()).spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build();
        // The caller waits to learn whether this thread can watch.
        match runtime {
            Err(error) => drop(ready.send(Err(error))),
            Ok(runtime) => runtime.block_on(keep_watch(limit, end, ready, report)),
        }
    })?;
    is_ready.recv().map_err(std::io::Error::other)??;
    let ending = async move {
        let end = ended.wait_for(Option::is_some).await.map(|end| end.clone());
        match end {
            Ok(Some(end)) => end,
            // The thread runs until the program ends.
            _ => std::future::pending().await,
        }
    };
    Ok((ending.boxed_local().shared(), Limit { started, sender }))
}

async fn keep_watch(
    limit: watch::Receiver<Option<(Instant, Duration)>>,
    ended: watch::Sender<Option<ShutdownReason>>,
    ready: mpsc::SyncSender<std::io::Result<()>>,
    report: impl Fn() -> Report + Send + 'static,
) {
    let mut signals = match Signals::new() {
        Ok(signals) => signals,
        Err(error) => return drop(ready.send(Err(error))),
    };
    drop(ready.send(Ok(())));
    let end = tokio::select! {
        exit = signals.next() => ShutdownReason::Signal(exit),
        timeout = reached(limit) => ShutdownReason::timed_out(timeout),
    };
    ended.send_replace(Some(end.clone()));
    tokio::time::sleep(GRACE).await;
    force_exit(end, report);
}

/// The signals that end a command.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    /// `None` if it is left to the system.
    hangup: Option<Signal>,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: if may_handle_hangup() { Some(signal(SignalKind::hangup())?) } else { None },
        })
    }

    /// The exit code for the next of them.
    async fn next(&mut self) -> Exit {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => Exit::INTERRUPTED,
            _ = self.terminate.recv() => Exit::TERMINATED,
            _ = hangup => Exit::HUNG_UP,
        }
    }
}

/// Whether SIGHUP may be handled. `nohup` has it ignored, so that the program outlives the terminal; a handler would
/// undo that. Where the system does not tell, it is not handled.
fn may_handle_hangup() -> bool {
    const HANGUP: u64 = 1;
    let ignored = |status: String| {
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
        u64::from_str_radix(mask.trim(), 16).ok()
    };
    std::fs::read_to_string("/proc/self/status").ok().and_then(ignored).is_some_and(|mask| mask & HANGUP == 0)
}

/// Resolves when the time limit is reached; it may be changed meanwhile.
async fn reached(mut limit: watch::Receiver<Option<(Instant, Duration)>>) -> Duration {
    loop {
        let current = *limit.borrow_and_update();
        let sleep = async {
            match current {
                Some((moment, timeout)) => {
                    tokio::time::sleep_until(moment.into()).await;
                    timeout
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            timeout = sleep => return timeout,
            Ok(()) = limit.changed() => {}
        }
    }
}

/// Ends the program, whatever its other threads do. Reporting may block, too.
fn force_exit(end: ShutdownReason, report: impl Fn() -> Report + Send + 'static) {
    let exit = end.exit();
    let (done, is_done) = mpsc::channel();
    thread::spawn(move || {
        clear_progress();
        report().end(Err(end.into()));
        // The receiver may be gone.
        let _ = done.send(());
    });
    let _ = is_done.recv_timeout(REPORT_GRACE);
    std::process::exit(exit.code());
}
