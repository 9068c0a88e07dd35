//! `GET /v2/<name>/tags/list`: the tags of a repository.

use futures::{Stream, TryStreamExt};
use reqwest::Method;

use super::client::Client;
use super::endpoint::Endpoint;
use super::filter::{flatten_batches, valid_names};
use super::listing::{Listing, PAGE_SIZE};
use super::names::Entry;
use crate::error::Result;
use crate::name::{Repository, Tag};

impl Client {
    /// The tags, in the registry's order (distribution 2 does not sort them), as they arrive.
    ///
    /// # Errors
    ///
    /// [`Kind::NotFound`](crate::Kind::NotFound) when there is no such repository;
    /// [`Kind::Incomplete`](crate::Kind::Incomplete) when the list was cut short.
    pub fn tags(&self, repository: &Repository) -> impl Stream<Item = Result<Tag>> + Send + use<> {
        flatten_batches(self.tag_batches(repository))
    }

    /// As [`Client::tags`], as many at a time as arrive together: what costs a little for each of a million tags is worth sparing.
    ///
    /// # Errors
    ///
    /// As [`Client::tags`].
    pub fn tag_batches(&self, repository: &Repository) -> impl Stream<Item = Result<Vec<Tag>>> + Send + use<> {
        let request = self.request(Method::GET, Endpoint::Tags(repository));
        valid_names(Listing::new(self, request, "tags", PAGE_SIZE, None), "tag")
    }

    /// The names in the list, whether the grammar of tags allows them or not. Null, empty texts and digests are no names.
    pub(crate) fn listed_names(
        &self,
        repository: &Repository,
    ) -> impl Stream<Item = Result<Vec<String>>> + Send + use<> {
        let request = self.request(Method::GET, Endpoint::Tags(repository));
        let listing = Listing::new(self, request, "tags", PAGE_SIZE, None);
        listing.into_stream().map_ok(|entries| entries.into_iter().filter_map(Entry::into_name).collect())
    }
}
