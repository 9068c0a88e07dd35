//! The interface by which a client gets credentials.

use std::fmt;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::lookup::{CredentialMatch, Lookup};
use crate::error::Result;
use crate::name::{Registry, Repository};

/// A source of credentials: a [`Keychain`](super::Keychain), or a secret store of an application, such as Vault or a
/// cloud's token service.
///
/// A client asks it when a registry sends a 401, and before it changes anything.
pub trait CredentialProvider: fmt::Debug + Send + Sync {
    /// The credentials for a registry, or for one of its repositories, in the order to try them. None means that there
    /// are none: reading goes on anonymously.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`](crate::Kind::Config) when the source cannot be read. It fails the request.
    fn credentials<'a>(
        &'a self,
        registry: &'a Registry,
        repository: Option<&'a Repository>,
    ) -> BoxFuture<'a, Result<Vec<CredentialMatch>>>;

    /// The same with what failed in the search: a change is refused, rather than sent anonymously, if the search has
    /// failures and found nothing.
    ///
    /// # Errors
    ///
    /// As [`CredentialProvider::credentials`].
    fn lookup<'a>(
        &'a self,
        registry: &'a Registry,
        repository: Option<&'a Repository>,
    ) -> BoxFuture<'a, Result<Lookup>> {
        let found = self.credentials(registry, repository);
        async move { Ok(Lookup { found: found.await?, ..Lookup::default() }) }.boxed()
    }
}
