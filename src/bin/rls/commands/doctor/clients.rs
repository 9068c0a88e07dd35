//! What other clients on this machine make of the registry, in words: one record for each.

use std::path::{Path, PathBuf, absolute};

use registry_ls::diagnosis::{ClientCredentials, ClientReport};
use registry_ls::error::Tls;
use registry_ls::name::Registry;
use registry_ls::trust::{ClientTrust, HostPaths, Insecure, OtherClient, Provides, Rejection, TrustSource};

use crate::command_line::{quoted, rls};
use crate::output::{CheckRecord, CheckStatus};

/// What the lines are about.
pub(super) struct Setting<'a> {
    pub registry: &'a Registry,
    /// Where the clients' files are.
    pub paths: &'a HostPaths,
    /// The files with CAs that this run was given.
    pub ca_files: &'a [PathBuf],
}

/// What a client makes of a part of the registry, and what would fix it.
#[derive(Default)]
struct Verdict {
    text: String,
    /// Whether requests of the client would fail.
    fails: bool,
    fix: Option<String>,
}

impl Verdict {
    fn good(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    fn bad(text: impl Into<String>, fix: Option<String>) -> Self {
        Self { text: text.into(), fails: true, fix }
    }
}

/// The record of a client.
pub(super) fn record(report: ClientReport, setting: &Setting<'_>) -> CheckRecord {
    let client = report.client;
    let record = CheckRecord {
        registry: setting.registry.to_string(),
        reference: None,
        check: "clients".to_owned(),
        client: Some(client.as_str().to_owned()),
        status: CheckStatus::Skipped,
        detail: "not installed".to_owned(),
        cause: None,
        remedy: Vec::new(),
        facts: Vec::new(),
        took: None,
    };
    if report.found.is_none() {
        return record;
    }
    let trust = match &report.trust {
        Some(trust) => trusted(client, trust, setting),
        None => return CheckRecord { detail: "not checked: the registry was not reached".to_owned(), ..record },
    };
    let credentials = report.credentials.map(|credentials| logged_in(client, credentials, setting));
    let verdicts: Vec<_> = [Some(trust), credentials].into_iter().flatten().collect();
    let fails = verdicts.iter().any(|verdict| verdict.fails);
    // What makes it fail comes first.
    let (bad, good): (Vec<_>, Vec<_>) = verdicts.iter().partition(|verdict| verdict.fails);
    let texts: Vec<_> = bad.iter().chain(&good).map(|verdict| verdict.text.as_str()).collect();
    CheckRecord {
        status: if fails { CheckStatus::Failed } else { CheckStatus::Ok },
        detail: format!("{}{}", if fails { "would fail: " } else { "" }, texts.join("; ")),
        remedy: verdicts.into_iter().filter_map(|verdict| verdict.fix).collect(),
        ..record
    }
}

fn trusted(client: OtherClient, trust: &ClientTrust, setting: &Setting<'_>) -> Verdict {
    let verdict = match &trust.verdict {
        Some(Ok(TrustSource::Authority(file) | TrustSource::Pin(file))) => {
            return Verdict::good(format!("trusts the registry ({})", file.display()));
        }
        Some(Ok(_)) => return Verdict::good("trusts the registry (the system's roots)"),
        Some(Err(rejection)) => Some(rejection),
        None => None,
    };
    match (&trust.insecure, verdict) {
        (Some(Insecure::File(file)), Some(_)) => {
            Verdict::good(format!("does not verify the certificate ({})", file.display()))
        }
        (Some(Insecure::File(file)), None) => Verdict::good(format!("plain HTTP allowed ({})", file.display())),
        (Some(Insecure::Loopback), None) => Verdict::good("plain HTTP allowed (a registry on this machine)"),
        (_, Some(rejection)) => refused(client, trust, rejection, setting),
        (None, None) => Verdict::bad("plain HTTP is not allowed", Some(allow_plain_http(client, setting.registry))),
    }
}

fn refused(client: OtherClient, trust: &ClientTrust, rejection: &Rejection, setting: &Setting<'_>) -> Verdict {
    let Setting { registry, paths, ca_files } = setting;
    if !matches!(rejection.fault, Tls::UnknownIssuer { .. }) {
        // The server's certificate is at fault, for every client.
        return Verdict::bad(rejection.what(&registry.authority()), None);
    }
    let unused = trust.sources.iter().find_map(|source| match &source.provides {
        Provides::Nothing(why) => Some(format!("{} is not used: {why}", source.path.display())),
        _ => None,
    });
    let has_authority = trust.sources.iter().find(|source| matches!(source.provides, Provides::Authorities(_)));
    let why = match (unused, has_authority) {
        (Some(unused), _) => unused,
        (None, Some(source)) => format!("{} has another CA", source.path.display()),
        (None, None) => format!("no CA in {}", place_of_ca(client, registry, paths).display()),
    };
    let sudo = if paths.is_root { "" } else { "sudo " };
    let name = if client == OtherClient::Rke2 { "k3s" } else { client.as_str() };
    // Root may not find what makes the registry trusted here.
    let options = ca_files.iter().map(|file| {
        let file = absolute(file).unwrap_or_else(|_| file.clone());
        format!(" --ca-file {}", quoted(&file.display().to_string()))
    });
    let words = format_args!("trust {}{} --write {name}", registry.authority(), options.collect::<String>());
    let fix = format!("{sudo}{}", rls(words));
    Verdict::bad(format!("unknown authority (x509), {why}"), Some(fix))
}

/// Where a client reads the CA of a registry.
fn place_of_ca(client: OtherClient, registry: &Registry, paths: &HostPaths) -> PathBuf {
    let below = |folder: &str| shown(&paths.root.join(folder), paths);
    match client {
        OtherClient::Docker => below("etc/docker/certs.d").join(registry.authority()),
        OtherClient::Podman => below("etc/containers/certs.d").join(registry.authority()),
        OtherClient::Containerd => below("etc/containerd/certs.d").join(registry.authority()).join("hosts.toml"),
        OtherClient::K3s | OtherClient::Rke2 => below("etc/rancher").join(client.as_str()).join("registries.yaml"),
    }
}

/// A path as the client knows it: without the root of another system.
fn shown(path: &Path, paths: &HostPaths) -> PathBuf {
    path.strip_prefix(&paths.root).map_or_else(|_| path.to_owned(), |below| Path::new("/").join(below))
}

/// The setting by which a client speaks plain HTTP to a registry.
fn allow_plain_http(client: OtherClient, registry: &Registry) -> String {
    let authority = registry.authority();
    match client {
        OtherClient::Docker => format!("\"insecure-registries\": [\"{authority}\"] in /etc/docker/daemon.json"),
        OtherClient::Podman => {
            format!("[[registry]] location = \"{authority}\", insecure = true in /etc/containers/registries.conf")
        }
        OtherClient::Containerd => {
            format!("server = \"http://{authority}\" in /etc/containerd/certs.d/{authority}/hosts.toml")
        }
        OtherClient::K3s | OtherClient::Rke2 => format!(
            "mirrors: {{\"{authority}\": {{endpoint: [\"http://{authority}\"]}}}} in /etc/rancher/{}/registries.yaml",
            client.as_str()
        ),
    }
}

fn logged_in(client: OtherClient, credentials: ClientCredentials, setting: &Setting<'_>) -> Verdict {
    let Setting { registry, paths, .. } = setting;
    let authority = registry.authority();
    match credentials {
        ClientCredentials::Found(identity) => Verdict::good(format!("credentials of {identity}")),
        ClientCredentials::Anonymous => Verdict::good("no credentials; anonymous access"),
        ClientCredentials::Elsewhere => Verdict::good("credentials come from pull secrets"),
        ClientCredentials::Unreadable(why) => Verdict::bad(format!("credentials cannot be read: {why}"), None),
        ClientCredentials::Missing => {
            let fix = match client {
                OtherClient::Docker | OtherClient::Podman => format!("{} login {authority}", client.as_str()),
                _ => format!(
                    "configs: {{\"{authority}\": {{auth: {{username: …, password: …}}}}}} in {}, or a pull secret",
                    place_of_ca(client, registry, paths).display()
                ),
            };
            Verdict::bad("no credentials", Some(fix))
        }
    }
}
