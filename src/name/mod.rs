//! Names in registries: parsed once, then only types.
//!
//! ```text
//! REGISTRY   HOST[:PORT] | http://HOST[:PORT] | https://HOST[:PORT][/PREFIX]
//! REPO       [HOST[:PORT]/]PATH
//! REF        REPO:TAG | REPO@DIGEST | REPO:TAG@DIGEST | REPO
//! ```
//!
//! [`Registry`], [`Repository`], [`Tag`], [`Digest`] and [`Reference`] are single names, which serialize as their text;
//! [`Located`] is what users write, where a host may come first, or a pasted URL. The grammar is that of the
//! `distribution/reference` package. [`VersionOrder`] orders tags as versions, [`Glob`] selects names.
//!
//! A parsed name is safe in a URL path: it has only letters, digits, `.`, `_`, `-`, and `/` and `:` where they belong,
//! no dot segments and no empty ones. A text that does not parse is an [`Error`](crate::Error) that says which part is
//! wrong and never repeats a password in it.
//!
//! ```
//! use registry_ls::name::{Located, Reference, Registry};
//!
//! let located: Located<Reference> = "alpine:3.22".parse()?;
//! let (registry, reference) = located.within(&Registry::docker_hub());
//! assert_eq!(registry.base().as_str(), "https://registry-1.docker.io/");
//! assert_eq!(reference.to_string(), "library/alpine:3.22");
//!
//! let refused = "team/App".parse::<Located<Reference>>().expect_err("it is refused");
//! assert_eq!(refused.what(), "'team/App' is not a reference");
//! assert_eq!(refused.causes(), ["a repository has no upper-case letters; in lower case it is 'team/app'"]);
//! # Ok::<(), registry_ls::Error>(())
//! ```

mod address;
mod digest;
mod glob;
mod host;
mod located;
mod reference;
mod refusal;
mod registry;
mod repository;
mod tag;
mod text;
mod version;

pub use address::Scheme;
pub(crate) use digest::PackedDigest;
pub use digest::{Algorithm, Digest, Hasher};
pub use glob::Glob;
pub use located::Located;
pub use reference::{Reference, Target};
pub use refusal::without_password;
pub use registry::Registry;
pub use repository::Repository;
pub use tag::Tag;
pub(crate) use text::FromText;
pub use version::{VersionKey, VersionOrder};

#[cfg(test)]
mod tests;
