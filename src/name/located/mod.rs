//! What users write: a name, with or without the host of its registry, or a URL.

use std::str::FromStr;

use super::address::{self, Address, Scheme};
use super::host::{Authority, is_host};
use super::refusal::refuse;
use super::{Reference, Registry, Repository};
use crate::error::Error;

/// A name, with its registry if it names one.
///
/// ```text
/// REPO  [HOST[:PORT]/]PATH
/// REF   [HOST[:PORT]/]PATH[:TAG][@DIGEST]
/// ```
///
/// The first component, before the first `/`, is a host when it has a `.`, a `:` or an upper-case letter, or is
/// `localhost`; otherwise it is a part of the path. The 64 digits of an image ID alone are not a name. These are
/// docker's rules (`distribution/reference`, `ParseNormalizedNamed`), and `FromStr` accepts nothing else.
/// [`Located::<Reference>::read`] also accepts pasted URLs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Located<T> {
    /// The registry that it names.
    pub registry: Option<Registry>,
    /// The name without the registry.
    pub name: T,
    /// The scheme of a URL, which decides how to reach the registry. `None` for a name, and for `docker://` and
    /// `oci://`.
    pub scheme: Option<Scheme>,
}

impl Located<Repository> {
    /// Reads a name, or a URL as in [`Located::<Reference>::read`]. One with a tag or digest is not a repository.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`](crate::Kind::Invalid): it is neither.
    pub fn read(text: &str) -> Result<Self, Error> {
        read(text, Repository::parse).map_err(|cause| refuse(text, REPOSITORY, cause))
    }

    /// Reads `text` as a path in `registry`, whatever its first component looks like: in a mirror, `ghcr.io/owner/app`
    /// is a path. The very same host is removed, with its scheme.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`](crate::Kind::Invalid): it is not a repository, or it names another registry in a way that no
    /// path can have.
    pub fn parse_in(text: &str, registry: &Registry) -> Result<Self, Error> {
        read_in(text, registry, Repository::parse).map_err(|cause| refuse(text, REPOSITORY, cause))
    }

    /// The registry, and the repository's path in it.
    ///
    /// The registry is the default unless another is named. One with the default's host and port is the default, with
    /// its scheme and prefix, unless a URL has another scheme. On Docker Hub only, a path of one component is an
    /// official image: `alpine` is `library/alpine`.
    pub fn within(self, default: &Registry) -> (Registry, Repository) {
        let (registry, name) = self.settle(default, without_prefix);
        let name = if registry.is_docker_hub() { name.official() } else { name };
        (registry, name)
    }
}

impl Located<Reference> {
    /// Reads a name, or a pasted URL:
    ///
    /// ```text
    /// http://HOST[:PORT]/PATH[:TAG][@DIGEST]     also https://, docker:// and oci://
    /// https://HOST[/PREFIX]/v2/PATH/tags/list    the API: manifests/REF and referrers/DIGEST too
    /// https://hub.docker.com/r/OWNER/NAME        Docker Hub's pages: /_/NAME too, and /tags after either
    /// ```
    ///
    /// A query and a fragment are dropped.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`](crate::Kind::Invalid): it is neither.
    pub fn read(text: &str) -> Result<Self, Error> {
        read(text, Reference::parse).map_err(|cause| refuse(text, REFERENCE, cause))
    }

    /// Like [`Located::<Repository>::parse_in`], for a reference.
    ///
    /// # Errors
    ///
    /// As [`Located::<Repository>::parse_in`].
    pub fn parse_in(text: &str, registry: &Registry) -> Result<Self, Error> {
        read_in(text, registry, Reference::parse).map_err(|cause| refuse(text, REFERENCE, cause))
    }

    /// Like [`Located::<Repository>::within`], for a reference.
    pub fn within(self, default: &Registry) -> (Registry, Reference) {
        let (registry, name) = self.settle(default, |reference, prefix| {
            let repository = without_prefix(reference.repository(), prefix)?;
            Some(reference.clone().map_repository(|_| repository))
        });
        let name = if registry.is_docker_hub() { name.map_repository(Repository::official) } else { name };
        (registry, name)
    }
}

const REPOSITORY: &str = "a repository name";
const REFERENCE: &str = "a reference";

impl FromStr for Located<Repository> {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        parse(text, Repository::parse).map_err(|cause| refuse(text, REPOSITORY, cause))
    }
}

impl FromStr for Located<Reference> {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        parse(text, Reference::parse).map_err(|cause| refuse(text, REFERENCE, cause))
    }
}

type Parse<T> = fn(&str) -> Result<T, String>;

fn parse<T>(text: &str, parse: Parse<T>) -> Result<Located<T>, String> {
    if text.contains("://") {
        return Err("a name has no scheme".into());
    }
    image_id(text)?;
    let (registry, rest) = match first_component(text) {
        Some((first, rest)) if is_host(first) => {
            // A host only by its upper-case letters was meant as part of the path if the rest has some too.
            let is_path = !first.contains(['.', ':']) && first != "localhost" && has_upper_case(rest);
            if let Some(cause) = is_path.then(|| parse(text).err()).flatten() {
                return Err(cause);
            }
            let authority = Authority::parse(first)?;
            (Some(Registry::at(authority)), followed(first, rest)?)
        }
        None if text.starts_with('[') => return Err("this is a registry, not a repository".into()),
        _ => (None, text),
    };
    Ok(Located { registry, name: parse(rest)?, scheme: None })
}

fn read<T>(text: &str, part: Parse<T>) -> Result<Located<T>, String> {
    match address::read(text)? {
        None => parse(text, part),
        Some(Address { scheme, registry: Some(registry), rest }) => {
            Ok(Located { name: part(followed(&registry.to_string(), &rest)?)?, registry: Some(registry), scheme })
        }
        Some(Address { scheme, registry: None, rest }) => Ok(Located { scheme, ..parse(&rest, part)? }),
    }
}

fn read_in<T>(text: &str, registry: &Registry, parse: Parse<T>) -> Result<Located<T>, String> {
    let elsewhere = |named: &Registry| format!("it names {named}, not {registry}");
    let address = match address::read(text)? {
        Some(Address { registry: None, rest, .. }) => return read_in(&rest, registry, parse),
        address => address,
    };
    let path = match &address {
        Some(Address { registry: Some(named), rest, .. }) => {
            if !registry.has_address_of(named) || named.prefix().is_some_and(|prefix| registry.prefix() != Some(prefix))
            {
                return Err(elsewhere(named));
            }
            let rest = followed(&registry.to_string(), rest)?;
            match registry.prefix().filter(|_| named.prefix().is_none()) {
                Some(prefix) => below(prefix, rest).unwrap_or(rest),
                None => rest,
            }
        }
        _ => {
            image_id(text)?;
            match first_component(text) {
                Some((first, rest)) => match Authority::parse(first).map(Registry::at) {
                    Ok(named) if registry.is_named_by(&named) => followed(first, rest)?,
                    Ok(named) if first.contains(':') => return Err(elsewhere(&named)),
                    _ => text,
                },
                None => text,
            }
        }
    };
    Ok(Located { registry: Some(registry.clone()), name: parse(path)?, scheme: None })
}

impl<T> Located<T> {
    /// The registry, and the name in it; `without_prefix` removes the default's prefix from a name in a URL.
    fn settle(self, default: &Registry, without_prefix: impl FnOnce(&T, &str) -> Option<T>) -> (Registry, T) {
        let Self { registry, name, scheme } = self;
        let Some(named) = registry else { return (default.clone(), name) };
        if scheme.is_none() {
            return (named.within(default), name);
        }
        let is_default = named.is_plain_http() == default.is_plain_http() && default.has_address_of(&named);
        match (named.prefix(), default.prefix()) {
            (theirs, ours) if is_default && theirs == ours => (default.clone(), name),
            (None, Some(prefix)) if is_default => match without_prefix(&name, prefix) {
                Some(name) => (default.clone(), name),
                None => (named, name),
            },
            _ => (named, name),
        }
    }
}

fn without_prefix(repository: &Repository, prefix: &str) -> Option<Repository> {
    Repository::parse(below(prefix, repository.as_str())?).ok()
}

/// The part of a path below a folder.
fn below<'a>(folder: &str, path: &'a str) -> Option<&'a str> {
    path.strip_prefix(folder)?.strip_prefix('/')
}

/// The parts before and after the first `/` in front of a digest.
fn first_component(text: &str) -> Option<(&str, &str)> {
    let name = text.split('@').next().unwrap_or_default();
    let slash = name.find('/')?;
    Some((&text[..slash], &text[slash + 1..]))
}

/// Whether the path of a reference has upper-case letters, which a tag may have.
fn has_upper_case(reference: &str) -> bool {
    reference.split([':', '@']).next().unwrap_or_default().contains(char::is_uppercase)
}

fn followed<'a>(host: &str, rest: &'a str) -> Result<&'a str, String> {
    if rest.is_empty() { Err(format!("no repository follows the registry {host}")) } else { Ok(rest) }
}

fn image_id(text: &str) -> Result<(), String> {
    if text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return Err("this is an image ID or the digits of a digest; a manifest is REPOSITORY@sha256:DIGITS".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests;
