//! Builds the summary of a manifest from its parts.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;

use jiff::Timestamp;

use super::types::{Problem, Summary};
use crate::error::{Error, Fault, Kind, Result};
use crate::name::Digest;
use crate::registry::artifact::ArtifactFacts;
use crate::registry::config::ImageConfig;
use crate::registry::created::Dates;
use crate::registry::descriptor::Descriptor;
use crate::registry::document::{Content, Document, MAX_DEPTH, Manifest, too_deep};
use crate::registry::kind::ManifestKind;
use crate::registry::media_types;
use crate::registry::platform::Platform;

/// The most bytes that the names of one manifest's platforms may take. The largest images have some thirty platforms.
const MAX_PLATFORM_BYTES: usize = 4 * 1024;

/// The most problems of one manifest that are reported.
const MAX_PROBLEMS: usize = 10;

/// The size of a summary in memory without its blobs, in bytes.
const BASE_BYTES: usize = 600;

/// A summary, with what the summary of an index that lists the manifest needs.
#[derive(Debug)]
pub(super) struct Node {
    pub summary: Arc<Summary>,
    /// The size of the manifest in bytes.
    pub length: usize,
    /// Hashes of the distinct blobs, with their sizes in bytes; `None` where not all sizes are known.
    blobs: Option<Box<[(u64, u64)]>>,
    /// The levels of indexes below it, itself included.
    height: usize,
    /// Whether descendants were left out because they are too deep below the requested manifest.
    pub is_truncated: bool,
}

impl Node {
    /// Its approximate size in memory.
    pub(super) fn bytes(&self) -> usize {
        let artifact = self.summary.artifact.as_ref().map_or(0, |artifact| artifact.bytes());
        BASE_BYTES + artifact + self.blobs.as_ref().map_or(0, |blobs| size_of_val(&**blobs))
    }
}

/// The parts of a config that a summary needs.
#[derive(Debug)]
pub(super) enum ConfigFacts {
    /// Its dates and its platform; `None` where it has none.
    Read(Option<Box<ImageConfig>>),
    /// It cannot be used.
    Unusable(Problem),
}

/// Builds a [`Summary`].
#[derive(Debug)]
pub(super) struct SummaryBuilder {
    digest: Digest,
    media_type: Cow<'static, str>,
    length: usize,
    kind: Option<ManifestKind>,
    artifact: Option<Box<ArtifactFacts>>,
    dates: Dates,
    newest: Option<Timestamp>,
    platforms: Option<Vec<Platform>>,
    /// Sizes of the distinct blobs, by hashes of their digests.
    sizes: Option<HashMap<u64, u64>>,
    problems: Vec<Problem>,
    error: Option<Error>,
    height: usize,
    is_truncated: bool,
}

impl SummaryBuilder {
    /// Begins with the manifest's own facts.
    pub(super) fn new(manifest: &Manifest) -> Self {
        let known = media_types::ALL.into_iter().find(|known| *known == manifest.media_type);
        Self {
            digest: manifest.digest.clone(),
            media_type: known.map_or_else(|| Cow::Owned(manifest.media_type.clone()), Cow::Borrowed),
            length: manifest.bytes.len(),
            kind: None,
            artifact: None,
            dates: Dates::default(),
            newest: None,
            platforms: None,
            sizes: None,
            problems: Vec::new(),
            error: None,
            height: 0,
            is_truncated: false,
        }
    }

    /// Adds the facts of the parsed manifest.
    pub(super) fn add_document(&mut self, document: &Document) {
        let kind = ManifestKind::of(document);
        self.kind = Some(kind);
        self.artifact = (!kind.is_image()).then(|| Box::new(ArtifactFacts::of(document, kind)));
        self.dates = document.dates();
        let blobs = document.blobs().into_iter().map(|(digest, size)| Some((hash(digest.as_str()), size?)));
        self.sizes = blobs.collect();
        self.height = usize::from(matches!(document.content, Content::Index(_)));
        self.platforms = Some(match &document.content {
            Content::Schema1(schema1) => schema1.architecture.iter().map(|name| Platform::linux(name)).collect(),
            Content::Index(_) | Content::Image { .. } => Vec::new(),
        });
    }

    /// Adds the facts of its config.
    pub(super) fn add_config(&mut self, config: Result<Arc<ConfigFacts>>) {
        match config.as_deref() {
            Ok(ConfigFacts::Read(Some(image))) => {
                self.dates = self.dates.with_config(image);
                if let (Some(artifact), Some(kind)) = (&mut self.artifact, self.kind) {
                    artifact.add_config(image, kind);
                }
                self.platforms = Some(image.platform.iter().cloned().collect());
            }
            Ok(ConfigFacts::Read(None)) => {}
            Ok(ConfigFacts::Unusable(problem)) => {
                self.platforms = None;
                self.add_problem(problem.clone());
            }
            Err(error) => {
                self.platforms = None;
                self.set_error(error.clone());
            }
        }
    }

    /// Adds a manifest that it lists, or the error of reading it.
    pub(super) fn add_child(&mut self, descriptor: &Descriptor, child: Result<Arc<Node>>) {
        let child = match child {
            Ok(child) => child,
            Err(error) => {
                self.sizes = None;
                self.add_platforms(descriptor.platforms(None));
                let digest = &descriptor.digest;
                return match digest.supported() {
                    None => self.add_problem(Problem::UnsupportedManifest(digest.clone())),
                    Some(_) if error.is_not_found() => self.add_problem(Problem::MissingManifest(digest.clone())),
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
        child.summary.problems.iter().for_each(|problem| self.add_problem(problem.clone()));
        if let Some(error) = &child.summary.error {
            self.set_error(error.clone());
        }
        self.height = self.height.max(child.height + 1);
        self.is_truncated |= child.is_truncated;
    }

    /// Leaves out its children, which are too deep below the requested manifest.
    pub(super) fn truncate(&mut self) {
        self.is_truncated = true;
        self.fail_as_too_deep();
    }

    fn fail_as_too_deep(&mut self) {
        (self.sizes, self.platforms, self.newest) = (None, None, None);
        self.set_error(too_deep());
    }

    /// Records an error; the first of several is kept.
    pub(super) fn set_error(&mut self, error: Error) {
        self.error.get_or_insert(error);
    }

    /// Records that not all sizes are known.
    pub(super) fn clear_sizes(&mut self) {
        self.sizes = None;
    }

    fn add_problem(&mut self, problem: Problem) {
        if self.problems.len() < MAX_PROBLEMS && !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    fn add_platforms(&mut self, platforms: Vec<Platform>) {
        self.platforms.get_or_insert_default().extend(platforms);
    }

    /// Completes the summary. `now` is the current time: later dates are implausible.
    pub(super) fn build(mut self, now: Timestamp) -> Node {
        // Also checked here, since cached children were read at another depth.
        if self.height > MAX_DEPTH {
            self.fail_as_too_deep();
        }
        let mut seen = HashSet::new();
        let mut length = 0;
        if let Some(platforms) = &mut self.platforms {
            platforms.retain(|platform| seen.insert(platform.clone()));
            length = platforms.iter().map(|platform| platform.to_string().len()).sum();
        }
        if length > MAX_PLATFORM_BYTES {
            self.platforms = None;
            let what = format!("manifest {} lists too many platforms", self.digest);
            let error = Error::new(Kind::Protocol(Fault::TooLarge), what);
            self.set_error(error.because(format!("their names take more than {MAX_PLATFORM_BYTES} bytes")));
        }
        let blobs: Option<Box<[_]>> = self.sizes.map(|sizes| sizes.into_iter().collect());
        let size = blobs.as_ref().map(|blobs| blobs.iter().fold(0, |sum: u64, (_, size)| sum.saturating_add(*size)));
        let summary = Summary {
            digest: self.digest,
            media_type: self.media_type,
            kind: self.kind,
            artifact: self.artifact,
            platforms: self.platforms,
            size,
            blobs: blobs.as_ref().map(|blobs| blobs.len() as u64),
            created: self.dates.with_newest(self.newest).created(now),
            problems: self.problems,
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

fn hash(digest: &str) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(digest)
}
