//! Reads the pages of a list (OCI distribution specification, "Listing Tags"), with the deviations of real registries.
//!
//! The names of a page are held back until the page is complete, so that a page that breaks off can be fetched again. A
//! very long page is passed on as it arrives; should it break off, the names that were passed on are skipped when it is
//! read again.
//!
//! How the end is found:
//!
//! 1. A page with a link leads to the next one. An empty page is the last, unless its link leads on.
//! 2. A page without a link is the last, unless it is full and none had a link: Gitea and others page without. Then the
//!    page after its last name is read, and the list ends with a page that brings nothing new.
//! 3. If that page has names that were listed before, the registry ignores `last` (crane's catalog, which is in another
//!    order each time, Artifact Registry): the whole list is read at once, and what is new in it added.
//! 4. Where what is not listed may be deleted ([`Listing::verifying_end`]), the page after the last name is read even
//!    if the page is not full: some registries put fewer names on a page than requested, and link none.

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

use futures::{Stream, TryStreamExt, stream};
use http::header::LINK;
use url::Url;

use super::client::Client;
use super::filter::SkippedNames;
use super::names::Entry;
use super::page::{Page, hash};
use crate::error::{Error, Fault, Kind, Result};
use crate::http::{NextPage, Request, pagination_loop};
use crate::name::FromText;

/// The number of names per page that every registry allows.
pub const PAGE_SIZE: usize = 1000;

/// Page sizes to try when a registry refuses the previous one; after the last, none is requested.
const SMALLER: [usize; 2] = [100, 50];

/// The most names that Gitea puts on a page, whatever was requested, without a link to the next page.
const CLAMPED: usize = 100;

/// The most pages of one list: ten million names with pages of the usual size.
const MAX_PAGES: usize = 10_000;

/// Reads the pages of one list.
pub(super) struct Listing {
    client: Client,
    /// The member of the body that holds the list.
    field: &'static str,
    page: Option<Page>,
    /// The request without its query; its context names the list.
    first: Request,
    /// The `n` of the query; `None` after the registry refused every size.
    page_size: Option<usize>,
    /// Why the page is read.
    step: Step,
    /// How many names of this page were not listed before.
    new: usize,
    pages: usize,
    released: usize,
    seen: SeenHashes,
    /// The error of the next page, while the names of this one are passed on.
    failed: Option<Error>,
    /// The error for an empty list, where that is not plausible.
    when_empty: Option<Error>,
    /// Whether the end is verified although the last page is not full.
    verifies_end: bool,
    /// Whether that is the only reason to read this page.
    is_verifying: bool,
}

/// Why a page is read.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// It is the first page, or a `Link` leads to it.
    Linked,
    /// No `Link` announced it: whether the list has ended is not known otherwise.
    Probe,
    /// The registry ignores `last`. The name to continue after, should this not be the whole list.
    Whole(Option<String>),
}

/// Hashes of what was read before, to detect loops and names that two pages share.
#[derive(Default)]
struct SeenHashes {
    addresses: HashSet<u64>,
    pages: HashSet<u64>,
    /// Those of the names on the previous page; once a page was read that no `Link` announced, of all pages.
    names: HashSet<u64>,
    /// Whether a page had a link to the next one.
    links: bool,
    /// Whether a link was followed that leads to another origin than the registry's.
    rebased: bool,
    /// Whether the whole list was requested at once.
    asked_whole: bool,
    /// The number of names that were known then.
    before_whole: usize,
    /// The other repository that a page names as its own.
    misnamed: Arc<OnceLock<String>>,
    /// Set where names follow a page that is not full and links none.
    is_cut: Arc<OnceLock<()>>,
    /// Why a page may be out of date or lack names.
    doubt: Arc<OnceLock<String>>,
}

impl Listing {
    /// The list under `field` in the replies to `first`, beginning after the name `after`.
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
            step: Step::Linked,
            new: 0,
            pages: 0,
            released: 0,
            seen: SeenHashes::default(),
            failed: None,
            when_empty: None,
            verifies_end: false,
            is_verifying: false,
        };
        listing.begin(listing.page_request(after));
        listing
    }

    /// The other repository that the list names as its own, once that was read.
    pub(super) fn misnamed(&self) -> Arc<OnceLock<String>> {
        Arc::clone(&self.seen.misnamed)
    }

    /// Verifies the end of the list by one more page, where no page had a link to the next one.
    pub(super) fn verifying_end(self) -> Self {
        Self { verifies_end: true, ..self }
    }

    /// Is set once names were read that only [`Listing::verifying_end`] finds.
    pub(super) fn is_cut(&self) -> Arc<OnceLock<()>> {
        Arc::clone(&self.seen.is_cut)
    }

    /// Why the list may be out of date or lack names, once a page was read whose reply says so: what comes after "the
    /// list".
    pub(super) fn doubt(&self) -> Arc<OnceLock<String>> {
        Arc::clone(&self.seen.doubt)
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

    /// The valid names, a batch at a time. `what` they are, for the warnings about others.
    pub(super) fn into_names<T: FromText>(
        self,
        what: &'static str,
    ) -> impl Stream<Item = Result<Vec<T>>> + Send + use<T> {
        let mut skipped = SkippedNames::new(what, Arc::clone(&self.client.transport));
        let names = move |entries: Vec<Entry>| entries.into_iter().filter_map(|entry| skipped.name(entry)).collect();
        self.into_stream().map_ok(names)
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
                Ok(Some(names)) => {
                    let names = self.without_known(names);
                    if let Step::Whole(_) = self.step {
                        self.seen.names.extend(names.iter().map(hash));
                    }
                    return Ok(Some(self.release(names)));
                }
                Ok(None) => {
                    if let Some(names) = self.end_page()? {
                        return Ok(Some(self.release(names)));
                    }
                }
                // Zot answers 404 to a `last` that it does not know: the list had ended.
                Err(error) if self.step != Step::Linked && error.reply().is_some_and(|reply| reply.status == 404) => {
                    self.page = None
                }
                // It does not know `last`.
                Err(error) if self.is_verifying && is_refusal(&error) => self.page = None,
                Err(error) => self.reduce_page_size(error)?,
            }
        }
    }

    /// The request for the page after the name `last`.
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
        self.new = 0;
        self.page = Some(Page::new(Arc::clone(&self.client.transport), request, self.field));
    }

    /// Requests a smaller page, in the end without a size, where the registry refused the size of the first page.
    fn reduce_page_size(&mut self, error: Error) -> Result<()> {
        let refused = match error.kind() {
            Kind::Protocol(Fault::PageSize | Fault::Status(400)) => true,
            Kind::Unsupported(_) => error.reply().is_some_and(|reply| reply.status == 400),
            _ => false,
        };
        let Some(size) = self.page_size.filter(|_| refused && self.pages == 0) else { return Err(error) };
        let smaller = || SMALLER.into_iter().find(|smaller| *smaller < size);
        self.page_size = stated_maximum(&error).filter(|most| *most < size).or_else(smaller);
        tracing::debug!("{error}; asking for pages of {:?} names", self.page_size);
        let last = self.page.as_ref().and_then(|page| query_value(&page.request.url, "last"));
        self.begin(self.page_request(last.as_deref()));
        Ok(())
    }

    /// Ends a complete page: returns the names that were held back, and begins the next page.
    fn end_page(&mut self) -> Result<Option<Vec<Entry>>> {
        let Some(mut page) = self.page.take() else { return Ok(None) };
        self.pages += 1;
        if let Some((asked, name)) = page.misnamed().filter(|_| self.seen.misnamed.get().is_none()) {
            let name = self.client.transport.masked(name);
            tracing::warn!("the reply names another repository: {name} instead of {asked}");
            // It is not set anywhere else.
            let _ = self.seen.misnamed.set(name);
        }
        if let Some(doubt) = page.doubt.take() {
            // The first is enough.
            let _ = self.seen.doubt.set(doubt);
        }
        let repeated = page.count > 0 && !self.seen.pages.insert(page.hash());
        if repeated && self.step == Step::Linked {
            return Err(pagination_loop("the registry sent the same page again"));
        }
        let names = self.without_known(std::mem::take(&mut page.held));
        match self.next_request(&page, repeated) {
            Ok(Some(request)) => self.begin(request),
            Ok(None) => {}
            Err(error) => self.failed = Some(error),
        }
        if self.step == Step::Linked && !self.seen.asked_whole {
            self.seen.names.clear();
        }
        self.seen.names.extend(page.hashes);
        Ok(Some(names))
    }

    /// The names that were not listed before.
    fn without_known(&mut self, mut names: Vec<Entry>) -> Vec<Entry> {
        let before = names.len();
        if !self.seen.names.is_empty() {
            names.retain(|name| !self.seen.names.contains(&hash(name)));
        }
        if before > names.len() && self.step == Step::Linked && !self.seen.asked_whole {
            tracing::warn!("skipped {} names that were already on the previous page", before - names.len());
        }
        self.new += names.len();
        names
    }

    /// The request for the page after this one. `repeated`: whether it is equal to an earlier one.
    fn next_request(&mut self, page: &Page, repeated: bool) -> Result<Option<Request>> {
        if std::mem::take(&mut self.is_verifying) {
            // Nothing follows, or the whole list is sent again.
            if self.new < page.count || page.count == 0 {
                return Ok(None);
            }
            // It is not set to anything else.
            let _ = self.seen.is_cut.set(());
        }
        match std::mem::replace(&mut self.step, Step::Linked) {
            Step::Linked => self.after(page),
            Step::Probe if self.new == page.count => self.after(page),
            // Every page may be the whole list where no size was requested, or another size than it has.
            Step::Probe if repeated && self.page_size != Some(page.count) => Ok(None),
            Step::Probe if self.page_size.is_some() && !self.seen.asked_whole => {
                tracing::debug!("the registry ignores `last`; asking for the whole list");
                self.seen.asked_whole = true;
                self.step = Step::Whole(page.last.clone());
                self.seen.before_whole = self.seen.names.len() + self.new;
                Ok(Some(self.first.clone()))
            }
            Step::Probe if self.new > 0 => self.after(page),
            Step::Probe if self.page_size.is_none() => Ok(None),
            Step::Probe => Err(endless()),
            Step::Whole(last) => {
                let is_whole = page.count - self.new >= self.seen.before_whole;
                match self.linked(page)? {
                    Some(url) => self.follow(page, Request { url, ..self.first.clone() }),
                    None if is_whole => Ok(None),
                    None => self.resume(last.as_deref()).map(Some),
                }
            }
        }
    }

    /// The request for the page after `last`, where the list that was requested as a whole is not.
    fn resume(&mut self, last: Option<&str>) -> Result<Request> {
        self.step = Step::Probe;
        let request = self.page_request(last);
        if self.seen.addresses.contains(&hash(request.url.as_str())) { Err(endless()) } else { Ok(request) }
    }

    /// Where the link of a page leads; `None` at the end.
    fn linked(&mut self, page: &Page) -> Result<Option<Url>> {
        let lines = page.headers.get_all(LINK).iter().map(|value| value.as_bytes());
        let linked = crate::http::next_page(&page.request.url, lines);
        match linked.map_err(|error| error.masked(&|text| self.client.transport.masked(text)))? {
            NextPage::Same if page.count == 0 => Ok(None),
            next => next.into_url(&mut self.seen.rebased),
        }
    }

    /// The request for the page after this one, by its link or after its last name.
    fn after(&mut self, page: &Page) -> Result<Option<Request>> {
        let request = match self.linked(page)? {
            Some(url) => {
                self.seen.links = true;
                Request { url, ..self.first.clone() }
            }
            None => match page.last.as_deref().filter(|_| !self.seen.links && self.may_go_on(page.count)) {
                Some(last) => {
                    self.step = Step::Probe;
                    self.is_verifying = !self.is_full(page.count);
                    self.page_request(Some(last))
                }
                None => return Ok(None),
            },
        };
        self.follow(page, request)
    }

    /// The request for the page after this one, unless it was read before or there are too many. An empty page that
    /// leads back is the last.
    fn follow(&self, page: &Page, request: Request) -> Result<Option<Request>> {
        if self.seen.addresses.contains(&hash(request.url.as_str())) {
            let error = pagination_loop("the registry leads back to a page that was read");
            return if page.count == 0 { Ok(None) } else { Err(error) };
        }
        if self.pages >= MAX_PAGES {
            return Err(Error::new(Kind::Incomplete, "too many pages").because(format!("more than {MAX_PAGES}")));
        }
        Ok(Some(request))
    }

    /// Whether the page after one without a link is read. One that is longer than requested is the whole list.
    fn may_go_on(&self, count: usize) -> bool {
        self.is_full(count) || (self.verifies_end && self.page_size.is_some_and(|size| count < size))
    }

    /// Whether a page may not be the last although it has no link: Gitea and others page without one. A page is full
    /// when it has the requested size or Gitea's; where no size was requested, every page may be, except one that is
    /// longer than any page.
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

    /// The error that ends the list: [`Kind::Incomplete`] where a part of it was passed on.
    fn incomplete(&self, error: Error) -> Error {
        if self.released == 0 {
            return error;
        }
        let kind = match error.kind() {
            kind @ Kind::ForeignPage { .. } => kind.clone(),
            _ => Kind::Incomplete,
        };
        let entries = if self.released == 1 { "entry" } else { "entries" };
        let what = format!("incomplete list of {}, after {} {entries}", self.first.context.name, self.released);
        error.within(what).with_kind(kind)
    }
}

/// The error for a list whose next page cannot be reached.
fn endless() -> Error {
    Error::new(Kind::Incomplete, "cannot tell where the list ends")
        .because("the registry links no next page, and ignores the name to continue after")
}

/// Whether the registry refuses a request as one that it does not understand.
fn is_refusal(error: &Error) -> bool {
    error.reply().is_some_and(|reply| matches!(reply.status, 400 | 405 | 416 | 422 | 501))
}

/// The largest page that a registry allows, where its refusal of a larger one says so: `n is too large (n=1000,
/// max=2)`.
fn stated_maximum(error: &Error) -> Option<usize> {
    let texts = error.reply()?.errors.iter().flat_map(|error| [&error.message, &error.detail]);
    texts.into_iter().find_map(|text| {
        let text = text.to_ascii_lowercase();
        let (_, stated) = text.split_once("max")?;
        let digits = stated.find(|c: char| c.is_ascii_digit())?;
        let number = stated[digits..].split(|c: char| !c.is_ascii_digit()).next()?;
        number.parse().ok().filter(|most| *most > 0)
    })
}

fn query_value(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}
