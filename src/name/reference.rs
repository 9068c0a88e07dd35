//! References to manifests.

use std::fmt;
use std::str::FromStr;

use super::refusal::refuse;
use super::text::serde_as_text;
use super::{Digest, Repository, Tag};
use crate::error::Error;

/// A repository with a tag, a digest, both or neither: `PATH[:TAG][@DIGEST]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    repository: Repository,
    tag: Option<Tag>,
    digest: Option<Digest>,
}

/// What a [`Reference`] is resolved by; its text is the last path segment of a manifest's URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target<'a> {
    /// By tag.
    Tag(&'a Tag),
    /// By digest.
    Digest(&'a Digest),
}

impl<'a> From<&'a Tag> for Target<'a> {
    fn from(tag: &'a Tag) -> Self {
        Self::Tag(tag)
    }
}

impl<'a> From<&'a Digest> for Target<'a> {
    fn from(digest: &'a Digest) -> Self {
        Self::Digest(digest)
    }
}

impl<'a> Target<'a> {
    /// The digest; `None` for a tag.
    pub fn digest(self) -> Option<&'a Digest> {
        match self {
            Self::Digest(digest) => Some(digest),
            Self::Tag(_) => None,
        }
    }

    /// `team/app:1.4.0`, `team/app@sha256:…`
    pub fn within(self, repository: impl fmt::Display) -> String {
        match self {
            Self::Tag(tag) => format!("{repository}:{tag}"),
            Self::Digest(digest) => format!("{repository}@{digest}"),
        }
    }
}

serde_as_text!(Reference);

impl Reference {
    /// A reference by tag.
    pub fn tagged(repository: Repository, tag: Tag) -> Self {
        Self { repository, tag: Some(tag), digest: None }
    }

    /// A reference by digest.
    pub fn digested(repository: Repository, digest: Digest) -> Self {
        Self { repository, tag: None, digest: Some(digest) }
    }

    /// The repository.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// The tag, if any.
    pub fn tag(&self) -> Option<&Tag> {
        self.tag.as_ref()
    }

    /// The digest, if any.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// What it is resolved by: the digest if it has one, else the tag, else `latest`.
    pub fn target(&self) -> Target<'_> {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => Target::Digest(digest),
            (None, Some(tag)) => Target::Tag(tag),
            (None, None) => Target::Tag(Tag::latest_ref()),
        }
    }

    /// The same tag and digest in another repository.
    #[must_use]
    pub fn in_repository(self, repository: Repository) -> Self {
        Self { repository, ..self }
    }

    pub(super) fn map_repository(self, change: impl FnOnce(Repository) -> Repository) -> Self {
        Self { repository: change(self.repository), ..self }
    }

    /// Like `from_str`; the error is the cause alone.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (text, None),
        };
        let last = name.rfind('/').map_or(0, |slash| slash + 1);
        let (path, tag) = match name[last..].find(':') {
            Some(colon) => (&name[..last + colon], Some(&name[last + colon + 1..])),
            None => (name, None),
        };
        Ok(Self {
            repository: Repository::parse(path)?,
            tag: tag.map(Tag::parse).transpose()?,
            digest: digest.map(Digest::parse).transpose()?,
        })
    }
}

impl Target<'_> {
    /// The tag or the digest as text.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Tag(tag) => tag.as_str(),
            Self::Digest(digest) => digest.as_str(),
        }
    }
}

impl fmt::Display for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl From<Repository> for Reference {
    /// A reference to the repository's tag `latest`.
    fn from(repository: Repository) -> Self {
        Self { repository, tag: None, digest: None }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.repository)?;
        self.tag.as_ref().map_or(Ok(()), |tag| write!(f, ":{tag}"))?;
        self.digest.as_ref().map_or(Ok(()), |digest| write!(f, "@{digest}"))
    }
}

impl FromStr for Reference {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text).map_err(|cause| refuse(text, "a reference", cause))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn reference(text: &str) -> Reference {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    fn cause(text: &str) -> String {
        text.parse::<Reference>().expect_err("no reference").causes()[0].clone()
    }

    #[test]
    fn the_digest_takes_precedence_and_latest_is_the_default() {
        let digest: Digest = DIGEST.parse().expect("a digest");
        let tag: Tag = "v1".parse().expect("a tag");
        assert_eq!(reference(&format!("app:v1@{DIGEST}")).target(), Target::Digest(&digest));
        assert_eq!(reference(&format!("app@{DIGEST}")).target(), Target::Digest(&digest));
        assert_eq!(reference("app:v1").target(), Target::Tag(&tag));
        assert_eq!(reference("app").target(), Target::Tag(&Tag::latest()));
        assert_eq!(reference("app").target().to_string(), "latest");
    }

    #[test]
    fn it_is_shown_as_written() {
        for text in ["team/app".to_owned(), "app:v1".into(), format!("app@{DIGEST}"), format!("a/b:V_1.0@{DIGEST}")] {
            assert_eq!(reference(&text).to_string(), text);
        }
        let repository: Repository = "app".parse().expect("a repository");
        assert_eq!(Reference::from(repository.clone()), reference("app"));
        assert_eq!(Reference::tagged(repository.clone(), Tag::latest()), reference("app:latest"));
        let digest: Digest = DIGEST.parse().expect("a digest");
        assert_eq!(Reference::digested(repository, digest), reference(&format!("app@{DIGEST}")));
    }

    #[test]
    fn the_cause_names_the_part_that_is_wrong() {
        assert_eq!(cause(":v1"), "the repository is empty");
        assert_eq!(cause("app:"), "the tag is empty");
        assert_eq!(cause("app@"), "the digest is empty");
        assert_eq!(cause("app@latest"), "this looks like a tag; a digest is ALGORITHM:DIGITS");
        assert_eq!(cause("app:v1:v2"), "':' is not allowed in a tag");
        assert_eq!(cause("App:v1"), "a repository has no upper-case letters; in lower case it is 'app'");
        assert_eq!(cause(&format!("app:{DIGEST}")), "it is a digest, not a tag");
        assert_eq!(cause(&format!("app@@{DIGEST}")), "a digest begins with 'sha256:' or 'sha512:'");
    }
}
