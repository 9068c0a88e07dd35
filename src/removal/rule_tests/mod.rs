//! Snapshots to decide about, for examples and for properties.

mod dates;
mod dependents;
mod examples;
mod properties;
mod purging;
#[allow(unreachable_patterns, reason = "only outside of the library may the enums grow")]
#[path = "../../bin/rls/commands/prune/reasons.rs"]
mod reasons;
mod several;
mod size;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::num::NonZeroUsize;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{InUse, Method, RemovalPolicy, RemovalRequest, RepositoryState};
use crate::error::{Error, Kind};
use crate::name::{Algorithm, Digest, Glob};
use crate::registry::TagIndex;
use crate::registry::snapshot::{Builder, Form, ListCaveat, ManifestFacts, ManifestId, ManifestState, Pointer};
use crate::retention::*;

fn digest(of: &str) -> Digest {
    Digest::of(Algorithm::Sha256, of.as_bytes())
}

fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().expect("a time")
}

/// No two days share a date by accident.
fn days_ago(days: i64) -> Timestamp {
    now() - SignedDuration::from_hours(24 * days)
}

fn older(days: i64) -> Option<Cutoff> {
    Some(Cutoff { moment: days_ago(days), text: format!("{days} days") })
}

fn last(count: usize) -> Option<NonZeroUsize> {
    NonZeroUsize::new(count)
}

fn globs(texts: &[&str]) -> Vec<Glob> {
    texts.iter().map(|text| text.parse().expect("a glob")).collect()
}

/// The name of a signature, or of the list of referrers, of the manifest of a word.
fn refers(word: &str, ending: &str) -> String {
    digest(word).to_string().replace(':', "-") + ending
}

fn failure() -> Error {
    Error::new(Kind::TimedOut, "no reply")
}

/// A manifest under construction; manifests are called by words.
#[derive(Debug, Default, Clone)]
struct Spec {
    created: Option<Timestamp>,
    lists: Vec<String>,
    subject: Option<String>,
    is_placeholder: bool,
    blobs: BTreeMap<String, u64>,
    /// Instead of being read.
    state: Option<ManifestState>,
    config_error: bool,
}

/// A snapshot under construction.
#[derive(Debug, Default, Clone)]
struct Facts {
    manifests: BTreeMap<String, Spec>,
    /// With the word of the manifest, or none where it is not known what they are on.
    tags: Vec<(String, Option<String>)>,
    dangling: Vec<String>,
    others: Vec<(String, Option<String>)>,
    doubt: Option<ListCaveat>,
}

impl Facts {
    fn manifest(mut self, word: &str, age: impl Into<Option<i64>>) -> Self {
        let blobs = [(format!("blob of {word}"), 10)].into();
        self.manifests.insert(word.to_owned(), Spec { created: age.into().map(days_ago), blobs, ..Spec::default() });
        self
    }

    fn with(mut self, word: &str, change: impl FnOnce(&mut Spec)) -> Self {
        change(self.manifests.get_mut(word).expect("a manifest of that word"));
        self
    }

    fn dated(self, word: &str, created: &str) -> Self {
        self.with(word, |spec| spec.created = Some(created.parse().expect("a time")))
    }

    fn tag(mut self, tag: &str, word: &str) -> Self {
        self.tags.push((tag.to_owned(), Some(word.to_owned())));
        self
    }

    /// A tag on a manifest of its own name.
    fn image(self, tag: &str, age: impl Into<Option<i64>>) -> Self {
        self.manifest(tag, age).tag(tag, tag)
    }

    /// A tag on an index of its own name.
    fn index(self, tag: &str, lists: &[&str]) -> Self {
        let lists = lists.iter().map(|word| (*word).to_owned()).collect();
        self.image(tag, None).with(tag, |spec| spec.lists = lists)
    }

    fn unreadable(mut self, tag: &str) -> Self {
        self.tags.push((tag.to_owned(), None));
        self
    }

    fn snapshot(&self) -> TagIndex {
        let mut builder = Builder::default();
        for (word, spec) in &self.manifests {
            let blobs = spec.blobs.iter().map(|(blob, size)| builder.blob(digest(blob).as_str(), *size)).collect();
            let facts = ManifestFacts {
                form: if spec.lists.is_empty() { Form::Image } else { Form::Index },
                size: 1,
                created: spec.created.into(),
                config_error: spec.config_error.then(failure),
                children: spec.lists.iter().map(|child| builder.manifest(&digest(child))).collect(),
                blobs,
                subject: spec.subject.as_ref().map(|subject| builder.manifest(&digest(subject))),
                is_placeholder: spec.is_placeholder,
            };
            let manifest = builder.manifest(&digest(word));
            builder.set(manifest, spec.state.clone().unwrap_or(ManifestState::Read(facts)));
        }
        for (name, word) in &self.tags {
            let (tag, _) = builder.tag(name.parse().expect("a tag"));
            let on = word.as_ref().map(|word| Pointer::At(builder.manifest(&digest(word))));
            builder.point(tag, on.unwrap_or_else(|| Pointer::Unknown(failure())));
        }
        for name in &self.dangling {
            builder.tag(name.parse().expect("a tag"));
        }
        for (name, word) in &self.others {
            let (position, _) = builder.other_name(name.clone(), name.clone());
            let on = word.as_ref().map(|word| Pointer::At(builder.manifest(&digest(word))));
            builder.point_other(position, on.unwrap_or_else(|| Pointer::Unknown(failure())));
        }
        self.doubt.iter().cloned().for_each(|doubt| builder.set_list_caveat(doubt));
        builder.build()
    }

    /// What is decided, with everything allowed.
    fn decide(&self, rule: &Rule) -> Decided {
        self.decide_all(std::slice::from_ref(rule), &UsedTags::default(), &anything())
    }

    fn decide_all(&self, rules: &[Rule], used: &UsedTags, options: &Options) -> Decided {
        let snapshot = self.snapshot();
        let plan = decide(rules, &snapshot, used, options);
        let words = self.manifests.keys().map(|word| (digest(word), word.clone())).collect();
        let snapshot = Arc::new(snapshot);
        let removal = removal(&plan, &snapshot, used);
        Decided { plan, snapshot, words, removal }
    }

    /// A line for each tag.
    fn lines(&self, rule: &Rule) -> Vec<String> {
        self.decide(rule).lines()
    }
}

/// How what was decided is removed, with what no tag needs any longer, where the registry deletes tags and manifests.
fn removal(plan: &Plan, snapshot: &Arc<TagIndex>, used: &UsedTags) -> crate::removal::decide::Decision {
    let policy = RemovalPolicy { purge: true, ..RemovalPolicy::default() };
    let mut state = RepositoryState {
        registry: "reg.corp".to_owned(),
        repository: "app".parse().expect("a repository"),
        deletes_tags: Ok(()),
        deletes_manifests: Ok(()),
        index: Some(Arc::clone(snapshot)),
        absent: HashMap::new(),
        referrers: HashMap::new(),
        in_use: InUse::default(),
    };
    state.keep_used(used);
    crate::removal::decide::decide(&RemovalRequest::from_retention(plan, snapshot, &policy), &state)
}

fn anything() -> Options {
    Options { allow_empty: true, ..Options::at(now()) }
}

/// The images that lines name, of `reg.corp/app`.
fn used(lines: &str) -> UsedTags {
    let images = UsedImages::read(lines.as_bytes()).expect("references");
    images.in_repository(&"reg.corp".parse().expect("a registry"), &"app".parse().expect("a repository"))
}

/// A plan, and what its numbers stand for.
struct Decided {
    plan: Plan,
    snapshot: Arc<TagIndex>,
    /// How it is removed where the registry deletes tags and manifests.
    removal: crate::removal::decide::Decision,
    words: BTreeMap<Digest, String>,
}

impl Decided {
    fn lines(&self) -> Vec<String> {
        self.plan.decisions.iter().map(|decision| self.line(decision)).collect()
    }

    fn line(&self, decision: &Decision) -> String {
        let action = match &decision.verdict {
            Verdict::Keep(_) => "keep",
            Verdict::Remove { untag: None, .. } => "remove",
            Verdict::Remove { untag: Some(_), .. } => "untag",
        };
        let reason = reasons::reason(&self.plan, decision, &self.snapshot);
        self.short(format!("{} {action}: {reason}", self.snapshot.tag(decision.tag)))
    }

    /// The reason of one tag.
    fn of(&self, tag: &str) -> String {
        let is_it = |decision: &&Decision| self.snapshot.tag(decision.tag).as_str() == tag;
        let decision = self.plan.decisions.iter().find(is_it).unwrap_or_else(|| panic!("{tag} in {:?}", self.lines()));
        self.line(decision)[tag.len() + 1..].to_owned()
    }

    /// The manifests that are deleted by digest, in their order.
    fn deleted(&self) -> Vec<ManifestId> {
        let deleted = self.removal.items.iter().filter(|item| matches!(item.method, Ok(Method::Manifest)));
        deleted.filter_map(|item| self.snapshot.manifest_id(item.digest.as_ref()?)).collect()
    }

    /// The words of the manifests that are deleted by digest, in their order.
    fn purged(&self) -> Vec<&str> {
        self.deleted().into_iter().map(|manifest| self.words[&self.snapshot.digest(manifest)].as_str()).collect()
    }

    /// The tags that go, in their order.
    fn removals(&self) -> Vec<&str> {
        self.plan.removals().map(|decision| self.snapshot.tag(decision.tag).as_str()).collect()
    }

    /// Digests by their words.
    fn short(&self, mut line: String) -> String {
        for (digest, word) in &self.words {
            line = line.replace(digest.as_str(), &format!("<{word}>"));
            line = line.replace(&digest.as_str().replace(':', "-"), &format!("<{word}>"));
        }
        line
    }
}
