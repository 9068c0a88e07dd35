//! `GET /v2/_catalog`: the repositories of a registry. Not part of OCI; distribution's own, and not offered by every registry.

use futures::Stream;
use reqwest::Method;

use super::client::Client;
use super::endpoint::Endpoint;
use super::filter::{flatten_batches, valid_names};
use super::listing::{Listing, PAGE_SIZE};
use crate::error::{Error, Kind, Operation, Result};
use crate::name::Repository;

/// Which part of the catalog.
#[derive(Debug, Clone)]
pub struct CatalogOptions {
    /// Names asked for in one page, 1000 at most.
    pub page_size: usize,
    /// Begin after this name, where the registry can.
    pub after: Option<String>,
}

impl Default for CatalogOptions {
    fn default() -> Self {
        Self { page_size: PAGE_SIZE, after: None }
    }
}

impl Client {
    /// The repositories, in the registry's order, as their names arrive.
    ///
    /// # Errors
    ///
    /// [`Kind::Unsupported`] where the registry has no catalog (Artifact Registry answers with an empty one);
    /// [`Kind::Denied`] or [`Kind::Unauthenticated`] where it is not for this user; [`Kind::Incomplete`] when it was cut short.
    pub fn catalog(&self, options: &CatalogOptions) -> impl Stream<Item = Result<Repository>> + Send + use<> {
        flatten_batches(self.catalog_batches(options))
    }

    /// As [`Client::catalog`], as many at a time as arrive together.
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
        valid_names(listing, "repository name")
    }
}
