//! Finds credentials: given by the user, in the files of docker, podman, Kubernetes, k3s and rke2, and in docker's
//! credential helpers.
//!
//! A [`Store`] stores credentials where docker or podman would, and erases them.
//!
//! A [`Keychain`] reads nothing until it is asked for credentials, which happens only when a registry requires
//! authentication or is about to be changed. Files are then read once, and a helper is run once for each registry.
//!
//! ```
//! use registry_ls::keychain::{Keychain, Options};
//! use registry_ls::registry::Client;
//!
//! let keychain = Keychain::discover(Options::from_env());
//! let client = Client::builder("registry.corp:5000".parse()?).credentials(keychain).build()?;
//! # Ok::<(), registry_ls::Error>(())
//! ```

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use futures::future::BoxFuture;
use secrecy::SecretString;

use crate::auth::Credentials;
use crate::error::Result;
use crate::name::{Registry, Repository};
use crate::trust::OtherClient;

mod config_json;
mod edit;
mod entry;
mod file;
mod helper;
mod key;
mod lookup;
mod options;
mod provider;
mod pull_secret;
mod registries_yaml;
mod sources;
mod store;

pub use helper::{HelperFailure, HelperFault};
pub use lookup::{CredentialMatch, Lookup};
pub use options::{AuthFile, Options};
pub use provider::CredentialProvider;
pub use store::{Erased, Store, Stored};

use helper::Helpers;
use key::Target;
use sources::CredentialSource;

/// Finds credentials for a registry. Clones share what has been read.
#[derive(Debug, Clone)]
pub struct Keychain(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    source: Source,
    /// What has been logged, so that nothing is logged twice.
    logged: Mutex<HashSet<String>>,
}

#[derive(Debug)]
enum Source {
    Explicit(Result<Option<CredentialMatch>>),
    Discover { sources: Vec<CredentialSource>, helpers: Helpers },
}

impl Keychain {
    fn new(source: Source) -> Self {
        Self(Arc::new(Inner { source, logged: Mutex::default() }))
    }

    /// A keychain without credentials.
    pub fn anonymous() -> Self {
        Self::new(Source::Explicit(Ok(None)))
    }

    /// A keychain with one user name and password, which it returns for every registry. `source` names where they are
    /// from.
    ///
    /// A user name that cannot be sent is an error of the first lookup.
    pub fn explicit(username: impl Into<String>, password: impl Into<SecretString>, source: impl Into<String>) -> Self {
        let credentials = Credentials::basic(username, password);
        Self::new(Source::Explicit(credentials.map(|credentials| Some(CredentialMatch::new(credentials, source)))))
    }

    /// A keychain that searches the sources that `options` name:
    ///
    /// 1. the file that the user named, and then nothing else;
    /// 2. `DOCKER_AUTH_CONFIG`, whose value is the JSON itself;
    /// 3. docker's `config.json`: the helper for the host (`credHelpers`), the default helper (`credsStore`), `auths`;
    /// 4. the `auth.json` files of podman, skopeo and buildah;
    /// 5. the `registries.yaml` of k3s and rke2.
    pub fn discover(options: Options) -> Self {
        let sources = sources::of(&options);
        Self::new(Source::Discover { sources, helpers: Helpers::of(&options) })
    }

    /// A keychain that searches where another client does: docker in its `config.json`, podman in `auth.json` and then
    /// there, k3s and rke2 in their `registries.yaml`. containerd has no credentials of its own.
    pub(crate) fn of_client(options: Options, client: OtherClient) -> Self {
        let sources = sources::of_client(&options, client);
        Self::new(Source::Discover { sources, helpers: Helpers::of(&options) })
    }

    /// The credentials for a registry or, for a request about one, for a repository of it: all that match, in the order
    /// to try them. Empty when none are found; reading then goes on anonymously. Failures and notes of the search are
    /// logged as warnings, once.
    ///
    /// # Errors
    ///
    /// As [`Keychain::lookup`].
    pub async fn credentials(
        &self,
        registry: &Registry,
        repository: Option<&Repository>,
    ) -> Result<Vec<CredentialMatch>> {
        let lookup = self.lookup(registry, repository).await?;
        for text in lookup.failures.iter().chain(&lookup.notes).filter(|text| self.is_new(text)) {
            tracing::warn!("{text}");
        }
        Ok(lookup.found)
    }

    /// The same credentials as [`Keychain::credentials`], with the failures and notes of the search.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`](crate::Kind::Config) when a source cannot be read before any credentials are found. The error
    /// names the file, the line and the column, and quotes nothing of it. A source that cannot be read after that is a
    /// failure in the [`Lookup`].
    pub async fn lookup(&self, registry: &Registry, repository: Option<&Repository>) -> Result<Lookup> {
        let target = Target { registry, repository };
        let lookup = match &self.0.source {
            Source::Explicit(found) => Lookup { found: found.clone()?.into_iter().collect(), ..Lookup::default() },
            Source::Discover { sources, helpers } => search(&target, sources, helpers).await?,
        };
        self.log_sources(&target, &lookup);
        Ok(lookup)
    }

    fn log_sources(&self, target: &Target<'_>, lookup: &Lookup) {
        let registry = target.registry;
        let sources: Vec<_> = lookup.found.iter().map(|found| found.identity.to_string()).collect();
        let text = match sources.as_slice() {
            [] => format!("credentials for {registry}: none"),
            sources => format!("credentials for {registry}: {}", sources.join(", then ")),
        };
        if self.is_new(&text) {
            tracing::debug!("{text}");
        }
    }

    fn is_new(&self, text: &str) -> bool {
        self.0.logged.lock().unwrap_or_else(PoisonError::into_inner).insert(text.to_owned())
    }
}

impl CredentialProvider for Keychain {
    fn credentials<'a>(
        &'a self,
        registry: &'a Registry,
        repository: Option<&'a Repository>,
    ) -> BoxFuture<'a, Result<Vec<CredentialMatch>>> {
        Self::credentials(self, registry, repository).boxed()
    }

    fn lookup<'a>(
        &'a self,
        registry: &'a Registry,
        repository: Option<&'a Repository>,
    ) -> BoxFuture<'a, Result<Lookup>> {
        Self::lookup(self, registry, repository).boxed()
    }
}

async fn search(target: &Target<'_>, sources: &[CredentialSource], helpers: &Helpers) -> Result<Lookup> {
    let mut lookup = Lookup::default();
    for source in sources {
        match source.find(target, helpers).await {
            Ok(more) => lookup.absorb(more),
            Err(error) if lookup.found.is_empty() => return Err(error),
            Err(error) => lookup.failures.push(error.to_string()),
        }
    }
    Ok(lookup)
}

/// What fuzz targets and test vectors call directly. Not part of the interface.
#[cfg(feature = "__internals")]
#[doc(hidden)]
pub mod internals {
    pub use super::helper::helper_answer;
    pub use super::key::ServerKey;
}

#[cfg(test)]
mod tests;
