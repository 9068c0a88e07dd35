//! What the items of a plan may do to a registry, write by write.

use std::collections::{BTreeMap, BTreeSet};

use crate::trace::{Moment, Trace};

/// What a batch of items may do, and the requests in which it did.
#[derive(Debug, Default)]
pub struct Span {
    pub from: usize,
    pub to: usize,
    /// The tags that it may take, with what they may be on.
    pub may_go: BTreeMap<String, Option<String>>,
    /// The tags removed before, which may be untagged again where they point to a deleted manifest.
    pub may_untag: BTreeSet<String>,
    /// The tags that it or what comes after it may take.
    pub going: BTreeSet<String>,
    /// The manifests that it may delete by their digests.
    pub may_delete: BTreeSet<String>,
    /// Those of them that an index may lose.
    pub forced: BTreeSet<String>,
    /// Those of them that were not requested.
    pub purged: BTreeSet<String>,
    /// The tags to which it may push.
    pub may_push: BTreeSet<String>,
}

/// The losses that could not be prevented.
#[derive(Debug, Default)]
pub struct Excused {
    /// Tags that went, or lost something that they need.
    pub tags: BTreeSet<String>,
    /// Tags that the registry removed although they were not requested.
    pub misdeeds: BTreeSet<String>,
}

impl Span {
    /// What was done is what may be done.
    pub fn check(&self, trace: &Trace, excused: &mut Excused) -> Result<(), String> {
        (self.from..self.to).try_for_each(|at| self.check_request(trace, at, excused))
    }

    fn check_request(&self, trace: &Trace, at: usize, excused: &mut Excused) -> Result<(), String> {
        let moment = &trace.moments[at];
        let (effect, deleted) = (trace.effect(at), trace.deleted(at));
        let Some(reference) = moment.writes() else {
            return match effect.is_empty() && deleted.is_empty() {
                true => Ok(()),
                false => Err(format!("request {at} changes {effect:?} {deleted:?}")),
            };
        };
        self.is_not_repeated(trace, at, reference)?;
        if moment.deletes_manifest() {
            self.may_delete(trace, at, reference)?;
            for tag in effect {
                self.may_go_along(trace, at, tag, reference, excused)?;
            }
            if deleted.iter().any(|digest| *digest != reference) {
                return Err(format!("request {at} deletes {deleted:?}"));
            }
            if !deleted.is_empty() {
                self.is_not_needed(trace, at, reference, excused)?;
            }
            return Ok(());
        }
        self.may_change(trace, at, reference)?;
        if moment.disturbance == Some(crate::disturbances::Disturbance::Misdeed) {
            excused.misdeeds.extend(effect.into_iter().filter(|tag| *tag != reference).cloned());
        } else if effect.iter().any(|tag| *tag != reference) || !deleted.is_empty() {
            return Err(format!("request {at} changes {effect:?} {deleted:?}"));
        }
        Ok(())
    }

    /// No write is repeated without a read in between.
    fn is_not_repeated(&self, trace: &Trace, at: usize, reference: &str) -> Result<(), String> {
        let own = (self.from..at).rev().find(|before| trace.moments[*before].writes() == Some(reference));
        match own {
            Some(own) if !trace.moments[own + 1..at].iter().any(Moment::is_lookup) => {
                Err(format!("request {at} repeats request {own} without a look"))
            }
            _ => Ok(()),
        }
    }

    /// A tag is written only right after a check, and is unchanged since then unless another client changed it.
    fn may_change(&self, trace: &Trace, at: usize, tag: &str) -> Result<(), String> {
        let was = trace.moments[at].after.tags.get(tag);
        if self.may_untag.contains(tag) && was.is_some_and(|was| self.may_delete.contains(was)) {
            return Ok(());
        }
        let Some(planned) = self.may_go.get(tag) else { return Err(format!("request {at} writes to {tag}")) };
        if trace.moments[at].method == "PUT" && !self.may_push.contains(tag) {
            return Err(format!("request {at} pushes to {tag}"));
        }
        let own = || (self.since(trace)..at).rev();
        let read = own().find(|before| trace.moments[*before].reads(tag));
        // What cannot be read has to be removable, too: then its head has to do.
        let is_unreadable = own().any(|before| trace.moments[before].fails_at(tag));
        let read = read.or_else(|| own().find(|before| is_unreadable && trace.moments[*before].asks_for(tag)));
        let Some(read) = read else {
            // Manifests that were unreadable before as well remain unknown.
            let is_excused = is_unreadable && planned.is_none() || trace.is_deceived(tag, at);
            return match is_excused {
                true => Ok(()),
                false => Err(format!("request {at} writes to {tag} without a look")),
            };
        };
        let ours = was.is_some_and(|was| trace.pushed_by_us().contains(was));
        let is_planned = planned.is_none() || was.is_none() || was == planned.as_ref() || ours;
        if !is_planned && !trace.touched(tag, read + 1, at) {
            return Err(format!("request {at} writes to {tag}, which was on {was:?} since request {read}"));
        }
        Ok(())
    }

    /// A manifest is deleted when it is an item's, or a placeholder of ours; after a look at it, and at all that stays.
    fn may_delete(&self, trace: &Trace, at: usize, digest: &str) -> Result<(), String> {
        let is_placeholder = !self.may_push.is_empty() && trace.pushed_by_us().iter().any(|pushed| *pushed == digest);
        if is_placeholder && !self.may_delete.contains(digest) {
            return Ok(());
        }
        if !self.may_delete.contains(digest) {
            return Err(format!("request {at} deletes {digest}"));
        }
        let looks = |moment: &Moment| {
            let on_it = |of: &str| of == digest || moment.after.tags.get(of).is_some_and(|on| on == digest);
            moment.method == "GET" && moment.reference().is_some_and(on_it)
        };
        if !trace.moments[self.since(trace)..at].iter().any(looks) {
            return Err(format!("request {at} deletes {digest} without a look"));
        }
        self.rest_is_checked(trace, at)
    }

    /// Where the looks for this item begin: the next target may be looked at while the write before is verified.
    fn since(&self, trace: &Trace) -> usize {
        (0..self.from)
            .rev()
            .find(|before| trace.moments[*before].writes().is_some())
            .map_or(self.from, |write| write + 1)
    }

    /// Since the batch before this one the list was read, and every tag that was in it, stays and is not new was looked
    /// at.
    fn rest_is_checked(&self, trace: &Trace, at: usize) -> Result<(), String> {
        let former = (0..self.from).rev().find(|before| trace.moments[*before].writes().is_some()).unwrap_or(0);
        let list = (former..at).rev().find(|before| trace.moments[*before].about == crate::trace::About::List);
        let list = list.ok_or_else(|| format!("request {at} deletes, and the tags were not listed again before"))?;
        if !trace.moments[list].lists() {
            return Ok(());
        }
        let listed = &trace.moments[list].after.tags;
        let stays = |tag: &&String| !self.going.contains(*tag) && !trace.touched(tag, list + 1, at);
        for tag in listed.keys().filter(stays) {
            let asks = |moment: &Moment| moment.method == "GET" && moment.reference() == Some(tag);
            if !trace.moments[former..at].iter().any(asks) {
                return Err(format!("request {at} deletes, and {tag} was not looked at again before"));
            }
        }
        Ok(())
    }

    /// A tag is removed with a manifest when that was planned, or when another client put it there after our last
    /// check: there is no protection against that in the protocol.
    fn may_go_along(
        &self,
        trace: &Trace,
        at: usize,
        tag: &str,
        digest: &str,
        excused: &mut Excused,
    ) -> Result<(), String> {
        if self.may_go.get(tag).is_some_and(|planned| planned.as_ref().is_none_or(|planned| planned == digest)) {
            return Ok(());
        }
        // One that is requested as well, and about which a reply lied: the plan took it to be elsewhere.
        if self.going.contains(tag) && trace.lies(tag, at) > 0 {
            return Ok(());
        }
        let is_ours = trace.pushed_by_us().iter().any(|known| *known == digest);
        if is_ours && self.may_push.contains(tag) {
            return Ok(());
        }
        self.is_excused(trace, at, tag, excused)
            .map_err(|since| format!("request {at} takes {tag} with {digest}, {since}"))
    }

    /// No tag needs what was deleted: by an index that lists it; or where it was not requested, by being on its
    /// subject.
    fn is_not_needed(&self, trace: &Trace, at: usize, digest: &str, excused: &mut Excused) -> Result<(), String> {
        if self.forced.contains(digest) {
            return Ok(());
        }
        let before = &trace.moments[at].after;
        let subject = trace.graph.subject(digest).filter(|_| self.purged.contains(digest));
        for (tag, on) in before.tags.iter().filter(|(_, on)| *on != digest) {
            let closure = trace.graph.closure(on, &before.manifests);
            let needs = closure.contains(digest) || subject.is_some_and(|subject| closure.contains(subject));
            if needs {
                self.is_excused(trace, at, tag, excused)
                    .map_err(|since| format!("request {at} deletes {digest}, which {tag} needs, {since}"))?;
            }
        }
        Ok(())
    }

    /// Whether the state of a tag could not be known: another client put it there after the last check, or several
    /// replies lied.
    fn is_excused(&self, trace: &Trace, at: usize, tag: &str, excused: &mut Excused) -> Result<(), String> {
        let read = (0..at).rev().find(|before| trace.moments[*before].asks_for(tag));
        let list = (0..at).rev().find(|before| trace.moments[*before].lists());
        let since = read.or(list);
        let is_touched = since.is_some_and(|since| trace.touched(tag, since + 1, at));
        if is_touched || trace.is_deceived(tag, at) {
            excused.tags.insert(tag.to_owned());
            return Ok(());
        }
        Err(format!("which was so at request {since:?}"))
    }
}
