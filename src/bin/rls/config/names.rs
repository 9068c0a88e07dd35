//! Parses names, and determines their registry and its scheme.
//!
//! Arguments are typed by the user. Lines of standard input may have been printed by another program: without
//! `--registry` they are full references.

use registry_ls::Error;
use registry_ls::name::{Located, Reference, Registry, Repository, Scheme};

use super::Settings;
use crate::command_line::rls;
use crate::usage::{Result, Usage};

/// A parsed `REGISTRY[/PATH]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The registry.
    pub registry: Registry,
    /// A repository, or the path prefix of repositories.
    pub path: Option<Reference>,
    /// The other meaning of a URL: `https://HOST/PREFIX` and `https://HOST/REPO` look the same.
    pub otherwise: Option<(Registry, Reference)>,
}

/// What a line of standard input must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// A full reference, or a path in the default registry.
    Name,
    /// A full reference, because it names something to remove.
    FullName,
}

impl Settings {
    /// The registry of names without a host.
    pub fn registry(&self) -> Registry {
        let default = || self.with_scheme(Registry::docker_hub());
        self.requested.as_ref().or(self.default.as_ref()).cloned().unwrap_or_else(default)
    }

    /// Parses REGISTRY, which may be omitted.
    ///
    /// # Errors
    /// It is invalid, or not the registry of `--registry`.
    pub fn named_registry(&self, text: Option<&str>) -> Result<Registry> {
        let Some(text) = text else { return Ok(self.registry()) };
        let (named, scheme) = (Registry::read(text)?, scheme_of(text));
        let named = if scheme.is_some() { named } else { named.within(&self.registry()) };
        let named = self.reached(named, scheme)?;
        match &self.requested {
            Some(requested) if *requested != named => {
                Err(Usage::new(format!("{named} is not the registry of --registry, {requested}"))
                    .hint("name the registry only once"))
            }
            _ => Ok(named),
        }
    }

    /// REGISTRY, or the one set by options, environment or configuration file; never Docker Hub by default.
    ///
    /// # Errors
    /// As [`Settings::named_registry`].
    pub fn known_registry(&self, text: Option<&str>) -> Result<Option<Registry>> {
        let is_known = text.is_some() || self.requested.is_some() || self.default.is_some();
        is_known.then(|| self.named_registry(text)).transpose()
    }

    /// Parses REPO.
    ///
    /// # Errors
    /// It is not a repository.
    pub fn repository(&self, text: &str) -> registry_ls::Result<(Registry, Repository)> {
        let located = match &self.requested {
            Some(registry) => Located::<Repository>::parse_in(text, registry)?,
            None => Located::<Repository>::read(text)?,
        };
        let scheme = located.scheme;
        let (registry, repository) = located.within(&self.registry());
        Ok((self.reached(registry, scheme)?, repository))
    }

    /// Parses REF.
    ///
    /// # Errors
    /// It is not a reference.
    pub fn reference(&self, text: &str) -> registry_ls::Result<(Registry, Reference)> {
        let located = match &self.requested {
            Some(registry) => Located::<Reference>::parse_in(text, registry)?,
            None => {
                // `registry.corp:5000` reads as an image with a tag, which Docker Hub does not have.
                if self.default.is_none() && is_host_and_port(text) {
                    Located::<Repository>::read(text)?;
                }
                Located::<Reference>::read(text)?
            }
        };
        let scheme = located.scheme;
        let (registry, reference) = located.within(&self.registry());
        Ok((self.reached(registry, scheme)?, reference))
    }

    /// Parses REPO, or a URL that may end in a tag or a digest, which is dropped.
    ///
    /// # Errors
    /// It is not a repository.
    pub fn repository_in(&self, text: &str) -> registry_ls::Result<(Registry, Repository)> {
        let read = self.repository(text);
        match read.is_err().then(|| self.reference(text)) {
            Some(Ok((registry, reference))) if text.contains("://") => Ok((registry, reference.repository().clone())),
            _ => read,
        }
    }

    /// Checks a line of standard input before it is read as REPO or REF.
    ///
    /// # Errors
    /// It does not name its registry, but must.
    pub fn check_line(&self, text: &str, line: Line) -> Result<()> {
        let names_registry = || Located::<Reference>::read(text).is_ok_and(|located| located.registry.is_some());
        // Other errors are left to parsing.
        if self.requested.is_some()
            || line == Line::Name
            || names_registry()
            || Located::<Reference>::read(text).is_err()
        {
            return Ok(());
        }
        Err(Usage::new(format!("'{text}' does not name its registry"))
            .because("rm needs a full reference on each line of standard input, such as HOST/team/app:1.0")
            .hint(format!("use -r REGISTRY, or {}", rls("tags --full"))))
    }

    /// Checks that a registry in a file is that of `--registry`, if set.
    ///
    /// # Errors
    /// The registry of `--registry`.
    pub fn check_requested(&self, registry: &Registry) -> Result<(), &Registry> {
        let is_other = |requested: &&Registry| !is_same(requested, registry) || requested.prefix() != registry.prefix();
        self.requested.as_ref().filter(is_other).map_or(Ok(()), Err)
    }

    /// Reads `REGISTRY[/PATH]`. Without a path it is the registry as a whole.
    ///
    /// With `--registry` the text is a path. Otherwise its first component is a host if it looks like one, and also if
    /// there is no other registry to look in, since Docker Hub lists none.
    ///
    /// # Errors
    /// It is neither.
    pub fn catalog(&self, text: Option<&str>) -> registry_ls::Result<Place> {
        let whole = |registry| Place { registry, path: None, otherwise: None };
        let Some(text) = text else { return Ok(whole(self.registry())) };
        let trimmed = text.trim_end_matches('/');
        if let Some(requested) = &self.requested {
            let is_requested =
                |named: &Registry| named.authority() == requested.authority() && named.prefix().is_none();
            if Registry::read(text).is_ok_and(|named| named == *requested || is_requested(&named)) {
                return Ok(whole(requested.clone()));
            }
            let located = Located::<Reference>::parse_in(trimmed, requested)?;
            let (registry, path) = located.within(requested);
            return Ok(Place { registry, path: Some(path), otherwise: None });
        }
        if text.contains("://") {
            return self.place_at(text);
        }
        let (first, rest) = trimmed.split_once('/').unwrap_or((trimmed, ""));
        if self.default.is_some() && !looks_like_host(first) {
            let (registry, path) = trimmed.parse::<Located<Reference>>()?.within(&self.registry());
            return Ok(Place { registry, path: Some(path), otherwise: None });
        }
        let named: Registry = first.parse()?;
        if rest.is_empty() {
            return Ok(whole(self.reached(named.within(&self.registry()), None)?));
        }
        let located = Located { registry: Some(named), name: rest.parse::<Reference>()?, scheme: None };
        let (registry, path) = located.within(&self.registry());
        Ok(Place { registry: self.reached(registry, None)?, path: Some(path), otherwise: None })
    }

    /// Whether a name is that of an image of Docker Hub: no registry is set, and its first component does not look like
    /// a host.
    pub fn is_image_of_hub(&self, text: &str) -> bool {
        let first = text.split('/').next().unwrap_or_default();
        self.requested.is_none() && self.default.is_none() && !text.contains("://") && !looks_like_host(first)
    }

    /// Reads an address. Its path may belong to the registry or to the repository, unless it is an endpoint of the API
    /// or a page of Docker Hub's.
    fn place_at(&self, text: &str) -> registry_ls::Result<Place> {
        let registry = Registry::read(text).and_then(|registry| self.reached(registry, scheme_of(text)));
        let located = self.reference(text);
        match (registry, located) {
            (Ok(registry), Ok((other, path))) => match registry.prefix() {
                Some(_) if registry == self.registry() => Ok(Place { registry, path: None, otherwise: None }),
                // The usual registry has that prefix, and the address goes on after it.
                _ if other.prefix().is_some() => Ok(Place { registry: other, path: Some(path), otherwise: None }),
                Some(prefix) if prefix == path.to_string() => {
                    Ok(Place { registry, path: None, otherwise: Some((other, path)) })
                }
                _ => Ok(Place { registry: other, path: Some(path), otherwise: None }),
            },
            (Ok(registry), Err(_)) => Ok(Place { registry, path: None, otherwise: None }),
            (Err(_), Ok((registry, path))) => Ok(Place { registry, path: Some(path), otherwise: None }),
            (Err(error), Err(_)) => Err(error),
        }
    }

    /// The registry with the scheme that is written before it, else with that of options, environment and
    /// configuration.
    fn reached(&self, registry: Registry, scheme: Option<Scheme>) -> registry_ls::Result<Registry> {
        match scheme {
            Some(Scheme::Https) if self.options.connection.plain_http == Some(true) && !registry.is_plain_http() => {
                Err(https_and_plain(&registry))
            }
            Some(_) => Ok(registry),
            // The scheme of the default registry is known.
            None if registry == self.registry() => Ok(registry),
            None => Ok(self.with_scheme(registry)),
        }
    }

    /// A registry that a file names, with the scheme of the settings.
    pub fn reach(&self, registry: Registry) -> Registry {
        self.with_scheme(registry.within(&self.registry()))
    }

    /// The registry, with plain HTTP if the settings say so.
    pub(super) fn with_scheme(&self, registry: Registry) -> Registry {
        if self.is_plain_http(&registry) { registry.with_plain_http() } else { registry }
    }

    fn is_plain_http(&self, registry: &Registry) -> bool {
        self.merged(registry).plain_http.unwrap_or(false)
    }

    /// Reads the registry that an option or a variable names. Where that says `https://`, only an option of the same
    /// rank contradicts it.
    pub(super) fn parse_registry(&self, text: &str, plain_http: bool) -> registry_ls::Result<Registry> {
        let registry: Registry = text.parse()?;
        match scheme_of(text) {
            Some(Scheme::Https) if plain_http => Err(https_and_plain(&registry)),
            Some(_) => Ok(registry),
            None => Ok(self.with_scheme(registry)),
        }
    }
}

/// Whether credentials for one registry may be sent to the other: host, port and scheme are the same. Their prefixes
/// may differ.
pub(super) fn is_same(one: &Registry, other: &Registry) -> bool {
    let place = |registry: &Registry| (registry.host().to_owned(), registry.effective_port(), registry.is_plain_http());
    place(one) == place(other)
}

fn https_and_plain(registry: &Registry) -> Error {
    Error::invalid(format!("{} cannot be used with --plain-http", registry.with_scheme()))
}

/// The scheme that a text has before a registry.
fn scheme_of(text: &str) -> Option<Scheme> {
    let (scheme, _) = text.split_once("://")?;
    match scheme.to_ascii_lowercase().as_str() {
        "http" => Some(Scheme::Http),
        "https" => Some(Scheme::Https),
        _ => None,
    }
}

/// Whether a name is a host with dots and a port, and nothing else.
fn is_host_and_port(text: &str) -> bool {
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once(':').is_some_and(|(host, port)| (host.contains('.') || host == "localhost") && is_port(port))
}

/// Whether the first component of a name is a host (`distribution/reference`).
fn looks_like_host(first: &str) -> bool {
    first.contains(['.', ':']) || first == "localhost" || first.contains(char::is_uppercase)
}
