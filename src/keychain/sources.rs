//! The sources of credentials, in the order in which they are searched.

use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::sync::OnceCell;

use super::config_json::{ConfigJson, Origin, Rules};
use super::entry::decode_base64;
use super::file::{self, Text, Unreadable};
use super::helper::Helpers;
use super::key::Target;
use super::lookup::Lookup;
use super::options::{AuthFile, Options};
use super::pull_secret::PullSecrets;
use super::registries_yaml::RegistriesYaml;
use crate::documents;
use crate::error::{Error, FileForm, Mismatch, NearMiss, Result};
use crate::trust::{OtherClient, misnamed_registries};

/// How many registries are named for which a file has credentials.
const MAX_KEYS: usize = 3;

/// A source, which is read at the first lookup and never again.
#[derive(Debug)]
pub(super) struct CredentialSource {
    from: From,
    format: Format,
    /// Its name in messages.
    name: String,
    /// The variable that it is from, if any.
    variable: Option<Variable>,
    contents: OnceCell<Result<Option<Contents>>>,
}

#[derive(Debug)]
enum From {
    /// A file that may be absent. One that is not the user's own may also be unreadable or invalid, which the user
    /// cannot change.
    File { path: PathBuf, is_own: bool },
    /// A file that the user named.
    Named(PathBuf),
    /// Standard input.
    Text(SecretString),
    /// The value of an environment variable. An invalid one does not matter where another source has credentials.
    Variable(SecretString),
}

/// An environment variable that replaces a default location.
#[derive(Debug)]
struct Variable {
    name: &'static str,
    /// What has to exist, if the variable is right: the file itself, or the folder of several programs' files.
    path: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Docker,
    Containers,
    /// `~/.dockercfg`, which podman still reads.
    Old,
    /// Docker's, podman's or Kubernetes', by the contents.
    Any,
    Registries,
}

#[derive(Debug)]
enum Contents {
    /// No credentials, with the reason where some were expected.
    Nothing(Option<String>),
    Config(ConfigJson),
    Secrets(PullSecrets),
    Registries(RegistriesYaml),
    /// The file does not exist; why, if that is known.
    Absent(NearMiss),
}

/// The sources to search, in their order: a file that the user named replaces all others.
pub(super) fn of(options: &Options) -> Vec<CredentialSource> {
    let home = options.home.as_deref();
    let source = |from: From, format, name: String| CredentialSource {
        from,
        format,
        name,
        variable: None,
        contents: OnceCell::new(),
    };
    let file = |path: PathBuf, format, is_own| {
        let name = shown(&path, home);
        source(From::File { path, is_own }, format, name)
    };
    match &options.auth_file {
        Some(AuthFile::Path(path)) => return vec![source(From::Named(path.clone()), Format::Any, shown(path, home))],
        Some(AuthFile::Text { text, name }) => {
            return vec![source(From::Text(text.clone()), Format::Any, name.clone())];
        }
        None => {}
    }
    let mut sources = Vec::new();
    if let Some(text) = &options.docker_auth_config {
        sources.push(source(From::Variable(text.clone()), Format::Docker, "DOCKER_AUTH_CONFIG".to_owned()));
    }
    let by = |name: &'static str, path: Option<&PathBuf>| Some(Variable { name, path: path?.clone() });
    sources.extend(options.docker_config_json().map(|path| CredentialSource {
        variable: by("DOCKER_CONFIG", options.docker_config.as_ref().and(Some(&path))),
        ..file(path, Format::Docker, true)
    }));

    let root = options.root.as_deref();
    let of_user = options.uid.and_then(|uid| Some(root?.join("run/containers").join(uid.to_string())));
    let config = options.xdg_config_home.clone().or_else(|| Some(home?.join(".config")));
    let containers = [
        (
            options.xdg_runtime_dir.as_ref().map(|folder| folder.join("containers")),
            by("XDG_RUNTIME_DIR", options.xdg_runtime_dir.as_ref()),
        ),
        (of_user, None),
        (config.map(|folder| folder.join("containers")), by("XDG_CONFIG_HOME", options.xdg_config_home.as_ref())),
    ];
    sources.extend(containers.into_iter().filter_map(|(folder, variable)| {
        Some(CredentialSource { variable, ..file(folder?.join("auth.json"), Format::Containers, true) })
    }));
    sources.extend(home.map(|home| file(home.join(".dockercfg"), Format::Old, false)));

    let registries = ["etc/rancher/k3s/registries.yaml", "etc/rancher/rke2/registries.yaml"];
    sources.extend(registries.iter().filter_map(|path| Some(file(root?.join(path), Format::Registries, false))));
    sources
}

/// The sources that another client reads, in its order.
pub(super) fn of_client(options: &Options, client: OtherClient) -> Vec<CredentialSource> {
    let (is_podman, product) = (client == OtherClient::Podman, Path::new("etc/rancher").join(client.as_str()));
    let options = Options { auth_file: options.auth_file.clone().filter(|_| is_podman), ..options.clone() };
    let mut sources = of(&options);
    sources.retain(|source| match (source.format, client) {
        (Format::Docker, OtherClient::Docker) | (Format::Any | Format::Containers, OtherClient::Podman) => true,
        (Format::Docker, OtherClient::Podman) => matches!(source.from, From::File { .. }),
        (Format::Registries, OtherClient::K3s | OtherClient::Rke2) => {
            let named = |root: &Path| root.join(&product).join("registries.yaml");
            matches!(&source.from, From::File { path, .. } if options.root.as_deref().map(named).as_ref() == Some(path))
        }
        _ => false,
    });
    // Podman falls back to docker's file.
    sources.sort_by_key(|source| is_podman && source.format == Format::Docker);
    sources
}

impl CredentialSource {
    /// The credentials for `target` in this source.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`](crate::Kind::Config) when one of the user's own files cannot be read, or names an invalid
    /// helper.
    pub async fn find(&self, target: &Target<'_>, helpers: &Helpers) -> Result<Lookup> {
        match self.contents.get_or_init(|| self.read()).await {
            Err(error) if matches!(self.from, From::File { is_own: false, .. } | From::Variable(_)) => {
                Ok(Lookup { failures: vec![error.to_string()], ..Lookup::default() })
            }
            Err(error) => Err(error.clone()),
            Ok(None) => Ok(Lookup::default()),
            Ok(Some(Contents::Nothing(failure))) => {
                Ok(Lookup { failures: failure.iter().cloned().collect(), ..Lookup::default() })
            }
            Ok(Some(Contents::Config(config))) => {
                Ok(self.for_others(config.find(target, helpers).await?, config.keys(), target))
            }
            Ok(Some(Contents::Secrets(secrets))) => Ok(self.for_others(secrets.find(target), secrets.keys(), target)),
            Ok(Some(Contents::Registries(registries))) => Ok(registries.find(target)),
            Ok(Some(Contents::Absent(near_miss))) => {
                Ok(Lookup { near_misses: vec![near_miss.clone()], ..Lookup::default() })
            }
        }
    }

    /// Names what a file is for that the user named and that has nothing for `target`.
    fn for_others<'a>(&self, lookup: Lookup, keys: impl Iterator<Item = &'a str>, target: &Target<'_>) -> Lookup {
        let is_silent = lookup.found.is_empty() && lookup.failures.is_empty() && lookup.near_misses.is_empty();
        if !is_silent || !matches!(self.from, From::Named(_) | From::Text(_)) {
            return lookup;
        }
        let mut keys: Vec<_> = keys.map(|key| format!("{key:?}")).collect();
        keys.sort();
        keys.dedup();
        let shown = match keys.len() {
            0 => return lookup,
            count @ ..=MAX_KEYS => keys[..count].join(", "),
            count => format!("{} and {} more", keys[..MAX_KEYS].join(", "), count - MAX_KEYS),
        };
        let other = NearMiss::of_key(&self.name, "", shown, Mismatch::OtherRegistry, target.registry.authority());
        Lookup { near_misses: vec![other], ..lookup }
    }

    async fn read(&self) -> Result<Option<Contents>> {
        let refuse = |Unreadable { why, form, .. }| {
            Error::config(format!("cannot read credentials from {}", self.name)).because(why).in_form(&self.name, form)
        };
        match self.text().await.map_err(refuse)? {
            Some(text) => self.parse(&text).map(Some).map_err(refuse),
            None => Ok(self.reason_for_absence().await.map(Contents::Absent)),
        }
    }

    /// Why the file does not exist: the variable that leads to it is wrong, or it has another name than
    /// `registries.yaml`, which k3s reads.
    async fn reason_for_absence(&self) -> Option<NearMiss> {
        let From::File { path, .. } = &self.from else { return None };
        if let Some(Variable { name, path: needed }) = &self.variable {
            let is_missing = matches!(tokio::fs::try_exists(needed).await, Ok(false));
            let shown = if needed == path { self.name.clone() } else { needed.display().to_string() };
            return is_missing.then(|| NearMiss::of_missing(name, shown));
        }
        if self.format != Format::Registries {
            return None;
        }
        let path_folder = path.parent().map(Path::to_owned);
        let path = path.clone();
        let other = tokio::task::spawn_blocking(move || misnamed_registries(&path)).await.ok()??;
        let mut folders = Path::new(&self.name).ancestors().skip(1);
        let is_same_folder = other.ancestors().nth(1) == path_folder.as_deref();
        let folder = folders.nth(usize::from(!is_same_folder))?;
        let place = folder.join(other.file_name()?).display().to_string();
        Some(NearMiss::of_key(place, "", "", Mismatch::FileName, &self.name))
    }

    async fn text(&self) -> Result<Option<Text>, Unreadable> {
        let (path, is_own) = match &self.from {
            From::Text(text) | From::Variable(text) => return Ok(Some(Text { text: text.clone(), exposed: None })),
            From::File { path, is_own } => (path, *is_own),
            From::Named(path) => {
                return file::read_named(path).await?.map(Some).ok_or_else(|| "no such file".into());
            }
        };
        match file::read(path).await {
            Ok(text) => Ok(text),
            Err(error) if error.is_denied && !is_own => {
                tracing::debug!("{} is not readable by this user; skipped", self.name);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn parse(&self, text: &Text) -> Result<Contents, Unreadable> {
        if file::is_blank(text.text.expose_secret()) {
            // Docker and podman read an empty file as one without credentials; users name /dev/null for that.
            let is_meant = matches!(&self.from, From::Named(path) if path != Path::new("/dev/null"));
            return Ok(Contents::Nothing(is_meant.then(|| format!("no credentials in {}: it is empty", self.name))));
        }
        let documents = self.documents(text.text.expose_secret())?;
        let first = documents.first().unwrap_or(&Value::Null);
        if self.format == Format::Registries {
            return Ok(Contents::Registries(RegistriesYaml::read(first, self.name.clone())?));
        }
        if self.format == Format::Any && documents.iter().any(PullSecrets::is_one) {
            return PullSecrets::read(&documents, &self.name).map(Contents::Secrets);
        }
        let (rules, label) = match self.format {
            Format::Docker | Format::Old => (Rules::Docker, "docker config"),
            Format::Containers => (Rules::Containers, "containers auth file"),
            Format::Any | Format::Registries => (Rules::Containers, "auth file"),
        };
        let origin = Origin { label, name: self.name.clone(), exposed: text.exposed };
        if self.format == Format::Old || (self.format == Format::Any && ConfigJson::is_old(first)) {
            return Ok(Contents::Config(ConfigJson::read_old(first, origin)?));
        }
        let is_empty = first.as_object().is_some_and(serde_json::Map::is_empty);
        if self.format == Format::Any && !is_empty && !ConfigJson::is_one(first) {
            let neither = || "it is neither a docker or podman configuration nor a pull secret".into();
            return Err(FileForm::of_text(text.text.expose_secret()).map_or_else(neither, Unreadable::from));
        }
        Ok(Contents::Config(ConfigJson::read(first, rules, origin)?))
    }

    /// The documents in a text. A file that the user named may be base64 of one, as in a variable of a CI system.
    fn documents(&self, text: &str) -> Result<Vec<Value>, Unreadable> {
        if !matches!(self.format, Format::Any | Format::Registries) {
            return match documents::parse_json(text) {
                Ok(Value::String(_)) if matches!(self.from, From::Variable(_)) => {
                    Err(guess(text).unwrap_or_else(|| "it is not a JSON object".to_owned()).into())
                }
                Ok(document) => Ok(vec![document]),
                Err(why) if matches!(self.from, From::Variable(_)) => Err(guess(text).unwrap_or(why).into()),
                Err(why) => Err(unreadable(text, why)),
            };
        }
        if let Some(decoded) = (self.format == Format::Any).then(|| decoded(text)).flatten() {
            return documents::parse(decoded.expose_secret()).map_err(|why| unreadable(decoded.expose_secret(), why));
        }
        match FileForm::of_text(text) {
            Some(form @ (FileForm::AnsibleVault | FileForm::Age | FileForm::Pgp | FileForm::GitCrypt)) => {
                Err(form.into())
            }
            _ => documents::parse(text).map_err(|why| unreadable(text, why)),
        }
    }
}

/// Why a text cannot be parsed: for its form, if that is known, else as the parser says.
fn unreadable(text: &str, why: String) -> Unreadable {
    FileForm::of_text(text).map_or_else(|| why.into(), Unreadable::from)
}

/// Base64 of a document in JSON or YAML, decoded.
fn decoded(text: &str) -> Option<SecretString> {
    let decoded = decode_base64(&text.split_ascii_whitespace().collect::<String>())?;
    let decoded = SecretString::from(String::from_utf8(decoded).ok()?);
    let text = decoded.expose_secret().trim_start();
    (text.starts_with('{') || text.starts_with("apiVersion:") || text.starts_with("kind:")).then_some(decoded)
}

/// Guesses what a text is that should have been JSON. It is not quoted.
fn guess(text: &str) -> Option<String> {
    let text = text.trim();
    let is_quoted = |quote: char| text.len() > 1 && text.starts_with(quote) && text.ends_with(quote);
    let what = if text.starts_with(['$', '%']) {
        "an unexpanded variable"
    } else if is_quoted('\'') || is_quoted('"') {
        "JSON in quotes"
    } else if text.starts_with("{'") {
        "JSON with single quotes instead of double ones"
    } else if ["/", "./", "../", "~/", "file:"].iter().any(|start| text.starts_with(start))
        || Path::new(text).is_absolute()
    {
        "the path of a file"
    } else if decoded(text).is_some() {
        "base64 of the JSON"
    } else {
        return None;
    };
    Some(format!("it looks like {what}; expected the JSON itself"))
}

/// A path for messages: below the home it begins with `~`.
pub(super) fn shown(path: &Path, home: Option<&Path>) -> String {
    match home.and_then(|home| path.strip_prefix(home).ok()) {
        Some(below) => Path::new("~").join(below).display().to_string(),
        None => path.display().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(options: &Options) -> Vec<String> {
        of(options).into_iter().map(|place| place.name).collect()
    }

    fn everything() -> Options {
        Options {
            docker_auth_config: Some("{}".into()),
            home: Some("/home/ann".into()),
            xdg_runtime_dir: Some("/run/user/7".into()),
            uid: Some(7),
            root: Some("/".into()),
            ..Options::default()
        }
    }

    #[test]
    fn the_order_is_that_of_nearness() {
        assert_eq!(
            names(&everything()),
            [
                "DOCKER_AUTH_CONFIG",
                "~/.docker/config.json",
                "/run/user/7/containers/auth.json",
                "/run/containers/7/auth.json",
                "~/.config/containers/auth.json",
                "~/.dockercfg",
                "/etc/rancher/k3s/registries.yaml",
                "/etc/rancher/rke2/registries.yaml",
            ]
        );
        assert!(names(&Options::default()).is_empty());
    }

    #[test]
    fn the_environment_moves_the_folders() {
        let options = Options {
            docker_config: Some("/d".into()),
            xdg_config_home: Some("/home/ann/c".into()),
            root: None,
            ..everything()
        };
        assert_eq!(
            names(&options)[1..],
            ["/d/config.json", "/run/user/7/containers/auth.json", "~/c/containers/auth.json", "~/.dockercfg"]
        );
    }

    #[test]
    fn what_is_not_json_is_recognised() {
        use base64::Engine as _;
        use base64::prelude::BASE64_STANDARD;

        let of = |text: &str| guess(text).unwrap_or_default();
        let json = r#"{"auths": {"reg": {"auth": "YW5uOnB3"}}}"#;
        for (text, what) in [
            ("/run/secrets/auth.json".to_owned(), "the path of a file"),
            ("~/auth.json".to_owned(), "the path of a file"),
            ("$DOCKER_AUTH".to_owned(), "an unexpanded variable"),
            ("${DOCKER_AUTH}".to_owned(), "an unexpanded variable"),
            (format!("'{json}'"), "JSON in quotes"),
            (json.replace('"', "'"), "JSON with single quotes instead of double ones"),
            ("file:///run/secrets/auth.json".to_owned(), "the path of a file"),
            (format!("{}\n", BASE64_STANDARD.encode(json)), "base64 of the JSON"),
        ] {
            assert_eq!(of(&text), format!("it looks like {what}; expected the JSON itself"));
        }
        assert_eq!(of("auths: {}"), "");
    }

    #[test]
    fn a_named_file_replaces_other_sources() {
        let path = Options { auth_file: Some(AuthFile::Path("/home/ann/secret.yaml".into())), ..everything() };
        assert_eq!(names(&path), ["~/secret.yaml"]);
        let text = AuthFile::Text { text: "{}".into(), name: "standard input".to_owned() };
        assert_eq!(names(&Options { auth_file: Some(text), ..everything() }), ["standard input"]);
    }
}
