//! `GET /v2/<name>/tags/list`: the tags of a repository.

use futures::Stream;
use reqwest::Method;

use super::client::Client;
use super::endpoint::Endpoint;
use super::listing::{Listing, PAGE_SIZE};
use super::valid::{Remarks, one_by_one, valid_names};
use crate::error::Result;
use crate::name::{Repository, Tag};

impl Client {
    /// The tags, in the registry's order (distribution 2 does not sort them), as they arrive.
    ///
    /// # Errors
    ///
    /// [`Kind::NotFound`](crate::Kind::NotFound) when there is no such repository;
    /// [`Kind::Incomplete`](crate::Kind::Incomplete) when the list was cut short.
    pub fn tags(&self, repository: &Repository) -> impl Stream<Item = Result<Tag>> + use<'_> {
        one_by_one(self.tag_batches(repository))
    }

    /// As [`Client::tags`], as many at a time as arrive together: what costs a little for each of a million tags is worth sparing.
    ///
    /// # Errors
    ///
    /// As [`Client::tags`].
    pub fn tag_batches(&self, repository: &Repository) -> impl Stream<Item = Result<Vec<Tag>>> + use<'_> {
        self.listed_tags(repository, Remarks::Made)
    }

    /// The tags once more: what is no tag was remarked upon the first time.
    pub(crate) fn tags_again(&self, repository: &Repository) -> impl Stream<Item = Result<Tag>> + use<'_> {
        one_by_one(self.listed_tags(repository, Remarks::MadeBefore))
    }

    fn listed_tags(&self, repository: &Repository, remarks: Remarks) -> impl Stream<Item = Result<Vec<Tag>>> + use<'_> {
        let request = self.request(Method::GET, Endpoint::Tags(repository));
        valid_names(Listing::new(self, request, "tags", PAGE_SIZE, None), "tag", remarks)
    }
}
