//! One repository of a registry, as an owned handle. Its endpoints are in the files named after them.

use std::fmt;
use std::sync::Arc;

use super::client::Client;
use crate::name::{Registry, Repository};

/// A repository of a registry. Cloning it is cheap: a clone shares everything with its original, so that futures can
/// own one and be spawned.
#[derive(Debug, Clone)]
pub struct RepositoryHandle {
    pub(super) client: Client,
    pub(super) name: Arc<Repository>,
}

impl Client {
    /// A handle for one repository. Nothing is sent.
    pub fn repository(&self, name: &Repository) -> RepositoryHandle {
        RepositoryHandle { client: self.clone(), name: Arc::new(name.clone()) }
    }
}

impl RepositoryHandle {
    /// The same repository by another connection, to check again what was "not found": behind a load balancer,
    /// each connection may lead to another replica, and one of them may lag behind.
    pub(crate) fn for_recheck(&self) -> Self {
        Self { client: Client { is_recheck: true, ..self.client.clone() }, name: Arc::clone(&self.name) }
    }

    /// The client of its registry.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Its registry.
    pub fn registry(&self) -> &Registry {
        self.client.registry()
    }

    /// Its path.
    pub fn name(&self) -> &Repository {
        &self.name
    }
}

impl fmt::Display for RepositoryHandle {
    /// Its path, without the registry.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name.fmt(f)
    }
}
