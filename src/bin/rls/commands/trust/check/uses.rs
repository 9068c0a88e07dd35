//! Where a PEM file belongs: on the registry's server and on its clients.

use std::path::{Path, absolute};

use registry_ls::error::UnusableFile;
use registry_ls::trust::{ClientProgram, HostPaths, Inspection, PemKind, Placement};

use crate::args::ClientName;
use crate::output::UseRecord;
use crate::report::conversion;

/// The destinations of files for one registry, on one machine.
pub(super) struct Destinations {
    /// `HOST[:PORT]`
    pub name: String,
    pub paths: HostPaths,
}

impl Destinations {
    pub(super) fn of(&self, inspection: &Inspection) -> Vec<UseRecord> {
        let file = &absolute(&inspection.path).unwrap_or_else(|_| inspection.path.clone());
        if let Some(form) = inspection.form {
            let unusable = UnusableFile { file: inspection.path.display().to_string(), form };
            return vec![note("nowhere", &format!("in this form; {}", conversion(&unusable)))];
        }
        let is_clients = inspection.certificates.iter().all(|one| !one.certificate.for_servers);
        match inspection.kind {
            PemKind::FullChain => vec![
                registry_certificate(file),
                note("clients", "not needed: the CA certificates are enough, and last longer"),
            ],
            PemKind::SelfSigned => {
                let warning = "self-signed: trust ends when the certificate is renewed";
                let clients =
                    self.authorities().into_iter().map(|one| UseRecord { note: Some(warning.to_owned()), ..one });
                std::iter::once(registry_certificate(file)).chain(clients).collect()
            }
            PemKind::Leaf if inspection.certificates.iter().all(|one| one.is_issued_by_root) => {
                vec![registry_certificate(file), note("clients", "not this file: use the root CA certificate")]
            }
            PemKind::Leaf => vec![
                note("registry", "not alone: clients without the chain reject it; use fullchain.pem"),
                note("clients", "only as a pin, which breaks on renewal; use the CA certificates"),
            ],
            PemKind::Root | PemKind::Chain | PemKind::Bundle => {
                let registry = note("registry", "not this file: \"private key does not match\"; use fullchain.pem");
                self.authorities().into_iter().chain([registry]).collect()
            }
            PemKind::Client => self.client_certificate(file),
            PemKind::WithKey if is_clients => self.client_certificate(file),
            PemKind::Key if inspection.keys.iter().any(|key| key.is_clients) => vec![
                note("clients", "client.key, beside client.cert (--check shows where)"),
                note("registry", "not this file: it is for clients"),
            ],
            PemKind::Key => {
                vec![registry_key(file), note("clients", "never, unless it is the key of a client certificate")]
            }
            PemKind::WithKey => vec![
                registry_certificate(file),
                registry_key(file),
                note("clients", "never: it contains a private key"),
            ],
            PemKind::Other => vec![note("nowhere", "contains nothing that a registry or its clients use")],
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

    /// Where clients look for client certificates, which are in the folders of the CA.
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
        clients.chain([note("registry", "not this file: it is for clients")]).collect()
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
