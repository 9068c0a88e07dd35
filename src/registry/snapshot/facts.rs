//! The facts that a snapshot holds of tags and manifests, in a compact form.

use std::num::NonZeroI64;

use jiff::Timestamp;

use crate::error::Error;
use crate::registry::media_types::Form;

/// Defines the number of one kind of thing within a [`TagIndex`](super::TagIndex).
macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub(super) u32);

        impl $name {
            /// The position, from 0 without gaps.
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

/// What a listed name points to.
#[derive(Debug, Clone)]
pub enum Pointer {
    /// A manifest.
    At(ManifestId),
    /// Nothing: the name is listed, and the registry answered "not found" for it twice.
    Dangling,
    /// It could not be resolved: it may point to any manifest.
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

    /// Whether it may point to any manifest.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown(_))
    }
}

/// What is known of a manifest.
#[derive(Debug, Clone)]
pub enum ManifestState {
    /// It was read.
    Read(ManifestFacts),
    /// The registry answered "not found" for it twice.
    Missing,
    /// It could not be read: it may list or refer to any manifest.
    Unreadable(Error),
    /// Something refers to it, and it was not fetched.
    Unread,
}

/// The facts of a manifest.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ManifestFacts {
    /// Its form.
    pub form: Form,
    /// The size of the manifest itself in bytes, at most 4 MiB.
    pub size: u32,
    /// When its own image was created, by its config or annotations; `None` where that is unknown. For an index, see
    /// [`TagIndex::created`](super::TagIndex::created).
    pub created: PackedTime,
    /// Why the config with the creation time could not be read.
    pub config_error: Option<Error>,
    /// The manifests that it lists.
    pub children: Box<[ManifestId]>,
    /// The blobs that it names: config and layers, and entries of an index that are no manifests.
    pub blobs: Box<[BlobId]>,
    /// Its subject: the manifest that a signature or SBOM refers to.
    pub subject: Option<ManifestId>,
    /// Whether it is a placeholder, which an interrupted removal left behind.
    pub is_placeholder: bool,
}

/// An optional time in eight bytes: to the nanosecond, from 1677 to 2262. Times outside of that range are dropped.
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

/// A listed name that is no valid tag. It points to a manifest nevertheless.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct OtherName {
    /// The name.
    pub name: String,
    /// The name for messages: a server may echo a secret in it.
    pub shown: String,
    /// What it points to.
    pub pointer: Pointer,
}

/// Why the list of tags is not reliable: a manifest may have tags that the list lacks.
#[derive(Debug, Clone)]
pub enum ListCaveat {
    /// The registry answers "not found" for the list, although a tag exists.
    NotFound,
    /// It is empty, although a tag exists.
    Empty,
    /// It names itself as the list of another repository.
    OtherRepository(String),
    /// It lacks this tag, which exists.
    Lacks(crate::name::Tag),
    /// It could not be read completely.
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

/// Positions fit into 32 bits: a list with more names is refused.
pub(super) fn narrow(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}
