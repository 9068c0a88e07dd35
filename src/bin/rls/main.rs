//! `rls`: ls for container registries.

mod args;
mod command_line;
mod commands;
mod compat;
mod complete;
mod completions;
mod config;
mod connect;
mod help;
mod input;
mod manual;
mod output;
mod prompt;
mod report;
mod run;
mod shutdown;
mod sort;
mod spelling;
mod usage;

use std::process::ExitCode;

fn main() -> ExitCode {
    report::catch_panics(|| {
        let argv: Vec<_> = std::env::args_os().collect();
        if complete::complete(&argv) {
            return report::Exit::SUCCESS;
        }
        let color = args::color(&argv);
        match args::parse(argv) {
            Ok(cli) => run::run(&cli),
            Err(refusal) => report::refuse(refusal, color),
        }
    })
    .into()
}
