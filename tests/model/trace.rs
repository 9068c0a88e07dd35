//! A trace of the requests and their effects.

use std::collections::{BTreeMap, BTreeSet};

use crate::disturbances::Disturbance;
use crate::graph::Graph;

/// The content of the repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// Tags, names that no tag may have among them, with what they are on.
    pub tags: BTreeMap<String, String>,
    /// The manifests that answer by their digests.
    pub manifests: BTreeSet<String>,
}

/// What a request is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// The list of tags.
    List,
    /// A manifest, by a tag or a digest.
    Manifest(String),
    Other,
}

/// A request of ours: what there was as it came, and what others had made of that before it had its effect.
#[derive(Debug, Clone)]
pub struct Moment {
    pub method: String,
    pub path: String,
    pub about: About,
    /// The digest of what was sent.
    pub body: String,
    pub arrival: State,
    pub after: State,
    pub disturbance: Option<Disturbance>,
}

/// All that happened.
pub struct Trace {
    pub moments: Vec<Moment>,
    end: State,
    pub graph: Graph,
}

impl Moment {
    pub fn reference(&self) -> Option<&str> {
        match &self.about {
            About::Manifest(reference) => Some(reference),
            About::List | About::Other => None,
        }
    }

    fn is_read(&self) -> bool {
        matches!(&*self.method, "GET" | "HEAD")
    }

    /// Whether it shows by its bytes what a reference points to.
    pub fn reads(&self, reference: &str) -> bool {
        self.method == "GET" && self.reference() == Some(reference) && self.disturbance.is_none()
    }

    /// Whether it shows, by its bytes or by its head alone, what a reference points to.
    pub fn asks_for(&self, reference: &str) -> bool {
        self.is_read() && self.reference() == Some(reference) && self.disturbance.is_none()
    }

    /// Whether this failed to resolve a reference.
    pub fn fails_at(&self, reference: &str) -> bool {
        self.method == "GET" && self.reference() == Some(reference) && self.disturbance == Some(Disturbance::Failure)
    }

    /// Whether this resolves a reference, with or without a reply.
    pub fn is_lookup(&self) -> bool {
        self.is_read() && self.reference().is_some()
    }

    /// Whether it is a true list.
    pub fn lists(&self) -> bool {
        self.about == About::List && self.disturbance.is_none()
    }

    fn is_lie(&self) -> bool {
        matches!(self.disturbance, Some(Disturbance::Lie(_)))
    }

    /// The reference that it changes or tries to, unless it only probes.
    pub fn writes(&self) -> Option<&str> {
        let reference = self.reference()?;
        let is_probe = reference.starts_with("registry-ls-probe-") || reference.ends_with(&"0".repeat(64));
        (matches!(&*self.method, "DELETE" | "PUT") && !is_probe).then_some(reference)
    }

    /// Whether it is to delete a manifest by its digest.
    pub fn deletes_manifest(&self) -> bool {
        self.method == "DELETE" && self.writes().is_some_and(|reference| reference.starts_with("sha256:"))
    }
}

impl Trace {
    pub fn new(moments: Vec<Moment>, end: State, graph: Graph) -> Self {
        Self { moments, end, graph }
    }

    /// What there is after a request.
    pub fn state_after(&self, at: usize) -> &State {
        self.moments.get(at + 1).map_or(&self.end, |next| &next.arrival)
    }

    /// What there was when the request of this number came; after the last one, what there is.
    pub fn state_at(&self, at: usize) -> &State {
        self.moments.get(at).map_or(&self.end, |moment| &moment.arrival)
    }

    /// Tags that a request of ours changed.
    pub fn effect(&self, at: usize) -> BTreeSet<&String> {
        changed(&self.moments[at].after.tags, &self.state_after(at).tags)
    }

    /// Manifests that a request of ours removed.
    pub fn deleted(&self, at: usize) -> BTreeSet<&String> {
        self.moments[at].after.manifests.difference(&self.state_after(at).manifests).collect()
    }

    /// Whether others touched a tag from the request `from` on, until the request `to` had its effect.
    pub fn touched(&self, tag: &str, from: usize, to: usize) -> bool {
        let moments = self.moments.iter().take(to.saturating_add(1)).skip(from);
        moments.into_iter().any(|moment| moment.arrival.tags.get(tag) != moment.after.tags.get(tag))
    }

    /// The tags that were on the manifest of one of these when a request came.
    pub fn siblings(&self, tags: &BTreeSet<String>) -> BTreeSet<String> {
        let states = self.moments.iter().map(|moment| &moment.arrival.tags);
        let beside = |state: &BTreeMap<String, String>| {
            let digests: BTreeSet<_> = tags.iter().filter_map(|tag| state.get(tag)).collect();
            let siblings = state.iter().filter(|(_, digest)| digests.contains(digest));
            siblings.map(|(tag, _)| tag.clone()).collect::<Vec<_>>()
        };
        states.flat_map(beside).collect()
    }

    /// Whether others pushed a manifest, though it may have been there, from a request on until another had its effect.
    pub fn was_pushed(&self, digest: &str, from: usize, to: usize) -> bool {
        let moments = self.moments.iter().take(to.saturating_add(1)).skip(from);
        moments
            .into_iter()
            .any(|moment| !moment.arrival.manifests.contains(digest) && moment.after.manifests.contains(digest))
    }

    /// Whether a tag was gone at some moment since a request.
    pub fn was_absent(&self, tag: &str, from: usize) -> bool {
        let mut states = self.moments.iter().skip(from).flat_map(|moment| [&moment.arrival, &moment.after]);
        !self.end.tags.contains_key(tag) || states.any(|state| !state.tags.contains_key(tag))
    }

    /// Whether a manifest was gone at some moment since a request.
    pub fn was_deleted(&self, digest: &str, from: usize) -> bool {
        let mut states = self.moments.iter().skip(from).flat_map(|moment| [&moment.arrival, &moment.after]);
        !self.end.manifests.contains(digest) || states.any(|state| !state.manifests.contains(digest))
    }

    /// Whether a manifest was there at some moment since a request.
    pub fn was_there(&self, digest: &str, from: usize) -> bool {
        let mut states = self.moments.iter().skip(from).flat_map(|moment| [&moment.arrival, &moment.after]);
        self.end.manifests.contains(digest) || states.any(|state| state.manifests.contains(digest))
    }

    /// Whether we changed a tag in these requests, no other client has since, and it differs.
    pub fn is_changed_by_us(&self, tag: &str, from: usize, to: usize) -> bool {
        let mut ours = (from..to).filter(|at| self.effect(*at).iter().any(|known| *known == tag));
        let (Some(first), last) = (ours.next(), ours.next_back()) else { return false };
        let last = last.unwrap_or(first);
        let is_touched = to > last + 1 && self.touched(tag, last + 1, to - 1);
        !is_touched && self.moments[first].after.tags.get(tag) != self.state_at(to).tags.get(tag)
    }

    /// Whether one of our requests in this range deleted the manifest.
    pub fn is_deleted_by_us(&self, digest: &str, from: usize, to: usize) -> bool {
        (from..to).any(|at| self.deleted(at).iter().any(|known| *known == digest))
            && !self.state_at(to).manifests.contains(digest)
    }

    /// What we pushed to a tag.
    pub fn pushed_by_us(&self) -> BTreeSet<&String> {
        let is_push = |moment: &&Moment| moment.method == "PUT" && moment.reference().is_some();
        self.moments.iter().filter(is_push).map(|moment| &moment.body).collect()
    }

    /// Nothing but the probes may have been tried in these requests.
    pub fn only_reads(&self, from: usize, to: usize) -> Result<(), String> {
        let changes = |at: &usize| !self.effect(*at).is_empty() || !self.deleted(*at).is_empty();
        match (from..to).find(|at| self.moments[*at].writes().is_some() || changes(at)) {
            Some(at) => Err(format!("request {at} changes something while nothing is carried out")),
            None => Ok(()),
        }
    }

    /// How many untrue replies there were before a request about a reference.
    pub fn lies(&self, about: &str, before: usize) -> usize {
        let moments = self.moments.iter().take(before).filter(|moment| moment.is_lie());
        moments.filter(|moment| moment.reference() == Some(about)).count()
    }

    /// The same for some references, and the list.
    fn lies_and_lists(&self, about: &BTreeSet<String>, before: usize) -> usize {
        let lists = self.moments.iter().take(before).filter(|moment| moment.is_lie() && moment.about == About::List);
        about.iter().map(|about| self.lies(about, before)).sum::<usize>() + lists.count()
    }

    /// Whether several untrue replies were so consistent that the truth about a tag could not be known: those about it,
    /// about what it reached, and the lists. One alone never excuses anything.
    pub fn is_deceived(&self, tag: &str, before: usize) -> bool {
        let mut about = BTreeSet::from([tag.to_owned()]);
        for moment in self.moments.iter().take(before.saturating_add(1)) {
            let on = moment.arrival.tags.get(tag).into_iter().chain(moment.after.tags.get(tag));
            on.for_each(|on| about.extend(self.graph.closure(on, &moment.after.manifests)));
        }
        self.lies_and_lists(&about, before) > 1
    }

    /// Whether several untrue replies were about a manifest.
    pub fn is_deceived_about(&self, digest: &str, before: usize) -> bool {
        self.lies_and_lists(&BTreeSet::from([digest.to_owned()]), before) > 1
    }

    /// Whether no request was disturbed, and no other client changed anything.
    pub fn is_undisturbed(&self) -> bool {
        self.moments.iter().all(|moment| moment.disturbance.is_none() && moment.arrival == moment.after)
    }

    /// Whether everything was answered, and nothing that is not so.
    pub fn is_answered(&self, from: usize, to: usize) -> bool {
        self.moments[from..to].iter().all(|moment| moment.disturbance.is_none())
    }

    /// How many requests there were.
    pub fn len(&self) -> usize {
        self.moments.len()
    }

    /// What there is now.
    pub fn end(&self) -> &State {
        &self.end
    }

    /// All requests in lines, with what they and others changed.
    pub fn lines(&self) -> String {
        let show = |from: &State, to: &State| {
            let on = |tag: &String| to.tags.get(tag).map_or("gone", |digest| &digest[7..13]).to_owned();
            let tags = changed(&from.tags, &to.tags).into_iter().map(|tag| format!(" {tag}→{}", on(tag)));
            let gone = from.manifests.difference(&to.manifests).map(|digest| format!(" -{}", &digest[7..13]));
            let new = to.manifests.difference(&from.manifests).map(|digest| format!(" +{}", &digest[7..13]));
            tags.chain(gone).chain(new).collect::<String>()
        };
        let line = |at: usize| {
            let Moment { method, path, arrival, after, disturbance, .. } = &self.moments[at];
            let (others, ours) = (show(arrival, after), show(after, self.state_after(at)));
            let disturbance = disturbance.as_ref().map(|disturbance| format!(" {disturbance:?}")).unwrap_or_default();
            format!("{at:3} {method} {path}{disturbance}   others:{others}   we:{ours}\n")
        };
        let listed = |digest: &String| {
            let children = self.graph.children(digest).iter().map(|child| format!(" {}", &child[7..13]));
            let subject = self.graph.subject(digest).map(|subject| format!(" of {}", &subject[7..13]));
            format!("{}:{}{}\n", &digest[7..13], children.collect::<String>(), subject.unwrap_or_default())
        };
        (0..self.moments.len()).map(line).chain(self.graph.manifests().map(listed)).collect()
    }
}

fn changed<'a>(from: &'a BTreeMap<String, String>, to: &'a BTreeMap<String, String>) -> BTreeSet<&'a String> {
    from.keys().chain(to.keys()).filter(|tag| from.get(*tag) != to.get(*tag)).collect()
}
