//! A client of container registries: list repositories and tags, look at manifests, delete tags, and know why it does not work.
//!
//! This is the library under the program `rls`. It speaks the [OCI distribution specification] 1.1, docker's Registry HTTP API V2
//! with its catalog and schema 1, and token authentication; it knows how real registries depart from them.
//!
//! ```
//! use futures::TryStreamExt;
//! use registry_ls::name::{Reference, Registry};
//! use registry_ls::registry::Client;
//!
//! # let fixture = registry_fixture::Registry::builder().seed("demo".parse()?).start();
//! # let address = format!("http://{}", fixture.host());
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let registry: Registry = address.parse()?; // "registry.corp:5000", "https://host/prefix", …
//! let client = Client::new(registry)?;
//!
//! let reference: Reference = "team/app:latest".parse()?;
//! let mut tags = std::pin::pin!(client.tags(reference.repository()));
//! while let Some(tag) = tags.try_next().await? {
//!     println!("{tag}");
//! }
//! let resolved = client.resolve(reference.repository(), reference.target()).await?;
//! println!("{reference} is {}", resolved.digest);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The floors
//!
//! Imports go down only.
//!
//! | floor | module | what lives there |
//! |---|---|---|
//! | 4 | [`diagnosis`] | why a registry cannot be used: one check after the other |
//! | 4 | [`removal`] | removing exactly what was asked for: a plan, then its steps |
//! | 3 | [`retention`] | which tags of a repository stay and which go, by a rule: facts in, decisions out |
//! | 3 | [`registry`] | [`Client`](registry::Client): catalog, tags, manifests, configs, deletion: one file an endpoint |
//! | 2 | [`http`] | one transport: send, answer a 401, retry, limit, redirect, page |
//! | 1 | [`auth`] | from a challenge to an `Authorization` header, without input or output |
//! | 1 | [`keychain`] | where credentials are found |
//! | 1 | [`trust`] | who is trusted as the far end of a TLS connection |
//! | 0 | [`name`] | registry, repository, tag, digest, reference: parsed once, then only types |
//! | – | [`error`] | the one [`Error`]: what, why, and the facts for a hint |
//! | – | `replace` | files that are replaced as a whole, by one process at a time |
//!
//! Nothing here prints, reads options or knows exit codes. Without the feature `cli`, which builds the program, the package is this
//! library alone.
//!
//! [OCI distribution specification]: https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md

pub mod auth;
pub mod diagnosis;
pub mod error;
pub mod http;
pub mod keychain;
pub mod name;
pub mod registry;
pub mod removal;
mod replace;
pub mod retention;
pub mod trust;

pub use error::{Error, Kind, Result};
