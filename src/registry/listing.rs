//! Walking through the pages of a list (OCI distribution specification, "Listing"), with what real registries need besides.
//!
//! The names of a page are held back until the page is whole, so that a page which breaks off can be fetched again and nothing of a
//! page that never arrives is reported. A very long page is passed on as it comes: should it break off, the names
//! that were passed on are skipped when it is read again.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, OnceLock};

use futures::Stream;
use futures::stream;
use reqwest::header::LINK;
use url::Url;

use super::client::Client;
use super::names::Entry;
use super::page::Page;
use crate::error::{Error, Fault, Kind, Result};
use crate::http::{NextPage, Request, pagination_loop};

/// Names asked for in one page: as many as every registry allows.
pub const PAGE_SIZE: usize = 1000;

/// Page sizes to try when a registry refuses the former; after the last, none is asked for.
const SMALLER: [usize; 2] = [100, 50];

/// Names that a registry puts in one page at most, whatever was asked for, without saying that there are more (Gitea).
const CLAMPED: usize = 100;

/// Most pages of one list: ten million names where pages have the usual size.
const MOST_PAGES: usize = 10_000;

/// A walk through the pages of one list.
pub(super) struct Listing {
    client: Client,
    /// The member of the body that is the list.
    field: &'static str,
    page: Option<Page>,
    /// The request without its query, and what the list is called.
    first: Request,
    /// What `n` asks for; `None` after the registry refused every size.
    page_size: Option<usize>,
    /// The page is one that no `Link` announced: it shows whether the list really ended.
    probing: bool,
    pages: usize,
    released: usize,
    seen: SeenHashes,
    /// What is wrong with the page after the one whose names were just passed on.
    failed: Option<Error>,
    /// What it means that the list is empty, if that is not to be believed.
    when_empty: Option<Error>,
}

/// What was read before, as hashes: enough to notice a circle, and to drop what two pages share.
#[derive(Default)]
struct SeenHashes {
    addresses: HashSet<u64>,
    pages: HashSet<u64>,
    /// Those of the names of the former page, in their order.
    former: Vec<u64>,
    /// The other repository that a page said it is of.
    misnamed: Arc<OnceLock<String>>,
}

impl Listing {
    /// The list that `first` answers, under `field`, from the name `after` on.
    pub(super) fn new(
        client: &Client,
        first: Request,
        field: &'static str,
        page_size: usize,
        after: Option<&str>,
    ) -> Self {
        let mut listing = Self {
            client: client.clone(),
            field,
            page: None,
            first,
            page_size: Some(page_size.clamp(1, PAGE_SIZE)),
            probing: false,
            pages: 0,
            released: 0,
            seen: SeenHashes::default(),
            failed: None,
            when_empty: None,
        };
        listing.begin(listing.page_request(after));
        listing
    }

    /// Where the other repository is told that the list says it is of, once it was read.
    pub(super) fn misnamed(&self) -> Arc<OnceLock<String>> {
        Arc::clone(&self.seen.misnamed)
    }

    /// Makes an empty list an error.
    pub(super) fn when_empty(self, error: Error) -> Self {
        Self { when_empty: Some(error), ..self }
    }

    /// The entries, a batch at a time. After an error nothing follows.
    pub(super) fn into_stream(self) -> impl Stream<Item = Result<Vec<Entry>>> + Send + use<> {
        stream::try_unfold(self, |mut listing| async move {
            match listing.next_batch().await {
                Ok(Some(batch)) => Ok(Some((batch, listing))),
                Ok(None) => Ok(None),
                Err(error) => Err(listing.incomplete(error)),
            }
        })
    }

    async fn next_batch(&mut self) -> Result<Option<Vec<Entry>>> {
        loop {
            if let Some(error) = self.failed.take() {
                return Err(error);
            }
            let Some(page) = &mut self.page else {
                return self.when_empty.take().filter(|_| self.released == 0).map_or(Ok(None), Err);
            };
            match page.read().await {
                Ok(Some(names)) => return Ok(Some(self.release(names))),
                Ok(None) => {
                    if let Some(names) = self.end_page()? {
                        return Ok(Some(self.release(names)));
                    }
                }
                // Zot answers 404 to a `last` that it does not know: the list had ended.
                Err(error) if self.probing && error.reply().is_some_and(|reply| reply.status == 404) => {
                    self.page = None
                }
                Err(error) => self.reduce_page_size(error)?,
            }
        }
    }

    /// The request for a page of our own asking.
    fn page_request(&self, last: Option<&str>) -> Request {
        let mut request = self.first.clone();
        if self.page_size.is_some() || last.is_some() {
            let mut query = request.url.query_pairs_mut();
            if let Some(size) = self.page_size {
                query.append_pair("n", &size.to_string());
            }
            if let Some(last) = last {
                query.append_pair("last", last);
            }
        }
        request
    }

    fn begin(&mut self, request: Request) {
        self.seen.addresses.insert(hash(request.url.as_str()));
        self.page = Some(Page::new(Arc::clone(&self.client.transport), request, self.field));
    }

    /// A registry may refuse the size of the first page in several ways: less is asked for, in the end nothing.
    fn reduce_page_size(&mut self, error: Error) -> Result<()> {
        let refused = match error.kind() {
            Kind::Protocol(Fault::PageSize | Fault::Status(400)) => true,
            Kind::Unsupported(_) => error.reply().is_some_and(|reply| reply.status == 400),
            _ => false,
        };
        let Some(size) = self.page_size.filter(|_| refused && self.pages == 0) else { return Err(error) };
        self.page_size = SMALLER.into_iter().find(|smaller| *smaller < size);
        tracing::debug!("{error}; asking for pages of {:?} names", self.page_size);
        let last = self.page.as_ref().and_then(|page| query_value(&page.request.url, "last"));
        self.begin(self.page_request(last.as_deref()));
        Ok(())
    }

    /// The page is whole: what of it was held back, and where the list goes on.
    fn end_page(&mut self) -> Result<Option<Vec<Entry>>> {
        let Some(mut page) = self.page.take() else { return Ok(None) };
        self.pages += 1;
        if let Some((asked, name)) = page.misnamed().filter(|_| self.seen.misnamed.get().is_none()) {
            tracing::warn!("the reply names another repository: {name} instead of {asked}");
            // It is set nowhere else.
            let _ = self.seen.misnamed.set(name.to_owned());
        }
        let repeated = page.count > 0 && !self.seen.pages.insert(page.hash());
        if repeated && self.probing {
            return Ok(None);
        }
        if repeated {
            return Err(pagination_loop("the registry sent the same page again"));
        }
        let names = self.without_overlap(std::mem::take(&mut page.held));
        let ended = self.probing && names.is_empty();
        match if ended { Ok(None) } else { self.after(&page) } {
            Ok(Some(request)) => self.begin(request),
            Ok(None) => {}
            Err(error) => self.failed = Some(error),
        }
        page.hashes.sort_unstable();
        self.seen.former = page.hashes;
        Ok(Some(names))
    }

    /// The names that the former page did not have.
    fn without_overlap(&self, mut names: Vec<Entry>) -> Vec<Entry> {
        let before = names.len();
        names.retain(|name| self.seen.former.binary_search(&hash(name)).is_err());
        if before > names.len() && !self.probing {
            tracing::warn!("{} names of the former page came again and were dropped", before - names.len());
        }
        names
    }

    /// The request for the page after this one.
    fn after(&mut self, page: &Page) -> Result<Option<Request>> {
        let lines = page.headers.get_all(LINK).iter().map(|value| value.as_bytes());
        let linked = crate::http::next_page(&page.request.url, lines)?;
        self.probing = linked == NextPage::Last;
        let request = match linked {
            NextPage::At(url) => Request { url, ..self.first.clone() },
            NextPage::Last => match page.last.as_deref().filter(|_| self.is_full(page.count)) {
                Some(last) => self.page_request(Some(last)),
                None => return Ok(None),
            },
        };
        if self.seen.addresses.contains(&hash(request.url.as_str())) {
            return Err(pagination_loop("the registry leads back to a page that was read"));
        }
        if self.pages >= MOST_PAGES {
            return Err(Error::new(Kind::Incomplete, "too many pages").because(format!("more than {MOST_PAGES}")));
        }
        Ok(Some(request))
    }

    /// Gitea and others page without saying so: a page as full as was asked for, or as such a registry makes them, may not be the last.
    /// Nor may any page of a registry that was not told how full it is to be; what is longer than any page is the whole list.
    fn is_full(&self, count: usize) -> bool {
        match self.page_size {
            Some(size) => count == size || (count == CLAMPED && size > CLAMPED),
            None => count <= PAGE_SIZE,
        }
    }

    fn release(&mut self, names: Vec<Entry>) -> Vec<Entry> {
        self.released += names.len();
        names
    }

    /// With a part of the list passed on, what ends it early is that the list is incomplete.
    fn incomplete(&self, error: Error) -> Error {
        if self.released == 0 {
            return error;
        }
        let entries = if self.released == 1 { "entry" } else { "entries" };
        let what = format!("incomplete list of {}, after {} {entries}", self.first.context.name, self.released);
        error.within(what).with_kind(Kind::Incomplete)
    }
}

/// A hash of something that was read: equal things have equal hashes, and others hardly ever.
pub(super) fn hash(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

fn query_value(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}
