//! Facts to decide about, for examples and for properties.

mod examples;
mod properties;

use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::error::{Error, Kind};
use crate::name::{Algorithm, Digest, Glob};
use crate::registry::{Census, ManifestFacts, TagFacts};

fn digest(of: &str) -> Digest {
    Digest::of(Algorithm::Sha256, of.as_bytes())
}

fn days_ago(days: i64) -> Timestamp {
    let now: Timestamp = "2026-11-21T12:00:00Z".parse().expect("a time");
    now - SignedDuration::from_hours(24 * days)
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

/// A census under construction: a manifest is called by a word, and is as old as it is said to be.
#[derive(Debug, Default, Clone)]
struct Facts(Census);

impl Facts {
    fn manifest(mut self, word: &str, age: impl Into<Option<i64>>) -> Self {
        let facts = ManifestFacts {
            created: age.into().map(days_ago),
            size: Some(10),
            blobs: [(digest(&format!("blob of {word}")), 10)].into(),
            ..ManifestFacts::default()
        };
        self.0.manifests.insert(digest(word), facts);
        self
    }

    fn with(mut self, word: &str, change: impl FnOnce(&mut ManifestFacts)) -> Self {
        change(self.0.manifests.get_mut(&digest(word)).expect("a manifest of that word"));
        self
    }

    fn tag(mut self, tag: &str, word: &str) -> Self {
        let tag = tag.parse().expect("a tag");
        self.0.tags.push(TagFacts { tag, digest: Some(digest(word)), error: None });
        self
    }

    /// A tag on a manifest of its own name.
    fn image(self, tag: &str, age: impl Into<Option<i64>>) -> Self {
        self.manifest(tag, age).tag(tag, tag)
    }

    fn unreadable(mut self, tag: &str, digest: Option<Digest>) -> Self {
        let error = Some(Error::new(Kind::TimedOut, "no reply"));
        self.0.tags.push(TagFacts { tag: tag.parse().expect("a tag"), digest, error });
        self
    }

    /// Without the manifests that no tag reaches, which no census finds.
    fn reached(mut self) -> Self {
        let tagged = self.0.tags.iter().filter_map(|tag| tag.digest.clone());
        let mut reached: BTreeSet<_> = tagged.collect();
        let lists = |digest: &Digest| self.0.manifests.get(digest).map(|facts| facts.lists.clone());
        reached.extend(reached.iter().filter_map(lists).flatten().collect::<Vec<_>>());
        self.0.manifests.retain(|digest, _| reached.contains(digest));
        self
    }

    fn decide(&self, rule: &Rule) -> Plan {
        decide(rule, &self.0)
    }

    /// A line for each tag.
    fn told(&self, rule: &Rule) -> Vec<String> {
        let line = |decision: &Decision| {
            let action = match &decision.verdict {
                Verdict::Keep(_) => "keep",
                Verdict::Remove { untag: None, .. } => "remove",
                Verdict::Remove { untag: Some(_), .. } => "untag",
            };
            format!("{} {action}: {}", decision.tag, decision.verdict)
        };
        self.decide(rule).decisions.iter().map(line).collect()
    }
}
