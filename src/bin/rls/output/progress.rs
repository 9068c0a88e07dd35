//! Progress on standard error: only on terminals, after a delay, and cleared before anything else is printed.

use std::env::var_os;
use std::fmt;
use std::io::{IsTerminal, stderr};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use registry_ls::http::Stats;

use super::escape::escape;
use super::marks;

/// Progress is shown after this delay.
const DELAY: Duration = Duration::from_millis(300);
/// How often it is redrawn.
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

/// The progress on the terminal, if any.
static SHOWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// Runs `print`, which may write to the terminal, with the progress cleared meanwhile.
pub fn on_terminal<T>(print: impl FnOnce() -> T) -> T {
    match SHOWN.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
        Some(bar) => bar.suspend(print),
        None => print(),
    }
}

/// Clears the progress, for a program that is about to end without its command. A thread that holds the terminal is not
/// waited for.
pub fn clear_progress() {
    if let Ok(mut shown) = SHOWN.try_lock()
        && let Some(bar) = shown.take()
    {
        bar.finish_and_clear();
    }
}

/// The progress of a command. Dropping it clears it from the terminal.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    /// Counts the requests.
    stats: Arc<Stats>,
    /// Ends the delay when dropped; `None` if nothing is ever shown.
    waiting: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    /// Starts to count `what`, such as `tags of team/app`. Shown after 300 ms, unless disabled or standard error is not
    /// a terminal.
    ///
    /// The number of requests is shown beside the count: it grows also while the first things that are counted are
    /// still being read.
    pub fn start(what: &str, choice: ProgressChoice, quiet: bool, stats: Arc<Stats>) -> Self {
        if is_wanted(choice, quiet, stderr().is_terminal()) {
            Self::on(ProgressDrawTarget::stderr(), what, DELAY, stats)
        } else {
            Self { bar: ProgressBar::hidden(), stats, waiting: None }
        }
    }

    fn on(target: ProgressDrawTarget, what: &str, patience: Duration, stats: Arc<Stats>) -> Self {
        let bar = ProgressBar::hidden();
        bar.set_style(style(false, &stats));
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
        Self { bar, stats, waiting: Some((sender, waiter)) }
    }

    /// Sets the total.
    pub fn set_total(&self, total: u64) {
        if self.bar.length().is_none() {
            self.bar.set_style(style(true, &self.stats));
        }
        self.bar.set_length(total);
    }

    /// Sets the current count.
    pub fn set(&self, count: u64) {
        self.bar.set_position(count);
    }

    /// Increases the count.
    pub fn inc(&self, count: u64) {
        self.bar.inc(count);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((sender, waiter)) = self.waiting.take() {
            drop(sender);
            // A thread that panicked has shown nothing to clear.
            let _ = waiter.join();
            *SHOWN.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        self.bar.finish_and_clear();
    }
}

fn is_wanted(choice: ProgressChoice, quiet: bool, terminal: bool) -> bool {
    terminal && !quiet && choice == ProgressChoice::Auto
}

fn style(total: bool, stats: &Arc<Stats>) -> ProgressStyle {
    let template = match total {
        true => "{spinner} {msg} {wide_bar:.dim} {pos}/{len}{requests}",
        false => "{spinner} {msg} {pos}{requests}",
    };
    let stats = Arc::clone(stats);
    let requests = move |_: &ProgressState, text: &mut dyn fmt::Write| {
        // A line that cannot be written is not shown.
        let _ = match stats.totals().requests {
            0 => Ok(()),
            1 => text.write_str(", 1 request"),
            count => write!(text, ", {count} requests"),
        };
    };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner());
    let style = style.with_key("requests", requests);
    match marks::is_utf8(|name| var_os(name)) {
        true => style,
        false => style.tick_chars("-\\|/ ").progress_chars("#."),
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

    use indicatif::TermLike;

    use super::*;

    /// A terminal that records what was written, and when.
    #[derive(Debug, Clone)]
    struct Screen {
        log: Arc<Mutex<Vec<String>>>,
        drawn: SyncSender<()>,
    }

    impl Screen {
        fn new() -> (Self, Receiver<()>) {
            let (drawn, receiver) = sync_channel(1);
            (Self { log: Arc::default(), drawn }, receiver)
        }

        fn target(&self) -> ProgressDrawTarget {
            ProgressDrawTarget::term_like(Box::new(self.clone()))
        }

        fn push(&self, text: &str) -> io::Result<()> {
            self.log.lock().expect("no test panics while it holds the lock").push(text.to_owned());
            Ok(())
        }

        fn text(&self) -> String {
            self.log.lock().expect("no test panics while it holds the lock").concat()
        }
    }

    impl TermLike for Screen {
        fn width(&self) -> u16 {
            80
        }

        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn write_line(&self, text: &str) -> io::Result<()> {
            self.push(text)
        }

        fn write_str(&self, text: &str) -> io::Result<()> {
            self.push(text)
        }

        fn clear_line(&self) -> io::Result<()> {
            self.push("<clear>")
        }

        fn flush(&self) -> io::Result<()> {
            // A second signal before the first was taken says nothing new.
            let _ = self.drawn.try_send(());
            Ok(())
        }
    }

    #[test]
    fn is_shown_to_people_who_want_it() {
        assert!(is_wanted(ProgressChoice::Auto, false, true));
        assert!(!is_wanted(ProgressChoice::Auto, false, false));
        assert!(!is_wanted(ProgressChoice::Auto, true, true));
        assert!(!is_wanted(ProgressChoice::Never, false, true));
    }

    #[test]
    fn what_is_done_early_shows_nothing() {
        let _terminal = TERMINAL.lock().unwrap_or_else(PoisonError::into_inner);
        let (screen, _drawn) = Screen::new();
        let progress = Progress::on(screen.target(), "tags", Duration::from_secs(3600), Arc::default());
        progress.set_total(10);
        progress.inc(10);
        drop(progress);
        assert_eq!(screen.text(), "");
    }

    /// There is one terminal in a process, and so one progress at a time.
    static TERMINAL: Mutex<()> = Mutex::new(());

    #[test]
    fn gives_way_to_whatever_else_is_printed() {
        let _terminal = TERMINAL.lock().unwrap_or_else(PoisonError::into_inner);
        let (screen, drawn) = Screen::new();
        let progress = Progress::on(screen.target(), "tags", Duration::ZERO, Arc::default());
        drawn.recv().expect("the thread draws");
        let mut sink = crate::output::sink::Sink::new(Rows(screen.clone()));
        sink.push("<row>").expect("memory can be written to");
        sink.flush().expect("memory can be written to");
        drop(progress);
        let text = screen.text();
        let before = &text[..text.find("<row>").expect("it was printed")];
        assert!(before.rfind("<clear>") > before.rfind("tags 0"), "{text:?}");
    }

    /// Standard output on the same terminal.
    struct Rows(Screen);

    impl io::Write for Rows {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.push(&String::from_utf8_lossy(bytes))?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn is_escaped_and_cleared() {
        let _terminal = TERMINAL.lock().unwrap_or_else(PoisonError::into_inner);
        let (screen, drawn) = Screen::new();
        let progress = Progress::on(screen.target(), "tags of a\x1b[2J", Duration::ZERO, Arc::default());
        drawn.recv().expect("the thread draws");
        drop(progress);
        let text = screen.text();
        assert!(text.contains("tags of a\\x1b[2J 0"), "{text:?}");
        let last = text.rfind("tags of").expect("it was printed");
        assert!(text[last..].contains("<clear>"), "{text:?}");
    }

    #[test]
    fn counts_towards_its_total() {
        let bar = ProgressBar::hidden();
        let progress = Progress { bar: bar.clone(), stats: Arc::default(), waiting: None };
        progress.set_total(20);
        progress.inc(3);
        progress.inc(4);
        assert_eq!((bar.position(), bar.length()), (7, Some(20)));
        drop(progress);
        assert!(bar.is_finished());
    }
}
