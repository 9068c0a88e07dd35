mod removal;

use std::collections::HashSet;

use registry_ls::Kind;
use registry_ls::error::{Danger, Error};
use registry_ls::name::Reference;

use self::removal::{Method, Removal, Remover};
use super::digest::tag_and_digest;
use super::{Context, nearest};
use crate::args::RmArgs;
use crate::output::{Action, RemovalRecord, RemovalView};
use crate::report::{Stop, failure};

/// `rls rm`
pub async fn run(args: &RmArgs, context: &Context<'_>) -> Result<(), Stop> {
    let mut targets = context.references(&args.references).await?;
    let mut named = HashSet::new();
    targets.retain(|(client, reference)| {
        let (tag, digest) = tag_and_digest(reference);
        named.insert((client.registry().clone(), reference.repository().clone(), tag, digest))
    });
    let mut output = context.output(RemovalView)?;
    let mut remover = Remover::new(args, &targets);
    let (mut removed, mut failed, mut unsure) = (0, 0, 0);
    let mut ended: Option<Stop> = None;
    for (client, reference) in &targets {
        match context.or_end(remover.remove(client, reference)).await {
            Ok(Ok(Ok(removal))) => {
                context.report.success();
                removed += usize::from(removal.method.is_some() && !args.dry_run);
                done(args, reference, &removal).iter().try_for_each(|record| output.write(record))?;
            }
            Ok(Ok(Err(error))) => {
                failed += 1;
                let situation = nearest::situation(context, client, reference, &error).await;
                context.report.failure(&error, &situation);
                output.write(&not_done(reference, &error))?;
            }
            // What was removed until here was; nothing more is.
            Ok(Err(usage)) => {
                ended = Some(usage.into());
                break;
            }
            Err(stop) => {
                if remover.is_unsure() {
                    unsure += 1;
                    context.report.warning(&format!("stopped while removing {reference}: look whether it is gone"));
                }
                ended = Some(stop);
                break;
            }
        }
        output.flush()?;
    }
    if ended.is_none() || output.has_records() {
        output.finish()?;
    }
    if targets.len() > 1 && (failed > 0 || ended.is_some()) {
        let rest = targets.len() - removed - failed - unsure;
        let rest = if rest > 0 { format!(", {rest} left as they were") } else { String::new() };
        context.report.warning(&format!("{removed} of {} deleted, {failed} failed{rest}", targets.len()));
    }
    if removed > 0 {
        context.report.hint("the space is free again when the registry's administrator has run its garbage collection");
    }
    ended.map_or(Ok(()), Err)
}

/// The record of a reference, and one for each tag that goes with it.
fn done(args: &RmArgs, reference: &Reference, removal: &Removal) -> Vec<RemovalRecord> {
    let (tag, digest) = tag_and_digest(reference);
    let (action, reason) = match (&removal.method, args.dry_run) {
        (None, false) => (Action::Removed, Some("already absent")),
        (None, true) => (Action::WouldRemove, Some("already absent")),
        (Some(_), false) => (Action::Removed, None),
        (Some(_), true) => (Action::WouldRemove, None),
    };
    let asked = RemovalRecord {
        repository: reference.repository().to_string(),
        tag,
        digest: removal.digest.as_ref().map(ToString::to_string).or(digest),
        action,
        method: removal.method.map(Method::name).map(str::to_owned),
        reason: reason.map(str::to_owned),
        error: None,
    };
    let also = removal.also.iter().map(|tag| RemovalRecord {
        tag: Some(tag.to_string()),
        reason: Some(format!("with {reference}")),
        ..asked.clone()
    });
    std::iter::once(asked.clone()).chain(also).collect()
}

fn not_done(reference: &Reference, error: &Error) -> RemovalRecord {
    let (tag, digest) = tag_and_digest(reference);
    let shared = match error.kind() {
        Kind::Safety(Danger::Siblings { digest, .. }) => Some(digest.to_string()),
        _ => None,
    };
    RemovalRecord {
        repository: reference.repository().to_string(),
        tag,
        digest: digest.or(shared),
        action: Action::Failed,
        method: None,
        reason: Some(error.what().to_owned()),
        error: Some(failure(error)),
    }
}
