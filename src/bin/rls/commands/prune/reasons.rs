//! Why retention rules keep or remove a tag, in words.

use registry_ls::Error;
use registry_ls::name::{Glob, Tag};
use registry_ls::registry::TagIndex;
use registry_ls::registry::snapshot::Pointer;
use registry_ls::retention::{
    Cutoff, Decision, Kept, ManifestRef, Obstacle, Order, Plan, Removed, Rule, RuleId, Untagged, Verdict, named_subject,
};

/// The reason of a decision. `snapshot` is the one that the plan was made from.
pub(super) fn reason(plan: &Plan, decision: &Decision, snapshot: &TagIndex) -> String {
    let words = Words { rules: plan.rules(), snapshot, decision };
    match decision.verdict {
        Verdict::Keep(kept) => match kept.rule().and_then(|rule| words.rule(rule).label.as_ref()) {
            Some(label) => format!("{} ({label})", words.kept(kept)),
            None => words.kept(kept),
        },
        Verdict::Remove { because, untag: None } => words.removed(because),
        Verdict::Remove { because, untag: Some(untag) } => {
            format!("{}; {}", words.removed(because), words.untagged(untag))
        }
    }
}

/// Words the facts of one decision.
struct Words<'a> {
    rules: &'a [Rule],
    snapshot: &'a TagIndex,
    decision: &'a Decision,
}

impl<'a> Words<'a> {
    fn rule(&self, rule: RuleId) -> &'a Rule {
        &self.rules[rule.position()]
    }

    fn tag(&self) -> &'a Tag {
        self.snapshot.tag(self.decision.tag)
    }

    fn kept(&self, kept: Kept) -> String {
        match kept {
            Kept::AmongLast(rule) => one_of_first(self.rule(rule)),
            Kept::Tied(rule) => match self.rule(rule).order {
                Order::Created => format!("created in the same second as {}", one_of_first(self.rule(rule))),
                Order::Version => format!("same version as {}", one_of_first(self.rule(rule))),
            },
            Kept::Matches(rule, position) => format!("matches '{}'", glob(&self.rule(rule).keep, position)),
            Kept::InRange(rule) => format!("version in range {}", range(self.rule(rule))),
            Kept::NewerThan(rule) => format!("newer than {}", cutoff(self.rule(rule).keep_newer_than.as_ref())),
            Kept::NotOlderThan(rule) => format!("newer than {}", cutoff(self.rule(rule).older_than.as_ref())),
            Kept::NoTime(_) => "creation time unknown".to_owned(),
            Kept::SharedTime(_) => "creation time unknown: most images here have the same date".to_owned(),
            Kept::NoVersion(_) => "not a version, so neither counted nor removed".to_owned(),
            Kept::NotMatched(_) => "not matched".to_owned(),
            Kept::Excluded(rule, position) => format!("excluded by '{}'", glob(&self.rule(rule).exclude, position)),
            Kept::Used => "in use".to_owned(),
            Kept::Unreadable => match self.failure() {
                Some(error) => format!("could not be read: {error}"),
                None => "could not be read".to_owned(),
            },
            Kept::Dangling => "dangling: the registry lists it and has no manifest for it".to_owned(),
            Kept::ListedBy(index) => format!("part of {}, which stays", self.manifest(index)),
            Kept::RefersTo(subject) => format!("refers to {}, which stays", self.manifest(subject)),
            Kept::UnknownSubject(Some(subject)) => {
                format!("refers to {}, which no tag reaches", self.snapshot.digest(subject))
            }
            Kept::UnknownSubject(None) => match named_subject(self.tag()) {
                Some((algorithm, encoded)) => format!("refers to {algorithm}:{encoded}, which no tag reaches"),
                None => "refers to a manifest that no tag reaches".to_owned(),
            },
            Kept::SubjectUncertain(obstacle) => {
                format!("refers to a manifest that {} may need", self.obstacle(obstacle))
            }
            Kept::WouldRemoveAll => "the rule would remove every tag".to_owned(),
            Kept::Refused => "the rule cannot be applied".to_owned(),
            _ => "kept".to_owned(),
        }
    }

    fn removed(&self, removed: Removed) -> String {
        match removed {
            Removed::OlderThan(rule) => format!("older than {}", cutoff(self.rule(rule).older_than.as_ref())),
            Removed::NotNewerThan(rule) => format!("older than {}", cutoff(self.rule(rule).keep_newer_than.as_ref())),
            Removed::NotAmongLast(rule) => match self.rule(rule).order {
                Order::Created => format!("older than {}", first(self.rule(rule))),
                Order::Version => format!("lower than {}", first(self.rule(rule))),
            },
            Removed::PreRelease(rule) => {
                format!("a pre-release, which the range does not include: {}", range(self.rule(rule)))
            }
            Removed::NotKept => "nothing keeps it".to_owned(),
            Removed::Placeholder => "left behind by an interrupted removal".to_owned(),
            Removed::SubjectRemoved(subject) => format!("refers to {}, which goes", self.manifest(subject)),
            _ => "removed".to_owned(),
        }
    }

    fn untagged(&self, untagged: Untagged) -> String {
        match untagged {
            Untagged::SharedWith(other) => format!("shares its manifest with {}, which stays", self.manifest(other)),
            Untagged::Uncertain(obstacle) => format!("its manifest stays: {} may need it", self.obstacle(obstacle)),
            _ => "its manifest stays, which is needed".to_owned(),
        }
    }

    /// Why the tag could not be read.
    fn failure(&self) -> Option<&'a Error> {
        match self.snapshot.pointer(self.decision.tag) {
            Pointer::Unknown(error) => Some(error),
            Pointer::At(manifest) => self.snapshot.first_error(*manifest),
            Pointer::Dangling => None,
        }
    }

    fn manifest(&self, manifest: ManifestRef) -> String {
        match manifest {
            ManifestRef::Tag(tag) => self.snapshot.tag(tag).to_string(),
            ManifestRef::OtherName(name) => self.other_name(name),
            ManifestRef::Manifest(manifest) => self.snapshot.digest(manifest).to_string(),
            _ => "another manifest".to_owned(),
        }
    }

    fn other_name(&self, position: u32) -> String {
        let name = self.snapshot.other_names().get(position as usize);
        name.map_or_else(String::new, |other| format!("{:?}", other.shown))
    }

    /// The obstacle as the subject of a sentence.
    fn obstacle(&self, obstacle: Obstacle) -> String {
        let name = match obstacle {
            Obstacle::Tag(tag) => self.snapshot.tag(tag).to_string(),
            Obstacle::OtherName(name) => self.other_name(name),
            Obstacle::Manifest(manifest) => self.snapshot.digest(manifest).to_string(),
            _ => return "a tag that the registry does not list".to_owned(),
        };
        format!("{name}, which could not be read,")
    }
}

/// The tags that `keep_last` keeps: `the 2 newest`.
fn first(rule: &Rule) -> String {
    let count = rule.keep_last.map_or(0, usize::from);
    match (rule.order, count) {
        (Order::Created, 1) => "the newest".to_owned(),
        (Order::Created, count) => format!("the {count} newest"),
        (Order::Version, 1) => "the highest version".to_owned(),
        (Order::Version, count) => format!("the {count} highest versions"),
    }
}

/// `one of the 2 newest`
fn one_of_first(rule: &Rule) -> String {
    let first = first(rule);
    if rule.keep_last.is_some_and(|count| count.get() > 1) { format!("one of {first}") } else { first }
}

fn cutoff(cutoff: Option<&Cutoff>) -> &str {
    cutoff.map_or("", |cutoff| &cutoff.text)
}

fn glob(globs: &[Glob], position: u32) -> &str {
    globs.get(position as usize).map_or("", Glob::as_str)
}

fn range(rule: &Rule) -> String {
    rule.keep_semver.as_ref().map(ToString::to_string).unwrap_or_default()
}
