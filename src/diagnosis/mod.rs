//! Why a registry cannot be used: one check after the other along the way of a request, from the proxy to the last right.
//!
//! ```text
//! let mut checks = pin!(examine(Plan { registry, repository, … }));
//! while let Some(check) = checks.next().await { … }           // each as soon as it is done
//! ```
//!
//! A [`Check`] that failed has a [`Finding`]: the [`Problem`] as facts, its cause in words, and the sort of error that any
//! other request would have met with. What is to be done about a problem is not said here: that takes the names of options
//! and files of the program at hand.
//!
//! Nothing on the registry is changed. Credentials go where a normal request would send them, by the same code; every other
//! request that is made here carries none.

mod access;
mod auth;
mod check;
mod classify;
mod context;
mod credentials;
mod examine;
mod http;
mod network;
mod problem;
mod tls;

pub use check::{Check, Fact, Finding, Name, Status};
pub use context::Plan;
pub use examine::examine;
pub use problem::{Part, Problem, Secret};
