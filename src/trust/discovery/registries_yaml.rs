//! Reads the `registries.yaml` of k3s and rke2: `configs: {HOST[:PORT]: {tls: …}}`, whose `tls` has `ca_file`,
//! `cert_file`, `key_file` and `insecure_skip_verify`. Its `auth` is read by the module `keychain`.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::collect::Discovery;
use crate::documents;
use crate::trust::file;
use crate::trust::identity::ClientIdentityFiles;
use crate::trust::place::Place;
use crate::trust::source::{Origin, Unused};

const ORIGIN: Origin = Origin::Registries;

/// The key for all registries without one of their own.
const ANY: &str = "*";

/// Reads what the file of `product` configures for a server, below this root.
pub(super) fn read(root: &Path, product: &str, place: &Place, into: &mut Discovery<'_>) {
    let path = &root.join("etc/rancher").join(product).join("registries.yaml");
    let document = match file::read_found(path) {
        Ok(bytes) => parse(&bytes),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            if let Some(other) = misnamed_registries(path) {
                into.unused(ORIGIN, &other, Unused::FileName { expected: path.clone() });
            }
            return;
        }
        Err(error) => return into.unreadable(ORIGIN, path, &error),
    };
    match document {
        Ok(document) => apply(&document, path, root, place, into),
        Err(place_of_error) => into.unused(ORIGIN, path, Unused::Syntax(place_of_error)),
    }
}

/// Parses the file. The error has the position, and quotes nothing: the file contains passwords.
fn parse(bytes: &[u8]) -> Result<Value, String> {
    let documents = documents::parse(file::text(bytes)?)?;
    Ok(documents.into_iter().next().unwrap_or_default())
}

fn apply(document: &Value, path: &Path, root: &Path, place: &Place, into: &mut Discovery<'_>) {
    let members = |value: &'_ Value| value.as_object().cloned().unwrap_or_default();
    let configs = members(&document["configs"]);
    let names = place.names_with_default_port();
    let is_own = |key: &&String| names.iter().any(|name| key.eq_ignore_ascii_case(name));
    let own =
        names.iter().find_map(|name| configs.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, c)| c));
    if let Some(config) = own.or_else(|| configs.get(ANY)) {
        apply_tls(&config["tls"], path, root, into);
    }
    let expected = || place.names().first().cloned().unwrap_or_default();
    for key in configs.keys().filter(|key| !is_own(key) && place.is_address(key.trim())) {
        into.unused(ORIGIN, path, Unused::Key { key: key.clone(), expected: expected() });
    }
    if members(&document["mirrors"]["configs"]).keys().any(|key| place.is_address(key)) {
        into.unused(ORIGIN, path, Unused::Misplaced);
    }
    let mut ignored = |member: String, fault: String| into.unused(ORIGIN, path, Unused::Member { member, fault });
    let below = || format!("it must be below configs.{}", expected());
    for (key, value) in members(document) {
        match key.as_str() {
            "configs" if !value.is_object() && !value.is_null() => {
                ignored(key, "it must be a mapping from hosts to their settings".to_owned());
            }
            "mirrors" | "configs" | "auths" => {}
            "tls" | "auth" => ignored(key, below()),
            other if other.to_ascii_lowercase().starts_with("conf") => {
                ignored(key, "it is not a known setting; expected configs".to_owned());
            }
            _ => {}
        }
    }
    for (host, mirror) in members(&document["mirrors"]).into_iter().filter(|(host, _)| place.is_address(host)) {
        for key in members(&mirror).into_iter().map(|(key, _)| key) {
            if matches!(key.as_str(), "tls" | "auth" | "configs") {
                ignored(format!("mirrors.{host}.{key}"), below());
            }
        }
    }
    for key in configs.keys().filter(|key| place.mistaken_names().iter().any(|name| key.eq_ignore_ascii_case(name))) {
        if !is_own(&key) {
            let fault = format!("it is for another port; the key of this registry is {}", expected());
            ignored(format!("configs.{key}"), fault);
        }
    }
}

/// A file that seems to be meant for `registries.yaml`, by its name or its place.
pub(crate) fn misnamed_registries(path: &Path) -> Option<PathBuf> {
    const NAMES: [&str; 6] =
        ["registries.yml", "registry.yaml", "registry.yml", "Registries.yaml", "registries.json", "../registries.yaml"];
    let folder = path.parent()?;
    let file = NAMES.iter().map(|name| folder.join(name)).find(|file| file.is_file())?;
    Some(if file.ends_with("../registries.yaml") { folder.parent()?.join("registries.yaml") } else { file })
}

fn apply_tls(tls: &Value, path: &Path, root: &Path, into: &mut Discovery<'_>) {
    let folder = path.parent().unwrap_or(path);
    for (member, value) in tls.as_object().into_iter().flatten() {
        let fault = match (member.as_str(), value) {
            (_, Value::Null) | ("ca_file" | "cert_file" | "key_file", Value::String(_)) => continue,
            ("insecure_skip_verify", Value::Bool(_)) => continue,
            ("ca_file" | "cert_file" | "key_file", _) => "it must be the path of one file".to_owned(),
            ("insecure_skip_verify", _) => "it must be true or false".to_owned(),
            (other, _) => match meant(other) {
                Some(known) => format!("it is not a known setting; expected {known}"),
                None => continue,
            },
        };
        into.unused(ORIGIN, path, Unused::Member { member: format!("tls.{member}"), fault });
    }
    let file = |member: &str| tls[member].as_str().filter(|file| !file.is_empty());
    let named = |member: &str| file(member).map(|file| file::named_in(folder, root, file));
    if let Some(ca) = named("ca_file") {
        into.authorities(ORIGIN, &ca);
    }
    match (named("cert_file"), named("key_file")) {
        (Some(cert), Some(key)) => into.identity(ORIGIN, ClientIdentityFiles { cert, key }, false),
        (Some(cert), None) => {
            let why = format!("{} names it without a key_file", path.display());
            into.unused(ORIGIN, &cert, Unused::ClientIdentity(why));
        }
        (None, Some(key)) => {
            let why = format!("{} names it without a cert_file", path.display());
            into.unused(ORIGIN, &key, Unused::ClientIdentity(why));
        }
        (None, None) => {}
    }
    if tls["insecure_skip_verify"] == true {
        into.insecure(ORIGIN, path);
    }
}

/// The setting that an unknown one was probably meant to be: k3s ignores those in another case and of other programs.
fn meant(member: &str) -> Option<&'static str> {
    let lower = member.to_ascii_lowercase();
    if lower.contains("skip") || lower.contains("insecure") || lower.contains("verify") {
        Some("insecure_skip_verify")
    } else if lower.starts_with("ca") {
        Some("ca_file")
    } else if lower.contains("key") {
        Some("key_file")
    } else if lower.contains("cert") {
        Some("cert_file")
    } else {
        None
    }
}
