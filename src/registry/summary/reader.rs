//! Reads the summaries of many tags of one repository.
//!
//! Many tags point to few manifests: each manifest and config is fetched once, and only its summary is kept, not its
//! body.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use futures::future::{BoxFuture, FutureExt};
use futures::{StreamExt, stream};
use jiff::Timestamp;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::builder::{ConfigFacts, Node, SummaryBuilder};
use super::cache::{Failure, OnceCache};
use super::types::{FetchedConfig, Problem, Summary};
use crate::error::{Danger, Error, Fault, Kind, Result};
use crate::name::{Digest, Tag, Target};
use crate::registry::artifact::{bounded, is_fact};
use crate::registry::config::ImageConfig;
use crate::registry::created::is_creation_date;
use crate::registry::descriptor::Descriptor;
use crate::registry::document::{Content, MAX_DEPTH, Manifest};
use crate::registry::kind::is_telling;
use crate::registry::manifest::{moved, same_size};
use crate::registry::reorder::reorder;
use crate::registry::repository::RepositoryHandle;

/// The most bytes of manifests that one reference may reach.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// The least that each of them counts for, in bytes: each is a request.
const MIN_BYTES: u64 = 4 * 1024;

/// The tags that are asked for at once until it is known whether replies to HEAD have a digest: as many as requests are
/// in flight at first.
const MAX_PROBES: usize = 16;

/// The most memory that a cached config takes, in bytes.
const CONFIG_BYTES: usize = 900;

/// Summarizes manifests of one repository, and fetches each manifest and each config once.
#[derive(Debug)]
pub struct Summaries<'a> {
    repository: &'a RepositoryHandle,
    now: Timestamp,
    nodes: OnceCache<(Digest, Configs), Node>,
    configs: OnceCache<Digest, ConfigFacts>,
    /// Whether a reply to HEAD had a digest.
    head_has_digest: AtomicBool,
    /// Whether a reply to HEAD had no digest for a tag that exists.
    head_lacks_digest: AtomicBool,
    /// Permits for tags to be asked for while neither is known: the others wait until it is.
    probes: Semaphore,
}

/// Why a tag has no summary.
#[derive(Debug, Clone)]
pub struct SummaryError {
    /// The digest that the tag points to, where that is known.
    pub digest: Option<Digest>,
    /// The error, which names the tag.
    pub error: Error,
}

/// Whether a manifest's config is read: that of an attestation says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Configs {
    Read,
    Skipped,
}

impl Configs {
    fn of(descriptor: &Descriptor) -> Self {
        if descriptor.attests().is_some() { Self::Skipped } else { Self::Read }
    }
}

impl<'a> Summaries<'a> {
    /// An empty cache of summaries. `now` is the current time: later dates are implausible.
    pub fn new(repository: &'a RepositoryHandle, now: Timestamp) -> Self {
        Self {
            repository,
            now,
            nodes: OnceCache::default(),
            configs: OnceCache::default(),
            head_has_digest: AtomicBool::default(),
            head_lacks_digest: AtomicBool::default(),
            probes: Semaphore::new(repository.client().max_concurrency().min(MAX_PROBES)),
        }
    }

    /// The summary of a tag: one request for the tag, and more for what was not read before.
    ///
    /// # Errors
    ///
    /// When the tag's manifest cannot be fetched. What fails below it is in [`Summary::error`].
    pub async fn of_tag(&self, tag: &Tag) -> Result<Arc<Summary>, SummaryError> {
        let name = format!("{}:{tag}", self.repository);
        let target = Target::Tag(tag);
        let unread = |digest, error| Err(SummaryError { digest, error });
        let probe = self.probe().await;
        let digest = match self.head(target).await {
            Ok(Some(digest)) => digest,
            Ok(None) => match self.repository.manifest(target).await {
                Ok(manifest) => {
                    self.head_lacks_digest.store(true, Ordering::Relaxed);
                    return Ok(self.of(manifest).await);
                }
                Err(error) => return unread(None, error),
            },
            Err(error) => return unread(None, error),
        };
        drop(probe);
        let left = AtomicU64::new(MAX_BYTES);
        let mut other = None;
        let computed = async {
            if let Some(manifest) = self.repository.cached_manifest(&digest).await {
                return Ok(self.summarize(manifest, Configs::Read, 0, &left).await);
            }
            let fetched = self.repository.manifest_and_header_digest(target).await;
            let (manifest, again) = fetched.map_err(|error| Failure { about: name.clone(), error })?;
            if manifest.digest == digest {
                self.repository.keep_manifest(&manifest).await;
                return Ok(self.summarize(manifest, Configs::Read, 0, &left).await);
            }
            // A GET whose own header contradicts its bytes has logged that.
            if again.as_ref() != Some(&digest) {
                let content = &manifest.digest;
                tracing::warn!(
                    "Docker-Content-Digest of {name} was {digest}, but the digest of its content is {content}"
                );
            }
            let error = moved(&name, &digest, &manifest.digest);
            other = Some(manifest);
            Err(Failure { about: name.clone(), error })
        };
        let node = self.nodes.get_or_make((digest.clone(), Configs::Read), computed.boxed(), Node::bytes).await;
        if let Some(manifest) = other {
            return Ok(self.of(manifest).await);
        }
        match node {
            Ok(node) => Ok(Arc::clone(&node.summary)),
            Err(Failure { about, error }) if about == name => unread(Some(digest), error),
            // Another tag with this digest failed for a reason that is not about the manifest.
            Err(Failure { error, .. }) if is_about_the_tag(&error) => match self.repository.manifest(target).await {
                Ok(manifest) => Ok(self.of(manifest).await),
                Err(error) => unread(Some(digest), error),
            },
            Err(Failure { about, error }) => {
                let what = format!("cannot read {name}, which is the same manifest as {about}");
                unread(Some(digest), error.within(what))
            }
        }
    }

    /// Waits until it is known whether replies to HEAD have a digest, or until this tag may be asked for to find out.
    async fn probe(&self) -> Option<SemaphorePermit<'_>> {
        let is_known =
            || self.head_has_digest.load(Ordering::Relaxed) || self.head_lacks_digest.load(Ordering::Relaxed);
        if is_known() {
            return None;
        }
        // The semaphore is never closed, so this never fails.
        self.probes.acquire().await.ok().filter(|_| !is_known())
    }

    /// The digest by HEAD, which saves a GET where that manifest is cached. Where replies to HEAD have no digest, none
    /// is sent any more.
    async fn head(&self, target: Target<'_>) -> Result<Option<Digest>> {
        if self.head_lacks_digest.load(Ordering::Relaxed) && !self.head_has_digest.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let resolved = self.repository.head(target).await?.ok();
        self.head_has_digest.fetch_or(resolved.is_some(), Ordering::Relaxed);
        Ok(resolved.map(|resolved| resolved.digest))
    }

    /// The summary of a manifest that was fetched.
    pub async fn of(&self, manifest: Manifest) -> Arc<Summary> {
        let left = AtomicU64::new(MAX_BYTES);
        let sum_up = |manifest| self.summarize(manifest, Configs::Read, 0, &left);
        let key = (manifest.digest.clone(), Configs::Read);
        let computed = sum_up(manifest.clone()).map(Ok).boxed();
        match self.nodes.get_or_make(key, computed, Node::bytes).await {
            Ok(node) => Arc::clone(&node.summary),
            // The cached failure is that of another request.
            Err(_) => sum_up(manifest).await.summary,
        }
    }

    /// The summary of a child of an index.
    ///
    /// # Errors
    ///
    /// When it cannot be fetched, and when it has another size than the index says.
    pub(crate) async fn of_listed(&self, descriptor: &Descriptor) -> Result<Arc<Summary>> {
        let left = AtomicU64::new(MAX_BYTES);
        let node = self.summarize_listed(descriptor, 1, &left).await?;
        Ok(Arc::clone(&node.summary))
    }

    /// The summary of a child of an index, if it is cached.
    pub fn known(&self, descriptor: &Descriptor) -> Option<Result<Arc<Summary>>> {
        let key = (descriptor.digest.supported()?.clone(), Configs::of(descriptor));
        Some(match self.nodes.get(&key)? {
            Ok(node) => same_size(descriptor, node.length).map(|()| Arc::clone(&node.summary)),
            Err(failure) => Err(failure.error),
        })
    }

    /// The summary of a manifest that is `level` indexes below the requested one. Errors name it `about`.
    async fn node(
        &self,
        digest: &Digest,
        configs: Configs,
        about: &str,
        level: usize,
        left: &AtomicU64,
    ) -> Result<Arc<Node>, Failure> {
        let key = (digest.clone(), configs);
        let computed = async {
            let manifest = self.repository.named_manifest(digest).await;
            let manifest = manifest.map_err(|error| Failure { about: about.to_owned(), error })?;
            Ok(self.summarize(manifest, configs, level, left).await)
        };
        let node = self.nodes.get_or_make(key.clone(), computed.boxed(), Node::bytes).await?;
        // Requested directly, it may reach deeper.
        if node.is_truncated && level > 0 {
            self.nodes.remove(&key);
        }
        Ok(node)
    }

    async fn summarize_listed(&self, descriptor: &Descriptor, level: usize, left: &AtomicU64) -> Result<Arc<Node>> {
        let digest = descriptor.digest.fetchable()?;
        let configs = Configs::of(descriptor);
        let about = format!("{}@{digest}", self.repository);
        let node = self.node(digest, configs, &about, level, left).await.map_err(|failure| failure.error)?;
        same_size(descriptor, node.length)?;
        if descriptor.size == 0 {
            self.reserve(left, node.length as u64)?;
        }
        Ok(node)
    }

    fn summarize<'b>(
        &'b self,
        manifest: Manifest,
        configs: Configs,
        level: usize,
        left: &'b AtomicU64,
    ) -> BoxFuture<'b, Node> {
        async move {
            let mut sum = SummaryBuilder::new(&manifest);
            let (document, unreadable) = match manifest.readable_keeping(is_needed) {
                Ok(readable) => readable,
                Err(error) => {
                    sum.set_error(error);
                    return sum.build(self.now);
                }
            };
            sum.add_document(&document);
            if let Some(error) = unreadable {
                sum.clear_sizes();
                sum.set_error(error);
            }
            let listed: Vec<_> = document.children().map(without_annotations).collect();
            let config = document.described_by().filter(|_| configs == Configs::Read).map(without_annotations);
            let is_index = matches!(document.content, Content::Index(_));
            // Large documents are not held while many requests wait.
            drop((document, manifest));
            if let Some(config) = config {
                sum.add_config(self.config(&config).await);
            }
            if is_index && level >= MAX_DEPTH {
                sum.truncate();
            } else if is_index {
                self.add_children(&mut sum, &listed, level, left).await;
            }
            sum.build(self.now)
        }
        .boxed()
    }

    async fn add_children(&self, sum: &mut SummaryBuilder, listed: &[Descriptor], level: usize, left: &AtomicU64) {
        let costs = listed.iter().map(|descriptor| descriptor.size.max(MIN_BYTES));
        if let Err(error) = self.reserve(left, costs.fold(0, u64::saturating_add)) {
            sum.clear_sizes();
            return sum.set_error(error);
        }
        // Positions instead of references, with which the compiler cannot prove the future to be `Send`.
        let children =
            stream::iter(0..listed.len()).map(|place| self.summarize_listed(&listed[place], level + 1, left));
        let mut children = std::pin::pin!(reorder(children, || self.repository.client().concurrency(), |_| 0));
        for descriptor in listed {
            let Some(child) = children.next().await else { return };
            sum.add_child(descriptor, child);
        }
    }

    /// Reserves the stated size of what is to be fetched. The size is verified on arrival.
    fn reserve(&self, left: &AtomicU64, cost: u64) -> Result<()> {
        let rest = |left: u64| left.checked_sub(cost);
        left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, rest).map(drop).map_err(|_| {
            let what = format!("an index of {} lists too much", self.repository);
            Error::new(Kind::Protocol(Fault::TooLarge), what)
                .because(format!("the manifests in it take more than {} MiB", MAX_BYTES >> 20))
        })
    }

    async fn config(&self, descriptor: &Descriptor) -> Result<Arc<ConfigFacts>> {
        let Some(digest) = descriptor.digest.supported() else {
            return Ok(Arc::new(ConfigFacts::Unusable(Problem::UnsupportedConfig(descriptor.digest.clone()))));
        };
        let computed = async {
            let fetched = self.repository.image_config(descriptor).await;
            Ok(match fetched.map_err(|error| Failure { about: digest.to_string(), error })? {
                FetchedConfig::Other => ConfigFacts::Read(None),
                FetchedConfig::Image(config) => ConfigFacts::Read(Some(Box::new(ImageConfig {
                    created: config.image.created,
                    platform: config.image.platform,
                    model_created: config.image.model_created,
                    version: bounded(config.image.version),
                    app_version: bounded(config.image.app_version),
                    ..ImageConfig::default()
                }))),
                FetchedConfig::Unusable(problem) => ConfigFacts::Unusable(problem),
            })
        };
        let config = self.configs.get_or_make(digest.clone(), computed.boxed(), |_| CONFIG_BYTES).await;
        config.map_err(|failure| failure.error)
    }
}

/// The descriptor without annotations that a summary does not need.
fn without_annotations(descriptor: &Descriptor) -> Descriptor {
    let mut lean = descriptor.clone();
    lean.annotations.retain(|key, _| is_reference(key));
    lean
}

/// Whether a summary needs an annotation.
fn is_needed(annotation: &str) -> bool {
    is_reference(annotation) || is_creation_date(annotation) || is_telling(annotation) || is_fact(annotation)
}

/// Whether an annotation ties an attestation of buildx to its image.
fn is_reference(annotation: &str) -> bool {
    annotation.starts_with("vnd.docker.reference.")
}

/// Whether an error is about the tag and not its manifest: it does not exist, or moved.
fn is_about_the_tag(error: &Error) -> bool {
    error.is_not_found() || matches!(error.kind(), Kind::Safety(Danger::Moved { .. }))
}
