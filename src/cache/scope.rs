//! Whose entries they are.

use std::fmt;

use crate::name::{Algorithm, Digest};

/// Whose entries they are: those of one user in one repository of one registry.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Scope(String);

impl Scope {
    /// The scope of a registry, with its scheme, a repository and a user.
    pub fn new(registry: &str, repository: &str, user: &str) -> Self {
        // Names have no NUL, so that no two scopes have the same text.
        let text = format!("{registry}\0{repository}\0{user}");
        Self(Digest::of(Algorithm::Sha256, text.as_bytes()).encoded()[..32].to_owned())
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
