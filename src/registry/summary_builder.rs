//! Adds up the summary of a manifest from its parts.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::config::ImageConfig;
use super::created::Dates;
use super::descriptor::Descriptor;
use super::document::{Content, DEEPEST, Document, Manifest, media_types, too_deep};
use super::listing::hash;
use super::platform::Platform;
use super::summary::{Problem, Summary};
use crate::error::{Error, Fault, Kind, Result};
use crate::name::Digest;

/// The longest text of all platforms of one manifest, in bytes. The images with the most have some thirty platforms.
const LONGEST_PLATFORMS: usize = 4 * 1024;

/// As many gaps of one manifest are named.
const MOST_GAPS: usize = 10;

/// What a summary takes besides its blobs, in bytes.
const USUAL_BYTES: usize = 600;

/// A summary with what is needed to add up an index that lists the manifest.
#[derive(Debug)]
pub(super) struct Node {
    pub summary: Arc<Summary>,
    /// The bytes of the manifest.
    pub length: usize,
    /// Hashes of the distinct blobs with their sizes; `None` where not all are known.
    blobs: Option<Box<[(u64, u64)]>>,
    /// How many indexes lie on the way down from it, itself included.
    height: usize,
    /// Whether something was left out because it is too deep below what was asked for.
    pub is_truncated: bool,
}

impl Node {
    /// What it takes in memory, roughly.
    pub(super) fn bytes(&self) -> usize {
        USUAL_BYTES + self.blobs.as_ref().map_or(0, |blobs| size_of_val(&**blobs))
    }
}

/// What is kept of a config.
#[derive(Debug)]
pub(super) enum ConfigFacts {
    /// Its dates and its platform, where it says anything.
    Read(Option<Box<ImageConfig>>),
    /// There is nothing to be read.
    Unusable(Problem),
}

/// A summary in the making.
#[derive(Debug)]
pub(super) struct SummaryBuilder {
    digest: Digest,
    media_type: Cow<'static, str>,
    length: usize,
    dates: Dates,
    newest: Option<Timestamp>,
    platforms: Option<Vec<Platform>>,
    /// Sizes of the distinct blobs, by hashes of their digests.
    sizes: Option<HashMap<u64, u64>>,
    gaps: Vec<Problem>,
    error: Option<Error>,
    height: usize,
    is_truncated: bool,
}

impl SummaryBuilder {
    /// Starts with the manifest alone.
    pub(super) fn new(manifest: &Manifest) -> Self {
        let known = media_types::ALL.into_iter().find(|known| *known == manifest.media_type);
        Self {
            digest: manifest.digest.clone(),
            media_type: known.map_or_else(|| Cow::Owned(manifest.media_type.clone()), Cow::Borrowed),
            length: manifest.bytes.len(),
            dates: Dates::default(),
            newest: None,
            platforms: None,
            sizes: None,
            gaps: Vec::new(),
            error: None,
            height: 0,
            is_truncated: false,
        }
    }

    /// Adds what the document itself says.
    pub(super) fn add_document(&mut self, document: &Document) {
        self.dates = document.dates();
        let blobs = document.blobs().into_iter().map(|(digest, size)| Some((hash(digest.as_str()), size?)));
        self.sizes = blobs.collect();
        self.height = usize::from(matches!(document.content, Content::Index(_)));
        self.platforms = Some(match &document.content {
            Content::Schema1(schema1) => schema1.architecture.iter().map(|name| Platform::linux(name)).collect(),
            Content::Index(_) | Content::Image { .. } => Vec::new(),
        });
    }

    /// Adds what its config says.
    pub(super) fn add_config(&mut self, config: Result<Arc<ConfigFacts>>) {
        match config.as_deref() {
            Ok(ConfigFacts::Read(Some(image))) => {
                self.dates = self.dates.with_config(image);
                self.platforms = Some(image.platform.iter().cloned().collect());
            }
            Ok(ConfigFacts::Read(None)) => {}
            Ok(ConfigFacts::Unusable(gap)) => {
                self.platforms = None;
                self.add_gap(gap.clone());
            }
            Err(error) => {
                self.platforms = None;
                self.set_error(error.clone());
            }
        }
    }

    /// Adds a manifest that it lists.
    pub(super) fn add_child(&mut self, descriptor: &Descriptor, child: Result<Arc<Node>>) {
        let child = match child {
            Ok(child) => child,
            Err(error) => {
                self.sizes = None;
                self.add_platforms(descriptor.platforms(None));
                let digest = &descriptor.digest;
                return match digest.supported() {
                    None => self.add_gap(Problem::UnsupportedManifest(digest.clone())),
                    Some(_) if error.is_not_found() => self.add_gap(Problem::MissingManifest(digest.clone())),
                    Some(_) => self.set_error(error),
                };
            }
        };
        match (&mut self.sizes, &child.blobs) {
            (Some(sizes), Some(blobs)) => sizes.extend(blobs.iter().copied()),
            _ => self.sizes = None,
        }
        if descriptor.attests().is_none() {
            self.newest = self.newest.max(child.summary.created);
        }
        self.add_platforms(descriptor.platforms(Some(&child.summary)));
        child.summary.problems.iter().for_each(|gap| self.add_gap(gap.clone()));
        if let Some(error) = &child.summary.error {
            self.set_error(error.clone());
        }
        self.height = self.height.max(child.height + 1);
        self.is_truncated |= child.is_truncated;
    }

    /// What it lists is too deep below what was asked for, and is not looked at.
    pub(super) fn truncate(&mut self) {
        self.is_truncated = true;
        self.fail_as_too_deep();
    }

    fn fail_as_too_deep(&mut self) {
        (self.sizes, self.platforms, self.newest) = (None, None, None);
        self.set_error(too_deep());
    }

    /// Something failed; the first of several is told. What depends on it is not known.
    pub(super) fn set_error(&mut self, error: Error) {
        self.error.get_or_insert(error);
    }

    /// The sizes of not all blobs are known.
    pub(super) fn clear_sizes(&mut self) {
        self.sizes = None;
    }

    fn add_gap(&mut self, gap: Problem) {
        if self.gaps.len() < MOST_GAPS && !self.gaps.contains(&gap) {
            self.gaps.push(gap);
        }
    }

    fn add_platforms(&mut self, platforms: Vec<Platform>) {
        self.platforms.get_or_insert_default().extend(platforms);
    }

    /// Completes the summary; `now` decides which dates lie in the future.
    pub(super) fn build(mut self, now: Timestamp) -> Node {
        // It makes no difference whether what it lists was read before, as something less deep.
        if self.height > DEEPEST {
            self.fail_as_too_deep();
        }
        let mut seen = HashSet::new();
        let mut length = 0;
        if let Some(platforms) = &mut self.platforms {
            platforms.retain(|platform| seen.insert(platform.clone()));
            length = platforms.iter().map(|platform| platform.to_string().len()).sum();
        }
        if length > LONGEST_PLATFORMS {
            self.platforms = None;
            let what = format!("manifest {} lists too many platforms", self.digest);
            let error = Error::new(Kind::Protocol(Fault::TooLarge), what);
            self.set_error(error.because(format!("their names take more than {LONGEST_PLATFORMS} bytes")));
        }
        let blobs: Option<Box<[_]>> = self.sizes.map(|sizes| sizes.into_iter().collect());
        let size = blobs.as_ref().map(|blobs| blobs.iter().fold(0, |sum: u64, (_, size)| sum.saturating_add(*size)));
        let summary = Summary {
            digest: self.digest,
            media_type: self.media_type,
            platforms: self.platforms,
            size,
            blobs: blobs.as_ref().map(|blobs| blobs.len() as u64),
            created: self.dates.with_newest(self.newest).created(now),
            problems: self.gaps,
            error: self.error,
        };
        Node {
            summary: Arc::new(summary),
            length: self.length,
            blobs,
            height: self.height,
            is_truncated: self.is_truncated,
        }
    }
}
