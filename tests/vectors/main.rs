//! The facts in `fixtures/vectors`, gathered from other projects' tests and from specifications, held against the
//! library.
//!
//! One module per file, or more where its kinds are far apart. Each matches on a case's `kind` and panics on an unknown
//! one. Cases that do not apply to rls are listed, with the reason, in [`exemptions`] and nowhere else. Requests go to
//! a scripted server (`test_support::Server`). Beside the cases stand further tests of the same subject.

mod challenges;
mod conversations;
mod credentials;
mod deletions;
mod digests;
mod driven;
mod errors;
mod exemptions;
mod faults;
mod links;
mod log;
mod manifests;
mod pages;
mod redaction;
mod redirects;
mod references;
mod retries;
mod sanitize;
mod scopes;
mod tokens;
mod values;
