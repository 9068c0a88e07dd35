//! What a reference reaches: its manifest, those that it lists, and their configs.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::future::{BoxFuture, FutureExt, try_join_all};
use jiff::Timestamp;

use super::client::Client;
use super::document::{Content, Descriptor, Document, Manifest, media_types};
use super::manifest::Config;
use super::platform::Platform;
use crate::error::{Error, Fault, Kind, Result};
use crate::name::{Digest, Repository, Target};

/// How deeply indexes may list indexes.
pub(super) const DEEPEST: usize = 4;

/// Most bytes of manifests and configs that one reference may reach.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// What the smallest of them counts for: each is a request.
const LEAST_BYTES: u64 = 4 * 1024;

/// A manifest with all that it reaches.
#[derive(Debug, Clone)]
pub struct Contents {
    /// The manifest.
    pub manifest: Manifest,
    /// What it says.
    pub document: Document,
    /// Of an image: its config.
    pub config: Option<Config>,
    /// Of an index: the manifests that it lists, in its order.
    pub children: Vec<Child>,
}

/// A manifest that an index lists.
#[derive(Debug, Clone)]
pub struct Child {
    /// What the index says of it.
    pub descriptor: Descriptor,
    /// The manifest; `None` when the registry does not have it.
    pub contents: Option<Contents>,
}

impl Client {
    /// Fetches a manifest, the manifests that it lists and their configs.
    ///
    /// A listed manifest that the registry does not have is left open: such an index is broken, but it can be looked at.
    ///
    /// # Errors
    ///
    /// Those of [`Client::manifest`], [`Manifest::document`] and [`Client::config`]; [`Fault::TooLarge`] for more than 64 MiB of
    /// manifests and configs.
    pub async fn contents(&self, repository: &Repository, target: Target<'_>) -> Result<Contents> {
        let manifest = self.manifest(repository, target).await?;
        self.contents_of(repository, manifest).await
    }

    /// As [`Client::contents`], for a manifest that was fetched.
    ///
    /// # Errors
    ///
    /// Those of [`Client::contents`].
    pub async fn contents_of(&self, repository: &Repository, manifest: Manifest) -> Result<Contents> {
        let reach = Reach { client: self, repository, left: AtomicU64::new(MOST_BYTES) };
        reach.contents(manifest, 0).await
    }
}

/// Following one reference.
struct Reach<'a> {
    client: &'a Client,
    repository: &'a Repository,
    /// How many bytes may still be fetched: what an index lists is the registry's choice, and all of it is kept.
    left: AtomicU64,
}

impl Reach<'_> {
    fn contents(&self, manifest: Manifest, depth: usize) -> BoxFuture<'_, Result<Contents>> {
        async move {
            let document = manifest.document()?;
            let mut contents = Contents { manifest, document, config: None, children: Vec::new() };
            match &contents.document.content {
                Content::Index(_) if depth >= DEEPEST => {
                    let what = format!("manifest {} is malformed", contents.manifest.digest);
                    return Err(Error::new(Kind::Protocol(Fault::Malformed), what)
                        .because("indexes within indexes within indexes"));
                }
                Content::Index(listed) => {
                    self.charge(listed)?;
                    let children = listed.iter().map(|descriptor| self.child(descriptor, depth));
                    contents.children = try_join_all(children).await?;
                }
                Content::Image { config: Some(descriptor), .. }
                    if media_types::is_image_config(&descriptor.media_type) =>
                {
                    self.charge([descriptor])?;
                    contents.config = Some(self.client.config(self.repository, descriptor).await?);
                }
                Content::Image { .. } | Content::Schema1 { .. } => {}
            }
            Ok(contents)
        }
        .boxed()
    }

    async fn child(&self, descriptor: &Descriptor, depth: usize) -> Result<Child> {
        let contents = match self.client.child(self.repository, descriptor).await {
            Ok(manifest) => Some(self.contents(manifest, depth + 1).await?),
            Err(error) if error.is_not_found() => None,
            Err(error) => return Err(error),
        };
        Ok(Child { descriptor: descriptor.clone(), contents })
    }

    /// Counts what is to be fetched, by the sizes that it is said to have. They are verified when it comes.
    fn charge<'d>(&self, descriptors: impl IntoIterator<Item = &'d Descriptor>) -> Result<()> {
        let costs = descriptors.into_iter().map(|descriptor| descriptor.size.max(LEAST_BYTES));
        let cost = costs.fold(0, u64::saturating_add);
        let rest = |left: u64| left.checked_sub(cost);
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, rest).map(drop).map_err(|_| {
            Error::new(Kind::Protocol(Fault::TooLarge), format!("a manifest of {} lists too much", self.repository))
                .because(format!("more than {} MiB of manifests and configs", MOST_BYTES >> 20))
        })
    }
}

impl Contents {
    /// The distinct blobs, configs and layers, with their sizes in bytes; `None` when not all are known: a listed manifest is
    /// missing, or it is a schema 1 manifest, which has no sizes.
    pub fn blobs(&self) -> Option<BTreeMap<&Digest, u64>> {
        let mut blobs = BTreeMap::new();
        self.collect_blobs(&mut blobs).then_some(blobs)
    }

    fn collect_blobs<'a>(&'a self, blobs: &mut BTreeMap<&'a Digest, u64>) -> bool {
        match &self.document.content {
            Content::Index(_) => self
                .children
                .iter()
                .all(|child| child.contents.as_ref().is_some_and(|contents| contents.collect_blobs(blobs))),
            Content::Image { config, layers } => {
                blobs.extend(config.iter().chain(layers).map(|descriptor| (&descriptor.digest, descriptor.size)));
                true
            }
            Content::Schema1 { .. } => false,
        }
    }

    /// The sum of the distinct blobs in bytes, where it is known.
    pub fn size(&self) -> Option<u64> {
        self.blobs().map(|blobs| blobs.values().fold(0, |sum: u64, size| sum.saturating_add(*size)))
    }

    /// When the image was made; of an index, its newest image.
    pub fn created(&self) -> Option<Timestamp> {
        let own = self.config.as_ref().and_then(|config| config.image.created);
        let listed = self.children.iter().filter_map(|child| child.contents.as_ref()?.created()).max();
        own.max(listed)
    }

    /// The platforms, in the order of the index; attestations are for none.
    pub fn platforms(&self) -> Vec<Platform> {
        let mut platforms: Vec<_> = match &self.document.content {
            Content::Image { .. } => self.config.iter().filter_map(|config| config.image.platform.clone()).collect(),
            Content::Schema1 { architecture, .. } => {
                let platform = |architecture: &String| Platform {
                    os: "linux".to_owned(),
                    architecture: architecture.clone(),
                    variant: None,
                };
                architecture.iter().map(platform).collect()
            }
            Content::Index(_) => self.children.iter().flat_map(Child::platforms).collect(),
        };
        let mut seen = Vec::new();
        platforms.retain(|platform| {
            !seen.contains(platform) && {
                seen.push(platform.clone());
                true
            }
        });
        platforms
    }
}

impl Child {
    /// The platforms that it is for: what the index says, else what its own config says.
    pub fn platforms(&self) -> Vec<Platform> {
        match (&self.descriptor.platform, &self.contents) {
            (Some(platform), _) if platform.is_unknown() => Vec::new(),
            (Some(platform), _) => vec![platform.clone()],
            (None, Some(contents)) => contents.platforms(),
            (None, None) => Vec::new(),
        }
    }
}
