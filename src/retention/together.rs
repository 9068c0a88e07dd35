//! What has to stay because of something else that stays, and what may go with something that goes.

use std::collections::{BTreeSet, HashMap};

use super::decide::{Case, Wish};
use super::order::order;
use super::plan::Verdict;
use super::reason::{Kept, Removed, Untagged};
use super::subject::Subject;
use crate::name::{Digest, Tag};

/// Which of the tags stay.
///
/// At first all do. Then one after the other goes that may, until none does: a tag that is to go may when nothing that stays lists its
/// manifest, and what refers to manifests may when these are gone. As every step only allows more of them, their order does not matter,
/// and what waits for itself stays.
pub(super) struct Together<'a> {
    cases: &'a [Case<'a>],
    /// Of every manifest: the cases that stay and are on it.
    on: HashMap<&'a Digest, BTreeSet<usize>>,
    /// Of every manifest: the cases that stay and whose manifest lists it.
    listing: HashMap<&'a Digest, BTreeSet<usize>>,
    /// A tag that stays and of which nobody knows what its manifest lists: any manifest may be needed.
    blind: Option<&'a Tag>,
}

impl<'a> Together<'a> {
    pub(super) fn settle(cases: &'a [Case<'a>]) -> Self {
        let blind = cases.iter().find(|case| case.facts.is_none()).map(|case| &case.tag.tag);
        let mut together = Self { cases, on: HashMap::new(), listing: HashMap::new(), blind };
        for (index, case) in cases.iter().enumerate() {
            if let Some(digest) = &case.tag.digest {
                together.on.entry(digest).or_default().insert(index);
            }
            for digest in case.lists() {
                together.listing.entry(digest).or_default().insert(index);
            }
        }
        let mut staying: BTreeSet<usize> = (0..cases.len()).collect();
        loop {
            let before = staying.len();
            staying.retain(|&index| {
                let stays = together.outcome(&cases[index]).is_err();
                if !stays {
                    together.leave(index);
                }
                stays
            });
            if staying.len() == before {
                return together;
            }
        }
    }

    fn leave(&mut self, index: usize) {
        let case = &self.cases[index];
        if let Some(digest) = &case.tag.digest {
            self.on.entry(digest).or_default().remove(&index);
        }
        for digest in case.lists() {
            self.listing.entry(digest).or_default().remove(&index);
        }
    }

    /// Why a tag may go, or why it stays, by what stays now.
    fn outcome(&self, case: &Case<'_>) -> Result<Removed, Kept> {
        let removed = match &case.wish {
            Wish::Keep(kept) => return Err(kept.clone()),
            Wish::Remove(removed) => removed.clone(),
            Wish::Follow(first, others) => {
                let gone = self.gone(first)?;
                others.iter().try_for_each(|other| self.gone(other).map(drop))?;
                let on = self.cases.iter().find(|case| case.tag.digest.as_ref() == Some(gone));
                Removed::With(on.map(|case| case.tag.tag.clone()).ok_or_else(|| gone.clone()))
            }
        };
        match case.tag.digest.as_ref().and_then(|digest| self.first(&self.listing, digest)) {
            Some(tag) => Err(Kept::ListedBy(tag)),
            None => Ok(removed),
        }
    }

    /// The manifest that something refers to, if it is gone.
    fn gone<'s>(&self, subject: &'s Subject) -> Result<&'s Digest, Kept> {
        let digest = match subject {
            Subject::Known(digest) => digest,
            Subject::Unknown(name) => return Err(Kept::NoSubject(name.clone())),
        };
        match self.first(&self.on, digest).or_else(|| self.first(&self.listing, digest)) {
            Some(tag) => Err(Kept::RefersTo(tag)),
            None => self.blind.cloned().map_or(Ok(digest), |tag| Err(Kept::SubjectUnsure(tag))),
        }
    }

    /// The tag of the first of the cases that hold a manifest.
    fn first(&self, holders: &HashMap<&Digest, BTreeSet<usize>>, digest: &Digest) -> Option<Tag> {
        holders.get(digest)?.first().map(|&index| self.cases[index].tag.tag.clone())
    }

    /// What becomes of a case.
    pub(super) fn verdict(&self, case: &Case<'_>) -> Verdict {
        match self.outcome(case) {
            Err(kept) => Verdict::Keep(kept),
            Ok(because) => Verdict::Remove { because, untag: self.untagged(case) },
        }
    }

    fn untagged(&self, case: &Case<'_>) -> Option<Untagged> {
        let shared = case.tag.digest.as_ref().and_then(|digest| self.first(&self.on, digest));
        shared.map(Untagged::SharedWith).or_else(|| self.blind.cloned().map(Untagged::Unsure))
    }

    /// The cases that go, in the order in which they may be carried out.
    pub(super) fn order(&self) -> Vec<usize> {
        let goes = |index: &usize| self.outcome(&self.cases[*index]).is_ok();
        order(self.cases, (0..self.cases.len()).filter(goes).collect())
    }
}
