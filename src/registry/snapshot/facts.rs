//! What is kept of one tag and one manifest: compact facts, never the document.

use std::num::NonZeroI64;

use jiff::Timestamp;

use crate::error::Error;
use crate::registry::media_types::Form;

/// Numbers one kind of thing within a [`TagIndex`](super::TagIndex).
macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub(super) u32);

        impl $name {
            /// The position: from 0 on, without gaps.
            pub fn position(self) -> usize {
                self.0 as usize
            }
        }
    };
}

number! {
    /// A tag's position in its index, which is the registry's order.
    TagId
}
number! {
    /// A manifest's position in its index.
    ManifestId
}
number! {
    /// A blob's position in its index.
    BlobId
}

/// What a name in the list points at.
#[derive(Debug, Clone)]
pub enum Pointer {
    /// This manifest.
    At(ManifestId),
    /// The list has the name, and the registry answered "not found" for it more than once.
    Dangling,
    /// The registry gave no usable answer: it may point at any manifest.
    Unknown(Error),
}

impl Pointer {
    /// The manifest, where it is known.
    pub fn manifest(&self) -> Option<ManifestId> {
        match self {
            Self::At(manifest) => Some(*manifest),
            Self::Dangling | Self::Unknown(_) => None,
        }
    }

    /// Whether it may point at any manifest.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown(_))
    }
}

/// What is known of a manifest.
#[derive(Debug, Clone)]
pub enum ManifestState {
    /// What it says.
    Read(ManifestFacts),
    /// The registry answered "not found" for it more than once.
    Missing,
    /// It could not be read: it may list or refer to any manifest.
    Unreadable(Error),
    /// Something refers to it, and it was not looked at.
    Unread,
}

/// What a manifest says, as far as it matters for what depends on it.
#[derive(Debug, Clone, Default)]
pub struct ManifestFacts {
    /// Its form.
    pub form: Form,
    /// Bytes of the manifest itself, which has 4 MiB at most.
    pub size: u32,
    /// When its own image was made, by its config or annotations; `None` where that is not said. Of an index, see
    /// [`TagIndex::created`](super::TagIndex::created).
    pub created: PackedTime,
    /// Why the config that would say it could not be read.
    pub config_error: Option<Error>,
    /// The manifests that it lists.
    pub children: Box<[ManifestId]>,
    /// The blobs that it names: config and layers, and what an index lists that is no manifest.
    pub blobs: Box<[BlobId]>,
    /// The manifest that it refers to, as signatures and SBOMs do.
    pub subject: Option<ManifestId>,
    /// Whether it only holds the place of a tag that was about to be removed.
    pub is_placeholder: bool,
}

/// A time, or none, in eight bytes: to the nanosecond, between the years 1677 and 2262. Any other is none, since no image is from then.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PackedTime(Option<NonZeroI64>);

impl PackedTime {
    /// The time.
    pub fn get(self) -> Option<Timestamp> {
        self.0.and_then(|time| Timestamp::from_nanosecond(time.get().into()).ok())
    }
}

impl From<Option<Timestamp>> for PackedTime {
    fn from(time: Option<Timestamp>) -> Self {
        Self(time.and_then(|time| i64::try_from(time.as_nanosecond()).ok()).and_then(NonZeroI64::new))
    }
}

/// A name in the list that the grammar of tags forbids. It points at some manifest all the same.
#[derive(Debug, Clone)]
pub struct OtherName {
    /// As the list has it.
    pub name: String,
    /// What it points at.
    pub pointer: Pointer,
}

/// Why the list of tags cannot rule out that a manifest has further tags.
#[derive(Debug, Clone)]
pub enum ListCaveat {
    /// The registry answers "not found", and yet a tag resolves.
    NotFound,
    /// It is empty, and yet a tag resolves.
    Empty,
    /// It is another repository's list, by its own word.
    OtherRepository(String),
    /// It lacks this tag, which resolves.
    Lacks(crate::name::Tag),
    /// It could not be read to its end.
    Failed(Error),
}

impl std::fmt::Display for ListCaveat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotFound => f.write_str("the registry has no list of its tags"),
            Self::Empty => f.write_str("the list of its tags is empty"),
            Self::OtherRepository(name) => write!(f, "the list of its tags is the one of {name}"),
            Self::Lacks(tag) => write!(f, "the list of its tags lacks {tag}"),
            Self::Failed(error) => write!(f, "the list of its tags cannot be read: {error}"),
        }
    }
}
