//! Adds a CA to containerd's `hosts.toml`.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::setting::Edit;
use crate::name::Registry;
use crate::trust::place::Place;

/// The CA file in the same folder.
const CA_FILE: &str = "ca.crt";

/// The folder of a host: containerd prefers `HOST_PORT_` to `HOST:PORT`.
pub(super) fn folder(root: &Path, name: &str) -> PathBuf {
    let certs_d = root.join("etc/containerd/certs.d");
    let escaped = name.rsplit_once(':').map(|(host, port)| certs_d.join(format!("{host}_{port}_")));
    escaped.filter(|folder| folder.is_dir()).unwrap_or_else(|| certs_d.join(name))
}

/// A new file.
pub(super) fn fresh(name: &str) -> String {
    format!("server = \"https://{name}\"\nca = \"{CA_FILE}\"\n")
}

/// The setting for the CA, at the top level or in the table of a host.
pub(super) fn line() -> String {
    format!("ca = \"{CA_FILE}\"")
}

/// The change that makes a file name a CA for the registry. The error says why that is not possible.
pub(super) fn edit(text: &str, registry: &Registry) -> Result<Edit, String> {
    if text.trim().is_empty() {
        return Ok(Edit::Text(fresh(&registry.authority())));
    }
    let former: Table = text.parse().map_err(|_| "it is not valid TOML".to_owned())?;
    let place = Place::of(registry);
    let is_own =
        former.get("server").and_then(Value::as_str).is_none_or(|server| server.is_empty() || place.is_address(server));
    let hosts = former.get("host").and_then(Value::as_table);
    let own_hosts: Vec<&String> = hosts.into_iter().flat_map(Table::keys).filter(|key| place.is_address(key)).collect();
    let sections =
        is_own.then_some(&former).into_iter().chain(own_hosts.iter().filter_map(|key| hosts?.get(*key)?.as_table()));
    let mut named = None;
    for section in sections {
        named = named.or(first_ca(section)?);
    }
    if let Some(named) = named {
        return Ok(Edit::Named(named));
    }
    if !is_own && own_hosts.is_empty() {
        return Err("it leads to other servers".to_owned());
    }
    let mut changed = String::new();
    if is_own {
        changed += &format!("ca = \"{CA_FILE}\"\n");
    }
    for line in text.split_inclusive('\n') {
        changed += line;
        if header(line).is_some_and(|key| place.is_address(&key)) {
            let indent: String = line.chars().take_while(|c| c.is_whitespace()).collect();
            let line_end = if line.ends_with('\n') { "" } else { "\n" };
            changed += &format!("{line_end}{indent}  ca = \"{CA_FILE}\"\n");
        }
    }
    if changed.parse() == Ok(expected(former, is_own, &place)) {
        Ok(Edit::Text(changed))
    } else {
        Err("it is laid out in an unusual way".to_owned())
    }
}

/// The first CA file that a section names.
fn first_ca(section: &Table) -> Result<Option<PathBuf>, String> {
    let path = |value: &Value| value.as_str().map(PathBuf::from);
    match section.get("ca") {
        None => Ok(None),
        Some(Value::Array(many)) => Ok(many.first().and_then(path)),
        Some(one) => path(one).map(Some).ok_or_else(|| "its ca is not a path".to_owned()),
    }
}

/// The key of a table `[host."KEY"]` that begins in a line.
fn header(line: &str) -> Option<String> {
    let table: Table = line.trim().parse().ok()?;
    table.get("host")?.as_table()?.keys().next().cloned()
}

/// What the file is to say.
fn expected(mut table: Table, is_own: bool, place: &Place) -> Table {
    let ca = || ("ca".to_owned(), Value::from(CA_FILE));
    if is_own {
        table.extend([ca()]);
    }
    if let Some(hosts) = table.get_mut("host").and_then(Value::as_table_mut) {
        for (_, host) in hosts.iter_mut().filter(|(key, _)| place.is_address(key)) {
            host.as_table_mut().into_iter().for_each(|host| host.extend([ca()]));
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(text: &str) -> Result<String, String> {
        match edit(text, &"reg.corp:5000".parse().unwrap())? {
            Edit::Text(text) => Ok(text),
            Edit::Named(path) => Ok(format!("names {}", path.display())),
        }
    }

    #[test]
    fn a_new_file_names_server_and_ca() {
        let fresh = "server = \"https://reg.corp:5000\"\nca = \"ca.crt\"\n";
        assert_eq!(edited("").unwrap(), fresh);
        assert_eq!(edited("\n").unwrap(), fresh);
    }

    #[test]
    fn the_rest_of_a_file_stays_with_its_comments() {
        for (text, changed) in [
            (
                "# ours\nserver = \"https://reg.corp:5000\"\n",
                "ca = \"ca.crt\"\n# ours\nserver = \"https://reg.corp:5000\"\n",
            ),
            (
                "[host.\"https://mirror.corp\"]\n  capabilities = [\"pull\"]\n",
                "ca = \"ca.crt\"\n[host.\"https://mirror.corp\"]\n  capabilities = [\"pull\"]\n",
            ),
            (
                "server = \"https://reg.corp:5000\"\n  [host.\"https://reg.corp:5000\"] # own\n    skip_verify = false\n",
                "ca = \"ca.crt\"\nserver = \"https://reg.corp:5000\"\n  [host.\"https://reg.corp:5000\"] # own\n    ca = \"ca.crt\"\n    skip_verify = false\n",
            ),
            (
                "server = \"https://mirror.corp\"\n[host.\"http://reg.corp:5000\"]",
                "server = \"https://mirror.corp\"\n[host.\"http://reg.corp:5000\"]\n  ca = \"ca.crt\"\n",
            ),
        ] {
            assert_eq!(edited(text).unwrap(), changed);
        }
    }

    #[test]
    fn a_ca_that_is_named_is_the_one() {
        for text in [
            "ca = \"corp.pem\"",
            "ca = [\"corp.pem\", \"other.pem\"]",
            "[host.\"https://reg.corp:5000\"]\nca = \"corp.pem\"",
        ] {
            assert_eq!(edited(text).unwrap(), "names corp.pem", "{text}");
        }
    }

    #[test]
    fn a_file_that_cannot_be_changed_safely_is_left() {
        for (text, why) in [
            ("server = ", "it is not valid TOML"),
            ("server = \"https://mirror.corp\"", "it leads to other servers"),
            ("ca = 7", "its ca is not a path"),
            ("host = { \"https://reg.corp:5000\" = { skip_verify = true } }", "it is laid out in an unusual way"),
        ] {
            assert_eq!(edited(text).unwrap_err(), why, "{text}");
        }
    }

    #[test]
    fn a_folder_without_a_colon_comes_first() {
        let root = tempfile::tempdir().unwrap();
        let certs_d = root.path().join("etc/containerd/certs.d");
        assert_eq!(folder(root.path(), "reg.corp:5000"), certs_d.join("reg.corp:5000"));
        std::fs::create_dir_all(certs_d.join("reg.corp_5000_")).unwrap();
        assert_eq!(folder(root.path(), "reg.corp:5000"), certs_d.join("reg.corp_5000_"));
        assert_eq!(folder(root.path(), "reg.corp"), certs_d.join("reg.corp"));
    }
}
