//! Chooses an image of an index by platform, through nested indexes.

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

/// The most manifests that are fetched to find a platform that no descriptor states.
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

/// An image, or an index of images.
#[derive(Debug, Clone)]
struct Candidate {
    descriptor: Descriptor,
    /// The platform by its descriptor, or by that of the index that lists it.
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
        let wants_any = wanted.is_none();
        let wanted = wanted.unwrap_or(&local);
        PlatformSearch { repository: self, wanted, accepts_any: wants_any, left: MAX_INSPECTED, depth: 0 }
            .choose(index)
            .await
    }
}

struct PlatformSearch<'a> {
    repository: &'a RepositoryHandle,
    wanted: &'a Platform,
    /// Whether the only image is accepted too.
    accepts_any: bool,
    /// How many more manifests may be fetched.
    left: usize,
    /// How many indexes were chosen that their descriptors call images.
    depth: usize,
}

impl PlatformSearch<'_> {
    async fn choose(mut self, index: &Document) -> Result<PlatformChoice> {
        let mut seen = HashSet::new();
        let mut images = Vec::new();
        let mut level = candidates(index, None);
        for _ in 0..MAX_DEPTH {
            if level.is_empty() {
                break;
            }
            let (nested, mut of_level) = self.sort(level, &mut seen).await?;
            if let Some(image) = best(&of_level, self.wanted) {
                let image = image.clone();
                return self.fetch(image).await;
            }
            images.append(&mut of_level);
            level = nested;
        }
        if !level.is_empty() {
            return Err(too_deep());
        }
        self.read_platforms(&mut images).await?;
        match (best(&images, self.wanted), images.as_slice()) {
            (Some(image), _) => self.fetch(image.clone()).await,
            (None, [only]) if self.accepts_any => self.fetch(only.clone()).await,
            _ => {
                let mut platforms: Vec<_> = images.into_iter().filter_map(|image| image.platform).collect();
                let mut seen = HashSet::new();
                platforms.retain(|platform| seen.insert(platform.clone()));
                Ok(PlatformChoice::None(platforms))
            }
        }
    }

    /// Splits a level into the entries of its indexes and its images. What its descriptor calls an image is not
    /// fetched.
    async fn sort(
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
        if best(&images, self.wanted).is_some() {
            return Ok((nested, images));
        }
        for candidate in others {
            // An index that is for another platform as a whole need not be read.
            if candidate.platform.as_ref().is_some_and(|platform| !platform.serves(self.wanted)) {
                images.push(candidate);
                continue;
            }
            let digest = candidate.descriptor.digest.supported();
            if digest.is_none_or(|digest| !seen.insert(digest.clone())) {
                continue;
            }
            self.count()?;
            let manifest = self.repository.child(&candidate.descriptor).await?;
            let (document, _) = manifest.readable()?;
            match document.content {
                Content::Index(_) => nested.extend(candidates(&document, candidate.platform.as_ref())),
                Content::Image { .. } | Content::Schema1(_) => images.push(candidate),
            }
        }
        Ok((nested, images))
    }

    /// Reads the platforms of images that no index states.
    async fn read_platforms(&mut self, images: &mut [Candidate]) -> Result<()> {
        let summaries = Summaries::new(self.repository, Timestamp::now());
        for image in images.iter_mut().filter(|image| image.platform.is_none()) {
            self.count()?;
            let summary = summaries.of_listed(&image.descriptor).await?;
            image.platform = summary.platforms.iter().flatten().next().cloned();
        }
        Ok(())
    }

    fn count(&mut self) -> Result<()> {
        self.left = self.left.checked_sub(1).ok_or_else(|| {
            let what = format!("more than {MAX_INSPECTED} of the listed manifests have no platform");
            Error::new(Kind::Protocol(Fault::TooLarge), what)
        })?;
        Ok(())
    }

    async fn fetch(mut self, image: Candidate) -> Result<PlatformChoice> {
        let manifest = self.repository.child(&image.descriptor).await?;
        let (document, _) = manifest.readable()?;
        if let Content::Index(_) = document.content {
            // Its descriptor calls it an image, or it is the only entry.
            self.depth += 1;
            if self.depth > MAX_DEPTH {
                return Err(too_deep());
            }
            return Box::pin(self.choose(&document)).await;
        }
        Ok(PlatformChoice::Image { manifest, platform: image.platform })
    }
}

/// The entries of an index that may be images or indexes. `around` is the platform of the index itself.
fn candidates(index: &Document, around: Option<&Platform>) -> Vec<Candidate> {
    let is_attestation =
        |child: &Descriptor| child.attests().is_some() || child.platform.as_ref().is_some_and(Platform::is_unknown);
    let children = index.children().filter(|child| !is_attestation(child));
    let candidate = |child: &Descriptor| Candidate {
        descriptor: Descriptor { annotations: Default::default(), ..child.clone() },
        platform: child.platform.clone().filter(Platform::is_whole).or_else(|| around.cloned()),
    };
    children.map(candidate).collect()
}

/// The image for exactly this platform, else the first that serves it.
fn best<'a>(images: &'a [Candidate], wanted: &Platform) -> Option<&'a Candidate> {
    let exact = images.iter().find(|image| image.platform.as_ref() == Some(wanted));
    let serves = |image: &&Candidate| image.platform.as_ref().is_some_and(|platform| platform.serves(wanted));
    exact.or_else(|| images.iter().find(serves))
}
