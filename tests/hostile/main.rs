//! Faults, accidental and deliberate: rls gives the right result or the right error, in time, and leaks no secret.
//!
//! The real program against scripted servers. [`faults`] injects every case of `fixtures/vectors/faults.json`,
//! [`content`] has hostile layers, referrers and configs, [`files`] has hostile files of this machine, [`leaks`] leads
//! the program to other servers in every way, [`process`] does to the process what systems and people do to it,
//! [`echoes`] repeats the secrets in every form, and [`removal`] contradicts itself during removals. Each run holds a
//! [`canary`] in each place where a secret can be, and the [`runner`] looks for all of them after each.

mod canary;
mod content;
mod echoes;
mod faults;
mod files;
mod leaks;
mod process;
mod proxy;
mod removal;
mod runner;
