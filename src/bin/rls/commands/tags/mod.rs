//! `rls tags`: lists the tags of repositories.

mod listing;
mod names;

use std::collections::HashSet;

use futures::{StreamExt, stream};
use registry_ls::name::Digest;
use registry_ls::registry::RepositoryHandle;

use self::listing::{HeldTags, Listing, Query, TagInfo};
use super::context::Context;
use super::held::{Budget, Turns};
use super::stream::{MAX_PENDING, close_list, next_or_flush};
use super::suggestions::repository_hint_context;
use crate::args::TagsArgs;
use crate::output::{TagView, some_of};
use crate::report::CommandError;

pub async fn run(args: &TagsArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let targets = context.repositories(&args.repositories).await?;
    let query = Query::new(args, context.shows_table());
    // Standard input counts as several repositories, so that scripts see the same lines for any number.
    let full = context.shows_full(targets.iter().map(RepositoryHandle::registry));
    let qualified = full || targets.len() > 1 || args.repositories.iter().any(|name| name == "-");
    let view = TagView { qualified, detail: query.detail, group: args.group, full };
    let mut output = context.output(view)?;
    let progress = context.progress("tags");
    let names: Vec<_> = targets.iter().map(ToString::to_string).collect();
    let is_only = targets.len() == 1;
    let listing = |repository| Listing { query: &query, repository, progress: &progress, is_only };
    targets.iter().for_each(|repository| repository.client().prefetch_tokens([repository.name()]));
    let listings: Vec<_> = targets.into_iter().map(listing).collect();
    let outcome = match listings.as_slice() {
        [listing] => one(listing, context, &mut output).await,
        listings => several(listings, context, &mut output).await,
    };
    drop(progress);
    close_list(context, output, outcome, || {
        let selects = args.filter.selects() || args.same_as.is_some() || args.semver.is_some();
        let matching = if selects { "matching " } else { "" };
        let hidden = match query.hidden_count() {
            0 => String::new(),
            1 => ", except one of a signature or SBOM (use --all)".to_owned(),
            count => format!(", except {count} of signatures and SBOMs (use --all)"),
        };
        format!("no {matching}tags in {}{hidden}", some_of(&names))
    })
}

type Output = crate::output::Output<TagView, std::io::Stdout>;

/// Lists one repository; its tags are printed as they arrive.
async fn one(listing: &Listing<'_>, context: &Context<'_>, output: &mut Output) -> Result<(), CommandError> {
    let registry = listing.repository.registry();
    let mut batches = listing.batches(&listing.query.budget());
    let mut record = listing.record(None);
    let mut warned = HashSet::new();
    while let Some(batch) = next_or_flush(context, &mut batches, output).await? {
        let batch = match batch {
            Ok(batch) => batch,
            Err(error) => {
                let hint_context = repository_hint_context(context, &listing.repository, &error).await;
                let is_held = !listing.query.is_streamed();
                let hint_context = if is_held { hint_context.of_held_list() } else { hint_context };
                return Err(CommandError::Failed(error, Box::new(hint_context)));
            }
        };
        for known in batch {
            warn_about_gaps(&known, listing, context, &mut warned);
            match known.fill(&mut record) {
                Some(error) => context.report.failure(&error, &context.hint_context(registry)),
                None => context.report.success(),
            }
            output.write(&record)?;
        }
    }
    Ok(())
}

/// Lists several repositories concurrently, and prints them in order. Each failure is reported.
async fn several(listings: &[Listing<'_>], context: &Context<'_>, output: &mut Output) -> Result<(), CommandError> {
    let (turns, ahead) = (Turns::default(), Budget::ahead());
    let read = stream::iter(listings.iter().enumerate()).map(|(number, listing)| {
        let (turns, ahead) = (&turns, &ahead);
        async move {
            let read = async |budget| listing.collect(budget).await;
            (listing, turns.read(number, ahead, || listing.query.budget(), read, HeldTags::error).await)
        }
    });
    let mut read = read.buffered(MAX_PENDING).boxed_local();
    let mut has_suggested = false;
    while let Some((listing, list)) = next_or_flush(context, &mut read, output).await? {
        let hint_context = context.hint_context(listing.repository.registry());
        let mut whole = true;
        let mut record = listing.record(None);
        let mut warned = HashSet::new();
        for batch in list.batches {
            let known = match batch {
                Ok(known) => known,
                Err(error) => {
                    whole = false;
                    // A suggestion costs requests for the list of repositories: only the first failure gets one.
                    let hint_context = match std::mem::replace(&mut has_suggested, true) {
                        false => repository_hint_context(context, &listing.repository, &error).await,
                        true => context.hint_context(listing.repository.registry()),
                    };
                    context.report.failure(&error, &hint_context.of_held_list());
                    output.write(&listing.record(Some(&error)))?;
                    continue;
                }
            };
            for known in known {
                warn_about_gaps(&known, listing, context, &mut warned);
                if let Some(error) = known.fill(&mut record) {
                    whole = false;
                    context.report.failure(&error, &hint_context);
                }
                output.write(&record)?;
            }
        }
        if whole {
            context.report.success();
        }
        turns.end();
    }
    Ok(())
}

/// Warns about missing parts of a manifest, once for all tags on it.
fn warn_about_gaps(known: &TagInfo, listing: &Listing<'_>, context: &Context<'_>, warned: &mut HashSet<Digest>) {
    if known.gaps().is_empty() || !known.digest().is_some_and(|digest| warned.insert(digest.clone())) {
        return;
    }
    let name = known.name(&listing.repository);
    known.gaps().iter().for_each(|gap| context.report.warning(&format!("{name}: {gap}")));
}
