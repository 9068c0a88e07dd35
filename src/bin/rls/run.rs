//! One run of the program: shutdown, settings, clients, the command, statistics.

use std::sync::Arc;
use std::time::{Duration, Instant};

use registry_ls::http::Stats;

use crate::args::{Cli, Command};
use crate::commands::{self, Context};
use crate::compat::settle;
use crate::config::{Environment, File, Settings};
use crate::connect::Connector;
use crate::output::Styles;
use crate::report::{self, CommandError, Exit, Report, Verbosity, start_log};
use crate::shutdown::{self, Shutdown, ShutdownReason};
use crate::usage::Usage;

/// The requests' own deadline is this much later than the time limit, so that the command reports it.
const REQUEST_GRACE: Duration = Duration::from_millis(50);

/// How long a command may take to end properly: longer than the last request of a removal, shorter than people notice.
const SHUTDOWN_GRACE: Duration = Duration::from_millis(120);

/// Runs a command line.
pub fn run(cli: &Cli) -> Exit {
    let started = Instant::now();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return early_report(cli).end(Err(cannot_start(error))),
    };
    let exit = runtime.block_on(execute(cli, started));
    // DNS lookups and reads from terminals or pipes cannot be cancelled; they are abandoned.
    runtime.shutdown_timeout(Duration::ZERO);
    exit
}

async fn execute(cli: &Cli, started: Instant) -> Exit {
    let (quiet, color) = (cli.global.quiet, cli.global.color.unwrap_or_default());
    let watched = shutdown::watch(started, move || Report::new(Styles::for_stderr(color), quiet));
    let (ending, limit) = match watched {
        Ok(watched) => watched,
        Err(error) => return early_report(cli).end(Err(cannot_start(error))),
    };
    let settled;
    let (cli, is_docker_ls) = match &cli.command {
        Command::Compat(compat) if !compat.words.is_empty() => {
            let settle = settle(&compat.words, &|name| std::env::var_os(name));
            settled = match until_shutdown(&ending, settle).await {
                Ok(Ok(cli)) => cli,
                Ok(Err(refusal)) => return report::refuse(refusal, color).of_docker_ls(),
                Err(stop) => return early_report(cli).end(Err(stop)),
            };
            (&settled, true)
        }
        _ => (cli, false),
    };
    let exit = run_settled(cli, started, ending, limit).await;
    if is_docker_ls { exit.of_docker_ls() } else { exit }
}

/// Runs a command line whose command is known.
async fn run_settled(cli: &Cli, started: Instant, ending: Shutdown, limit: shutdown::Limit) -> Exit {
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
    // The time limit is reported once, by the shutdown; requests give up a moment later.
    let deadline = settings.timeout.map(|timeout| started + timeout + REQUEST_GRACE);
    let connector = Connector::new(deadline, Arc::clone(&stats));
    let context = Context { settings: &settings, connector: &connector, report: &report, shutdown: ending };
    // A command normally ends itself, with its lists closed. One that does not is dropped, which restores the terminal.
    let outcome = tokio::select! {
        biased;
        outcome = commands::run(&cli.command, &context) => outcome,
        end = after(&context.shutdown, SHUTDOWN_GRACE) => Err(end.into()),
    };
    let exit = report.end(outcome);
    if settings.stats {
        report.totals(stats.totals(), started.elapsed());
    }
    exit
}

/// Resolves some time after the shutdown.
async fn after(shutdown: &Shutdown, grace: Duration) -> ShutdownReason {
    let reason = shutdown.clone().await;
    tokio::time::sleep(grace).await;
    reason
}

/// Merges options, environment and configuration file. The file may be a pipe: until it is read, the other two set the
/// time limit.
async fn load(cli: &Cli, ending: &Shutdown, limit: &shutdown::Limit) -> Result<Settings, CommandError> {
    let environment = Environment::of_process()?;
    limit.set(cli.global.timeout.or(environment.settings.timeout));
    let named = cli.config_file().or(environment.config.as_deref());
    let file = until_shutdown(ending, File::load(named)).await??;
    Ok(Settings::resolve(cli, environment, file)?)
}

/// Waits for `work`, unless the command must end first.
async fn until_shutdown<T>(ending: &Shutdown, work: impl Future<Output = T>) -> Result<T, CommandError> {
    tokio::select! {
        biased;
        end = ending.clone() => Err(end.into()),
        done = work => Ok(done),
    }
}

/// A report for errors before the settings are known.
fn early_report(cli: &Cli) -> Report {
    Report::new(Styles::for_stderr(cli.global.color.unwrap_or_default()), cli.global.quiet)
}

fn cannot_start(error: std::io::Error) -> CommandError {
    Usage::new("rls cannot start").because(error).into()
}
