//! `rls digest`: prints digests, also of one platform.

use futures::{StreamExt, stream};
use registry_ls::error::Result;
use registry_ls::name::{Reference, Registry, Target};
use registry_ls::registry::{RepositoryHandle, reorder};

use super::context::Context;
use super::platform::descend;
use super::stream::{MAX_PENDING, close, next_or_flush};
use super::suggestions;
use crate::args::DigestArgs;
use crate::output::{DigestRecord, DigestView};
use crate::report::{CommandError, failure};

pub async fn run(args: &DigestArgs, context: &Context<'_>) -> std::result::Result<(), CommandError> {
    let targets = context.references(&args.references).await?;
    let mut output = context.output(DigestView)?;
    let resolved = stream::iter(&targets).map(|(repository, reference)| async move {
        (repository, reference, digest(args, repository, reference).await)
    });
    let mut resolved = reorder(resolved, || MAX_PENDING, |_| 0).boxed_local();
    let outcome = loop {
        let (repository, reference, outcome) = match next_or_flush(context, &mut resolved, &mut output).await {
            Ok(Some(resolved)) => resolved,
            Ok(None) => break Ok(()),
            Err(stop) => break Err(stop),
        };
        let (digest, error) = match outcome {
            Ok(digest) => {
                context.report.success();
                (Some(digest), None)
            }
            Err(error) => {
                let hint_context = suggestions::hint_context(context, repository, reference.target(), &error).await;
                context.report.failure(&error, &hint_context);
                (None, Some(failure(&error)))
            }
        };
        output.write(&DigestRecord { digest, error, ..record(repository, reference) })?;
    };
    close(output, outcome)
}

/// The digest of a reference, or of its image for the platform that is requested.
async fn digest(args: &DigestArgs, repository: &RepositoryHandle, reference: &Reference) -> Result<String> {
    let Some(platform) = &args.platform else {
        return Ok(repository.resolve(reference.target()).await?.digest.to_string());
    };
    let manifest = repository.manifest(reference.target()).await?;
    Ok(descend(repository, reference, manifest, Some(platform)).await?.1.digest.to_string())
}

/// The record of a reference whose digest is not known.
pub(super) fn record(repository: &RepositoryHandle, reference: &Reference) -> DigestRecord {
    let (tag, _) = tag_and_digest(reference);
    DigestRecord {
        registry: repository.registry().to_string(),
        reference: full_name(repository.registry(), reference),
        repository: repository.to_string(),
        tag,
        ..DigestRecord::default()
    }
}

/// The full name of a reference; REPO alone is REPO:latest.
pub(super) fn full_name(registry: &Registry, reference: &Reference) -> String {
    match reference.target() {
        Target::Tag(tag) => registry.qualify(Reference::tagged(reference.repository().clone(), tag.clone())),
        Target::Digest(_) => registry.qualify(reference),
    }
}

/// Tag and digest of a reference, as records show them; REPO alone is REPO:latest.
pub(super) fn tag_and_digest(reference: &Reference) -> (Option<String>, Option<String>) {
    let tag = match reference.target() {
        Target::Tag(tag) => Some(tag),
        Target::Digest(_) => reference.tag(),
    };
    (tag.map(ToString::to_string), reference.digest().map(ToString::to_string))
}
