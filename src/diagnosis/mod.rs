//! Finds out why a registry cannot be used: one check after the other along the path of a request, from the proxy
//! settings to the permissions.
//!
//! ```no_run
//! use futures::StreamExt;
//! use registry_ls::diagnosis::{Setup, Step, examine};
//! use registry_ls::keychain::{self, Keychain};
//! use registry_ls::trust::{self, Trust};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let keychain = Keychain::discover(keychain::Options::from_env());
//! let trust = Trust::load(trust::Options::from_env());
//! let setup = Setup::new("registry.corp:5000".parse()?, keychain, trust);
//! let mut steps = std::pin::pin!(examine(setup));
//! while let Some(step) = steps.next().await {
//!     // Each as soon as it is finished.
//!     if let Step::Check(check) = step {
//!         println!("{:?}: {:?}", check.name, check.status);
//!     }
//! }
//! # Ok(())
//! # }
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
pub use context::{ClientOptions, Setup};
pub use examine::{Step, examine};
pub use problem::{Part, Problem, Secret};
