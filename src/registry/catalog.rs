//! `GET /v2/_catalog`: the repositories of a registry. Part of docker's Registry HTTP API V2, not of OCI; not every
//! registry has it.

use futures::Stream;
use http::Method;

use super::client::Client;
use super::endpoint::Endpoint;
use super::filter::flatten_batches;
use super::listing::{Listing, PAGE_SIZE};
use crate::error::{Error, Kind, Operation, Result};
use crate::name::Repository;

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
    /// [`Kind::Unsupported`] where the registry has no catalog (Artifact Registry answers with an empty one);
    /// [`Kind::Denied`] or [`Kind::Unauthenticated`] where this user may not read it; [`Kind::Incomplete`] when the
    /// list breaks off.
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
        listing.into_names("repository name")
    }
}
