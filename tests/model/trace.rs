//! What happened, request by request, and what may not have happened.

use std::collections::{BTreeMap, BTreeSet};

/// Tags with what they are on.
pub type State = BTreeMap<String, String>;

/// A request of ours: the tags as it came, and what others had made of them before it had its effect.
#[derive(Debug, Clone)]
pub struct Moment {
    pub method: String,
    pub path: String,
    /// The digest of what was sent.
    pub body: String,
    pub arrival: State,
    pub after: State,
}

/// All that happened.
pub struct Trace {
    moments: Vec<Moment>,
    end: State,
}

/// What one item of a plan may do, and the requests in which it did.
pub struct Span {
    pub from: usize,
    pub to: usize,
    /// The tags that it may take, with what they may be on.
    pub may_go: BTreeMap<String, Option<String>>,
    /// Whether the list of tags has to be looked at again before a manifest goes.
    pub by_manifest: bool,
    /// Whether it may push.
    pub may_push: bool,
}

impl Moment {
    fn reference(&self) -> Option<&str> {
        self.path.strip_prefix("/v2/app/manifests/")
    }

    /// Whether it tells what a reference is.
    fn looks_at(&self, reference: &str) -> bool {
        matches!(&*self.method, "GET" | "HEAD") && self.reference() == Some(reference)
    }

    fn is_list(&self) -> bool {
        self.method == "GET" && self.path == "/v2/app/tags/list"
    }

    fn writes(&self) -> Option<&str> {
        let reference = self.reference()?;
        let is_probe = reference.starts_with("rls-probe-") || reference.ends_with(&"0".repeat(64));
        (matches!(&*self.method, "DELETE" | "PUT") && !is_probe).then_some(reference)
    }
}

impl Trace {
    pub fn new(moments: Vec<Moment>, end: State) -> Self {
        Self { moments, end }
    }

    /// The tags after a request.
    pub fn state_after(&self, at: usize) -> &State {
        self.moments.get(at + 1).map_or(&self.end, |next| &next.arrival)
    }

    /// Tags that a request of ours changed.
    fn effect(&self, at: usize) -> BTreeSet<&String> {
        changed(&self.moments[at].after, self.state_after(at))
    }

    /// Whether others touched a tag after the request `from` came, until the request `to` had its effect.
    pub fn touched(&self, tag: &str, from: usize, to: usize) -> bool {
        (from..=to.min(self.moments.len() - 1)).any(|at| {
            let Moment { arrival, after, .. } = &self.moments[at];
            arrival.get(tag) != after.get(tag)
        })
    }

    /// Whether a tag was gone at some moment since a request.
    pub fn was_gone(&self, tag: &str, from: usize) -> bool {
        let mut states = self.moments.iter().skip(from).flat_map(|moment| [&moment.arrival, &moment.after]);
        !self.end.contains_key(tag) || states.any(|state| !state.contains_key(tag))
    }

    /// Whether we changed a tag in these requests, and nobody else since, and it is not as it was.
    pub fn is_changed_by_us(&self, tag: &str, from: usize, to: usize) -> bool {
        let mut ours = (from..to).filter(|at| self.effect(*at).iter().any(|known| *known == tag));
        let (Some(first), last) = (ours.next(), ours.next_back()) else { return false };
        let last = last.unwrap_or(first);
        let now = if to == self.moments.len() { &self.end } else { &self.moments[to].arrival };
        !self.touched(tag, last + 1, to.saturating_sub(1)) && self.moments[first].after.get(tag) != now.get(tag)
    }

    /// What we pushed to a tag.
    pub fn pushed_by_us(&self) -> BTreeSet<&String> {
        self.moments.iter().filter(|moment| moment.method == "PUT").map(|moment| &moment.body).collect()
    }

    /// Nothing but the probes may have been tried in these requests.
    pub fn only_looks(&self, from: usize, to: usize) -> Result<(), String> {
        match (from..to).find(|at| self.moments[*at].writes().is_some() || !self.effect(*at).is_empty()) {
            Some(at) => Err(format!("request {at} changes something before anything is carried out")),
            None => Ok(()),
        }
    }

    /// What an item did is what it may do.
    pub fn is_allowed(&self, span: &Span) -> Result<(), String> {
        for at in span.from..span.to {
            let moment = &self.moments[at];
            let effect = self.effect(at);
            let Some(reference) = moment.writes() else {
                if effect.is_empty() {
                    continue;
                }
                return Err(format!("request {at} changes {effect:?}"));
            };
            self.is_looked_at(at, reference, span)?;
            if reference.starts_with("sha256:") {
                for tag in effect {
                    self.may_go_along(at, tag, reference, span)?;
                }
            } else {
                self.may_change(at, reference, span)?;
                if effect.iter().any(|tag| *tag != reference) {
                    return Err(format!("request {at} changes {effect:?}"));
                }
            }
        }
        Ok(())
    }

    /// Nothing is sent again without a look at what came of it.
    fn is_looked_at(&self, at: usize, reference: &str, span: &Span) -> Result<(), String> {
        let before = span.from..at;
        let own = before.clone().rev().find(|before| self.moments[*before].writes() == Some(reference));
        let looks = |moment: &Moment| matches!(&*moment.method, "GET" | "HEAD") && moment.reference().is_some();
        match own {
            Some(own) if !(own + 1..at).any(|between| looks(&self.moments[between])) => {
                Err(format!("request {at} repeats request {own} without a look"))
            }
            _ => Ok(()),
        }
    }

    /// A tag is written to when it was just looked at, and is what it was then unless somebody was in between.
    fn may_change(&self, at: usize, tag: &str, span: &Span) -> Result<(), String> {
        let Some(planned) = span.may_go.get(tag) else { return Err(format!("request {at} writes to {tag}")) };
        let is_push = self.moments[at].method == "PUT";
        if is_push && !span.may_push {
            return Err(format!("request {at} pushes"));
        }
        let look = (span.from..at).rev().find(|before| self.moments[*before].looks_at(tag));
        let look = look.ok_or_else(|| format!("request {at} writes to {tag} without a look"))?;
        let was = self.moments[at].after.get(tag);
        let ours = was.is_some_and(|was| self.pushed_by_us().contains(was));
        let is_planned = planned.is_none() || was.is_none() || was == planned.as_ref() || ours;
        if !is_planned && !self.touched(tag, look + 1, at) {
            return Err(format!("request {at} writes to {tag}, which was on {was:?} since request {look}"));
        }
        Ok(())
    }

    /// A tag goes with a manifest when that was planned, or when somebody put it there after our last look at it: there is no
    /// protection against that in the protocol.
    fn may_go_along(&self, at: usize, tag: &str, digest: &str, span: &Span) -> Result<(), String> {
        if span.may_go.get(tag).is_some_and(|planned| planned.as_ref().is_none_or(|planned| planned == digest)) {
            return Ok(());
        }
        if span.may_push && span.may_go.contains_key(tag) && self.pushed_by_us().iter().any(|known| *known == digest) {
            return Ok(());
        }
        let look = self.moments[..at].iter().rposition(|moment| moment.looks_at(tag));
        let list = (span.from..at).rev().find(|before| self.moments[*before].is_list());
        let look = match (look, list) {
            (Some(look), _) => look,
            (None, Some(list)) => list,
            (None, None) if span.by_manifest => {
                return Err(format!("request {at} takes {tag}, and the tags were not listed again before"));
            }
            (None, None) => span.from,
        };
        // The list is written when its request had its effect.
        match self.touched(tag, look + 1, at) {
            true => Ok(()),
            false => Err(format!("request {at} takes {tag} with {digest}, which was there at request {look}")),
        }
    }

    /// What is there now of what was there at the start and nobody named or touched.
    pub fn rest_is_there(&self, start: &State, named: &BTreeSet<String>) -> Result<(), String> {
        let last = self.moments.len().saturating_sub(1);
        for (tag, digest) in start {
            if !named.contains(tag) && !self.touched(tag, 0, last) && self.end.get(tag) != Some(digest) {
                return Err(format!("{tag} is on {:?} in the end instead of {digest}", self.end.get(tag)));
            }
        }
        Ok(())
    }

    /// How many requests there were.
    pub fn len(&self) -> usize {
        self.moments.len()
    }

    /// Whether others did anything.
    pub fn is_busy(&self) -> bool {
        self.moments.iter().any(|moment| moment.arrival != moment.after)
    }

    /// The tags now.
    pub fn end(&self) -> &State {
        &self.end
    }

    /// All requests in lines, with what they and others changed.
    pub fn told(&self) -> String {
        let line = |at: usize| {
            let Moment { method, path, arrival, after, .. } = &self.moments[at];
            let show = |from: &State, to: &State| {
                let to_of = |tag: &String| to.get(tag).map_or("gone", |digest| &digest[7..13]).to_owned();
                let of = changed(from, to).into_iter().map(|tag| format!(" {tag}→{}", to_of(tag)));
                of.collect::<String>()
            };
            let (others, ours) = (show(arrival, after), show(after, self.state_after(at)));
            format!("{at:3} {method} {path}   others:{others}   we:{ours}\n")
        };
        (0..self.moments.len()).map(line).collect()
    }
}

fn changed<'a>(from: &'a State, to: &'a State) -> BTreeSet<&'a String> {
    from.keys().chain(to.keys()).filter(|tag| from.get(*tag) != to.get(*tag)).collect()
}
