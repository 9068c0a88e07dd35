//! `make bench`: compares rls with a load generator, with curl, and with other clients on the PATH.
//!
//! Whole processes are timed, the two of a pair alternately, so that ratios hold while the machine's speed drifts. The
//! table is the README's. `make bench ONLY=start,away` runs these suites alone.
//!
//! | module | content |
//! |---|---|
//! | `suites` | what is measured, against which client, and the goals |
//! | `prune` | one repository with very many tags, listed and pruned |
//! | `look` | long listings, storage, files and referrers |
//! | `network` | links with a long round trip, or that lose packets |
//! | `servers` | the registries, each in a process of its own |
//! | `clients` | the command lines of rls and of other clients |
//! | `load_generator` | a client that only sends and reads |
//! | `run` | one process: its time and its memory |
//! | `pairs` | two processes alternately, and statistics |
//! | `table` | the rows |

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "its table is what a benchmark is for")]

mod clients;
mod load_generator;
mod look;
mod network;
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
        // The benchmark starts itself as the processes that it needs.
        [load_generator::WORD, jobs, file, trust @ ..] => load_generator::run(jobs, file, trust.first().copied()),
        [servers::WORD, what @ ..] => servers::serve(what),
        _ => return suites::run(&std::env::var("ONLY").unwrap_or_default()),
    }
    ExitCode::SUCCESS
}
