//! Chooses the image of an index for a platform, through nested indexes.
//!
//! 1. An entry is for the platform that its descriptor states in full, else for that of the index that lists it.
//!    Attestations are left out.
//! 2. The index is searched level by level, and the first level with a match decides. An image for exactly the wanted
//!    platform is preferred to one that also serves it.
//! 3. An entry that its descriptor calls an image is fetched only once it is chosen. Any other is fetched to find out
//!    whether it is an index, unless an image already matches or it is for another platform as a whole.
//! 4. Where no level has a match, images whose platform no descriptor states are read for it.
//! 5. Where that finds none either, the only image is chosen if no platform was requested.
//! 6. A chosen entry that turns out to be an index is searched in turn.
//!
//! Both the levels of indexes and the manifests that are fetched before one is chosen are bounded.

use std::collections::HashSet;

use jiff::Timestamp;

use super::descriptor::Descriptor;
use super::document::{Content, Document, MAX_DEPTH, Manifest, too_deep};
use super::media_types;
use super::platform::Platform;
use super::repository::RepositoryHandle;
use super::summary::Summaries;
use crate::error::{Error, Fault, Kind, Result};
use crate::name::Digest;

/// The most manifests that are fetched before one is chosen.
const MAX_INSPECTED: usize = 64;

/// The result of choosing an image.
#[derive(Debug, Clone)]
pub enum PlatformChoice {
    /// An image for the platform.
    Image {
        /// The image.
        manifest: Manifest,
        /// Its platform, where it is stated.
        platform: Option<Platform>,
    },
    /// The index has no image for the platform; it has images for these.
    None(Vec<Platform>),
}

/// An entry of an index: an image, or an index of images.
#[derive(Debug, Clone)]
struct Candidate {
    descriptor: Descriptor,
    /// The stated platform.
    platform: Option<Platform>,
}

impl RepositoryHandle {
    /// Chooses the image for a platform; without one, the image for this machine's platform, else the only image.
    /// Nested indexes are read, and images whose platform no index states.
    ///
    /// # Errors
    ///
    /// Those of [`RepositoryHandle::child`] and [`Manifest::readable`]; [`Fault::Malformed`] for indexes that are
    /// nested too deeply; [`Fault::TooLarge`] where too many manifests would have to be read.
    pub async fn choose(&self, index: &Document, wanted: Option<&Platform>) -> Result<PlatformChoice> {
        let local = Platform::of_this_machine();
        let search = PlatformSearch {
            repository: self,
            wanted: wanted.unwrap_or(&local),
            accepts_only_image: wanted.is_none(),
            fetches_left: MAX_INSPECTED,
            mislabelled: 0,
        };
        search.run(index).await
    }
}

/// The search for an image in an index.
struct PlatformSearch<'a> {
    repository: &'a RepositoryHandle,
    wanted: &'a Platform,
    /// Whether the only image is chosen where none matches.
    accepts_only_image: bool,
    /// How many more manifests may be fetched before one is chosen.
    fetches_left: usize,
    /// How many chosen entries turned out to be indexes.
    mislabelled: usize,
}

impl PlatformSearch<'_> {
    async fn run(mut self, index: &Document) -> Result<PlatformChoice> {
        let mut seen = HashSet::new();
        let mut images = Vec::new();
        let mut level = candidates(index, None);
        for _ in 0..MAX_DEPTH {
            if level.is_empty() {
                break;
            }
            let (found, nested) = self.split_level(level, &mut seen).await?;
            if let Some(image) = best_match(&found, self.wanted) {
                return self.fetch_chosen(image.clone()).await;
            }
            images.extend(found);
            level = nested;
        }
        if !level.is_empty() {
            return Err(too_deep());
        }
        self.read_platforms(&mut images).await?;
        match (best_match(&images, self.wanted), images.as_slice()) {
            (Some(image), _) => self.fetch_chosen(image.clone()).await,
            (None, [only]) if self.accepts_only_image => self.fetch_chosen(only.clone()).await,
            _ => {
                let mut platforms: Vec<_> = images.into_iter().filter_map(|image| image.platform).collect();
                let mut seen = HashSet::new();
                platforms.retain(|platform| seen.insert(platform.clone()));
                Ok(PlatformChoice::None(platforms))
            }
        }
    }

    /// Splits a level into its images and the entries of its indexes.
    async fn split_level(
        &mut self,
        level: Vec<Candidate>,
        seen: &mut HashSet<Digest>,
    ) -> Result<(Vec<Candidate>, Vec<Candidate>)> {
        let is_image = |candidate: &Candidate| {
            let media_type = candidate.descriptor.media_type.as_str();
            media_types::is_image(media_type) || media_types::is_schema1(media_type)
        };
        let (mut images, others): (Vec<_>, Vec<_>) = level.into_iter().partition(is_image);
        let mut nested = Vec::new();
        if best_match(&images, self.wanted).is_some() {
            return Ok((images, nested));
        }
        for candidate in others {
            // An index that is for another platform as a whole need not be fetched.
            if candidate.platform.as_ref().is_some_and(|platform| !platform.serves(self.wanted)) {
                images.push(candidate);
                continue;
            }
            let digest = candidate.descriptor.digest.supported();
            if digest.is_none_or(|digest| !seen.insert(digest.clone())) {
                continue;
            }
            self.count_fetch()?;
            let manifest = self.repository.child(&candidate.descriptor).await?;
            let (document, _) = manifest.readable()?;
            match document.content {
                Content::Index(_) => nested.extend(candidates(&document, candidate.platform.as_ref())),
                Content::Image { .. } | Content::Schema1(_) => images.push(candidate),
            }
        }
        Ok((images, nested))
    }

    /// Reads the platforms of images that no descriptor states.
    async fn read_platforms(&mut self, images: &mut [Candidate]) -> Result<()> {
        let summaries = Summaries::new(self.repository, Timestamp::now());
        for image in images.iter_mut().filter(|image| image.platform.is_none()) {
            self.count_fetch()?;
            let summary = summaries.of_listed(&image.descriptor).await?;
            image.platform = summary.platforms.iter().flatten().next().cloned();
        }
        Ok(())
    }

    fn count_fetch(&mut self) -> Result<()> {
        self.fetches_left = self.fetches_left.checked_sub(1).ok_or_else(|| {
            let what = format!("more than {MAX_INSPECTED} of the listed manifests have no platform");
            Error::new(Kind::Protocol(Fault::TooLarge), what)
        })?;
        Ok(())
    }

    async fn fetch_chosen(mut self, image: Candidate) -> Result<PlatformChoice> {
        let manifest = self.repository.child(&image.descriptor).await?;
        let (document, _) = manifest.readable()?;
        if let Content::Index(_) = document.content {
            self.mislabelled += 1;
            if self.mislabelled > MAX_DEPTH {
                return Err(too_deep());
            }
            return Box::pin(self.run(&document)).await;
        }
        Ok(PlatformChoice::Image { manifest, platform: image.platform })
    }
}

/// The entries of an index that may be images or indexes. `of_index` is the stated platform of the index itself.
fn candidates(index: &Document, of_index: Option<&Platform>) -> Vec<Candidate> {
    let is_attestation =
        |child: &Descriptor| child.attests().is_some() || child.platform.as_ref().is_some_and(Platform::is_unknown);
    let children = index.children().filter(|child| !is_attestation(child));
    let candidate = |child: &Descriptor| Candidate {
        descriptor: Descriptor { annotations: Default::default(), ..child.clone() },
        platform: child.platform.clone().filter(Platform::is_whole).or_else(|| of_index.cloned()),
    };
    children.map(candidate).collect()
}

/// The image for exactly this platform, else the first that serves it.
fn best_match<'a>(images: &'a [Candidate], wanted: &Platform) -> Option<&'a Candidate> {
    let exact = images.iter().find(|image| image.platform.as_ref() == Some(wanted));
    let serves = |image: &&Candidate| image.platform.as_ref().is_some_and(|platform| platform.serves(wanted));
    exact.or_else(|| images.iter().find(serves))
}
