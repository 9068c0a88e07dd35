//! Whatever goes wrong, by accident or on purpose: a right answer or a right error, in time, and no secret anywhere.
//!
//! The real program against servers made of sockets. [`faults`] injects every case of `fixtures/vectors/faults.json`,
//! [`leaks`] has the program led elsewhere in every way, [`process`] does to the process what systems and people
//! do to it. Each run holds a [`canary`] in each place where a secret can be, and the [`runner`] looks for all of them
//! after each.

mod canary;
mod faults;
mod leaks;
mod process;
mod proxy;
mod runner;
