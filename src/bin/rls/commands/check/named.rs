//! Checks whether the images that a file names exist.

use std::path::Path;

use futures::{StreamExt, stream};
use registry_ls::Kind;
use registry_ls::error::{Error, Missing, Result};
use registry_ls::name::{Reference, Tag};
use registry_ls::registry::{Content, Platform, PlatformChoice, RepositoryHandle, Summaries};
use registry_ls::retention::{MAX_BYTES, NamedImage, NamedImages};

use crate::commands::context::Context;
use crate::commands::snapshot::tags;
use crate::commands::stream::{MAX_PENDING, close, next_or_flush};
use crate::input;
use crate::output::{Integrity, IntegrityRecord, IntegrityView};
use crate::report::{CommandError, failure};
use crate::usage::Usage;

/// Checks the images that a file names.
pub async fn run(file: &Path, platform: Option<&Platform>, context: &Context<'_>) -> Result<(), CommandError> {
    let images = read(file, context).await?;
    let mut output = context.output(IntegrityView { all: context.settings.verbosity > 0 })?;
    let mut named = Vec::new();
    for image in images {
        let registry = context.settings.reach(image.registry.clone());
        named.push((context.client(&registry).await?.repository(&image.repository), image));
    }
    let mut checks = stream::iter(named)
        .map(|(repository, image)| async move { check_image(&repository, &image, platform).await })
        .buffered(MAX_PENDING)
        .boxed_local();
    let progress = context.progress("images");
    let (mut count, mut found) = (0_usize, 0_usize);
    let outcome = async {
        while let Some((record, kind)) = next_or_flush(context, &mut checks, &mut output).await? {
            count += 1;
            progress.inc(1);
            match kind {
                None => {
                    found += 1;
                    context.report.success();
                }
                Some(kind) => context.report.count_failure(&kind),
            }
            output.write(&record)?;
        }
        Ok(())
    };
    let outcome: Result<(), CommandError> = outcome.await;
    let is_whole = outcome.is_ok();
    drop(checks);
    drop(progress);
    close(output, outcome)?;
    if is_whole {
        context.report.summary(&format!("{found} of {count} images found"));
    }
    Ok(())
}

async fn read(file: &Path, context: &Context<'_>) -> Result<Vec<NamedImage>, CommandError> {
    let bytes = context.read("--refs", file, MAX_BYTES as u64).await?;
    let parsed = context.until_shutdown(input::blocking(move || NamedImages::read(&bytes))).await?;
    let NamedImages { images, ignored, digests, .. } = parsed.map_err(input::cannot_read)?.map_err(|error| {
        Usage::from(error.within(format!("cannot use --refs {}", file.display())))
            .hint("use manifests of Kubernetes, a rendered chart, a compose file, or one reference per line")
    })?;
    for name in ignored {
        context.report.warning(&format!("'{name}' is not a reference; not checked"));
    }
    if digests > 0 {
        context.report.warning(&format!("not checked: {digests} digests without a repository"));
    }
    Ok(images)
}

/// Looks for an image. The inner kind is that of what is wrong.
async fn check_image(
    repository: &RepositoryHandle,
    image: &NamedImage,
    platform: Option<&Platform>,
) -> (IntegrityRecord, Option<Kind>) {
    let registry = repository.registry();
    let mut record = IntegrityRecord {
        registry: registry.to_string(),
        reference: registry.qualify(repository.name()),
        ..IntegrityRecord::default()
    };
    let reference = match reference(repository, image).await {
        Ok(reference) => reference,
        Err(error) => {
            let error = error.unless_page();
            return (broken(record, &error), Some(error.kind().clone()));
        }
    };
    record.reference = registry.qualify(&reference);
    match find(repository, &reference, platform).await {
        Ok(None) => (record, None),
        Ok(Some(detail)) => {
            let (problem, detail) = (Some("missing-platform".to_owned()), Some(detail));
            let record = IntegrityRecord { status: Integrity::Broken, problem, detail, ..record };
            (record, Some(Kind::NotFound(Missing::Manifest)))
        }
        Err(error) => (broken(record, &error), Some(error.kind().clone())),
    }
}

/// The reference of an image. The tag of one that is written as a number is looked up.
async fn reference(repository: &RepositoryHandle, image: &NamedImage) -> Result<Reference> {
    let name = repository.name().clone();
    Ok(match (&image.digest, &image.tag, image.number) {
        // As container runtimes do: with a digest, the tag does not matter.
        (Some(digest), ..) => Reference::digested(name, digest.clone()),
        (None, Some(tag), _) => Reference::tagged(name, tag.clone()),
        (None, None, Some(number)) => {
            let is_number = |tag: &Tag| tag.as_str().parse() == Ok(number);
            let Some(tag) = tags(repository).await?.into_iter().find(is_number) else {
                let what = format!("{repository} has no tag that is the number {number}");
                return Err(Error::new(Kind::NotFound(Missing::Tag), what));
            };
            Reference::tagged(name, tag)
        }
        (None, None, None) => Reference::tagged(name, Tag::latest()),
    })
}

fn broken(record: IntegrityRecord, error: &Error) -> IntegrityRecord {
    let status = if error.is_not_found() { Integrity::Missing } else { Integrity::Unknown };
    let problem = Some(failure(error).kind);
    IntegrityRecord { status, problem, detail: Some(error.to_string()), ..record }
}

/// Looks for a reference, and returns which platforms it has instead of the wanted one.
async fn find(
    repository: &RepositoryHandle,
    reference: &Reference,
    platform: Option<&Platform>,
) -> Result<Option<String>> {
    if let Err(error) = repository.resolve(reference.target()).await {
        // A replica may lag behind, and a page may be that of a gateway.
        if !error.is_not_found() || repository.find(reference.target()).await?.is_none() {
            return Err(error);
        }
    }
    let Some(wanted) = platform else { return Ok(None) };
    let manifest = repository.manifest(reference.target()).await.map_err(Error::unless_page)?;
    let (document, _) = manifest.readable()?;
    let available = match document.content {
        Content::Index(_) => match repository.choose(&document, Some(wanted)).await.map_err(Error::unless_page)? {
            PlatformChoice::Image { .. } => return Ok(None),
            PlatformChoice::None(available) => available,
        },
        Content::Image { .. } | Content::Schema1(_) => {
            let summary = Summaries::new(repository, jiff::Timestamp::now()).of(manifest).await;
            summary.platforms.clone().unwrap_or_default()
        }
    };
    if available.iter().any(|available| available.serves(wanted)) {
        return Ok(None);
    }
    let available: Vec<_> = available.iter().map(ToString::to_string).collect();
    Ok(Some(format!("no image for {wanted}; available: {}", available.join(", "))))
}
