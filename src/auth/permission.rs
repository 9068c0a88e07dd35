//! Permissions on a registry: what a request needs, and what a denial says is missing.

use std::fmt;

use crate::name::Repository;

/// An operation on a repository, or on the registry as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// List the registry's repositories: scope `registry:catalog:*`.
    Catalog,
    /// Read: tags, manifests, blobs.
    Pull,
    /// Write.
    Push,
    /// Delete manifests or tags.
    Delete,
}

impl Action {
    /// Whether it changes the registry's contents.
    pub(crate) fn is_change(self) -> bool {
        matches!(self, Self::Push | Self::Delete)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Catalog => "catalog",
            Self::Pull => "pull",
            Self::Push => "push",
            Self::Delete => "delete",
        })
    }
}

/// An action, on a repository unless it is [`Action::Catalog`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Permission {
    /// The operation.
    pub action: Action,
    /// The repository; `None` for [`Action::Catalog`].
    pub repository: Option<Repository>,
}

impl Permission {
    /// The permission to list repositories.
    pub fn catalog() -> Self {
        Self { action: Action::Catalog, repository: None }
    }

    /// A permission on one repository.
    pub fn on(repository: &Repository, action: Action) -> Self {
        Self { action, repository: Some(repository.clone()) }
    }

    /// The repository, if the permission is to pull from it.
    pub fn pulled(&self) -> Option<&Repository> {
        self.repository.as_ref().filter(|_| self.action == Action::Pull)
    }
}
