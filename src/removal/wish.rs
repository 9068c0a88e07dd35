//! What is to be removed, and what may be done for it.

use std::fmt;

use crate::name::{Digest, Tag};

/// Something that is to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// What.
    pub wanted: Wanted,
    /// For a tag: what it has to point at to be removed.
    pub expected: Option<Digest>,
    /// What may be done for it.
    pub permits: Permits,
}

/// What is to go.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Wanted {
    /// A tag, and no other.
    Tag(Tag),
    /// A manifest.
    Manifest(Digest),
}

impl Wanted {
    /// The tag, if it is one.
    pub fn tag(&self) -> Option<&Tag> {
        match self {
            Self::Tag(tag) => Some(tag),
            Self::Manifest(_) => None,
        }
    }

    /// As it stands behind the repository's name: `:1.4.0`, `@sha256:…`.
    pub fn suffix(&self) -> String {
        match self {
            Self::Tag(tag) => format!(":{tag}"),
            Self::Manifest(digest) => format!("@{digest}"),
        }
    }
}

/// What may be done beyond removing a tag that nothing hangs on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Permits {
    /// Which tags may go besides those that are wanted.
    pub takes: Takes,
    /// Whether an index that stays may be left broken.
    pub force: bool,
    /// Whether a placeholder may be pushed to a tag that could not go alone otherwise.
    pub placeholder: bool,
    /// In which ways it may go.
    pub ways: Ways,
}

/// In which ways something may go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Ways {
    /// The first that does what was asked for.
    #[default]
    Any,
    /// This one, as it was planned.
    Only(Method),
    /// Those that leave the manifest, whatever is on it.
    Untag,
}

impl Ways {
    /// Whether it may go by a method.
    pub fn allows(self, method: Method) -> bool {
        match self {
            Self::Any => true,
            Self::Only(only) => only == method,
            Self::Untag => method != Method::Manifest,
        }
    }
}

/// Which tags may go along with a manifest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Takes {
    /// None.
    #[default]
    Nothing,
    /// All that are on it.
    Everything,
    /// These, if they are on it.
    These(Vec<Tag>),
}

impl Takes {
    /// Whether a tag may go along.
    pub fn allows(&self, tag: &Tag) -> bool {
        match self {
            Self::Nothing => false,
            Self::Everything => true,
            Self::These(tags) => tags.contains(tag),
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
    /// A manifest of its own is pushed to the tag and then deleted: the tag goes with that one.
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
