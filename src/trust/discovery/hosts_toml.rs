//! Reads containerd's `certs.d/HOST/hosts.toml` (containerd, `docs/hosts.md`): `ca` and `client`, as paths relative to
//! the file.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::certs_d;
use super::collect::Discovery;
use crate::trust::file;
use crate::trust::identity::ClientIdentityFiles;
use crate::trust::place::Place;
use crate::trust::source::{Origin, Unused};

const ORIGIN: Origin = Origin::Containerd;

/// The file. Its top level is for the server, which is the folder's host by default.
#[derive(Debug, Deserialize)]
struct HostsToml {
    server: Option<String>,
    #[serde(flatten)]
    own: Section,
    #[serde(default)]
    host: HashMap<String, Section>,
}

/// The trust settings of a section.
#[derive(Debug, Default, Deserialize)]
struct Section {
    ca: Option<OneOrMany<PathBuf>>,
    client: Option<OneOrMany<Client>>,
    skip_verify: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    fn into_vec(self) -> Vec<T> {
        match self {
            Self::One(one) => vec![one],
            Self::Many(many) => many,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Client {
    /// Certificate and key in one file.
    Both(PathBuf),
    /// Certificate and key; an empty second path means the first.
    Pair([PathBuf; 2]),
}

/// Reads what containerd would for a server, below this root: the first existing folder, of the host or the default.
pub(super) fn read(root: &Path, place: &Place, into: &mut Discovery<'_>) {
    let certs_d = root.join("etc/containerd/certs.d");
    let mut own = place.names().iter().flat_map(|name| [escaped(name), name.clone()]).map(|name| certs_d.join(name));
    let folder = own.find(|folder| exists(folder)).or_else(|| {
        certs_d::report_near(&certs_d, place, ORIGIN, into);
        Some(certs_d.join("_default")).filter(|folder| exists(folder))
    });
    let Some(folder) = folder else { return };
    let path = folder.join("hosts.toml");
    let text = match file::read_found(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return into.unreadable(ORIGIN, &path, &error),
    };
    if text.is_empty() {
        for other in
            ["host.toml", "hosts.tml"].map(|name| folder.join(name)).into_iter().filter(|other| other.is_file())
        {
            into.unused(ORIGIN, &other, Unused::FileName { expected: path.clone() });
        }
        certs_d::read_folder(&folder, ORIGIN, into);
        return;
    }
    match parse(&text) {
        Ok(hosts) => {
            for (member, expected) in unknown_settings(&text) {
                let fault = format!("it is not a known setting; expected {expected}");
                into.unused(ORIGIN, &path, Unused::Member { member, fault });
            }
            apply(hosts, &path, root, place, into);
        }
        Err(place_of_error) => {
            into.unused(ORIGIN, &path, Unused::Syntax(place_of_error));
            // containerd does the same.
            certs_d::read_folder(&folder, ORIGIN, into);
        }
    }
}

/// Whether a folder exists. One that cannot be accessed is assumed to.
fn exists(folder: &Path) -> bool {
    match folder.metadata() {
        Ok(metadata) => metadata.is_dir(),
        Err(error) => error.kind() == io::ErrorKind::PermissionDenied,
    }
}

/// `HOST:PORT` as `HOST_PORT_`, for file systems without colons.
fn escaped(name: &str) -> String {
    match name.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => format!("{host}_{port}_"),
        _ => name.to_owned(),
    }
}

/// Parses the file. The error has the position.
fn parse(bytes: &[u8]) -> Result<HostsToml, String> {
    let text = file::text(bytes)?;
    toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        format!("not valid at line {line}: {}", error.message())
    })
}

/// The settings that containerd ignores, with those that were probably meant.
fn unknown_settings(bytes: &[u8]) -> Vec<(String, &'static str)> {
    let document =
        std::str::from_utf8(bytes).ok().and_then(|text| text.parse::<toml::Table>().ok()).unwrap_or_default();
    let hosts = document.get("host").and_then(toml::Value::as_table).into_iter().flatten();
    let sections = hosts.filter_map(|(_, section)| section.as_table());
    let settings = document.keys().chain(sections.flat_map(toml::Table::keys));
    settings.filter_map(|setting| Some((setting.clone(), meant(setting)?))).collect()
}

/// The setting that an unknown one was probably meant to be.
fn meant(setting: &str) -> Option<&'static str> {
    let lower = setting.to_ascii_lowercase();
    match lower.as_str() {
        _ if ["ca", "client", "skip_verify", "capabilities"].contains(&setting) => None,
        lower if lower.contains("skip") || lower.contains("insecure") => Some("skip_verify"),
        "ca" | "cafile" | "ca_file" | "ca-file" | "cacert" | "ca_cert" | "ca_certs" => Some("ca"),
        "client" | "clients" | "client_cert" | "client-cert" | "cert" | "cert_file" => Some("client"),
        _ => None,
    }
}

fn apply(hosts: HostsToml, path: &Path, root: &Path, place: &Place, into: &mut Discovery<'_>) {
    let mut sections = Vec::new();
    if hosts.server.as_deref().is_none_or(|server| server.is_empty() || place.is_address(server)) {
        sections.push(hosts.own);
    }
    sections.extend(hosts.host.into_iter().filter(|(host, _)| place.is_address(host)).map(|(_, section)| section));
    let named = |file: PathBuf| file::named_in(path.parent().unwrap_or(path), root, file);
    for section in sections {
        for ca in section.ca.map(OneOrMany::into_vec).unwrap_or_default() {
            into.authorities(ORIGIN, &named(ca));
        }
        for client in section.client.map(OneOrMany::into_vec).unwrap_or_default() {
            into.identity(ORIGIN, client.files(named), false);
        }
        if section.skip_verify == Some(true) {
            into.insecure(ORIGIN, path);
        }
    }
}

impl Client {
    fn files(self, named: impl Fn(PathBuf) -> PathBuf) -> ClientIdentityFiles {
        let (cert, key) = match self {
            Self::Both(path) => (path.clone(), path),
            Self::Pair([cert, key]) if key.as_os_str().is_empty() => (cert.clone(), cert),
            Self::Pair([cert, key]) => (cert, key),
        };
        ClientIdentityFiles { cert: named(cert), key: named(key) }
    }
}
