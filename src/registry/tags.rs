//! `GET /v2/<name>/tags/list`: the tags of a repository.

use futures::{Stream, TryStreamExt};
use http::Method;

use super::client::Client;
use super::endpoint::Endpoint;
use super::filter::flatten_batches;
use super::listing::{Listing, PAGE_SIZE};
use super::names::Entry;
use crate::error::Result;
use crate::name::{Repository, Tag};

impl Client {
    /// Lists the tags, in the registry's order (distribution 2 does not sort them), as they arrive.
    ///
    /// # Errors
    ///
    /// [`Kind::NotFound`](crate::Kind::NotFound) when there is no such repository;
    /// [`Kind::Incomplete`](crate::Kind::Incomplete) when the list breaks off.
    pub fn tags(&self, repository: &Repository) -> impl Stream<Item = Result<Tag>> + Send + use<> {
        flatten_batches(self.tag_batches(repository))
    }

    /// As [`Client::tags`], in batches as they arrive: with a million tags, even a small cost per tag matters.
    ///
    /// # Errors
    ///
    /// As [`Client::tags`].
    pub fn tag_batches(&self, repository: &Repository) -> impl Stream<Item = Result<Vec<Tag>>> + Send + use<> {
        let request = self.request(Method::GET, Endpoint::Tags(repository));
        Listing::new(self, request, "tags", PAGE_SIZE, None).into_names("tag")
    }

    /// Lists all names, valid tags or not. `null`, empty strings and digests are no names.
    pub(crate) fn listed_names(
        &self,
        repository: &Repository,
    ) -> impl Stream<Item = Result<Vec<String>>> + Send + use<> {
        let request = self.request(Method::GET, Endpoint::Tags(repository));
        let listing = Listing::new(self, request, "tags", PAGE_SIZE, None);
        listing.into_stream().map_ok(|entries| entries.into_iter().filter_map(Entry::into_name).collect())
    }
}
