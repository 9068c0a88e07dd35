//! `rls snapshot`: prints what every tag points to.

use futures::{StreamExt, TryStreamExt, stream};
use registry_ls::Kind;
use registry_ls::error::{Error, Missing, Result};
use registry_ls::name::{Digest, Reference, Tag};
use registry_ls::registry::RepositoryHandle;

use super::context::Context;
use super::places::Target;
use super::stream::{MAX_PENDING, close};
use super::walk::{Note, Walk};
use crate::args::SnapshotArgs;
use crate::output::{DigestRecord, SnapshotView};
use crate::report::{CommandError, failure};

pub async fn run(args: &SnapshotArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let mut output = context.output(SnapshotView)?;
    let walk = Walk::open(context, &args.walk).await?;
    let outcome = walk.each(
        &mut output,
        |target| async move { resolve_all(&target).await },
        |output, target, tags| {
            let repository = &target.repository;
            let note = Note::after(tags.iter().filter_map(|(_, outcome)| outcome.as_ref().err()));
            for (tag, outcome) in tags {
                let (digest, error) = match outcome {
                    Ok(digest) => (Some(digest.to_string()), None),
                    Err(error) => {
                        context.report.failure(&error, &context.hint_context(repository.registry()));
                        (None, Some(failure(&error)))
                    }
                };
                let registry = repository.registry();
                let reference = Reference::tagged(repository.name().clone(), tag.clone());
                output.write(&DigestRecord {
                    registry: registry.to_string(),
                    reference: registry.qualify(reference),
                    repository: repository.to_string(),
                    tag: Some(tag.to_string()),
                    digest,
                    error,
                })?;
            }
            context.report.success();
            Ok(note)
        },
    );
    let outcome = outcome.await;
    close(output, outcome)
}

/// The tags of a repository, by name, and what they point to.
async fn resolve_all(target: &Target) -> Result<Vec<(Tag, Result<Digest>)>> {
    let repository = &target.repository;
    let mut tags = target.tags().await?;
    tags.sort();
    let resolved = stream::iter(tags).map(|tag| async move {
        match repository.find(&tag).await {
            Ok(Some(resolved)) => (tag, Ok(resolved.digest)),
            Ok(None) => {
                let what = format!("{repository}:{tag} is listed, but its manifest is gone");
                (tag, Err(Error::new(Kind::NotFound(Missing::Tag), what)))
            }
            Err(error) => (tag, Err(error)),
        }
    });
    Ok(resolved.buffered(MAX_PENDING).collect().await)
}

/// The tags of a repository; none where the registry says that it does not exist.
pub(super) async fn tags(repository: &RepositoryHandle) -> Result<Vec<Tag>> {
    match repository.tags().try_collect().await {
        Err(error) if error.is_not_found() && !error.reply().is_some_and(|reply| reply.is_page) => Ok(Vec::new()),
        tags => tags,
    }
}
