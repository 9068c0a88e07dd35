//! Parses the names of images.

use std::fmt;

use crate::name::{Digest, Located, Reference, Registry, Repository, Tag};

/// The name of an image, as a document has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Name<'a> {
    /// `reg.corp/team/app:1.4@sha256:…`, `docker-pullable://…`, `sha256:…`
    Text(&'a str),
    /// A mapping with its parts.
    Parts(&'a Parts),
}

/// The parts of a name: `repository`, and `tag` or `digest` at least.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Parts {
    pub registry: Option<String>,
    pub repository: Option<String>,
    pub tag: Option<Written>,
    pub digest: Option<String>,
}

/// A tag as a document has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Written {
    Text(String),
    /// A number, in a form that parses to the same number.
    Number(String),
}

/// The image that a name refers to.
#[derive(Debug)]
pub(super) enum Named {
    /// A digest in any repository.
    Digest(Digest),
    /// A tag or a digest of a repository, or both.
    Image { registry: Registry, repository: Repository, tag: Option<Tag>, number: Option<f64>, digest: Option<Digest> },
}

impl Name<'_> {
    /// The part that is an unexpanded template, if there is one.
    pub(super) fn template(&self) -> Option<&str> {
        // A string with blanks is more likely a script.
        let is_variable = |text: &str| text.contains('$') && !text.contains(char::is_whitespace);
        let is_template = |text: &&str| text.contains("{{") || is_variable(text);
        match self {
            Self::Text(text) => Some(*text).filter(is_template),
            Self::Parts(Parts { registry, repository, tag, digest }) => {
                let tag = tag.as_ref().map(Written::as_str);
                let parts = [registry.as_deref(), repository.as_deref(), tag, digest.as_deref()];
                parts.into_iter().flatten().find(is_template)
            }
        }
    }

    /// The image; `None` where the name is not a reference.
    pub(super) fn read(&self) -> Option<Named> {
        match self {
            Self::Text(text) => read(text),
            Self::Parts(parts) => parts.read(),
        }
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Parts(Parts { registry, repository, tag, digest }) => {
                registry.iter().try_for_each(|registry| write!(f, "{registry}/"))?;
                f.write_str(repository.as_deref().unwrap_or_default())?;
                tag.iter().try_for_each(|tag| write!(f, ":{}", tag.as_str()))?;
                digest.iter().try_for_each(|digest| write!(f, "@{digest}"))
            }
        }
    }
}

impl Written {
    fn as_str(&self) -> &str {
        let (Self::Text(text) | Self::Number(text)) = self;
        text
    }
}

/// Parses a reference, or a digest as container runtimes report it.
pub(super) fn read(text: &str) -> Option<Named> {
    let text = text.trim();
    // docker-pullable://, docker://, containerd://, oci://
    let text = text.split_once("://").map_or(text, |(_, rest)| rest);
    if let Ok(digest) = text.parse() {
        return Some(Named::Digest(digest));
    }
    // An image ID without its algorithm.
    if text.len() == 64
        && let Ok(digest) = format!("sha256:{text}").parse()
    {
        return Some(Named::Digest(digest));
    }
    Some(image(text.parse().ok()?))
}

fn image(located: Located<Reference>) -> Named {
    let (registry, reference) = located.within(&Registry::docker_hub());
    let (tag, digest) = (reference.tag().cloned(), reference.digest().cloned());
    let tag = tag.or_else(|| digest.is_none().then(Tag::latest));
    Named::Image { registry, repository: reference.repository().clone(), tag, number: None, digest }
}

impl Parts {
    fn read(&self) -> Option<Named> {
        let name = self.repository.as_deref()?;
        let name = name.split_once("://").map_or(name, |(_, rest)| rest);
        let located: Located<Repository> = match self.registry.as_deref() {
            Some(registry) => Located::<Repository>::parse_in(name, &registry.parse().ok()?).ok()?,
            None => name.parse().ok()?,
        };
        let (registry, repository) = located.within(&Registry::docker_hub());
        // Charts pin an image by `tag: 1.4@sha256:…`.
        let (tag, number, pinned) = match &self.tag {
            Some(Written::Text(text)) => {
                let (tag, digest) = text.split_once('@').map_or((&**text, None), |(tag, digest)| (tag, Some(digest)));
                (tag.parse().ok(), None, digest)
            }
            Some(Written::Number(number)) => (None, number.parse().ok(), None),
            None => (None, None, None),
        };
        let digest = self.digest.as_deref().or(pinned).and_then(|digest| digest.parse().ok());
        let is_named = tag.is_some() || number.is_some() || digest.is_some();
        is_named.then_some(Named::Image { registry, repository, tag, number, digest })
    }
}
