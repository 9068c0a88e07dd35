//! `GET /v2/_catalog`: the repositories of a registry. Part of docker's Registry HTTP API V2, not of OCI; not every
//! registry has it.

use futures::{Stream, TryStreamExt};
use http::Method;

use super::client::Client;
use super::endpoint::Endpoint;
use super::filter::flatten_batches;
use super::listing::{Listing, PAGE_SIZE};
use crate::auth::Permission;
use crate::error::{Error, Kind, Operation, Refuser, Result};
use crate::name::{Registry, Repository};

/// Options of [`Client::catalog`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CatalogOptions {
    /// The number of names per page, at most 1000.
    pub page_size: usize,
    /// Begin after this name, where the registry supports that.
    pub after: Option<String>,
}

impl Default for CatalogOptions {
    fn default() -> Self {
        Self { page_size: PAGE_SIZE, after: None }
    }
}

impl CatalogOptions {
    /// The same options with another number of names per page.
    #[must_use]
    pub fn with_page_size(self, page_size: usize) -> Self {
        Self { page_size, ..self }
    }

    /// The same options, beginning after this name, if one is given.
    #[must_use]
    pub fn with_after(self, after: Option<String>) -> Self {
        Self { after, ..self }
    }
}

impl Client {
    /// Lists the repositories, in the registry's order, as they arrive.
    ///
    /// # Errors
    ///
    /// [`Kind::Unsupported`] where the registry has no catalog for any user (Artifact Registry answers with an empty
    /// one); [`Kind::Denied`] or [`Kind::Unauthenticated`] where this user may not read it; [`Kind::Incomplete`] when
    /// the list breaks off.
    pub fn catalog(&self, options: &CatalogOptions) -> impl Stream<Item = Result<Repository>> + Send + use<> {
        flatten_batches(self.catalog_batches(options))
    }

    /// As [`Client::catalog`], in batches as they arrive.
    ///
    /// # Errors
    ///
    /// As [`Client::catalog`].
    pub fn catalog_batches(
        &self,
        options: &CatalogOptions,
    ) -> impl Stream<Item = Result<Vec<Repository>>> + Send + use<> {
        let request = self.request(Method::GET, Endpoint::Catalog);
        let mut listing = Listing::new(self, request, "repositories", options.page_size, options.after.as_deref());
        if self.registry.host().ends_with(".pkg.dev") {
            let what = format!("{} does not list its repositories", self.registry);
            let cause = "its catalog is always empty: Artifact Registry does not offer one";
            listing = listing.when_empty(Error::new(Kind::Unsupported(Operation::Catalog), what).because(cause));
        }
        let client = self.clone();
        listing.into_names("repository name").map_err(move |error| client.explain_refused_catalog(error))
    }

    /// What the refusal of a catalog means: where no user gets one, it says nothing about this user's permissions. That
    /// is so where the registry refuses what its own token grants, and at registries that are known for it.
    fn explain_refused_catalog(&self, error: Error) -> Error {
        let is_refused = match error.kind() {
            Kind::Denied(denial) => denial.by == Refuser::Registry,
            Kind::Unauthenticated | Kind::UnusableChallenge => true,
            _ => false,
        };
        let is_known = || {
            let service = self.transport.service();
            offers_none(&self.registry) || service.as_deref().is_some_and(is_without_catalog)
        };
        if !is_refused || !(is_known() || self.is_granted_catalog()) {
            return error;
        }
        let what = format!("{} does not list its repositories", self.registry);
        error.called(what).with_kind(Kind::Unsupported(Operation::Catalog))
    }

    /// Whether the token that the catalog was requested with grants it.
    fn is_granted_catalog(&self) -> bool {
        let token = self.transport.auth_outcome(&self.request(Method::GET, Endpoint::Catalog)).token;
        let scopes = token.and_then(|token| token.granted()).unwrap_or_default();
        scopes.iter().any(|scope| scope.allows(&Permission::catalog()))
    }
}

/// Hosts, with their subdomains, of registries that offer a catalog to no user.
const WITHOUT_CATALOG: [&str; 7] =
    ["docker.io", "ghcr.io", "quay.io", "pkg.dev", "gcr.io", "gitlab.com", "public.ecr.aws"];

fn offers_none(registry: &Registry) -> bool {
    registry.is_docker_hub() || (!registry.host().ends_with("docker.io") && is_without_catalog(registry.host()))
}

/// Whether this is the host of a registry without a catalog. Under another host, a mirror or an imitation for instance,
/// the registry has the same name towards its token server.
fn is_without_catalog(host: &str) -> bool {
    let is_at = |end: &&str| host.strip_suffix(*end).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    WITHOUT_CATALOG.iter().any(is_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registries_without_a_catalog_are_known_by_their_hosts() {
        let offers_none = |text: &str| offers_none(&text.parse().expect(text));
        for text in ["docker.io", "ghcr.io", "europe-docker.pkg.dev", "registry.gitlab.com", "ghcr.io:8443"] {
            assert!(offers_none(text), "{text}");
        }
        for text in ["registry.corp", "notghcr.io", "ghcr.io.corp", "docker.io:5000", "localhost:5000"] {
            assert!(!offers_none(text), "{text}");
        }
    }
}
