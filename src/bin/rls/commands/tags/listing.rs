//! The tags of one repository: listed, resolved or read, sorted, limited.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use futures::stream::LocalBoxStream;
use futures::{FutureExt, Stream, StreamExt, TryStreamExt, future, stream};
use jiff::Timestamp;
use registry_ls::error::{Error, Kind, Result};
use registry_ls::name::{Digest, Tag};
use registry_ls::registry::{
    ManifestKind, Problem, RepositoryHandle, Summaries, Summary, SummaryError, flatten_batches, reorder,
};
use registry_ls::retention::named_subject;
use semver::VersionReq;

use crate::args::{FilterArgs, SameAs, TagsArgs};
use crate::commands::held::{Budget, Held, is_too_large};
use crate::commands::stream::limit_items;
use crate::output::{Detail, Field, Progress, TagRecord, Time};
use crate::report::failure;
use crate::sort::{Order, SortFacts, sort};

use super::names::{ALLOCATION, Names};

/// Tags that arrived together; an error ends the listing.
pub(super) type Batch = Result<Vec<TagInfo>>;

/// The options of the listing.
pub(super) struct Query<'a> {
    filter: &'a FilterArgs,
    pub detail: Detail,
    order: Order,
    reverse: bool,
    limit: usize,
    same_as: Option<&'a SameAs>,
    semver: Option<&'a VersionReq>,
    group: bool,
    /// Whether tags of signatures are left out, as `ls` leaves out dotfiles.
    hides_signatures: bool,
    /// How many were left out.
    hidden: Cell<usize>,
}

/// One repository's tags.
pub(super) struct Listing<'a> {
    pub query: &'a Query<'a>,
    pub repository: RepositoryHandle,
    /// Counts the tags: as they are received, and again as they are read if each needs a request.
    pub progress: &'a Progress,
    /// Whether this is the only repository, so that the number of tags is the total.
    pub is_only: bool,
}

/// A tag and what is known about it.
pub(super) struct TagInfo {
    tag: Tag,
    /// The digest, if the manifest was not read.
    digest: Option<Digest>,
    /// The summary of its manifest, shared by tags on the same manifest.
    summary: Option<Arc<Summary>>,
    /// Why digest or summary are unknown.
    error: Option<Error>,
    /// Other tags on the same digest, with `--group`.
    others: Vec<Tag>,
}

/// One repository's tags, to be printed later.
pub(super) struct HeldTags {
    pub batches: Vec<Batch>,
    _held: Held,
}

impl<'a> Query<'a> {
    /// The memory that a list may take by itself.
    pub(super) fn budget(&self) -> Rc<Budget> {
        if self.order == Order::Version { Budget::with_keys() } else { Budget::of_one() }
    }

    /// Whether tags are printed as they arrive.
    pub(super) fn is_streamed(&self) -> bool {
        self.order == Order::None && !self.reverse && !self.group && self.semver.is_none()
    }

    /// How many tags of signatures were left out.
    pub(super) fn hidden_count(&self) -> usize {
        self.hidden.get()
    }

    pub(super) fn new(args: &'a TagsArgs, is_table: bool) -> Self {
        let detail = match (args.long, args.digests || args.group) {
            (true, _) => Detail::Long,
            (false, true) => Detail::Digests,
            (false, false) => Detail::Names,
        };
        let limit = args.limit.map_or(usize::MAX, |limit| usize::try_from(limit.get()).unwrap_or(usize::MAX));
        let (same_as, semver) = (args.same_as.as_ref(), args.semver.as_ref());
        // Naming them shows them.
        let is_named = !args.filter.matches.is_empty() || same_as.is_some();
        Self {
            filter: &args.filter,
            detail,
            order: args.sort,
            reverse: args.reverse,
            limit,
            same_as,
            semver,
            group: args.group,
            hides_signatures: is_table && !args.all && !is_named,
            hidden: Cell::new(0),
        }
    }

    /// Whether a tag is listed, as far as its name decides that.
    fn keeps(&self, tag: &Tag) -> bool {
        if !self.filter.keeps(tag.as_str()) {
            return false;
        }
        let is_hidden = self.hides_signatures && named_subject(tag).is_some();
        self.hidden.set(self.hidden.get() + usize::from(is_hidden));
        !is_hidden
    }

    /// Whether manifests must be read.
    fn reads_manifests(&self) -> bool {
        self.detail == Detail::Long || matches!(self.order, Order::Created | Order::Size)
    }

    /// Whether each tag needs a request.
    fn needs_requests(&self) -> bool {
        self.reads_manifests() || self.detail == Detail::Digests || self.same_as.is_some()
    }
}

impl Listing<'_> {
    /// The tags, in their order. What has to be held of them counts as part of the budget.
    pub(super) fn batches(&self, budget: &Rc<Budget>) -> LocalBoxStream<'_, Batch> {
        stream::once(self.begin(Held::none(budget, &self.repository))).try_flatten().boxed_local()
    }

    /// All tags, to be printed later.
    pub(super) async fn collect(&self, budget: Rc<Budget>) -> HeldTags {
        let mut held = Held::none(&budget, &self.repository);
        let mut listed = self.batches(&budget);
        let mut batches = Vec::new();
        while let Some(batch) = listed.next().await {
            let batch = batch.and_then(|known| {
                held.add(TagInfo::memory(&known))?;
                Ok(known)
            });
            if batch.as_ref().is_err_and(is_too_large) {
                batches.clear();
                batches.push(batch);
                break;
            }
            batches.push(batch);
        }
        HeldTags { batches, _held: held }
    }

    async fn begin(&self, mut held: Held) -> Result<LocalBoxStream<'_, Batch>> {
        let query = self.query;
        let same_digest = match query.same_as {
            Some(SameAs::Tag(tag)) => Some(self.repository.resolve(tag).await?.digest),
            Some(SameAs::Digest(digest)) => Some(digest.clone()),
            None => None,
        };
        let same = move |mut known: Vec<TagInfo>| {
            known.retain(|known| same_digest.is_none() || known.digest() == same_digest.as_ref());
            known
        };
        let mut last = None;
        let tags = self.repository.tags().batches().map_ok(move |mut tags| {
            // The list is streamed and not kept: only consecutive duplicates can be recognized.
            tags.dedup();
            if last.is_some() && last.as_ref() == tags.first() {
                tags.remove(0);
            }
            last = tags.last().cloned().or(last.take());
            tags.retain(|tag| query.keeps(tag));
            tags
        });
        let counts_names = !query.needs_requests() || (self.is_only && !query.is_streamed());
        let tags = tags.inspect_ok(move |tags| {
            if counts_names {
                self.progress.inc(tags.len() as u64);
            }
        });
        if query.is_streamed() {
            return Ok(limit_items(query.limit, self.with_info(tags).map_ok(same)));
        }
        // A listing that was cut short is shown as far as it was received.
        let (names, failed) = Names::until_error(tags, query.order, &mut held).await;
        let names = names.sorted(query.order, query.reverse, query.semver.cloned()).await;
        let end = stream::iter(failed.map(Err));
        if self.is_only && query.needs_requests() {
            self.progress.set(0);
            self.progress.set_total(names.len() as u64);
        }
        let is_sorted = !matches!(query.order, Order::Created | Order::Size);
        if is_sorted && !query.group {
            let known = self.with_info(stream::iter(names.into_batches())).map_ok(same);
            let known = known.inspect_ok(move |_| {
                // Held as long as there are more names.
                let _ = &held;
            });
            return Ok(limit_items(query.limit, known).chain(end).boxed_local());
        }
        let mut read = self.with_info(stream::iter(names.into_batches())).map_ok(same);
        let mut known = Vec::new();
        while let Some(batch) = read.try_next().await? {
            held.add(TagInfo::memory(&batch))?;
            known.extend(batch);
        }
        if !is_sorted {
            sort(&mut known, query.order, query.reverse, TagInfo::facts);
        }
        if query.group {
            known = grouped(known);
        }
        known.truncate(query.limit);
        Ok(stream::once(future::ok(known)).chain(end).boxed_local())
    }

    /// Resolves or reads each tag, several concurrently, in order.
    fn with_info<'b>(&'b self, tags: impl Stream<Item = Result<Vec<Tag>>> + 'b) -> LocalBoxStream<'b, Batch> {
        if !self.query.needs_requests() {
            let named = |tag| TagInfo::of(tag, None, None, None);
            return tags.map_ok(move |tags| tags.into_iter().map(named).collect()).boxed_local();
        }
        let summaries = Rc::new(Summaries::new(&self.repository, Timestamp::now()));
        let info = move |tag: Result<Tag>| {
            let summaries = Rc::clone(&summaries);
            // Boxed, because the buffer moves pending futures around.
            async move {
                let known = self.info(tag?, summaries).await;
                self.progress.inc(1);
                Ok(vec![known])
            }
            .boxed_local()
        };
        reorder(flatten_batches(tags).map(info), || self.repository.client().concurrency(), size_of_val::<Batch>)
            .boxed_local()
    }

    async fn info(&self, tag: Tag, summaries: Rc<Summaries<'_>>) -> TagInfo {
        if self.query.reads_manifests() {
            return match summaries.of_tag(&tag).await {
                Ok(summary) => TagInfo::of(tag, None, Some(summary), None),
                Err(SummaryError { digest, error }) => TagInfo::of(tag, digest, None, Some(error)),
            };
        }
        match self.repository.resolve(&tag).await {
            Ok(resolved) => TagInfo::of(tag, Some(resolved.digest), None, None),
            Err(error) => TagInfo::of(tag, None, None, Some(error)),
        }
    }

    /// A record without a tag, for a repository that could not be listed.
    pub(super) fn record(&self, error: Option<&Error>) -> TagRecord {
        let (registry, name) = (self.repository.registry(), self.repository.name().as_str());
        let record = TagRecord::failed(registry, name, self.query.detail, error.map(failure));
        if self.query.group { TagRecord { tags: Field::Unknown, ..record } } else { record }
    }
}

impl HeldTags {
    /// Why the list is too large, if it is.
    pub(super) fn error(&self) -> Option<&Error> {
        self.batches.iter().filter_map(|batch| batch.as_ref().err()).find(|error| is_too_large(error))
    }
}

impl TagInfo {
    fn of(tag: Tag, digest: Option<Digest>, summary: Option<Arc<Summary>>, error: Option<Error>) -> Self {
        Self { tag, digest, summary, error, others: Vec::new() }
    }

    /// How much memory they take, in bytes.
    fn memory(known: &[Self]) -> usize {
        // The vector of a batch may be twice as large as what is in it.
        known.iter().map(|known| 2 * size_of::<Self>() + known.tag.as_str().len() + ALLOCATION).sum()
    }

    /// The digest of the tag.
    pub(super) fn digest(&self) -> Option<&Digest> {
        self.summary.as_deref().map(|summary| &summary.digest).or(self.digest.as_ref())
    }

    /// Missing and unusable parts of the manifest.
    pub(super) fn gaps(&self) -> &[Problem] {
        self.summary.as_deref().map_or(&[], |summary| &summary.problems)
    }

    /// `repository:tag`
    pub(super) fn name(&self, repository: &RepositoryHandle) -> String {
        format!("{repository}:{}", self.tag)
    }

    /// Fills a reused record, and returns what went wrong for this tag.
    pub(super) fn fill(self, record: &mut TagRecord) -> Option<Error> {
        let summary = self.summary.as_deref();
        let in_part =
            |error: &Error| error.clone().within(format!("cannot read all of {}:{}", record.repository, self.tag));
        let name = format!("{}:{}", record.repository, self.tag);
        // Where the connection failed, the error is about the registry.
        let about_tag = |error: Error| {
            if is_of_server(&error) || error.what().contains(&name) {
                error
            } else {
                error.within(format!("cannot read {name}"))
            }
        };
        let error = self
            .error
            .clone()
            .map(about_tag)
            .or_else(|| summary.and_then(|summary| summary.error.as_ref()).map(in_part));
        record.error = error.as_ref().map(failure);
        if !record.digest.is_absent() {
            record.digest = self.digest().map(ToString::to_string).into();
        }
        if !record.media_type.is_absent() {
            let platforms = summary.and_then(|summary| summary.platforms.as_ref());
            let platforms = platforms.map(|platforms| platforms.iter().map(ToString::to_string).collect());
            record.media_type = summary.map(|summary| summary.media_type.to_string()).into();
            record.kind = summary.and_then(|summary| summary.kind).map(ManifestKind::as_str).into();
            record.platforms = platforms.into();
            record.size = summary.and_then(|summary| summary.size).into();
            record.created = summary.and_then(|summary| summary.created).and_then(Time::new).into();
            let artifact = summary.and_then(|summary| summary.artifact.as_deref());
            record.artifact_type = artifact.and_then(|artifact| artifact.artifact_type.clone()).into();
            record.version = artifact.and_then(|artifact| artifact.version.clone()).into();
            record.app_version = artifact.and_then(|artifact| artifact.app_version.clone()).into();
            let files = summary.map(|_| artifact.map(|artifact| artifact.files.clone()).unwrap_or_default());
            record.files = files.into();
        }
        if !record.tags.is_absent() {
            let others = self.others.iter().map(ToString::to_string);
            record.tags = Field::Known([self.tag.to_string()].into_iter().chain(others).collect());
        }
        record.set_tag(self.tag.into());
        error
    }

    fn facts(&self) -> SortFacts<'_> {
        let summary = self.summary.as_deref();
        let created: Option<Timestamp> = summary.and_then(|summary| summary.created);
        SortFacts { name: self.tag.as_str(), created, size: summary.and_then(|summary| summary.size) }
    }
}

/// Puts tags on the same digest together, where the first of them is. A tag whose digest is unknown stays alone.
fn grouped(known: Vec<TagInfo>) -> Vec<TagInfo> {
    let mut places: HashMap<Digest, usize> = HashMap::new();
    let mut groups: Vec<TagInfo> = Vec::new();
    for info in known {
        match info.digest().map(|digest| (digest, places.get(digest).copied())) {
            Some((_, Some(place))) => groups[place].others.push(info.tag),
            Some((digest, None)) => {
                places.insert(digest.clone(), groups.len());
                groups.push(info);
            }
            None => groups.push(info),
        }
    }
    groups
}

/// Whether an error says nothing about the tag: the server cannot be reached, or is silent. It is printed once for all
/// tags.
fn is_of_server(error: &Error) -> bool {
    matches!(error.kind(), Kind::Network(_) | Kind::Tls(_) | Kind::TimedOut)
}
