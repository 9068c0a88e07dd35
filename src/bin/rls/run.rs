//! One run of the program: settings, clients, the command, what ends it, the totals.

use std::sync::Arc;
use std::time::{Duration, Instant};

use registry_ls::http::Stats;

use crate::args::Cli;
use crate::commands::{self, Context};
use crate::config::Settings;
use crate::connect::Connector;
use crate::ending;
use crate::output::Styles;
use crate::report::{Exit, Report, Stop, Verbosity, start_log};
use crate::usage::Usage;

/// So long after the time limit requests would give up by themselves.
const LATE: Duration = Duration::from_millis(100);

/// Carries out a command line.
pub fn run(cli: &Cli) -> Exit {
    let started = Instant::now();
    let settings = match Settings::load(cli) {
        Ok(settings) => settings,
        Err(usage) => {
            let color = cli.global.color.unwrap_or_default();
            return Report::new(Styles::for_stderr(color), cli.global.quiet).end(Err(usage.into()));
        }
    };
    let styles = Styles::for_stderr(settings.color);
    let report = Report::new(styles, settings.quiet);
    let quiet = settings.quiet || commands::warns_by_itself(&cli.command);
    start_log(Verbosity::new(quiet, settings.verbosity), styles);
    let stats = Arc::new(Stats::default());
    let exit = match carry_out(cli, &settings, &report, &stats, started) {
        Ok(outcome) => report.end(outcome),
        Err(error) => report.end(Err(Usage::new("the program cannot be started").because(error).into())),
    };
    if settings.stats {
        report.totals(stats.totals(), started.elapsed());
    }
    exit
}

fn carry_out(
    cli: &Cli,
    settings: &Settings,
    report: &Report,
    stats: &Arc<Stats>,
    started: Instant,
) -> std::io::Result<Result<(), Stop>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        let ending = ending::watch(started, settings.timeout)?;
        // The time limit is told once, by what ends the command; the requests give up a moment later.
        let deadline = settings.timeout.map(|timeout| started + timeout + LATE);
        let connector = Connector::new(deadline, Arc::clone(stats));
        let context = Context { settings, connector: &connector, report, ending };
        Ok(commands::run(&cli.command, &context).await)
    });
    // Neither a look-up of a name nor reading from a terminal can be cancelled; nobody waits for them any more.
    runtime.shutdown_timeout(Duration::ZERO);
    outcome
}
