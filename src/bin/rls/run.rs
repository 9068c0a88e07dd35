//! One run of the program: what ends it, settings, clients, the command, the totals.

use std::sync::Arc;
use std::time::{Duration, Instant};

use registry_ls::http::Stats;

use crate::args::Cli;
use crate::commands::{self, Context};
use crate::config::{Environment, File, Settings};
use crate::connect::Connector;
use crate::output::Styles;
use crate::report::{CommandError, Exit, Report, Verbosity, start_log};
use crate::shutdown::{self, Shutdown, ShutdownReason};
use crate::usage::Usage;

/// So long after the time limit requests would give up by themselves.
const LAUNCH_GRACE: Duration = Duration::from_millis(50);

/// So long a command has to end by itself when it has to end: longer than the last request of a removal, shorter than a
/// person notices.
const WIND_UP: Duration = Duration::from_millis(120);

/// Carries out a command line.
pub fn run(cli: &Cli) -> Exit {
    let started = Instant::now();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return early_report(cli).end(Err(cannot_start(error))),
    };
    let exit = runtime.block_on(carry_out(cli, started));
    // Neither a look-up of a name nor reading from a terminal or a pipe can be cancelled; they are left behind.
    runtime.shutdown_timeout(Duration::ZERO);
    exit
}

async fn carry_out(cli: &Cli, started: Instant) -> Exit {
    let (quiet, color) = (cli.global.quiet, cli.global.color.unwrap_or_default());
    let watched = shutdown::watch(started, move || Report::new(Styles::for_stderr(color), quiet));
    let (ending, limit) = match watched {
        Ok(watched) => watched,
        Err(error) => return early_report(cli).end(Err(cannot_start(error))),
    };
    let settings = match load(cli, &ending, &limit).await {
        Ok(settings) => settings,
        Err(stop) => return early_report(cli).end(Err(stop)),
    };
    limit.set(settings.timeout);
    let styles = Styles::for_stderr(settings.color);
    let report = Report::new(styles, settings.quiet);
    let quiet = settings.quiet || commands::reports_warnings(&cli.command);
    start_log(Verbosity::new(quiet, settings.verbosity), styles);
    let stats = Arc::new(Stats::default());
    // The time limit is told once, by what ends the command; the requests give up a moment later.
    let deadline = settings.timeout.map(|timeout| started + timeout + LAUNCH_GRACE);
    let connector = Connector::new(deadline, Arc::clone(&stats));
    let context = Context { settings: &settings, connector: &connector, report: &report, shutdown: ending };
    // A command ends by itself, with its lists closed. One that does not is dropped, and puts the terminal back.
    let outcome = tokio::select! {
        biased;
        outcome = commands::run(&cli.command, &context) => outcome,
        end = after(&context.shutdown, WIND_UP) => Err(end.into()),
    };
    let exit = report.end(outcome);
    if settings.stats {
        report.totals(stats.totals(), started.elapsed());
    }
    exit
}

/// Comes true so long after the command has to end.
async fn after(ending: &Shutdown, time: Duration) -> ShutdownReason {
    let end = ending.clone().await;
    tokio::time::sleep(time).await;
    end
}

/// What options, environment and configuration file come to. The file may be a pipe: until it is read, the other two
/// say how long that may take.
async fn load(cli: &Cli, ending: &Shutdown, limit: &shutdown::Limit) -> Result<Settings, CommandError> {
    let environment = Environment::of_process()?;
    limit.set(cli.global.timeout.or(environment.timeout));
    let named = cli.config_file().or(environment.config.as_deref());
    let file = tokio::select! {
        biased;
        end = ending.clone() => return Err(end.into()),
        file = File::load(named) => file?,
    };
    Ok(Settings::resolve(cli, environment, file)?)
}

/// A report before the configuration file has its say.
fn early_report(cli: &Cli) -> Report {
    Report::new(Styles::for_stderr(cli.global.color.unwrap_or_default()), cli.global.quiet)
}

fn cannot_start(error: std::io::Error) -> CommandError {
    Usage::new("rls cannot start").because(crate::input::reason(&error)).into()
}
