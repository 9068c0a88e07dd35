//! What a reference reaches: its manifest, those that it lists, and their configs.

use std::collections::BTreeMap;

use futures::future::{BoxFuture, FutureExt, join_all};
use jiff::Timestamp;

use super::client::Client;
use super::document::{Content, Descriptor, Document, Manifest, media_types};
use super::manifest::Config;
use super::platform::Platform;
use crate::error::{Error, Fault, Kind, Result};
use crate::name::{Digest, Repository, Target};

/// How deeply indexes may list indexes.
const DEEPEST: usize = 4;

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
    /// Those of [`Client::manifest`], [`Manifest::document`] and [`Client::config`].
    pub async fn contents(&self, repository: &Repository, target: Target<'_>) -> Result<Contents> {
        let manifest = self.manifest(repository, target).await?;
        self.reach(repository, manifest, 0).await
    }

    /// As [`Client::contents`], for a manifest that was fetched.
    ///
    /// # Errors
    ///
    /// Those of [`Client::contents`].
    pub async fn contents_of(&self, repository: &Repository, manifest: Manifest) -> Result<Contents> {
        self.reach(repository, manifest, 0).await
    }

    fn reach<'a>(
        &'a self,
        repository: &'a Repository,
        manifest: Manifest,
        depth: usize,
    ) -> BoxFuture<'a, Result<Contents>> {
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
                    let children = listed.iter().map(|descriptor| self.listed(repository, descriptor, depth));
                    contents.children = join_all(children).await.into_iter().collect::<Result<_>>()?;
                }
                Content::Image { config: Some(descriptor), .. }
                    if media_types::is_image_config(&descriptor.media_type) =>
                {
                    contents.config = Some(self.config(repository, descriptor).await?);
                }
                Content::Image { .. } | Content::Schema1 { .. } => {}
            }
            Ok(contents)
        }
        .boxed()
    }

    async fn listed(&self, repository: &Repository, descriptor: &Descriptor, depth: usize) -> Result<Child> {
        let contents = match self.child(repository, descriptor).await {
            Ok(manifest) => Some(self.reach(repository, manifest, depth + 1).await?),
            Err(error) if error.is_not_found() => None,
            Err(error) => return Err(error),
        };
        Ok(Child { descriptor: descriptor.clone(), contents })
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
