//! Where credentials are found: given by hand, in the files of docker, podman, Kubernetes, k3s and rke2, and behind
//! docker's credential helpers.
//!
//! A [`Store`] puts credentials where docker or podman would, and takes them away again.
//!
//! A [`Keychain`] costs nothing until it is asked, and it is asked only when a registry wants to know who calls, or is to be
//! changed. Files are then read once, and a helper is run once for a registry.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use futures::future::BoxFuture;
use secrecy::SecretString;

use crate::auth::Credentials;
use crate::error::Result;
use crate::name::{Registry, Repository};

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
use sources::{CredentialSource, places};

/// Finds credentials for a registry. Clones share what has been read.
#[derive(Debug, Clone)]
pub struct Keychain(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    source: Source,
    /// What has been logged, so that each thing is said once.
    said: Mutex<HashSet<String>>,
}

#[derive(Debug)]
enum Source {
    Explicit(Result<Option<CredentialMatch>>),
    Discover { places: Vec<CredentialSource>, helpers: Helpers },
}

impl Keychain {
    fn new(source: Source) -> Self {
        Self(Arc::new(Inner { source, said: Mutex::default() }))
    }

    /// One that has nothing.
    pub fn anonymous() -> Self {
        Self::new(Source::Explicit(Ok(None)))
    }

    /// One that has a user name and a password, for whatever registry it is asked. `source` says who gave them.
    ///
    /// A user name that cannot be sent is an error of the first question.
    pub fn explicit(username: impl Into<String>, password: impl Into<SecretString>, source: impl Into<String>) -> Self {
        let credentials = Credentials::basic(username, password);
        Self::new(Source::Explicit(credentials.map(|credentials| Some(CredentialMatch::new(credentials, source)))))
    }

    /// One that looks where `options` say:
    ///
    /// 1. in the file that was named, and then nowhere else;
    /// 2. in `DOCKER_AUTH_CONFIG`, which is the text itself;
    /// 3. in docker's `config.json`: the helper for the host (`credHelpers`), the helper for all (`credsStore`), `auths`;
    /// 4. in the `auth.json` files of podman, skopeo and buildah;
    /// 5. in the `registries.yaml` of k3s and rke2.
    pub fn discover(options: Options) -> Self {
        let places = places(&options);
        Self::new(Source::Discover { places, helpers: Helpers::new(options.path, options.helper_limit) })
    }

    /// The credentials for a registry, for one of its repositories if the request is about one: all that match, in the
    /// order to try them. None means that nobody knows any: what only reads goes on anonymously. What else is to be said about
    /// the search is logged as a warning, once.
    ///
    /// # Errors
    ///
    /// As [`Keychain::look_up`].
    pub async fn credentials(
        &self,
        registry: &Registry,
        repository: Option<&Repository>,
    ) -> Result<Vec<CredentialMatch>> {
        let lookup = self.lookup(registry, repository).await?;
        for text in lookup.failures.iter().chain(&lookup.notes).filter(|text| self.is_news(text)) {
            tracing::warn!("{text}");
        }
        Ok(lookup.found)
    }

    /// The credentials for a registry as [`Keychain::credentials`] gives them, with what is to be said about the search.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`](crate::Kind::Config) when a place cannot be read before any credentials are found. The error names
    /// the file, the line and the column, and quotes nothing of it. A place that cannot be read after that is a failure in
    /// the [`Lookup`].
    pub async fn lookup(&self, registry: &Registry, repository: Option<&Repository>) -> Result<Lookup> {
        let target = Target { registry, repository };
        let lookup = match &self.0.source {
            Source::Explicit(found) => Lookup { found: found.clone()?.into_iter().collect(), ..Lookup::default() },
            Source::Discover { places, helpers } => search(&target, places, helpers).await?,
        };
        self.tell_sources(&target, &lookup);
        Ok(lookup)
    }

    fn tell_sources(&self, target: &Target<'_>, lookup: &Lookup) {
        let registry = target.registry;
        let sources: Vec<_> = lookup.found.iter().map(|found| found.identity.to_string()).collect();
        let text = match sources.as_slice() {
            [] => format!("credentials for {registry}: none"),
            sources => format!("credentials for {registry}: {}", sources.join(", then ")),
        };
        if self.is_news(&text) {
            tracing::debug!("{text}");
        }
    }

    fn is_news(&self, text: &str) -> bool {
        self.0.said.lock().unwrap_or_else(PoisonError::into_inner).insert(text.to_owned())
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

async fn search(target: &Target<'_>, places: &[CredentialSource], helpers: &Helpers) -> Result<Lookup> {
    let mut lookup = Lookup::default();
    for place in places {
        match place.find(target, helpers).await {
            Ok(more) => lookup.absorb(more),
            Err(error) if lookup.found.is_empty() => return Err(error),
            Err(error) => lookup.failures.push(error.to_string()),
        }
    }
    let ends_in_line = lookup.found.iter().filter(|found| found.ends_in_line());
    let notes: Vec<_> =
        ends_in_line.map(|found| format!("the password of {} ends in a line break", found.identity)).collect();
    lookup.notes.extend(notes);
    Ok(lookup)
}

/// Parsers that are public for the fuzz targets and the test vectors alone.
#[doc(hidden)]
pub mod fuzzing {
    pub use super::helper::helper_answer;
    pub use super::key::ServerKey;
}

#[cfg(test)]
mod tests;
