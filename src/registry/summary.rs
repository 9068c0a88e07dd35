//! The summary of a manifest and everything it reaches, in a few hundred bytes, with the parts that are missing from it.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;

use super::client::Client;
use super::descriptor::{Descriptor, DescriptorDigest};
use super::document::{Content, Document, media_types};
use super::manifest::{Config, LARGEST_CONFIG};
use super::platform::Platform;
use crate::error::{Error, Result};
use crate::name::{Digest, Repository};

/// A manifest and everything it reaches, summarized. What is not known is `None`.
#[derive(Debug, Clone)]
pub struct Summary {
    /// The manifest's digest.
    pub digest: Digest,
    /// Its media type.
    pub media_type: Cow<'static, str>,
    /// The platforms that it is for, in the order of the index; attestations and artifacts are for none.
    pub platforms: Option<Vec<Platform>>,
    /// The sum of the distinct blobs, configs and layers, in bytes.
    pub size: Option<u64>,
    /// How many these are.
    pub blobs: Option<u64>,
    /// When it was made, of an index its newest image (see [`Dates`](super::Dates)).
    pub created: Option<Timestamp>,
    /// Parts that are missing or unusable, at most ten of them.
    pub problems: Vec<Problem>,
    /// What failed while it was read, or cannot be read in it.
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
    /// A config that is called an image's and is no object in JSON.
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

/// The config of an image or a model, as far as it is there.
#[derive(Debug, Clone)]
pub enum FetchedConfig {
    /// It says something about an image or a model.
    Image(Box<Config>),
    /// It is something else.
    Other,
    /// There is one, and nothing is known of it.
    Unusable(Problem),
}

impl Client {
    /// Fetches the config that an image or a model has ([`Document::image_config`]).
    ///
    /// # Errors
    ///
    /// Those of [`Client::config`] but "not found".
    pub async fn image_config(&self, repository: &Repository, descriptor: &Descriptor) -> Result<FetchedConfig> {
        let digest = descriptor.digest.clone();
        if digest.supported().is_none() {
            return Ok(FetchedConfig::Unusable(Problem::UnsupportedConfig(digest)));
        }
        // Without a type of its own it may be anything.
        let is_typed = !matches!(descriptor.media_type.as_str(), "" | "application/octet-stream");
        let unreadable = |cause| match is_typed {
            true => FetchedConfig::Unusable(Problem::UnreadableConfig(digest.clone(), cause)),
            false => FetchedConfig::Other,
        };
        if descriptor.size > LARGEST_CONFIG as u64 {
            return Ok(unreadable(format!("it is larger than {} MiB", LARGEST_CONFIG >> 20)));
        }
        Ok(match self.config(repository, descriptor).await {
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
}

impl Descriptor {
    /// The platforms of a manifest that an index lists: as the index says; where it does not say it in full, as the manifest itself does,
    /// if that is known. Attestations are for none.
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
