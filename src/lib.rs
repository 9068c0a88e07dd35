//! A client for container registries: list repositories and tags, inspect manifests, delete tags, diagnose failures.
//!
//! It implements the [OCI distribution specification] 1.1, docker's Registry HTTP API V2 with its catalog and schema 1,
//! and token authentication, and knows how real registries deviate from them. The program `rls` is built on it.
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
//! let repository = client.repository(reference.repository());
//! let mut tags = repository.tags();
//! while let Some(tag) = tags.try_next().await? {
//!     println!("{tag}");
//! }
//! let resolved = repository.resolve(reference.target()).await?;
//! println!("{reference} is {}", resolved.digest);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Layers
//!
//! Imports go down only, between modules and between the files of one module.
//!
//! | layer | module | content |
//! |---|---|---|
//! | 4 | [`diagnosis`] | why a registry cannot be used: one check after the other |
//! | 4 | [`removal`] | plan, execute, verify and undo deletions |
//! | 4 | [`retention`] | which tags of a repository to keep by a rule: facts in, decisions out; pure |
//! | 4 | [`analysis`] | what tags and repositories weigh, what differs between images, what moved since a snapshot; pure |
//! | 4 | [`layers`] | the files of images: layers unpacked and put on top of each other |
//! | 3 | [`registry`] | [`Client`](registry::Client) and its endpoints: catalog, tags, manifests, blobs, deletion, snapshots |
//! | 3 | [`cache`] | manifests and configs by digest, on disk |
//! | 2 | [`http`] | the transport, layer on layer: pool, limiter, redirects, authentication, retries |
//! | 1 | [`auth`] | from a challenge to an `Authorization` header; no I/O |
//! | 1 | [`keychain`] | where credentials are found |
//! | 1 | [`trust`] | where CA certificates are found, and the verifier |
//! | 0 | [`name`] | registry, repository, tag, digest, reference: parsed once, then only types |
//! | – | [`error`] | the one [`Error`]: what, why, facts and source |
//! | – | [`encoding`] | text in UTF-8 and UTF-16 |
//! | – | `documents` | JSON and YAML files of other programs |
//! | – | [`encoding`] | text files in UTF-16 |
//! | – | `replace` | atomic replacement of files, with a lock |
//!
//! The library never prints, and knows neither options nor exit codes. Without the feature `cli`, which builds the
//! program, the package is the library alone.
//!
//! # Versions
//!
//! Versions are semantic: before 1.0, 0.2 may break what was public in 0.1, and 0.1.1 does not. Public are the items of
//! this library, and the program's options, exit codes and fields of machine formats; texts and tables for people may
//! change at any time. Types and traits of bytes, futures, jiff, rustls-pki-types, secrecy, semver, serde, serde_json
//! and url appear in the interface, so that an incompatible version of one of them is a breaking change. A newer
//! minimum Rust version is not.
//!
//! [OCI distribution specification]: https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md

/// The tests of retention rules print reasons with the program's words, which name the library by its name.
#[cfg(test)]
extern crate self as registry_ls;

pub mod analysis;
pub mod auth;
pub mod cache;
pub mod diagnosis;
mod documents;
pub mod encoding;
pub mod error;
pub mod http;
pub mod keychain;
pub mod layers;
pub mod name;
pub mod registry;
pub mod removal;
mod replace;
pub mod retention;
pub mod trust;

pub use error::{Error, Kind, Result};

/// Compiles only if what a caller keeps or passes between tasks is `Send`, `Sync` and `'static`.
#[cfg(test)]
const _: () = {
    const fn shareable<T: Send + Sync + 'static>() {}
    shareable::<Error>();
    shareable::<cache::Cache>();
    shareable::<keychain::Keychain>();
    shareable::<layers::FilePath>();
    shareable::<name::Reference>();
    shareable::<registry::Client>();
    shareable::<registry::ClientBuilder>();
    shareable::<registry::Document>();
    shareable::<registry::RepositoryHandle>();
    shareable::<registry::TagIndex>();
    shareable::<removal::Plan>();
    shareable::<removal::Outcome>();
    shareable::<retention::Plan>();
    shareable::<trust::Trust>();
};
