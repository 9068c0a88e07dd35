use futures::{StreamExt, stream};
use registry_ls::error::Error;
use registry_ls::name::{Reference, Registry, Target};

use super::{Context, nearest, next_or_flush};
use crate::args::DigestArgs;
use crate::output::{DigestRecord, DigestView};
use crate::report::{Stop, failure};

/// `rls digest`
pub async fn run(args: &DigestArgs, context: &Context<'_>) -> Result<(), Stop> {
    let references = context.settings.references(&args.references)?;
    let mut output = context.output(DigestView)?;
    let mut resolved = stream::iter(&references)
        .map(|(registry, reference)| async move { (registry, reference, resolve(context, registry, reference).await) })
        .buffered(context.settings.jobs)
        .boxed_local();
    while let Some((registry, reference, outcome)) = next_or_flush(&mut resolved, &mut output).await? {
        let (digest, error) = match outcome {
            Ok(digest) => {
                context.report.success();
                (Some(digest), None)
            }
            Err(error) => {
                let situation = nearest::situation(context, registry, reference, &error).await;
                context.report.failure(&error, &situation);
                (None, Some(failure(&error)))
            }
        };
        let (tag, _) = tag_and_digest(reference);
        output.write(&DigestRecord { repository: reference.repository().to_string(), tag, digest, error })?;
    }
    Ok(output.finish()?)
}

async fn resolve(context: &Context<'_>, registry: &Registry, reference: &Reference) -> Result<String, Error> {
    let client = context.connector.client(registry)?;
    let resolved = client.resolve(reference.repository(), reference.target()).await?;
    Ok(resolved.digest.to_string())
}

/// What a record says of a reference: the tag it means, the digest it names.
pub(super) fn tag_and_digest(reference: &Reference) -> (Option<String>, Option<String>) {
    let meant = match reference.target() {
        Target::Tag(tag) => Some(tag),
        Target::Digest(_) => reference.tag(),
    };
    (meant.map(ToString::to_string), reference.digest().map(ToString::to_string))
}
