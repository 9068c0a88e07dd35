//! Adds a CA to containerd's `hosts.toml`.

use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Item, Table, Value, value};

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
    let mut document: DocumentMut = text.parse().map_err(|_| "it is not valid TOML".to_owned())?;
    let place = Place::of(registry);
    let is_own = document
        .get("server")
        .and_then(Item::as_str)
        .is_none_or(|server| server.is_empty() || place.is_address(server));
    if is_own && let Some(named) = first_ca(document.get("ca"))? {
        return Ok(Edit::Named(named));
    }
    let hosts = document.get("host").and_then(Item::as_table_like);
    let own_hosts: Vec<String> = hosts
        .into_iter()
        .flat_map(|hosts| hosts.iter().map(|(key, _)| key.to_owned()))
        .filter(|key| place.is_address(key))
        .collect();
    for host in &own_hosts {
        if let Some(named) = first_ca(document["host"][host].get("ca"))? {
            return Ok(Edit::Named(named));
        }
    }
    if !is_own && own_hosts.is_empty() {
        return Err("it configures only other servers".to_owned());
    }
    if is_own {
        insert_ca(&mut document, "");
    }
    for host in &own_hosts {
        let section = document["host"].as_table_mut().and_then(|hosts| hosts.get_mut(host)?.as_table_mut());
        let section = section.ok_or("its layout is not supported")?;
        let indent = format!("{}  ", indent_of(section));
        insert_ca(section, &indent);
    }
    Ok(Edit::Text(document.to_string()))
}

/// The first CA file that a section names.
fn first_ca(ca: Option<&Item>) -> Result<Option<PathBuf>, String> {
    let path = |value: &Value| value.as_str().map(PathBuf::from);
    match ca.map(Item::as_value) {
        None => Ok(None),
        Some(Some(Value::Array(many))) if many.is_empty() => Ok(None),
        Some(value) => {
            let one = value.and_then(|value| value.as_array().map_or(Some(value), |many| many.get(0)));
            one.and_then(path).map(Some).ok_or_else(|| "its ca is not a path".to_owned())
        }
    }
}

/// Adds the setting as the first of a section.
fn insert_ca(section: &mut Table, indent: &str) {
    section.insert("ca", value(CA_FILE));
    if let Some(mut key) = section.key_mut("ca") {
        key.leaf_decor_mut().set_prefix(indent);
    }
    section.sort_values_by(|one, _, other, _| (*one != "ca").cmp(&(*other != "ca")));
}

/// The indentation of a section's header.
fn indent_of(section: &Table) -> &str {
    let prefix = section.decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default();
    prefix.rsplit('\n').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(text: &str) -> Result<String, String> {
        match edit(text, &"reg.corp:5000".parse().expect("a registry"))? {
            Edit::Text(text) => Ok(text),
            Edit::Named(path) => Ok(format!("names {}", path.display())),
        }
    }

    #[test]
    fn a_new_file_names_server_and_ca() {
        let fresh = "server = \"https://reg.corp:5000\"\nca = \"ca.crt\"\n";
        assert_eq!(edited("").expect("an edited file"), fresh);
        assert_eq!(edited("\n").expect("an edited file"), fresh);
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
            assert_eq!(edited(text).expect("an edited file"), changed);
        }
    }

    #[test]
    fn every_notation_of_a_host_gets_the_ca() {
        for text in [
            "server = \"https://mirror.corp\"\nhost.\"https://reg.corp:5000\".skip_verify = true # own\n",
            "server = \"https://mirror.corp\"\n[host]\n# own\n[host.\"https://reg.corp:5000\"]\nca = [] # none\n",
            "server = \"https://mirror.corp\"\r\n# own\r\n[host.\"https://reg.corp:5000\"]\r\nskip_verify = true\r\n",
        ] {
            let changed = edited(text).expect("an edited file");
            assert!(changed.contains("# own"), "{changed}");
            assert_eq!(edited(&changed).expect("an edited file"), "names ca.crt", "{changed}");
        }
    }

    #[test]
    fn a_ca_that_is_named_is_the_one() {
        for text in [
            "ca = \"corp.pem\"",
            "ca = [\"corp.pem\", \"other.pem\"]",
            "[host.\"https://reg.corp:5000\"]\nca = \"corp.pem\"",
        ] {
            assert_eq!(edited(text).expect("an edited file"), "names corp.pem", "{text}");
        }
    }

    #[test]
    fn a_file_that_cannot_be_changed_safely_is_left() {
        for (text, why) in [
            ("server = ", "it is not valid TOML"),
            ("server = \"https://mirror.corp\"", "it configures only other servers"),
            ("ca = 7", "its ca is not a path"),
            ("ca = [7]", "its ca is not a path"),
            ("host = { \"https://reg.corp:5000\" = { skip_verify = true } }", "its layout is not supported"),
        ] {
            assert_eq!(edited(text).expect_err("it is refused"), why, "{text}");
        }
    }

    #[test]
    fn a_folder_without_a_colon_comes_first() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let certs_d = root.path().join("etc/containerd/certs.d");
        assert_eq!(folder(root.path(), "reg.corp:5000"), certs_d.join("reg.corp:5000"));
        std::fs::create_dir_all(certs_d.join("reg.corp_5000_")).expect("a writable folder");
        assert_eq!(folder(root.path(), "reg.corp:5000"), certs_d.join("reg.corp_5000_"));
        assert_eq!(folder(root.path(), "reg.corp"), certs_d.join("reg.corp"));
    }
}
