//! What is to be removed, and what may be done for it.

use std::fmt;

use crate::name::{Digest, Repository, Tag};

/// Something that is to be removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemovalRequest {
    /// What.
    pub target: Target,
    /// For a tag: what it has to point at to be removed.
    pub expected: Option<Digest>,
    /// The manifest that it refers to and that goes before it. Where that stays it stays too.
    pub follows: Option<Digest>,
    /// What may be done for it.
    pub policy: RemovalPolicy,
}

/// A tag or a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// A tag, and no other.
    Tag(Tag),
    /// A manifest.
    Manifest(Digest),
}

impl Target {
    /// The tag, if it is one.
    pub fn tag(&self) -> Option<&Tag> {
        match self {
            Self::Tag(tag) => Some(tag),
            Self::Manifest(_) => None,
        }
    }

    /// As requests name it.
    pub(super) fn name(&self) -> crate::name::Target<'_> {
        match self {
            Self::Tag(tag) => crate::name::Target::Tag(tag),
            Self::Manifest(digest) => crate::name::Target::Digest(digest),
        }
    }

    /// `team/app:1.4.0`, `team/app@sha256:…`
    pub fn within(&self, repository: &Repository) -> String {
        match self {
            Self::Tag(tag) => format!("{repository}:{tag}"),
            Self::Manifest(digest) => format!("{repository}@{digest}"),
        }
    }
}

/// What may be done beyond removing a tag that nothing depends on. The default allows nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RemovalPolicy {
    /// Which tags may go besides those that are requested.
    pub siblings: Siblings,
    /// Whether an index that stays may be left without a manifest that it lists.
    pub force: bool,
    /// Whether a placeholder may be pushed to a tag that could not go alone otherwise.
    pub placeholder: bool,
    /// By which methods it may go.
    pub methods: Methods,
    /// Whether manifests are deleted by digest that no tag needs any longer.
    pub purge: bool,
    /// Whether signatures, SBOMs and whatever else refers to what goes are removed too.
    pub referrers: bool,
}

/// By which methods something may go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Methods {
    /// The first that does what is requested.
    #[default]
    Any,
    /// This one, as it was planned.
    Only(Method),
    /// Those that leave the manifest, whatever else is on it.
    Untag,
}

impl Methods {
    /// Whether a method is among them.
    pub fn allow(self, method: Method) -> bool {
        match self {
            Self::Any => true,
            Self::Only(only) => only == method,
            Self::Untag => method != Method::Manifest,
        }
    }
}

/// Which tags may go along with a manifest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Siblings {
    /// None.
    #[default]
    Keep,
    /// All that are on it.
    RemoveAll,
    /// These, if they are on it.
    Remove(Vec<Tag>),
}

impl Siblings {
    /// Whether a tag may go along.
    pub fn allow(&self, tag: &Tag) -> bool {
        match self {
            Self::Keep => false,
            Self::RemoveAll => true,
            Self::Remove(tags) => tags.contains(tag),
        }
    }
}

/// How something is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// The registry deletes the tag by its name.
    Tag,
    /// The manifest is deleted, and with it every tag on it.
    Manifest,
    /// A tiny manifest is pushed to the tag and then deleted: the tag goes with that one.
    Placeholder,
}

impl Method {
    const ALL: [Self; 3] = [Self::Tag, Self::Manifest, Self::Placeholder];

    /// As records and saved plans have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tag => "delete-tag",
            Self::Manifest => "delete-manifest",
            Self::Placeholder => "placeholder",
        }
    }

    /// The method of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl RemovalRequest {
    /// A tag, and nothing else.
    pub fn tag(tag: Tag) -> Self {
        Self { target: Target::Tag(tag), expected: None, follows: None, policy: RemovalPolicy::default() }
    }

    /// Whether the registry's deletion of tags by name would do.
    pub(super) fn allows_untag(&self) -> bool {
        self.target.tag().is_some() && self.policy.siblings == Siblings::Keep && self.policy.methods.allow(Method::Tag)
    }
}
