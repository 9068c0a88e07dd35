//! Reads the `registries.yaml` of k3s and rke2: `configs: {HOST[:PORT]: {tls: …}}`, whose `tls` has `ca_file`,
//! `cert_file`, `key_file` and `insecure_skip_verify`. Its `auth` is read by the module `keychain`.

use std::io;
use std::path::Path;

use serde_json::Value;

use super::collect::Discovery;
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
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return,
        Err(error) => return into.unreadable(ORIGIN, path, &error),
    };
    match document {
        Ok(document) => apply(&document, path, root, place, into),
        Err(place_of_error) => into.unused(ORIGIN, path, Unused::Syntax(place_of_error)),
    }
}

/// Parses the file. The error has the position, and quotes nothing: the file contains passwords.
fn parse(bytes: &[u8]) -> Result<Value, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let documents: Vec<Value> = serde_saphyr::from_multiple(text).map_err(|error| match error.location() {
        Some(at) => format!("not valid YAML at line {}, column {}", at.line(), at.column()),
        None => "not valid YAML".to_owned(),
    })?;
    Ok(documents.into_iter().next().unwrap_or_default())
}

fn apply(document: &Value, path: &Path, root: &Path, place: &Place, into: &mut Discovery<'_>) {
    let members = |value: &'_ Value| value.as_object().cloned().unwrap_or_default();
    let configs = members(&document["configs"]);
    let own = place
        .names()
        .iter()
        .find_map(|name| configs.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, config)| config));
    if let Some(config) = own.or_else(|| configs.get(ANY)) {
        apply_tls(&config["tls"], path, root, into);
    }
    for key in configs.keys().filter(|key| key.contains("://") && place.is_address(key)) {
        let expected = place.names().first().cloned().unwrap_or_default();
        into.unused(ORIGIN, path, Unused::KeyWithScheme { key: key.clone(), expected });
    }
    if members(&document["mirrors"]["configs"]).keys().any(|key| place.is_address(key)) {
        into.unused(ORIGIN, path, Unused::Misplaced);
    }
}

fn apply_tls(tls: &Value, path: &Path, root: &Path, into: &mut Discovery<'_>) {
    let folder = path.parent().unwrap_or(path);
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
