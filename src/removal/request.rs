//! Requests to remove tags and manifests, and what is permitted to fulfil them.

use std::fmt;

use crate::name::{self, Digest, Tag};
use crate::registry::TagIndex;
use crate::registry::snapshot::ManifestId;
use crate::retention::{Decision, ManifestRef, Plan, Removed, Verdict};

/// The most names in one message; the number of the others follows.
pub(super) const NAMED: usize = 10;

/// A request to remove a tag or a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RemovalRequest {
    /// What to remove.
    pub target: Target,
    /// For a tag: the digest that it has to point to. A tag that points elsewhere is not removed.
    pub expected: Option<Digest>,
    /// The subject: the manifest that the target refers to. It is removed first; where it is kept, the target is kept
    /// too.
    pub follows: Option<Digest>,
    /// What is permitted to fulfil the request.
    pub policy: RemovalPolicy,
}

/// A tag or a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// A tag.
    Tag(Tag),
    /// A manifest.
    Manifest(Digest),
}

impl Target {
    /// A manifest, named by a tag on it where there is one.
    pub(super) fn of(index: &TagIndex, manifest: ManifestId) -> Self {
        match index.tags_on(manifest).next() {
            Some(tag) => Self::Tag(index.tag(tag).clone()),
            None => Self::Manifest(index.digest(manifest)),
        }
    }

    /// The tag, if it is one.
    pub fn tag(&self) -> Option<&Tag> {
        match self {
            Self::Tag(tag) => Some(tag),
            Self::Manifest(_) => None,
        }
    }

    /// `team/app:1.4.0`, `team/app@sha256:…`
    pub fn within(&self, repository: impl fmt::Display) -> String {
        name::Target::from(self).within(repository)
    }
}

impl<'a> From<&'a Target> for name::Target<'a> {
    fn from(target: &'a Target) -> Self {
        match target {
            Target::Tag(tag) => Self::Tag(tag),
            Target::Manifest(digest) => Self::Digest(digest),
        }
    }
}

/// What is permitted beyond removing a tag that nothing depends on. The default permits nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RemovalPolicy {
    /// Which other tags on the manifest may be removed with it.
    pub siblings: Siblings,
    /// Whether a manifest may be deleted that a remaining index lists.
    pub force: bool,
    /// Whether a placeholder may be pushed to a tag that cannot be removed alone otherwise.
    pub placeholder: bool,
    /// The permitted methods.
    pub methods: Methods,
    /// Whether manifests that no tag leads to after the removal are deleted by digest.
    pub purge: bool,
    /// Whether referrers (signatures, SBOMs, attestations) are removed with their subject.
    pub referrers: bool,
}

/// The permitted methods of removal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Methods {
    /// The first that fulfils the request.
    #[default]
    Any,
    /// This one only, as a saved plan names it.
    Only(Method),
    /// Those that keep the manifest.
    Untag,
}

impl Methods {
    /// Whether a method is permitted.
    pub fn allow(self, method: Method) -> bool {
        match self {
            Self::Any => true,
            Self::Only(only) => only == method,
            Self::Untag => method != Method::Manifest,
        }
    }
}

/// Which other tags on a manifest may be removed with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Siblings {
    /// None.
    #[default]
    Keep,
    /// All of them.
    RemoveAll,
    /// These.
    Remove(Vec<Tag>),
}

impl Siblings {
    /// Whether a tag may be removed with the manifest.
    pub fn allow(&self, tag: &Tag) -> bool {
        match self {
            Self::Keep => false,
            Self::RemoveAll => true,
            Self::Remove(tags) => tags.contains(tag),
        }
    }
}

/// How a tag or manifest is removed (OCI distribution specification, "Content Management").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// The registry deletes the tag by its name.
    Tag,
    /// The registry deletes the manifest by its digest, and every tag on it.
    Manifest,
    /// A unique manifest is pushed to the tag, which then is the only tag on it, and deleted with it.
    Placeholder,
}

impl Method {
    const ALL: [Self; 3] = [Self::Tag, Self::Manifest, Self::Placeholder];

    /// The name in records and saved plans.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tag => "delete-tag",
            Self::Manifest => "delete-manifest",
            Self::Placeholder => "placeholder",
        }
    }

    /// The method with this name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl RemovalRequest {
    /// A request that permits nothing beyond removing the target itself.
    pub fn new(target: Target) -> Self {
        Self { target, expected: None, follows: None, policy: RemovalPolicy::default() }
    }

    /// A request to remove a tag, and nothing else.
    pub fn tag(tag: Tag) -> Self {
        Self::new(Target::Tag(tag))
    }

    /// The same request with another policy.
    #[must_use]
    pub fn with_policy(self, policy: RemovalPolicy) -> Self {
        Self { policy, ..self }
    }

    /// The same request for a tag that has to point to this digest, if one is given.
    #[must_use]
    pub fn expecting(self, expected: Option<Digest>) -> Self {
        Self { expected, ..self }
    }

    /// The requests to remove what retention rules removed, in the order of the rules, and referrers after their
    /// subjects. Where the manifest has to stay, a tag is only untagged. `snapshot` is the one that the retention plan
    /// was made from; `policy` says what else is permitted.
    pub fn from_retention(plan: &Plan, snapshot: &TagIndex, policy: &RemovalPolicy) -> Vec<Self> {
        let is_referrer = |decision: &&Decision| {
            matches!(decision.verdict, Verdict::Remove { because: Removed::SubjectRemoved(_), .. })
        };
        let (referrers, images): (Vec<_>, Vec<_>) = plan.decisions.iter().partition(is_referrer);
        let removals = images.into_iter().chain(referrers).filter_map(|decision| {
            let Verdict::Remove { untag, because } = decision.verdict else { return None };
            let methods = if untag.is_some() { Methods::Untag } else { Methods::Any };
            Some(Self {
                target: Target::Tag(snapshot.tag(decision.tag).clone()),
                expected: decision.manifest.map(|manifest| snapshot.digest(manifest)),
                follows: removed_subject(because, snapshot),
                policy: RemovalPolicy { methods, ..policy.clone() },
            })
        });
        removals.collect()
    }

    /// Whether deleting the tag by its name would fulfil the request.
    pub(super) fn allows_untag(&self) -> bool {
        self.target.tag().is_some() && self.policy.siblings == Siblings::Keep && self.policy.methods.allow(Method::Tag)
    }
}

/// The subject because of whose removal a tag is removed.
fn removed_subject(because: Removed, snapshot: &TagIndex) -> Option<Digest> {
    let manifest = match because {
        Removed::SubjectRemoved(ManifestRef::Tag(tag)) => snapshot.pointer(tag).manifest()?,
        Removed::SubjectRemoved(ManifestRef::Manifest(manifest)) => manifest,
        _ => return None,
    };
    Some(snapshot.digest(manifest))
}

/// The first ten names, and how many more there are.
pub(super) fn join_names(names: &[String]) -> String {
    join_first(names.iter().cloned(), names.len())
}

/// The first ten of `count` names, and how many more there are: `team/app:a, team/app:b and 12 more`.
pub(super) fn join_first(names: impl Iterator<Item = String>, count: usize) -> String {
    let first = names.take(NAMED).collect::<Vec<_>>().join(", ");
    if count > NAMED { format!("{first} and {} more", count - NAMED) } else { first }
}
