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
mod tests {
    use super::*;

    const ID: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn registry(text: &str) -> Registry {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    fn repository(text: &str) -> Located<Repository> {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    /// The registry named, or `-`, and the name.
    fn read(text: &str) -> (String, String) {
        let located: Located<Reference> = text.parse().unwrap_or_else(|error| panic!("{error}"));
        (located.registry.map_or("-".into(), |registry| registry.to_string()), located.name.to_string())
    }

    fn read_in(text: &str, r: &str) -> String {
        let (at, name) = Located::<Repository>::parse_in(text, &registry(r))
            .unwrap_or_else(|error| panic!("{error}"))
            .within(&registry("elsewhere"));
        assert_eq!(at, registry(r));
        name.to_string()
    }

    fn cause(text: &str) -> String {
        text.parse::<Located<Reference>>().expect_err("no name").causes()[0].clone()
    }

    #[test]
    fn a_first_component_that_looks_like_a_host_is_one() {
        let both = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(read("reg.corp/app"), both("reg.corp", "app"));
        assert_eq!(read("reg:5000/team/app:v1"), both("reg:5000", "team/app:v1"));
        assert_eq!(read("localhost/app"), both("localhost", "app"));
        assert_eq!(read("REG/app"), both("reg", "app"));
        assert_eq!(read("[::1]:5000/app"), both("[::1]:5000", "app"));
        assert_eq!(read("[::1]/app:v1"), both("[::1]", "app:v1"));
        assert_eq!(read("index.docker.io/alpine"), both("docker.io", "alpine"));
    }

    #[test]
    fn any_other_first_component_is_a_part_of_the_path() {
        for text in ["app", "team/app", "localhost", "reg.corp", "reg:5000", "my_reg/app"] {
            assert_eq!(read(text), ("-".into(), text.to_owned()));
        }
        let digested = format!("app@sha256:{ID}");
        assert_eq!(read(&digested), ("-".into(), digested));
    }

    #[test]
    fn only_docker_hub_has_official_images() {
        let hub = Registry::docker_hub();
        let within = |text: &str, default: &Registry| {
            let (registry, name) = repository(text).within(default);
            format!("{registry} {name}")
        };
        assert_eq!(within("alpine", &hub), "docker.io library/alpine");
        assert_eq!(within("registry-1.docker.io/alpine", &registry("reg.corp")), "docker.io library/alpine");
        assert_eq!(within("team/app", &hub), "docker.io team/app");
        assert_eq!(within("alpine", &registry("reg.corp")), "reg.corp alpine");
        assert_eq!(within("reg.corp/alpine", &hub), "reg.corp alpine");
        let (_, reference) = "alpine:3.22".parse::<Located<Reference>>().expect("a reference").within(&hub);
        assert_eq!(reference.to_string(), "library/alpine:3.22");
    }

    #[test]
    fn the_host_of_the_default_is_the_default() {
        let plain = registry("http://reg.corp:5000");
        assert_eq!(repository("reg.corp:5000/app").within(&plain).0, plain);
        let nested = registry("https://reg.corp/docker");
        assert_eq!(repository("reg.corp:443/app").within(&nested).0, nested);
        assert_eq!(repository("reg.corp/app").within(&plain).0, registry("reg.corp"));
    }

    #[test]
    fn in_a_registry_a_name_is_a_path() {
        assert_eq!(read_in("ghcr.io/owner/app", "mirror.corp"), "ghcr.io/owner/app");
        assert_eq!(read_in("localhost/app", "mirror.corp"), "localhost/app");
        assert_eq!(read_in("app", "mirror.corp"), "app");
        assert_eq!(read_in("app", "docker.io"), "library/app");
        let digested = format!("ghcr.io/app:v1@sha256:{ID}");
        let located = Located::<Reference>::parse_in(&digested, &registry("mirror.corp")).expect("a reference");
        assert_eq!(located.name.to_string(), digested);
    }

    #[test]
    fn in_a_registry_its_own_host_is_dropped_once() {
        assert_eq!(read_in("mirror.corp/app", "mirror.corp"), "app");
        assert_eq!(read_in("Mirror.corp:443/app", "mirror.corp"), "app");
        assert_eq!(read_in("mirror.corp/mirror.corp/app", "mirror.corp"), "mirror.corp/app");
        assert_eq!(read_in("localhost:5000/app", "http://localhost:5000"), "app");
        assert_eq!(read_in("localhost/app", "http://localhost:5000"), "localhost/app");
        assert_eq!(read_in("reg/app", "http://reg"), "app");
        assert_eq!(read_in("[::1]:5000/app", "[::1]:5000"), "app");
        assert_eq!(read_in("index.docker.io/alpine", "docker.io"), "library/alpine");
    }

    #[test]
    fn in_a_registry_the_host_and_port_of_another_is_refused() {
        let in_mirror = |text| Located::<Repository>::parse_in(text, &registry("mirror.corp")).expect_err("no name");
        let error = in_mirror("localhost:5000/app");
        assert_eq!(error.what(), "'localhost:5000/app' is not a repository name");
        assert_eq!(error.causes(), ["it names localhost:5000, not mirror.corp"]);
        assert_eq!(in_mirror("mirror.corp/").causes(), ["no repository follows the registry mirror.corp"]);
        for address in ["https://ghcr.io/app", "https://mirror.corp:5000/app", "http://mirror.corp.evil.test/app"] {
            assert!(in_mirror(address).causes()[0].ends_with(", not mirror.corp"), "{address}");
        }
        assert!(in_mirror(ID).causes()[0].contains("image ID"));
    }

    #[test]
    fn in_a_registry_its_own_address_is_dropped_whatever_its_scheme() {
        for r in ["mirror.corp:5000", "http://mirror.corp:5000"] {
            for address in [
                "http://mirror.corp:5000/team/app",
                "https://mirror.corp:5000/team/app",
                "docker://mirror.corp:5000/team/app",
                "http://mirror.corp:5000/v2/team/app/tags/list",
            ] {
                assert_eq!(read_in(address, r), "team/app");
            }
            assert_eq!(read_in("http://mirror.corp:5000/mirror.corp/app", r), "mirror.corp/app");
        }
        assert_eq!(read_in("http://mirror.corp/app", "https://mirror.corp"), "app");
        assert_eq!(read_in("docker://ghcr.io/owner/app", "mirror.corp"), "ghcr.io/owner/app");
        assert_eq!(read_in("https://hub.docker.com/_/alpine", "docker.io"), "library/alpine");
        let nested = "https://art.corp/docker/local";
        for address in ["https://art.corp/docker/local/app", "https://art.corp/docker/local/v2/app/tags/list"] {
            assert_eq!(read_in(address, nested), "app");
        }
        assert_eq!(read_in("https://art.corp/app", nested), "app");
    }

    /// The registry and the name that an address means where this registry is the default.
    fn pasted(text: &str, default: &str) -> String {
        let located = Located::<Reference>::read(text).unwrap_or_else(|error| panic!("{error}"));
        let (registry, name) = located.within(&registry(default));
        format!("{} {name}", registry.with_scheme())
    }

    #[test]
    fn an_address_says_how_its_registry_is_reached() {
        assert_eq!(pasted("http://reg:5000/app:v1", "docker.io"), "http://reg:5000 app:v1");
        assert_eq!(pasted("https://registry/app", "docker.io"), "https://registry app");
        assert_eq!(pasted("docker://alpine:3", "docker.io"), "https://docker.io library/alpine:3");
        assert_eq!(pasted("docker://reg:5000/app", "http://reg:5000"), "http://reg:5000 app");
        assert_eq!(pasted("https://hub.docker.com/_/nginx", "reg.corp"), "https://docker.io library/nginx");
        // The scheme that is written counts for more than that of the default.
        assert_eq!(pasted("https://reg:5000/app", "http://reg:5000"), "https://reg:5000 app");
        assert_eq!(pasted("http://reg:5000/app", "https://reg:5000"), "http://reg:5000 app");
        assert_eq!(pasted("https://reg:443/app", "https://reg"), "https://reg app");
        let nested = "https://art.corp/docker/local";
        assert_eq!(pasted("https://art.corp/docker/local/app", nested), format!("{nested} app"));
        assert_eq!(pasted("https://art.corp/docker/local/v2/app/manifests/1", nested), format!("{nested} app:1"));
        assert_eq!(pasted("https://art.corp/other/app", nested), "https://art.corp other/app");
    }

    #[test]
    fn an_address_without_a_repository_is_refused() {
        let cause = |text| Located::<Reference>::read(text).expect_err("no name").causes()[0].clone();
        assert_eq!(cause("http://reg:5000/"), "no repository follows the registry http://reg:5000");
        assert_eq!(cause("https://reg.corp/v2/_catalog"), "no repository follows the registry reg.corp");
        assert_eq!(cause("https://reg.corp/App"), "a repository has no upper-case letters; in lower case it is 'app'");
        assert_eq!(cause("ftp://reg/app"), "its scheme is not https, http, docker or oci");
        let tagged = Located::<Repository>::read("https://reg.corp/app:v1").expect_err("no name");
        assert_eq!(tagged.causes(), ["expected a repository without a tag; use 'app'"]);
    }

    #[test]
    fn the_cause_names_the_part_that_is_wrong() {
        assert_eq!(cause("[::1]:5000"), "this is a registry, not a repository");
        assert_eq!(cause("reg.corp/"), "no repository follows the registry reg.corp");
        assert_eq!(cause("::1/app"), "an IPv6 address must be in brackets: [ADDRESS] or [ADDRESS]:PORT");
        assert_eq!(cause("reg:x/app"), "'x' is not a port number");
        assert_eq!(cause("reg.corp/App"), "a repository has no upper-case letters; in lower case it is 'app'");
        assert_eq!(cause("Web/Nginx"), "a repository has no upper-case letters; in lower case it is 'web/nginx'");
        assert_eq!(cause("https://ghcr.io/app:v1"), "a name has no scheme");
        assert!(cause(ID).contains("image ID"));
    }

    #[test]
    fn a_password_is_refused_and_not_repeated() {
        for text in ["ann:geheim@reg.corp/app", "http://ann:geheim@reg.corp/app", "ann:geheim@reg.corp/App:v1"] {
            let error = text.parse::<Located<Reference>>().expect_err("no name");
            assert!(!error.to_string().contains("geheim"), "{error}");
            let error = Located::<Reference>::read(text).expect_err("no name");
            assert!(!error.to_string().contains("geheim"), "{error}");
            assert!(error.what().contains("ann:xxxxx@reg.corp"), "{error}");
            let error = Located::<Repository>::parse_in(text, &registry("reg.corp")).expect_err("no name");
            assert!(!error.to_string().contains("geheim"), "{error}");
        }
    }
}
