//! What a user writes: a name, with the host of its registry before it or without.

use std::str::FromStr;

use super::host::Authority;
use super::refusal::refuse;
use super::{Reference, Registry, Repository};
use crate::error::Error;

/// A name, and the registry that it says it is in, if it says so.
///
/// ```text
/// REPO  [HOST[:PORT]/]PATH
/// REF   [HOST[:PORT]/]PATH[:TAG][@DIGEST]
/// ```
///
/// What stands before the first `/` is a host when it has a `.`, a `:` or an upper-case letter, or is `localhost`;
/// otherwise it is a part of the path. A name has no scheme: `http://` and `https://` belong to a [`Registry`]. The 64
/// digits of an image ID, alone, are no name, since that is hardly what they are meant for. These are docker's rules
/// (`distribution/reference`, `ParseNormalizedNamed`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Located<T> {
    /// Where it says it is.
    pub registry: Option<Registry>,
    /// What it says beyond that.
    pub name: T,
}

impl Located<Repository> {
    /// Reads `text` as a path in `registry`, whatever its first component looks like: in a mirror, `ghcr.io/owner/app` is a
    /// path. One that begins with the very same host loses it.
    ///
    /// # Errors
    ///
    /// It is no repository, or it begins with the `HOST:PORT` of another registry.
    pub fn parse_in(text: &str, registry: &Registry) -> Result<Self, Error> {
        read_in(text, registry, Repository::parse).map_err(|cause| refuse(text, REPOSITORY, cause))
    }

    /// The registry that is meant, and the repository's path there.
    ///
    /// The registry is the default unless another is named; one that is the default's host and port is the default, with
    /// its scheme and prefix. On Docker Hub, and only there, a path of one component is that of an official image:
    /// `alpine` is `library/alpine`.
    pub fn within(self, default: &Registry) -> (Registry, Repository) {
        let registry = meant(self.registry, default);
        let name = if registry.is_docker_hub() { self.name.official() } else { self.name };
        (registry, name)
    }
}

impl Located<Reference> {
    /// As [`Located::<Repository>::parse_in`], of a reference.
    ///
    /// # Errors
    ///
    /// It is no reference, or it begins with the `HOST:PORT` of another registry.
    pub fn parse_in(text: &str, registry: &Registry) -> Result<Self, Error> {
        read_in(text, registry, Reference::parse).map_err(|cause| refuse(text, REFERENCE, cause))
    }

    /// As [`Located::<Repository>::within`], of a reference.
    pub fn within(self, default: &Registry) -> (Registry, Reference) {
        let registry = meant(self.registry, default);
        let name = if registry.is_docker_hub() { self.name.map_repository(Repository::official) } else { self.name };
        (registry, name)
    }
}

const REPOSITORY: &str = "a repository name";
const REFERENCE: &str = "a reference";

impl FromStr for Located<Repository> {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        read(text, Repository::parse).map_err(|cause| refuse(text, REPOSITORY, cause))
    }
}

impl FromStr for Located<Reference> {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        read(text, Reference::parse).map_err(|cause| refuse(text, REFERENCE, cause))
    }
}

type Parse<T> = fn(&str) -> Result<T, String>;

fn read<T>(text: &str, parse: Parse<T>) -> Result<Located<T>, String> {
    if let Some((_, rest)) = text.split_once("://") {
        return Err(scheme(rest, read(rest, parse).is_ok()));
    }
    image_id(text)?;
    let (registry, rest) = match first_component(text) {
        Some((first, rest)) if is_host(first) => {
            let authority = Authority::parse(first)?;
            (Some(Registry::at(authority)), followed(first, rest)?)
        }
        None if text.starts_with('[') => return Err("it reads as a registry, and no repository follows".into()),
        _ => (None, text),
    };
    Ok(Located { registry, name: parse(rest)? })
}

fn read_in<T>(text: &str, registry: &Registry, parse: Parse<T>) -> Result<Located<T>, String> {
    if let Some((_, rest)) = text.split_once("://") {
        return Err(scheme(rest, read_in(rest, registry, parse).is_ok()));
    }
    image_id(text)?;
    let mut path = text;
    if let Some((first, rest)) = first_component(text)
        && let Ok(authority) = Authority::parse(first)
    {
        let named = Registry::at(authority);
        if registry.is_named_by(&named) {
            path = followed(first, rest)?;
        } else if first.contains(':') {
            return Err(format!("it names the registry {named}, and {registry} was asked for"));
        }
    }
    Ok(Located { registry: Some(registry.clone()), name: parse(path)? })
}

fn meant(named: Option<Registry>, default: &Registry) -> Registry {
    match named {
        Some(named) if !default.is_named_by(&named) => named,
        _ => default.clone(),
    }
}

/// What stands before and after the first `/`, if it stands before a digest.
fn first_component(text: &str) -> Option<(&str, &str)> {
    let name = text.split('@').next().unwrap_or_default();
    let slash = name.find('/')?;
    Some((&text[..slash], &text[slash + 1..]))
}

fn is_host(first: &str) -> bool {
    first.contains(['.', ':']) || first == "localhost" || first.chars().any(char::is_uppercase)
}

fn followed<'a>(host: &str, rest: &'a str) -> Result<&'a str, String> {
    if rest.is_empty() { Err(format!("no repository follows the registry {host}")) } else { Ok(rest) }
}

fn scheme(rest: &str, is_name: bool) -> String {
    let why = "a scheme belongs to a registry, not to a name";
    if is_name { format!("{why}; without it, this one is '{rest}'") } else { why.to_owned() }
}

fn image_id(text: &str) -> Result<(), String> {
    if text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return Err(
            "it reads as an image ID or as the digits of a digest; a manifest is REPOSITORY@sha256:DIGITS".into()
        );
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
        let plainly = Located { registry: Some(registry("http://reg.corp:443")), ..repository("app") };
        assert_eq!(plainly.within(&registry("reg.corp:443")).0, registry("http://reg.corp:443"));
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
        assert_eq!(error.causes(), ["it names the registry localhost:5000, and mirror.corp was asked for"]);
        assert_eq!(in_mirror("mirror.corp/").causes(), ["no repository follows the registry mirror.corp"]);
        assert!(in_mirror("https://ghcr.io/app").causes()[0].ends_with("without it, this one is 'ghcr.io/app'"));
        assert!(in_mirror(ID).causes()[0].contains("image ID"));
    }

    #[test]
    fn the_cause_names_the_part_that_is_wrong() {
        assert_eq!(cause("[::1]:5000"), "it reads as a registry, and no repository follows");
        assert_eq!(cause("reg.corp/"), "no repository follows the registry reg.corp");
        assert_eq!(cause("::1/app"), "an IPv6 address stands in brackets, [ADDRESS] or [ADDRESS]:PORT");
        assert_eq!(cause("reg:x/app"), "'x' is not a port, which is a number");
        assert_eq!(cause("reg.corp/App"), "a repository has no upper-case letters; in lower case it is 'app'");
        let scheme = "a scheme belongs to a registry, not to a name";
        assert_eq!(cause("https://ghcr.io/app:v1"), format!("{scheme}; without it, this one is 'ghcr.io/app:v1'"));
        assert_eq!(cause("ftp://!"), scheme);
        assert!(cause(ID).contains("image ID"));
    }

    #[test]
    fn a_password_is_refused_and_not_repeated() {
        for text in ["ann:geheim@reg.corp/app", "http://ann:geheim@reg.corp/app", "ann:geheim@reg.corp/App:v1"] {
            let error = text.parse::<Located<Reference>>().expect_err("no name");
            assert!(!error.to_string().contains("geheim"), "{error}");
            assert!(error.what().contains("ann:xxxxx@reg.corp"), "{error}");
            let error = Located::<Repository>::parse_in(text, &registry("reg.corp")).expect_err("no name");
            assert!(!error.to_string().contains("geheim"), "{error}");
        }
    }
}
