//! What follows a run: a second run, `rls undo`, the registry's garbage collection.

use std::collections::BTreeSet;

use futures::StreamExt;
use registry_fixture::{Digest, GarbageCollection};
use registry_ls::Kind;
use registry_ls::error::Danger;
use registry_ls::removal::{Archive, Method, Outcome, Restoration, Target};

use crate::library::{Done, Run, client};
use crate::outcomes::{Known, check, may_go, no_placeholder};
use crate::trace::Trace;
use crate::world::{REPOSITORY, World};

/// Whether it is not known what became of an item.
pub fn is_unsure(done: &Done) -> bool {
    matches!(&done.outcome, Some(Outcome::Failed(error)) if *error.kind() == Kind::Incomplete)
}

/// An undisturbed second run cleans up what a crash left.
pub fn again(world: &World, first: &Run, second: &Run, known: &mut Known) -> Result<(), String> {
    let trace = world.trace();
    check(world, &trace, second, known)?;
    no_placeholder(world, &trace)?;
    let tried: BTreeSet<_> = first
        .done()
        .filter(|done| done.item.method.is_ok())
        .filter_map(|done| done.item.request.target.tag())
        .collect();
    for Done { item, outcome } in second.done() {
        let Some(Outcome::Failed(error)) = outcome else { continue };
        // zot keeps what an index lists.
        let is_stopped = matches!(error.kind(), Kind::Safety(_)) || error.is_not_found() || error.has_code("DENIED");
        if !is_stopped && item.request.target.tag().is_some_and(|tag| tried.contains(tag)) {
            return Err(format!("a second run fails: {error}"));
        }
    }
    Ok(())
}

/// The registry's garbage collection frees as much as the plan says.
pub fn keeps_its_promise(world: &World, run: &Run) -> Result<(), String> {
    let is_done = run.done().all(|done| matches!(done.outcome, Some(Outcome::Removed(_))));
    let is_pushed = run.planned.iter().any(|item| matches!(item.method, Ok(Method::Placeholder)));
    let Some(promised) = run.frees.filter(|_| is_done && !is_pushed) else { return Ok(()) };
    // Manifests that no tag leads to from the start are unknown, and may need anything.
    let (trace, start) = (world.trace(), &world.start);
    let known: BTreeSet<_> = start.tags.values().flat_map(|on| trace.graph.closure(on, &start.manifests)).collect();
    if known != start.manifests {
        return Ok(());
    }
    let freed = world.registry.garbage(GarbageCollection::Plain).bytes;
    match freed == promised {
        true => Ok(()),
        false => Err(format!("{promised} bytes are promised, and {freed} are freed")),
    }
}

/// Where a command also deletes what no tag needs any longer, none of that is left.
pub fn is_complete(world: &World, run: &Run) -> Result<(), String> {
    let trace = world.trace();
    let mut left = BTreeSet::new();
    for Done { item, outcome } in run.done() {
        let is_removed = matches!(outcome, Some(Outcome::Removed(_)));
        if !is_removed
            || !item.request.policy.purge
            || !world.start.tags.values().all(|on| world.start.manifests.contains(on))
        {
            return Ok(());
        }
        let digest = item.digest.as_ref().map(ToString::to_string).unwrap_or_default();
        left.extend(trace.graph.closure(&digest, &world.start.manifests));
    }
    let is_odd = |name: &String| name.parse::<registry_ls::name::Tag>().is_err();
    for digest in left.intersection(&trace.end().manifests) {
        let subject = trace.graph.subject(digest);
        let needs = |(name, on): (&String, &String)| {
            let closure = trace.graph.closure(on, &trace.end().manifests);
            closure.contains(digest) || subject.is_some_and(|subject| closure.contains(subject)) || is_odd(name)
        };
        if !trace.end().tags.iter().any(needs) {
            return Err(format!("{digest} is left, and no tag needs it"));
        }
    }
    Ok(())
}

/// Undoes the runs, newest first, if that is wanted; and collects the garbage, which leaves everything that a tag
/// needs.
pub async fn undo_and_collect(world: &World, archive: &Archive, runs: &[&Run], undoes: bool) -> Result<(), String> {
    if undoes {
        let before = world.trace();
        undo(world, archive).await?;
        let done: Vec<_> = runs.iter().flat_map(|run| run.done()).collect();
        for one in &done {
            is_back(world, &before, one, &done)?;
        }
    }
    let trace = world.trace();
    let whole = |digest: &String| {
        let closure = trace.graph.closure(digest, &trace.end().manifests);
        let parts = closure.iter().flat_map(|of| trace.graph.blobs(of));
        closure.contains(digest) && parts.clone().all(|blob| has_blob(world, blob))
    };
    let complete: Vec<_> = trace.end().tags.iter().filter(|(_, digest)| whole(digest)).collect();
    world.registry.collect_garbage(GarbageCollection::Plain);
    for (tag, digest) in complete {
        let closure = trace.graph.closure(digest, &trace.end().manifests);
        let lost = |of: &&String| {
            world.registry.manifest(REPOSITORY, of).is_none()
                || trace.graph.blobs(of).iter().any(|blob| !has_blob(world, blob))
        };
        if let Some(lost) = closure.iter().find(lost) {
            return Err(format!("{tag} needs {lost}, which the garbage collection took"));
        }
    }
    Ok(())
}

fn has_blob(world: &World, digest: &str) -> bool {
    Digest::parse(digest).is_some_and(|digest| world.registry.blob(REPOSITORY, &digest).is_some())
}

/// Pushes back what the runs removed, newest first. Only what exists again is in the way.
async fn undo(world: &World, archive: &Archive) -> Result<(), String> {
    let client = client(world, 3);
    for run in archive.runs().map_err(|error| error.to_string())? {
        let entries = archive.entries(&run.id).map_err(|error| error.to_string())?;
        for restoration in Restoration::plan(archive, entries, |_| true) {
            let mut outcomes = restoration.execute(&client, archive.clone()).boxed();
            while let Some((entry, outcome)) = outcomes.next().await {
                match outcome {
                    Err(error) if !matches!(error.kind(), Kind::Safety(Danger::TagExists { .. })) => {
                        return Err(format!("{} is not back: {error}", entry.name()));
                    }
                    _ => {}
                }
            }
        }
    }
    Ok(())
}

/// What an item removed is what it was again, unless it was there by then.
fn is_back(world: &World, trace: &Trace, done: &Done, all: &[&Done]) -> Result<(), String> {
    let removed = |done: &Done| match &done.outcome {
        Some(Outcome::Removed(removed)) => removed.digest.clone().map(|digest| (digest, removed.can_be_undone)),
        _ => None,
    };
    let Some((digest, can_be_undone)) = removed(done) else { return Ok(()) };
    // What cannot be read cannot be pushed back.
    let target = match &done.item.request.target {
        Target::Tag(tag) => tag.to_string(),
        Target::Manifest(digest) => digest.to_string(),
    };
    if !can_be_undone && trace.moments.iter().any(|moment| moment.fails_at(&target)) {
        return Ok(());
    }
    if !can_be_undone {
        return Err(format!("{:?} cannot be undone", done.item.request.target));
    }
    let is_tag = |name: &String| name.parse::<registry_ls::name::Tag>().is_ok();
    for tag in may_go(&done.item).into_keys().filter(is_tag).filter(|tag| !trace.end().tags.contains_key(tag)) {
        let now = world.registry.resolve(REPOSITORY, &tag).map(|now| now.to_string());
        // One that two runs removed is on what the later one removed.
        let of_tag = all.iter().filter(|other| may_go(&other.item).contains_key(&tag));
        let mut known = of_tag.filter_map(|other| removed(other)).map(|(digest, _)| digest.to_string());
        if !known.any(|known| Some(&known) == now.as_ref()) {
            return Err(format!("{tag} is on {now:?} after undoing, and was on {digest}"));
        }
    }
    let is_by_digest = matches!(done.item.request.target, Target::Manifest(_));
    if is_by_digest && !world.registry.contains(REPOSITORY, digest.as_str()) {
        return Err(format!("{digest} is not back"));
    }
    Ok(())
}
