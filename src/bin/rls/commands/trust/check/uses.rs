//! Where a PEM file goes: at the registry's server and with its clients.

use std::path::{Path, absolute};

use registry_ls::trust::{ClientProgram, HostPaths, Inspection, PemKind, Placement};

use crate::args::ClientName;
use crate::output::UseRecord;

/// For which registry, and on which machine.
pub(super) struct Destinations {
    /// `HOST[:PORT]`
    pub name: String,
    pub paths: HostPaths,
}

impl Destinations {
    pub(super) fn of(&self, inspection: &Inspection) -> Vec<UseRecord> {
        let file = &absolute(&inspection.path).unwrap_or_else(|_| inspection.path.clone());
        let is_clients = inspection.certificates.iter().all(|one| !one.certificate.for_servers);
        match inspection.kind {
            PemKind::FullChain => vec![
                registry_certificate(file),
                note("clients", "not needed: the CA's certificates are enough, and last longer"),
            ],
            PemKind::SelfSigned => {
                let warning = "it is its own CA, so this ends when it is renewed";
                let clients =
                    self.authorities().into_iter().map(|one| UseRecord { note: Some(warning.to_owned()), ..one });
                std::iter::once(registry_certificate(file)).chain(clients).collect()
            }
            PemKind::Leaf if inspection.certificates.iter().all(|one| one.is_issued_by_root) => {
                vec![registry_certificate(file), note("clients", "not this: the root's certificate belongs there")]
            }
            PemKind::Leaf => vec![
                note("registry", "not alone: clients that lack the chain refuse it; the fullchain belongs there"),
                note("clients", "only as a pin, which breaks when it is renewed; the CA's certificates belong there"),
            ],
            PemKind::Root | PemKind::Chain | PemKind::Bundle => {
                let registry =
                    note("registry", "not this: \"private key does not match\"; the fullchain belongs there");
                self.authorities().into_iter().chain([registry]).collect()
            }
            PemKind::Client => self.client_certificate(file),
            PemKind::WithKey if is_clients => self.client_certificate(file),
            PemKind::Key if inspection.keys.iter().any(|key| key.is_clients) => vec![
                note("clients", "beside the client's certificate, which --check places: client.key beside client.cert"),
                note("registry", "not this: it is a client's"),
            ],
            PemKind::Key => {
                vec![registry_key(file), note("clients", "never, unless it is the key of a client's certificate")]
            }
            PemKind::WithKey => vec![
                registry_certificate(file),
                registry_key(file),
                note("clients", "never: there is a private key in it"),
            ],
            PemKind::Other => vec![note("nowhere", "there is nothing in it that a registry or its clients take")],
        }
    }

    /// Where clients look for a CA.
    fn authorities(&self) -> Vec<UseRecord> {
        let place = |client: &ClientProgram| {
            let placement = Placement::of(*client, &self.name, &self.paths);
            let setting = placement.setting.map(|setting| format!("{}: {}", setting.path.display(), setting.line));
            UseRecord {
                program: ClientName::from(*client).as_str().to_owned(),
                path: Some(placement.ca_file.display().to_string()),
                setting,
                note: None,
            }
        };
        ClientProgram::ALL.iter().map(place).collect()
    }

    /// Where clients look for a certificate of their own. The folders are those of the CA.
    fn client_certificate(&self, file: &Path) -> Vec<UseRecord> {
        let place = |client: &ClientProgram| {
            let placement = Placement::of(*client, &self.name, &self.paths);
            let folder = placement.ca_file.parent().unwrap_or(&placement.ca_file);
            let file = file.display();
            let (path, setting) = match client {
                ClientProgram::Own | ClientProgram::Docker | ClientProgram::Podman => (
                    Some(folder.join("client.cert").display().to_string()),
                    Some("its key beside it as client.key".to_owned()),
                ),
                ClientProgram::Containerd => {
                    let hosts = placement.setting.as_ref().map(|setting| setting.path.display().to_string());
                    (None, hosts.map(|hosts| format!("{hosts}: client = [[\"{file}\", \"KEY\"]]")))
                }
                ClientProgram::K3s => {
                    let yaml = placement.setting.as_ref().map(|setting| setting.path.display().to_string());
                    let name = &self.name;
                    let line = |yaml| {
                        format!(
                            "{yaml}: configs: {{\"{name}\": {{tls: {{cert_file: \"{file}\", key_file: \"KEY\"}}}}}}"
                        )
                    };
                    (None, yaml.map(line))
                }
            };
            UseRecord { program: ClientName::from(*client).as_str().to_owned(), path, setting, note: None }
        };
        let clients = ClientProgram::ALL.iter().map(place);
        clients.chain([note("registry", "not this: it is a client's")]).collect()
    }
}

fn registry_certificate(file: &Path) -> UseRecord {
    setting("registry", format!("REGISTRY_HTTP_TLS_CERTIFICATE={}", file.display()))
}

fn registry_key(file: &Path) -> UseRecord {
    setting("registry", format!("REGISTRY_HTTP_TLS_KEY={}", file.display()))
}

fn setting(program: &str, setting: String) -> UseRecord {
    UseRecord { program: program.to_owned(), path: None, setting: Some(setting), note: None }
}

fn note(program: &str, note: &str) -> UseRecord {
    UseRecord { program: program.to_owned(), path: None, setting: None, note: Some(note.to_owned()) }
}
