//! The facts in `fixtures/vectors`, gathered from other projects' tests and from specifications, held against the library.
//!
//! One module per file, or more where its kinds are far apart. Each matches on a case's `kind` and panics on one it does not know; what
//! does not apply to rls is listed, with its reason, in [`exempt`] and nowhere else. What is asked over a connection is asked of
//! [`server`], which plays the registry, the token server and whoever else there is; beside the cases stand further tests of the
//! same subject.

mod challenges;
mod conversations;
mod credentials;
mod deletions;
mod digests;
mod driven;
mod errors;
mod exempt;
mod faults;
mod links;
mod log;
mod manifests;
mod redaction;
mod redirects;
mod references;
mod retries;
mod sanitize;
mod scopes;
mod server;
mod tokens;
