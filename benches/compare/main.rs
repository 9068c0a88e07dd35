//! `make bench`: rls beside the limit, beside curl, and beside the other clients on the PATH.
//!
//! Whole processes are timed, the two of a pair in turn, so that a ratio holds when the machine's speed drifts. The
//! table is the README's. `make bench ONLY=start,away` runs those chapters alone.
//!
//! | module | content |
//! |---|---|
//! | `suites` | what is measured, against whom, and what is to be reached |
//! | `prune` | one repository with very many tags, looked at and cleaned |
//! | `servers` | the registries, each in a process of its own |
//! | `clients` | the command lines of rls and of the others |
//! | `load_generator` | the load generator that only sends and reads |
//! | `run` | one process: its time and its memory |
//! | `pairs` | two of them in turn, and statistics |
//! | `table` | the rows |

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "its table is what a benchmark is for")]

mod clients;
mod load_generator;
mod pairs;
mod prune;
mod run;
mod servers;
mod suites;
mod table;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<_> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        // The benchmark starts itself for what has to be a process of its own.
        [load_generator::WORD, jobs, file, trust @ ..] => load_generator::run(jobs, file, trust.first().copied()),
        [servers::WORD, what @ ..] => servers::serve(what),
        _ => return suites::run(&std::env::var("ONLY").unwrap_or_default()),
    }
    ExitCode::SUCCESS
}
