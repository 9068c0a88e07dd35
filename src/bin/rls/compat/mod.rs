//! docker-ls and docker-rm 0.5.1: their command lines, settings, templates and output.
//!
//! [`settle`] turns one of their command lines into one of ours; `commands::compat` runs it. What they print on
//! standard output is kept to the byte; errors are ours, and every failure ends with 1, as theirs do.

mod grammar;
mod invocation;
mod serialize;
mod settle;
mod template;

pub use grammar::docker_ls;
pub use invocation::{Encoding, Invocation, Operation};
pub use serialize::{table, to_json, to_yaml};
pub use settle::settle;
