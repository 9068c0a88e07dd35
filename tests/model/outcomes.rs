//! What was reported is so.

use std::collections::{BTreeMap, BTreeSet};

use registry_ls::Kind;
use registry_ls::name::Tag;
use registry_ls::removal::{Item, Method, Origin, Outcome, Target};

use crate::allowed::{Excused, Span};
use crate::follow_up::is_unsure;
use crate::library::{Batch, Done, Run};
use crate::trace::{Moment, Trace};
use crate::world::World;

/// Tags that may be gone, and the losses that could not be prevented.
#[derive(Debug, Default)]
pub struct Known {
    pub named: BTreeSet<String>,
    pub excused: Excused,
}

/// The tags that an item may take, with what they have to be on.
pub fn may_go(item: &Item) -> BTreeMap<String, Option<String>> {
    let planned = item.digest.as_ref().or(item.request.expected.as_ref()).map(ToString::to_string);
    let own = item.request.target.tag().map(Tag::as_str);
    own.into_iter().chain(item.also_removed()).map(|name| (name.to_owned(), planned.clone())).collect()
}

/// Checks one run.
pub fn check(world: &World, trace: &Trace, run: &Run, known: &mut Known) -> Result<(), String> {
    trace.only_reads(run.planning.0, run.planning.1)?;
    for (at, batch) in run.batches.iter().enumerate() {
        let span = span(run, at);
        known.named.extend(span.may_go.keys().cloned());
        span.check(trace, &mut known.excused)?;
        batch.done.iter().try_for_each(|done| outcome(trace, run, batch, done))?;
    }
    if let Some(((from, to), _)) = &run.verified {
        trace.only_reads(*from, *to)?;
    }
    verified(trace, run, known)?;
    everything_is_reported(run)?;
    rest_is_there(world, trace, run, known)?;
    let is_excused = run.done().any(|done| done.outcome.is_none() || is_unsure(done));
    if is_excused { Ok(()) } else { no_placeholder(world, trace) }
}

/// Every request has one outcome.
fn everything_is_reported(run: &Run) -> Result<(), String> {
    let is_own = |item: &&Item| matches!(item.origin, Origin::Requested | Origin::Absent);
    for item in run.planned.iter().filter(is_own).filter(|_| run.verified.is_some()) {
        let target = &item.request.target;
        let count = run.done().filter(|done| done.item.request.target == *target && is_own(&&done.item)).count();
        if count != 1 {
            return Err(format!("{target:?} is reported {count} times"));
        }
    }
    Ok(())
}

/// What a batch may do.
fn span(run: &Run, at: usize) -> Span {
    let Batch { span: (from, to), done } = &run.batches[at];
    let mut span = Span { from: *from, to: *to, ..Span::default() };
    let coming = || run.batches[at..].iter().flat_map(|batch| &batch.done).map(|done| &done.item);
    // What was planned and not come to by a crash was going, too.
    let begun: BTreeSet<_> = run.done().map(|done| format!("{:?}", done.item.request.target)).collect();
    let never = || run.planned.iter().filter(|item| !begun.contains(&format!("{:?}", item.request.target)));
    let is_coming = |item: &Item| coming().any(|coming| coming.request.target == item.request.target);
    // What was planned in another way before it was decided anew was going as well.
    let planned = run.planned.iter().filter(|item| is_coming(item));
    for item in coming().chain(never()).chain(planned).filter(|item| item.method.is_ok()) {
        span.going.extend(may_go(item).into_keys());
    }
    // Where a registry cannot untag, that was tried before the first reported method.
    if let Some(next) = run.batches.get(at + 1).and_then(|batch| batch.done.first()) {
        span.may_go.extend(may_go(&next.item));
    }
    for Done { item, .. } in done {
        let tag = item.request.target.tag().map(ToString::to_string);
        span.may_go.extend(may_go(item));
        // What was decided anew was looked at anew, and may have been tried where it was before.
        let former = run.planned.iter().find(|planned| planned.request.target == item.request.target);
        if former.is_some_and(|former| former.digest != item.digest) {
            span.may_go.extend(tag.clone().map(|tag| (tag, None)));
        }
        // Where the first of several on a manifest has failed, the next takes those that are still to come.
        let others = coming().chain(never()).filter(|coming| coming.digest == item.digest && coming.method.is_ok());
        if item.method.is_ok() && item.digest.is_some() {
            span.may_go.extend(others.flat_map(may_go));
        }
        // Google's registry wants each tag to go before, and one that went may have been pushed again.
        let went = run.batches[..at].iter().flat_map(|batch| &batch.done);
        let went =
            went.filter(|done| matches!(done.outcome, Some(Outcome::Removed(_))) && done.item.digest == item.digest);
        if matches!(item.method, Ok(Method::Manifest)) {
            span.may_untag.extend(went.flat_map(|done| may_go(&done.item).into_keys()));
        }
        if let (Ok(Method::Manifest), Some(digest)) = (&item.method, &item.digest) {
            let digest = digest.to_string();
            if item.request.policy.force {
                span.forced.insert(digest.clone());
            }
            if item.origin != Origin::Requested {
                span.purged.insert(digest.clone());
            }
            span.may_delete.insert(digest);
        }
        span.may_push.extend(tag.filter(|_| matches!(item.method, Ok(Method::Placeholder))));
    }
    span
}

/// How one item ended.
fn outcome(trace: &Trace, run: &Run, batch: &Batch, done: &Done) -> Result<(), String> {
    let (Done { item, outcome }, (from, to)) = (done, batch.span);
    let target = match &item.request.target {
        Target::Tag(tag) => tag.to_string(),
        Target::Manifest(digest) => digest.to_string(),
    };
    let is_tag = item.request.target.tag().is_some();
    let was_absent = |since| if is_tag { trace.was_absent(&target, since) } else { trace.was_deleted(&target, since) };
    let is_deceived = if is_tag { trace.is_deceived(&target, to) } else { trace.is_deceived_about(&target, to) };
    match outcome {
        Some(Outcome::Removed(removed)) => {
            let digest = removed.digest.as_ref().map(ToString::to_string);
            let is_still_there = match is_tag {
                true => {
                    trace.end().tags.get(&target).is_some_and(|now| Some(now) == digest.as_ref())
                        && !trace.touched(&target, from, usize::MAX)
                }
                false => trace.end().manifests.contains(&target) && !trace.was_pushed(&target, from, usize::MAX),
            };
            if !is_deceived && (!was_absent(run.planning.0) || is_still_there) {
                return Err(format!("{target} is said to be removed and is not"));
            }
            if !is_tag && !trace.was_there(&target, run.planning.0) {
                return Err(format!("{target} is said to be removed and was never there"));
            }
            for tag in item.collateral() {
                let is_moved = removed.moved.contains(tag);
                let is_there = !trace.was_absent(tag.as_str(), run.planning.0);
                if is_there && !is_moved && !trace.is_deceived(tag.as_str(), to) {
                    return Err(format!("{tag} is said to have gone with {target} and has not"));
                }
                let is_lied_about = trace.lies(tag.as_str(), to) > 0;
                if is_moved && !is_lied_about && !trace.touched(tag.as_str(), run.planning.0, to) {
                    return Err(format!("{tag} is said to have moved and has not"));
                }
            }
        }
        Some(Outcome::Absent(_) | Outcome::AlreadyRemoved(_)) => {
            if !is_deceived && !was_absent(run.planning.0) && !trace.was_deleted(&target, run.planning.0) {
                return Err(format!("{target} is said to be absent and is there"));
            }
            unchanged(trace, batch, done)?;
        }
        Some(Outcome::Kept(error) | Outcome::Skipped(error)) => {
            unchanged(trace, batch, done).map_err(|what| format!("{what}: {error}"))?
        }
        Some(Outcome::Failed(error)) if *error.kind() != Kind::Incomplete => {
            unchanged(trace, batch, done).map_err(|what| format!("{what}: {error}"))?;
        }
        Some(Outcome::Failed(_)) | None => {}
    }
    Ok(())
}

/// Nothing was changed for an item. What went with another of the batch did not go for this one.
fn unchanged(trace: &Trace, batch: &Batch, done: &Done) -> Result<(), String> {
    let (item, (from, to)) = (&done.item, batch.span);
    let others = batch.done.iter().filter(|other| !std::ptr::eq(*other, done));
    let mut removed = others.filter(|other| matches!(other.outcome, Some(Outcome::Removed(_)) | None));
    if removed.any(|other| other.item.digest == item.digest) {
        return Ok(());
    }
    // One that went, without a reply, and was pushed again before our look is as it was.
    if item.digest.as_ref().is_some_and(|digest| trace.was_pushed(digest.as_str(), from, to)) {
        return Ok(());
    }
    if let Some(tag) = may_go(item).keys().find(|tag| trace.is_changed_by_us(tag, from, to)) {
        return Err(format!("{tag} was changed, and it is not said that it may be"));
    }
    if let Target::Manifest(digest) = &item.request.target
        && trace.is_deleted_by_us(digest.as_str(), from, to)
    {
        return Err(format!("{digest} was deleted, and it is not said that it may be"));
    }
    Ok(())
}

/// The final verification reports exactly the tags that were lost.
fn verified(trace: &Trace, run: &Run, known: &Known) -> Result<(), String> {
    let Some(((from, to), verified)) = &run.verified else { return Ok(()) };
    let is_changed = run.done().any(|done| matches!(done.outcome, Some(Outcome::Removed(_))));
    let is_answered = trace.is_answered(run.planning.0, *to);
    let message = match verified {
        Ok(()) => "",
        Err(error) if *error.kind() != Kind::Incomplete => {
            return Err(format!("what stays was not looked at, and that is not Incomplete: {error}"));
        }
        Err(error) if error.what().ends_with("should have stayed") => error.what(),
        // No tag is reported.
        Err(_) => return Ok(()),
    };
    let names = |tag: &str| message.split([' ', ',']).any(|word| word.strip_prefix("app:") == Some(tag));
    let before = &trace.state_at(run.batches.first().map_or(*from, |batch| batch.span.0)).tags;
    for tag in before.keys().filter(|tag| !known.named.contains(*tag)) {
        // A client that removes a tag and restores it between two checks is not noticed.
        let mut since = trace.moments[..*from].iter().rev().take_while(|moment| !moment.arrival.tags.contains_key(tag));
        let is_lost = !trace.state_at(*from).tags.contains_key(tag)
            && (*from..*to).all(|at| !trace.moments[at].after.tags.contains_key(tag));
        let knew = |at: usize| {
            let moment = &trace.moments[at];
            let is_reported = moment.asks_for(tag) || moment.lists() && at >= run.planning.1;
            is_reported && moment.after.tags.contains_key(tag)
        };
        let is_new = since.any(Moment::lists) && (run.planning.0..*from).any(knew);
        if is_lost && is_changed && !names(tag) && known.excused.misdeeds.contains(tag) {
            return Err(format!("{tag} was removed too, and no record says so"));
        }
        if is_lost
            && is_new
            && is_changed
            && is_answered
            && tag.parse::<registry_ls::name::Tag>().is_ok()
            && !names(tag)
        {
            return Err(format!("{tag} is lost, which is not reported: {message:?}"));
        }
        let was_there = (*from..*to).all(|at| trace.moments[at].after.tags.contains_key(tag));
        if !is_lost
            && was_there
            && trace.end().tags.contains_key(tag)
            && names(tag)
            && !trace.was_absent(tag, run.planning.0)
            && !trace.is_deceived(tag, *to)
        {
            return Err(format!("{tag} is said to be lost and is there"));
        }
    }
    Ok(())
}

/// What still exists of the tags that were neither named nor touched by others, with all that they need.
fn rest_is_there(world: &World, trace: &Trace, run: &Run, known: &Known) -> Result<(), String> {
    let is_lost = |tag: &String| known.excused.tags.contains(tag) || known.excused.misdeeds.contains(tag);
    let is_forced = |digest: &String| {
        let forced = run.done().filter(|done| done.item.request.policy.force);
        forced.filter_map(|done| done.item.digest.as_ref()).any(|of| of.as_str() == *digest)
    };
    for (tag, digest) in &world.start.tags {
        if trace.touched(tag, 0, usize::MAX) || is_lost(tag) {
            continue;
        }
        let now = trace.end().tags.get(tag);
        if !known.named.contains(tag) && now != Some(digest) {
            return Err(format!("{tag} is on {now:?} in the end instead of {digest}"));
        }
        if now != Some(digest) {
            continue;
        }
        let needed = trace.graph.closure(digest, &world.start.manifests);
        let deleted = |of: &&String| (0..trace.len()).any(|at| trace.deleted(at).contains(of));
        let missing = needed.difference(&trace.end().manifests).filter(deleted);
        if let Some(missing) = missing.into_iter().find(|missing| !is_forced(missing)) {
            return Err(format!("{tag} stays, and {missing} does not, which it needs"));
        }
    }
    Ok(())
}

/// No tag is on a placeholder.
pub fn no_placeholder(world: &World, trace: &Trace) -> Result<(), String> {
    let ours = trace.pushed_by_us();
    match trace.end().tags.iter().find(|(_, digest)| ours.contains(digest) && !world.is_theirs(digest)) {
        Some((tag, digest)) => Err(format!("{tag} is on the placeholder {digest}")),
        None => Ok(()),
    }
}
