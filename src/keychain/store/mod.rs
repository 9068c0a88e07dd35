//! Stores credentials where docker or podman would, so that each finds those of the other.
//!
//! Docker's are in the helper for the host (`credHelpers`), else in the default helper (`credsStore`), else in the
//! `auths` of its `config.json`. For credentials in a helper, `auths` gets an empty entry, as docker writes it.

use std::io;
use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::config_json::{ConfigJson, Origin, Rules};
use super::edit;
use super::entry;
use super::file::{self, is_blank};
use super::helper::{Helpers, check_name};
use super::key::{ServerKey, Target};
use super::options::{AuthFile, Options};
use super::pull_secret::PullSecrets;
use super::sources::shown;
use crate::auth::Credentials;
use crate::documents::parse_json;
use crate::error::{Error, Result};
use crate::name::Registry;
use crate::replace::{Access, Replacement};

/// A place to store credentials permanently.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    /// The file's name in messages.
    name: String,
    rules: Rules,
    helpers: Helpers,
}

/// Where credentials were stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// For instance `~/.docker/config.json`, or `docker-credential-pass (credsStore in ~/.docker/config.json)`.
    pub place: String,
    /// Whether they are in a file without encryption.
    pub in_plain_text: bool,
}

/// The result of erasing credentials.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Erased {
    /// The places that had some, and have none now.
    pub places: Vec<String>,
    /// The helpers that failed, and why: they may still have credentials.
    pub failures: Vec<String>,
}

impl Store {
    /// The file that `options` name, by podman's rules; else docker's `config.json`.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`](crate::Kind::Config) when no file can be determined.
    pub fn open(options: &Options) -> Result<Self> {
        let home = options.home.as_deref();
        let (path, rules) = match &options.auth_file {
            Some(AuthFile::Path(path)) => (path.clone(), Rules::Containers),
            Some(AuthFile::Text { name, .. }) => {
                return Err(Error::config(format!("cannot store credentials in {name}")));
            }
            None => {
                let nowhere = || Error::config("cannot store credentials: neither HOME nor DOCKER_CONFIG is set");
                (options.docker_config_json().ok_or_else(nowhere)?, Rules::Docker)
            }
        };
        let helpers = Helpers::of(options);
        Ok(Self { name: shown(&path, home), path, rules, helpers })
    }

    /// Whether an identity token is stored in place of the password it was issued for, as docker does.
    pub fn takes_identity_tokens(&self) -> bool {
        self.rules == Rules::Docker
    }

    /// Checks that [`Store::store`] would succeed, without storing anything.
    ///
    /// # Errors
    ///
    /// As [`Store::store`].
    pub async fn check(&self, registry: &Registry) -> Result<()> {
        let config = self.read().await?;
        if let Some((place, name, _)) = self.helper(&config, &Target { registry, repository: None })? {
            self.helpers.check_presence(name).map_err(|why| not_stored(registry, why, &place))?;
        }
        match std::fs::metadata(&self.path) {
            Ok(file) if file.permissions().readonly() => Err(self.cannot_be_written("it is read-only")),
            _ => Ok(()),
        }
    }

    /// Stores credentials for a registry, and replaces existing ones.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`](crate::Kind::Config) when the file cannot be read or written, or a helper fails. Previous
    /// credentials are then unchanged.
    pub async fn store(&self, registry: &Registry, credentials: &Credentials) -> Result<Stored> {
        let target = Target { registry, repository: None };
        let (Some(members), Some((username, secret))) = (entry::encode(credentials), entry::unpair(credentials)) else {
            return Err(Error::config(format!("no credentials to store for {registry}")));
        };
        // Without holding the lock: a helper may prompt its user.
        let config = self.read().await?;
        let Some((place, name, key)) = self.helper(&config, &target)? else {
            self.put(&target, members).await?;
            return Ok(Stored { place: self.name.clone(), in_plain_text: true });
        };
        self.helpers.store(name, &key, username, secret).await.map_err(|why| not_stored(registry, why, &place))?;
        self.put(&target, Map::new()).await?;
        Ok(Stored { place: format!("docker-credential-{name} ({place})"), in_plain_text: false })
    }

    /// Erases the credentials for a registry, in every place of this store where [`Keychain`](super::Keychain) would
    /// find them. Entries for a part of the registry stay.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`](crate::Kind::Config) when the file cannot be read or written.
    pub async fn erase(&self, registry: &Registry) -> Result<Erased> {
        let target = Target { registry, repository: None };
        let config = self.read().await?;
        let mut erased = self.erase_in_helpers(&config, &target).await;
        let is_own = own_keys(&target);
        if config.keys().any(&is_own) {
            self.change(move |text| edit::remove(text, &is_own).map(|(text, _)| text)).await?;
            // An empty entry accompanies a helper's credentials.
            if erased.places.is_empty() {
                erased.places.push(self.name.clone());
            }
        }
        Ok(erased)
    }

    async fn erase_in_helpers(&self, config: &ConfigJson, target: &Target<'_>) -> Erased {
        let mut erased = Erased::default();
        for (setting, name, key) in config.helpers_for(target) {
            let place = format!("{setting} in {}", self.name);
            let outcome = match check_name(name) {
                Ok(()) => self.erase_from_helper(name, &key).await,
                Err(error) => Err(error.to_string()),
            };
            match outcome {
                Ok(false) => {}
                Ok(true) => erased.places.push(format!("docker-credential-{name} ({place})")),
                Err(why) => erased.failures.push(format!("{why} ({place})")),
            }
        }
        erased
    }

    /// Erases credentials in a helper; returns whether it had any.
    async fn erase_from_helper(&self, name: &str, key: &str) -> Result<bool, String> {
        let given = self.helpers.ask(name, key).await.map_err(|failure| failure.why)?;
        let had = given.credentials.is_some();
        if had {
            self.helpers.erase(name, key).await?;
        }
        Ok(had)
    }

    /// The helper that stores credentials: the setting that names it, its name, and the key.
    fn helper<'a>(&self, config: &'a ConfigJson, target: &Target<'_>) -> Result<Option<(String, &'a str, String)>> {
        let Some((setting, name, key)) = config.helper_to_store(target) else { return Ok(None) };
        let place = format!("{setting} in {}", self.name);
        check_name(name).map_err(|error| error.because(format!("configured by {place}")))?;
        Ok(Some((place, name, key)))
    }

    /// Writes an entry, and replaces those under other spellings of its key: `reg:443` is `reg`, and would keep an old
    /// password.
    async fn put(&self, target: &Target<'_>, members: Map<String, Value>) -> Result<()> {
        let key = match self.rules {
            Rules::Docker => target.helper_key(),
            Rules::Containers => target.registry.authority(),
        };
        let names = if target.registry.is_docker_hub() { vec![key.clone()] } else { target.hosts() };
        let same: Vec<_> = names.iter().map(|name| ServerKey::parse(name)).collect();
        self.change(move |text| edit::put(text, &key, members, |other| same.contains(&ServerKey::parse(other)))).await
    }

    /// Changes the file's text under its lock.
    async fn change<C>(&self, change: C) -> Result<()>
    where
        C: FnOnce(&str) -> Result<String, String> + Send + 'static,
    {
        let path = self.path.clone();
        let work = move || {
            let file = Replacement::begin(&path, Access::Owner).map_err(|error| error.to_string())?;
            let bytes = file.read().map_err(|error| error.to_string())?.unwrap_or_default();
            let text = SecretString::from(String::from_utf8(bytes).map_err(|_| "it is not UTF-8")?);
            let changed = SecretString::from(change(text.expose_secret())?);
            file.write(changed.expose_secret().as_bytes()).map_err(|error| error.to_string())
        };
        // Blocks while another process changes the file.
        let outcome = tokio::task::spawn_blocking(work).await;
        outcome.unwrap_or_else(|error| Err(error.to_string())).map_err(|why| self.cannot_be_written(why))
    }

    /// The configuration in the file; an empty one without a file.
    async fn read(&self) -> Result<ConfigJson> {
        // A dangling link counts as absent: writing creates its target.
        let text = match tokio::fs::metadata(&self.path).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            _ => file::read(&self.path).await.map_err(|error| self.cannot_be_written(error.why))?,
        };
        let parse = |text: &str| {
            let document = if is_blank(text) { Value::Object(Map::new()) } else { parse_json(text)? };
            if PullSecrets::is_one(&document) {
                return Err("it is a Kubernetes object; credentials cannot be stored in one".to_owned());
            }
            let origin = Origin { label: "", name: self.name.clone(), exposed: None };
            ConfigJson::read(&document, self.rules, origin)
        };
        let text = text.map(|text| text.text).unwrap_or_default();
        parse(text.expose_secret()).map_err(|why| self.cannot_be_written(why))
    }

    fn cannot_be_written(&self, why: impl std::fmt::Display) -> Error {
        Error::config(format!("cannot write credentials to {}", self.name)).because(why)
    }
}

fn not_stored(registry: &Registry, why: String, place: &str) -> Error {
    let error = Error::config(format!("cannot store the credentials for {registry}"));
    error.because(why).because(format!("configured by {place}"))
}

/// Whether a key is for the registry as a whole.
fn own_keys(target: &Target<'_>) -> impl Fn(&str) -> bool + Send + 'static {
    let own: Vec<_> = target.keys().iter().map(|key| ServerKey::parse(key)).collect();
    let hosts = target.hosts();
    move |key| {
        let server = ServerKey::parse(key);
        own.contains(&server) || (server.is_address() && hosts.contains(&server.host()))
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests;
