//! The summary of a manifest and everything that it reaches, in a few hundred bytes, and the problems found in it.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;

use crate::error::{Error, Result};
use crate::name::Digest;
use crate::registry::artifact::ArtifactFacts;
use crate::registry::config::Config;
use crate::registry::descriptor::{Descriptor, DescriptorDigest};
use crate::registry::document::{Content, Document};
use crate::registry::kind::ManifestKind;
use crate::registry::manifest::LARGEST_CONFIG;
use crate::registry::media_types;
use crate::registry::platform::Platform;
use crate::registry::repository::RepositoryHandle;

/// The summary of a manifest and everything that it reaches. Unknown facts are `None`.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Summary {
    /// The manifest's digest.
    pub digest: Digest,
    /// Its media type.
    pub media_type: Cow<'static, str>,
    /// What it is; `None` where it could not be read.
    pub kind: Option<ManifestKind>,
    /// What an artifact says about itself; `None` for images and indexes.
    pub artifact: Option<Box<ArtifactFacts>>,
    /// Its platforms, in the order of the index. Attestations and artifacts have none.
    pub platforms: Option<Vec<Platform>>,
    /// The sum of the sizes of the distinct blobs (configs and layers), in bytes.
    pub size: Option<u64>,
    /// The number of these blobs.
    pub blobs: Option<u64>,
    /// When it was created; for an index, its newest image (see [`Dates`](crate::registry::Dates)).
    pub created: Option<Timestamp>,
    /// Missing or unusable parts, at most ten of them.
    pub problems: Vec<Problem>,
    /// The first error while reading it.
    pub error: Option<Error>,
}

/// A missing or unusable part of what a manifest reaches. No request failed because of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The registry does not have a manifest that an index lists.
    MissingManifest(DescriptorDigest),
    /// The registry does not have the config.
    MissingConfig(DescriptorDigest),
    /// A listed manifest whose digest cannot be verified.
    UnsupportedManifest(DescriptorDigest),
    /// A config whose digest cannot be verified.
    UnsupportedConfig(DescriptorDigest),
    /// A config of an image's media type that is not a JSON object, with the reason.
    UnreadableConfig(DescriptorDigest, String),
}

impl fmt::Display for Problem {
    /// `manifest sha256:… is missing from the registry`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingManifest(digest) => write!(f, "manifest {digest} is missing from the registry"),
            Self::MissingConfig(digest) => write!(f, "config {digest} is missing from the registry"),
            Self::UnsupportedManifest(digest) if digest.is_empty() => f.write_str("a listed manifest has no digest"),
            Self::UnsupportedConfig(digest) if digest.is_empty() => f.write_str("the config has no digest"),
            Self::UnsupportedManifest(digest) => {
                write!(f, "manifest {digest} cannot be fetched: unsupported digest algorithm")
            }
            Self::UnsupportedConfig(digest) => {
                write!(f, "config {digest} cannot be fetched: unsupported digest algorithm")
            }
            Self::UnreadableConfig(digest, cause) => write!(f, "config {digest} cannot be read: {cause}"),
        }
    }
}

/// The result of fetching the config of an image or a model.
#[derive(Debug, Clone)]
pub enum FetchedConfig {
    /// The config of an image or a model.
    Image(Box<Config>),
    /// Another blob.
    Other,
    /// It cannot be used.
    Unusable(Problem),
}

impl RepositoryHandle {
    /// Fetches the config that an image or a model has ([`Document::image_config`]).
    ///
    /// # Errors
    ///
    /// Those of [`RepositoryHandle::config`] but "not found".
    pub async fn image_config(&self, descriptor: &Descriptor) -> Result<FetchedConfig> {
        let digest = descriptor.digest.clone();
        if digest.supported().is_none() {
            return Ok(FetchedConfig::Unusable(Problem::UnsupportedConfig(digest)));
        }
        // A config without a media type of its own may be anything.
        let is_typed = !matches!(descriptor.media_type.as_str(), "" | "application/octet-stream");
        let unreadable = |cause| match is_typed {
            true => FetchedConfig::Unusable(Problem::UnreadableConfig(digest.clone(), cause)),
            false => FetchedConfig::Other,
        };
        if descriptor.size > LARGEST_CONFIG as u64 {
            return Ok(unreadable(format!("it is larger than {} MiB", LARGEST_CONFIG >> 20)));
        }
        Ok(match self.named_config(descriptor).await {
            Ok(Config { unreadable: Some(cause), .. }) => unreadable(cause),
            Ok(config) => FetchedConfig::Image(Box::new(config)),
            Err(error) if error.is_not_found() => FetchedConfig::Unusable(Problem::MissingConfig(digest)),
            Err(error) => return Err(error),
        })
    }
}

impl Document {
    /// The config, where it is an image's or a model's.
    pub fn image_config(&self) -> Option<&Descriptor> {
        let Content::Image { config: Some(config), .. } = &self.content else { return None };
        let media_type = config.media_type.as_str();
        (media_types::is_image_config(media_type) || media_types::is_model_config(media_type)).then_some(config)
    }

    /// The config that describes the content: an image's, a model's, a Helm chart's or a Wasm artifact's.
    pub fn described_by(&self) -> Option<&Descriptor> {
        let Content::Image { config: Some(config), .. } = &self.content else { return None };
        let media_type = config.media_type.as_str();
        let is_artifact = media_types::is_chart_config(media_type) || media_types::is_wasm_config(media_type);
        if is_artifact { Some(config) } else { self.image_config() }
    }
}

impl Descriptor {
    /// The platforms of a manifest that an index lists: those that the index states, else those of the manifest itself,
    /// if known. Attestations have none.
    pub fn platforms(&self, summary: Option<&Summary>) -> Vec<Platform> {
        let own = || summary.and_then(|summary| summary.platforms.clone()).filter(|own| !own.is_empty());
        match &self.platform {
            _ if self.attests().is_some() => Vec::new(),
            Some(platform) if platform.is_unknown() => Vec::new(),
            Some(platform) if platform.is_whole() => vec![platform.clone()],
            platform => own().unwrap_or_else(|| platform.iter().cloned().collect()),
        }
    }
}
