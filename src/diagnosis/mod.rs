//! Finds out why a registry cannot be used: one check after the other along the path of a request, from the proxy
//! settings to the permissions.
//!
//! ```text
//! let mut steps = pin!(examine(Plan { registry, repository, … }));
//! while let Some(step) = steps.next().await { … }             // each as soon as it is finished
//! ```
//!
//! A [`Check`] that failed has a [`Finding`]: the [`Problem`] as facts, its cause in words, and the kind of error that
//! any other request would have met. Remedies are not part of it, because they name the options and files of a program.
//!
//! After the checks, a [`ClientReport`] says of each other client on this machine, such as docker, whether it trusts
//! the registry and has credentials for it.
//!
//! Nothing on the registry is changed. Credentials are sent by the same code, and to the same servers, as in a normal
//! request; every other request that is made here carries none.

mod access;
mod auth;
mod check;
mod classify;
mod clients;
mod context;
mod credentials;
mod examine;
mod http;
mod network;
mod problem;
mod tls;

pub use check::{Check, Fact, Finding, Name, Status};
pub use clients::{ClientCredentials, ClientReport};
pub use context::{ClientOptions, Plan};
pub use examine::{Step, examine};
pub use problem::{Part, Problem, Secret};
