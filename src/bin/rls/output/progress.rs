//! Progress on standard error: on terminals only, late, and gone before anything else is printed.

use std::io::{IsTerminal, stderr};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::escape::escape;

/// What takes less time shows no progress.
const PATIENCE: Duration = Duration::from_millis(300);
/// How often the picture moves.
const TICK: Duration = Duration::from_millis(100);

/// `--progress`
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ProgressChoice {
    /// When standard error is a terminal
    #[default]
    Auto,
    /// Never
    Never,
}

/// The progress that is on the terminal, for whoever else writes there.
static SHOWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// Runs `print`, which writes to standard error, while the progress is out of the way.
pub fn on_stderr(print: impl FnOnce()) {
    match SHOWN.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
        Some(bar) => bar.suspend(print),
        None => print(),
    }
}

/// How far a command has come. Dropping it clears it from the terminal.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    /// Ends the waiting when it is dropped; `None` when nothing is ever shown.
    waiting: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    /// Begins to count `what`, such as `tags of team/app`. Shown after 300 ms, unless it is unwanted or standard error is
    /// no terminal.
    pub fn start(what: &str, choice: ProgressChoice, quiet: bool) -> Self {
        if is_wanted(choice, quiet, stderr().is_terminal()) {
            Self::on(ProgressDrawTarget::stderr(), what, PATIENCE)
        } else {
            Self { bar: ProgressBar::hidden(), waiting: None }
        }
    }

    fn on(target: ProgressDrawTarget, what: &str, patience: Duration) -> Self {
        let bar = ProgressBar::hidden();
        bar.set_style(style(false));
        bar.set_message(escape(what).into_owned());
        let (sender, receiver) = channel::<()>();
        let shown = bar.clone();
        *SHOWN.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar.clone());
        let waiter = thread::spawn(move || {
            if receiver.recv_timeout(patience) == Err(RecvTimeoutError::Timeout) {
                shown.set_draw_target(target);
                shown.enable_steady_tick(TICK);
                shown.tick();
            }
        });
        Self { bar, waiting: Some((sender, waiter)) }
    }

    /// Says how many there will be.
    pub fn set_total(&self, total: u64) {
        self.bar.set_style(style(true));
        self.bar.set_length(total);
    }

    /// Counts some more.
    pub fn inc(&self, count: u64) {
        self.bar.inc(count);
    }

    /// Says what is being counted from now on. The text is escaped here.
    pub fn message(&self, what: &str) {
        self.bar.set_message(escape(what).into_owned());
    }

    /// Runs `print`, which writes to the terminal, while the progress is out of the way.
    pub fn suspend<T>(&self, print: impl FnOnce() -> T) -> T {
        self.bar.suspend(print)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((sender, waiter)) = self.waiting.take() {
            drop(sender);
            // A waiter that panicked has shown nothing that would have to be cleared.
            let _ = waiter.join();
        }
        *SHOWN.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.bar.finish_and_clear();
    }
}

fn is_wanted(choice: ProgressChoice, quiet: bool, terminal: bool) -> bool {
    terminal && !quiet && choice == ProgressChoice::Auto
}

fn style(total: bool) -> ProgressStyle {
    let template = if total { "{spinner} {msg} {wide_bar:.dim} {pos}/{len}" } else { "{spinner} {msg} {pos}" };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}
