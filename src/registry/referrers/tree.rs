//! Everything that refers to a manifest and to the manifests that it lists: signatures, SBOMs, attestations, and what
//! refers to these.
//!
//! Tools attach them in five ways, and every way is tried for each subject, so that the result does not depend on the
//! registry or the tool:
//!
//! - the referrers API (OCI distribution specification, "Listing Referrers")
//! - the index under the tag `sha256-<hex>` ("Referrers Tag Schema")
//! - cosign 2: the tags `sha256-<hex>.sig`, `.att` and `.sbom`
//! - BuildKit: attestations beside the image in an index, identified by annotations, with or without a subject
//!
//! The search goes level by level. What is found twice counts once, at its first subject.

use std::collections::{BTreeMap, HashMap, HashSet};

use futures::{StreamExt, stream};
use jiff::Timestamp;

use super::{MAX_REFERRERS, list_tag, referrers_tag};
use crate::error::{Error, Fault, Kind, Result};
use crate::name::{Digest, Tag, Target};
use crate::registry::artifact::{ArtifactFacts, bounded};
use crate::registry::descriptor::Descriptor;
use crate::registry::document::{Content, Document, MAX_DEPTH, Manifest};
use crate::registry::kind::ManifestKind;
use crate::registry::media_types;
use crate::registry::platform::Platform;
use crate::registry::repository::RepositoryHandle;

/// The suffixes of cosign's tags.
const COSIGN_SUFFIXES: [&str; 3] = ["sig", "att", "sbom"];

/// The most subjects that an index may list.
const MAX_SUBJECTS: usize = 10_000;

/// The most bytes of manifests that are read. What is kept of them takes no more memory.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// The most levels of referrers of referrers.
pub const MAX_LEVELS: usize = 16;

/// Options of [`RepositoryHandle::referrer_tree`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ReferrerOptions {
    /// How many levels of referrers of referrers are read, at most [`MAX_LEVELS`].
    pub depth: usize,
    /// The artifact type that the registry is asked for. Without it, the registry lists all.
    pub artifact_type: Option<String>,
    /// The current time: later dates are implausible.
    pub now: Timestamp,
}

impl ReferrerOptions {
    /// All levels and types. `now` is the current time.
    pub fn new(now: Timestamp) -> Self {
        Self { depth: MAX_LEVELS, artifact_type: None, now }
    }
}

/// A manifest, what it lists, and everything that refers to them.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ReferrerTree {
    /// The manifest, and after it every manifest that it lists, directly or through other indexes.
    pub subjects: Vec<Subject>,
    /// The referrers: those of each level together, in the order of their subjects.
    pub referrers: Vec<Referrer>,
    /// What could not be read: referrers may be missing.
    pub errors: Vec<Error>,
}

/// A manifest that things refer to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Subject {
    /// Its digest.
    pub digest: Digest,
    /// The index that lists it; `None` for the manifest that was named.
    pub parent: Option<Digest>,
    /// The platform, where the index states one.
    pub platform: Option<Platform>,
}

/// A manifest that refers to another.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Referrer {
    /// The manifest that it refers to.
    pub subject: Digest,
    /// Its digest.
    pub digest: Digest,
    /// 1 for a referrer of the manifest or of what it lists, 2 for a referrer of that, …
    pub depth: usize,
    /// What it is; `None` where it could not be read.
    pub kind: Option<ManifestKind>,
    /// Its type, files and predicates.
    pub artifact: ArtifactFacts,
    /// The media type of its first layer: cosign 2 has no artifact type.
    pub content_type: Option<String>,
    /// The sum of the sizes of its blobs, in bytes, where these are stated.
    pub size: Option<u64>,
    /// When it was created, where that is known.
    pub created: Option<Timestamp>,
    /// Its annotations.
    pub annotations: BTreeMap<String, String>,
    /// Why it could not be read.
    pub error: Option<Error>,
}

/// A referrer that was found, and its manifest where that was read already.
struct Found {
    subject: Digest,
    digest: Digest,
    manifest: Option<Manifest>,
}

impl RepositoryHandle {
    /// Finds everything that refers to a manifest and to the manifests that it lists. Five requests per subject, and
    /// one per referrer.
    ///
    /// Failures of single requests are in [`ReferrerTree::errors`] and [`Referrer::error`].
    pub async fn referrer_tree(&self, manifest: Manifest, options: &ReferrerOptions) -> ReferrerTree {
        let mut search = Search {
            repository: self,
            options,
            known: HashSet::from([manifest.digest.clone()]),
            bytes: 0,
            tree: ReferrerTree { subjects: Vec::new(), referrers: Vec::new(), errors: Vec::new() },
        };
        let attestations = search.subjects(manifest).await;
        search.levels(attestations).await;
        search.tree
    }
}

struct Search<'a> {
    repository: &'a RepositoryHandle,
    options: &'a ReferrerOptions,
    /// Referrers that were found, and the root: each is there once.
    known: HashSet<Digest>,
    bytes: usize,
    tree: ReferrerTree,
}

impl Search<'_> {
    /// Collects the manifest and what it lists, and returns the attestations among these.
    async fn subjects(&mut self, manifest: Manifest) -> Vec<Found> {
        let root = manifest.digest.clone();
        self.tree.subjects.push(Subject { digest: root.clone(), parent: None, platform: None });
        let mut attestations = Vec::new();
        let mut listed = HashSet::from([root]);
        let mut level = vec![manifest];
        for _ in 0..=MAX_DEPTH {
            let mut nested = Vec::new();
            for index in std::mem::take(&mut level) {
                let document = match index.readable() {
                    Ok((document, error)) => {
                        self.tree.errors.extend(error);
                        document
                    }
                    Err(error) => {
                        self.tree.errors.push(error);
                        continue;
                    }
                };
                for child in document.children() {
                    let Some(digest) = child.digest.supported() else { continue };
                    if let Some(subject) = child.attests().and_then(|subject| subject.parse::<Digest>().ok()) {
                        attestations.push(Found { subject, digest: digest.clone(), manifest: None });
                    } else if listed.insert(digest.clone()) {
                        let platform = child.platform.clone().filter(|platform| !platform.is_unknown());
                        let parent = Some(index.digest.clone());
                        self.tree.subjects.push(Subject { digest: digest.clone(), parent, platform });
                        if !media_types::is_image(&child.media_type) {
                            nested.push(child.clone());
                        }
                    }
                    if listed.len() + attestations.len() > MAX_SUBJECTS {
                        self.tree.errors.push(self.too_many("manifests", MAX_SUBJECTS));
                        return attestations;
                    }
                }
            }
            level = self.fetch_children(&nested).await;
            if level.is_empty() {
                break;
            }
        }
        attestations
    }

    /// Fetches the indexes that an index lists. A child that is missing has no children, and may have referrers.
    async fn fetch_children(&mut self, nested: &[Descriptor]) -> Vec<Manifest> {
        let repository = self.repository;
        let mut fetched = stream::iter(0..nested.len())
            .map(|place| repository.child(&nested[place]))
            .buffered(repository.client().max_concurrency());
        let mut level = Vec::new();
        while let Some(fetched) = fetched.next().await {
            match fetched {
                Ok(manifest) => {
                    self.bytes += manifest.bytes.len();
                    if self.bytes > MAX_BYTES {
                        self.tree.errors.push(self.too_large());
                        return Vec::new();
                    }
                    level.push(manifest);
                }
                Err(error) if error.is_not_found() => {}
                Err(error) => self.tree.errors.push(error),
            }
        }
        level
    }

    /// Finds the referrers of the subjects, then those of the referrers, and so on.
    async fn levels(&mut self, listed: Vec<Found>) {
        let subjects: indexmap::IndexSet<_> = self.tree.subjects.iter().map(|subject| &subject.digest).collect();
        let mut attestations: HashMap<Digest, Vec<Found>> = HashMap::new();
        for attestation in listed {
            // An attestation of something that the index does not list belongs to the index.
            let own = Some(&attestation.subject).filter(|subject| subjects.contains(*subject));
            let subject = own.or(subjects.first().copied());
            let Some(subject) = subject.cloned() else { continue };
            let attestation = Found { subject: subject.clone(), ..attestation };
            attestations.entry(subject).or_default().push(attestation);
        }
        let mut subjects: Vec<Digest> = self.tree.subjects.iter().map(|subject| subject.digest.clone()).collect();
        for depth in 1..=self.options.depth.min(MAX_LEVELS) {
            let mut found = Vec::new();
            for (subject, by_requests) in self.find_all(&subjects).await {
                found.extend(attestations.remove(&subject).into_iter().flatten());
                found.extend(by_requests);
            }
            found.retain(|found| self.known.insert(found.digest.clone()));
            if found.is_empty() {
                return;
            }
            if self.tree.referrers.len() + found.len() > MAX_REFERRERS {
                return self.tree.errors.push(self.too_many("referrers", MAX_REFERRERS));
            }
            subjects = found.iter().map(|found| found.digest.clone()).collect();
            if !self.read(found, depth).await {
                return self.tree.errors.push(self.too_large());
            }
        }
    }

    /// The referrers of each subject, by every way.
    async fn find_all(&mut self, subjects: &[Digest]) -> Vec<(Digest, Vec<Found>)> {
        let (repository, options) = (self.repository, self.options);
        let artifact_type = options.artifact_type.as_deref();
        let jobs = repository.client().max_concurrency();
        let search = |place: usize| find(repository, &subjects[place], artifact_type);
        let mut results = stream::iter(0..subjects.len()).map(search).buffered(jobs);
        let mut all = Vec::with_capacity(subjects.len());
        let mut total = 0;
        while let Some((subject, found, errors)) = results.next().await {
            self.tree.errors.extend(errors);
            total += found.len();
            all.push((subject, found));
            if total > MAX_REFERRERS {
                break;
            }
        }
        all
    }

    /// Reads the manifests of referrers. Returns whether all fitted into memory.
    async fn read(&mut self, found: Vec<Found>, depth: usize) -> bool {
        let repository = self.repository;
        let fetch = |found: Found| async move {
            let manifest = match found.manifest {
                Some(manifest) => Ok(manifest),
                None => repository.manifest(Target::Digest(&found.digest)).await,
            };
            (found.subject, found.digest, manifest)
        };
        let mut fetched = stream::iter(found).map(fetch).buffered(repository.client().max_concurrency());
        while let Some((subject, digest, manifest)) = fetched.next().await {
            self.bytes += manifest.as_ref().map_or(0, |manifest| manifest.bytes.len());
            if self.bytes > MAX_BYTES {
                return false;
            }
            self.tree.referrers.push(referrer(subject, digest, depth, manifest, self.options.now));
        }
        true
    }

    fn too_many(&self, what: &str, most: usize) -> Error {
        let about = format!("{}@{}", self.repository, self.tree.subjects[0].digest);
        Error::new(Kind::Protocol(Fault::TooLarge), format!("{about} has too many {what}"))
            .because(format!("more than {most}"))
    }

    fn too_large(&self) -> Error {
        let about = format!("{}@{}", self.repository, self.tree.subjects[0].digest);
        Error::new(Kind::Protocol(Fault::TooLarge), format!("the referrers of {about} are too large"))
            .because(format!("their manifests take more than {} MiB", MAX_BYTES >> 20))
    }
}

/// Finds the referrers of one subject by requests.
async fn find(
    repository: &RepositoryHandle,
    subject: &Digest,
    artifact_type: Option<&str>,
) -> (Digest, Vec<Found>, Vec<Error>) {
    let (mut found, mut errors) = (Vec::new(), Vec::new());
    let by_digest = |descriptor: &Descriptor| {
        let digest = descriptor.digest.supported()?.clone();
        Some(Found { subject: subject.clone(), digest, manifest: None })
    };
    let (by_api, by_tag, by_cosign) = futures::join!(
        repository.referrers_by_api(subject, artifact_type),
        list_tag(repository, subject),
        stream::iter(COSIGN_SUFFIXES).map(|suffix| cosign(repository, subject, suffix)).buffered(3).collect::<Vec<_>>(),
    );
    for listed in [by_api.map(Option::unwrap_or_default), by_tag] {
        match listed {
            Ok(listed) => found.extend(listed.iter().filter_map(by_digest)),
            Err(error) => errors.push(error),
        }
    }
    for tagged in by_cosign {
        match tagged {
            Ok(Some(manifest)) => {
                let digest = manifest.digest.clone();
                found.push(Found { subject: subject.clone(), digest, manifest: Some(manifest) });
            }
            Ok(None) => {}
            Err(error) => errors.push(error),
        }
    }
    (subject.clone(), found, errors)
}

/// The manifest under one of cosign's tags.
async fn cosign(repository: &RepositoryHandle, subject: &Digest, suffix: &str) -> Result<Option<Manifest>> {
    let tag: Tag = format!("{}.{suffix}", referrers_tag(subject)?).parse()?;
    match repository.manifest(&tag).await {
        Ok(manifest) => Ok(Some(manifest)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

fn referrer(subject: Digest, digest: Digest, depth: usize, manifest: Result<Manifest>, now: Timestamp) -> Referrer {
    let read = manifest.and_then(|manifest| manifest.readable());
    let (document, error) = match read {
        Ok((document, error)) => (Some(document), error),
        Err(error) => (None, Some(error)),
    };
    let kind = document.as_ref().map(ManifestKind::of);
    let artifact = document.as_ref().zip(kind).map(|(document, kind)| ArtifactFacts::of(document, kind));
    Referrer {
        subject,
        digest,
        depth,
        kind,
        artifact: artifact.unwrap_or_default(),
        content_type: document.as_ref().and_then(content_type),
        size: document.as_ref().filter(|_| error.is_none()).and_then(size),
        created: document.as_ref().and_then(|document| document.dates().created(now)),
        annotations: document.map(|document| document.annotations).unwrap_or_default(),
        error,
    }
}

fn content_type(document: &Document) -> Option<String> {
    match &document.content {
        Content::Image { layers, .. } => bounded(layers.first().map(|layer| &layer.media_type)),
        Content::Index(_) | Content::Schema1(_) => None,
    }
}

fn size(document: &Document) -> Option<u64> {
    if matches!(document.content, Content::Schema1(_)) {
        return None;
    }
    let sizes: Option<Vec<u64>> = document.blobs().into_values().collect();
    sizes.map(|sizes| sizes.into_iter().fold(0, u64::saturating_add))
}
