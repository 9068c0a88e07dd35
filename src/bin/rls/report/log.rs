//! `-v`: the log of the library, and its warnings, on standard error. With `-vv` each line of the log has its time.

use std::fmt::{self, Write as _};
use std::io::{Write as _, stderr};

use jiff::Timestamp;
use registry_ls::error::without_os_error;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::output::{Styles, Tone, escape, on_terminal};

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Errors only.
    Quiet,
    /// Warnings.
    Normal,
    /// Requests.
    Requests,
    /// Requests with their headers.
    Headers,
}

impl Verbosity {
    /// The verbosity of `-q` and a number of `-v`.
    pub fn new(quiet: bool, verbose: u8) -> Self {
        match (quiet, verbose) {
            (_, 2..) => Self::Headers,
            (_, 1) => Self::Requests,
            (true, 0) => Self::Quiet,
            (false, 0) => Self::Normal,
        }
    }
}

/// Starts logging.
pub fn start(verbosity: Verbosity, styles: Styles) {
    tracing_subscriber::registry().with(Lines { verbosity, styles }).init();
}

struct Lines {
    verbosity: Verbosity,
    styles: Styles,
}

impl<S: Subscriber> Layer<S> for Lines {
    /// Logs of other crates are dropped: they could show secrets.
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        let least = match *metadata.level() {
            Level::ERROR | Level::WARN => Verbosity::Normal,
            Level::INFO | Level::DEBUG => Verbosity::Requests,
            Level::TRACE => Verbosity::Headers,
        };
        let ours = ["registry_ls", env!("CARGO_CRATE_NAME")].iter().any(|name| metadata.target().starts_with(name));
        ours && self.verbosity >= least
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut text = Text::default();
        event.record(&mut text);
        let text = without_os_error(text.0);
        let text = escape(&text);
        let line = if *event.metadata().level() <= Level::WARN {
            format!("{} {text}\n", self.styles.paint(Tone::Warning, "warning:"))
        } else {
            let time = (self.verbosity == Verbosity::Headers).then(|| format!("{:.3} ", Timestamp::now()));
            format!("{}\n", self.styles.paint(Tone::Dim, &format!("{}{text}", time.unwrap_or_default())))
        };
        // Standard error may be closed.
        on_terminal(|| drop(stderr().write_all(line.as_bytes())));
    }
}

/// The message of an event, and its fields as `name=value`.
#[derive(Default)]
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a String cannot fail.
        let _ = match field.name() {
            "message" => write!(self.0, "{value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
    }
}
