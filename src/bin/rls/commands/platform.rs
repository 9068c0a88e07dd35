//! Selects the image of an index for a platform.

use jiff::Timestamp;
use registry_ls::error::{Error, Kind, Missing, Result};
use registry_ls::name::{Digest, Reference};
use registry_ls::registry::{Content, Document, Manifest, Platform, PlatformChoice, RepositoryHandle, Summaries};

/// The image of an index that was selected by its platform.
pub(super) struct SelectedImage {
    pub index: Digest,
    pub platform: Option<Platform>,
}

/// Selects the image for a platform; without one, the image for this machine, or else the only one. The platform of a
/// manifest that is not an index is in its config.
pub(super) async fn descend(
    repository: &RepositoryHandle,
    reference: &Reference,
    manifest: Manifest,
    requested: Option<&Platform>,
) -> Result<(Option<SelectedImage>, Manifest)> {
    let of_reference = |error: Error| error.within(format!("cannot choose an image of {reference}"));
    let is_index = |document: &Document| matches!(document.content, Content::Index(_));
    let index = manifest.readable().ok().map(|(document, _)| document).filter(is_index);
    let available = match (index, requested) {
        (Some(index), _) => match repository.choose(&index, requested).await.map_err(of_reference)? {
            PlatformChoice::Image { manifest: image, platform } => {
                return Ok((Some(SelectedImage { index: manifest.digest, platform }), image));
            }
            PlatformChoice::None(available) => available,
        },
        (None, None) => return Ok((None, manifest)),
        (None, Some(requested)) => {
            let summary = Summaries::new(repository, Timestamp::now()).of(manifest.clone()).await;
            let available = summary.platforms.clone().unwrap_or_default();
            if available.iter().any(|platform| platform.serves(requested)) {
                return Ok((None, manifest));
            }
            available
        }
    };
    Err(no_image(reference, requested, &available))
}

fn no_image(reference: &Reference, requested: Option<&Platform>, available: &[Platform]) -> Error {
    let local = Platform::of_this_machine();
    let available = available.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let what = match requested {
        Some(requested) => format!("{reference} has no image for {requested}"),
        None => format!("{reference} has no image for this machine ({local})"),
    };
    let error = Error::new(Kind::NotFound(Missing::Manifest), what);
    match requested {
        None if available.is_empty() => error.because("it lists no images"),
        Some(_) if available.is_empty() => error,
        Some(_) => error.because(format!("available platforms: {available}")),
        None => error.because(format!("available platforms: {available}; use --platform to choose one")),
    }
}
