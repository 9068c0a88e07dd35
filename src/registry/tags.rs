//! `GET /v2/<name>/tags/list`: the tags of a repository.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::stream::BoxStream;
use futures::{Stream, StreamExt, TryStreamExt, ready};
use http::Method;

use super::endpoint::Endpoint;
use super::listing::{Listing, PAGE_SIZE};
use super::manifest::uncached;
use super::names::Entry;
use super::repository::RepositoryHandle;
use crate::error::Result;
use crate::name::Tag;

impl RepositoryHandle {
    /// Lists the tags, in the registry's order (distribution 2 does not sort them), as they arrive.
    pub fn tags(&self) -> Tags {
        Tags { batches: self.tag_listing().into_names("tag").boxed(), arrived: VecDeque::new() }
    }

    /// Lists all names, valid tags or not. `null`, empty strings and digests are not names. `is_cut`: whether the
    /// registry ends pages early, without a link to the next one.
    pub(crate) async fn listed_names(&self, is_cut: bool) -> Result<ListedNames> {
        let request = uncached(self.client.request(Method::GET, Endpoint::Tags(&self.name)));
        let listing = Listing::new(&self.client, request, "tags", PAGE_SIZE, None);
        let listing = if is_cut { listing.verifying_end() } else { listing };
        let (misnamed, doubt) = (listing.misnamed(), listing.doubt());
        let entries = listing.into_stream();
        let names = entries.map_ok(|entries| entries.into_iter().filter_map(Entry::into_name).collect::<Vec<_>>());
        let names = names.try_concat().await?;
        let misnamed = misnamed.get().map(|other| format!("is that of {other}"));
        let doubt = misnamed.or_else(|| doubt.get().cloned()).map(|doubt| format!("the list of its tags {doubt}"));
        Ok(ListedNames { names, doubt })
    }

    pub(super) fn tag_listing(&self) -> Listing {
        let request = self.client.request(Method::GET, Endpoint::Tags(&self.name));
        Listing::new(&self.client, request, "tags", PAGE_SIZE, None)
    }
}

/// The names in a list of tags.
#[derive(Debug, Clone, Default)]
pub(crate) struct ListedNames {
    /// The names, valid tags or not.
    pub names: Vec<String>,
    /// Why it may lack names, if it is another repository's, comes from a cache or with errors.
    pub doubt: Option<String>,
}

/// The tags of a repository, as they arrive. An error ends the list:
/// [`Kind::NotFound`](crate::Kind::NotFound) if there is no such repository,
/// [`Kind::Incomplete`](crate::Kind::Incomplete) if the list breaks off.
pub struct Tags {
    batches: BoxStream<'static, Result<Vec<Tag>>>,
    arrived: VecDeque<Tag>,
}

impl Tags {
    /// The tags in the batches in which they arrive: with a million tags, even a small cost per tag matters.
    pub fn batches(self) -> impl Stream<Item = Result<Vec<Tag>>> + Unpin + Send + 'static {
        self.batches
    }
}

impl Stream for Tags {
    type Item = Result<Tag>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(tag) = self.arrived.pop_front() {
                return Poll::Ready(Some(Ok(tag)));
            }
            match ready!(self.batches.poll_next_unpin(cx)) {
                Some(Ok(batch)) => self.arrived = batch.into(),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}
