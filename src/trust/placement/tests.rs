use std::os::unix::fs::PermissionsExt as _;

use tempfile::TempDir;

use super::*;
use crate::trust::fixture::Authority;
use crate::trust::source::{Origin, Provides};
use crate::trust::{Options, Trust};

struct Host {
    folder: TempDir,
    machine: HostPaths,
}

impl Host {
    fn new(is_root: bool) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let at = |name: &str| folder.path().join(name);
        let machine = HostPaths {
            root: folder.path().to_owned(),
            home: at("home"),
            xdg_config_home: None,
            xdg_runtime_dir: Some(at("run")),
            own_certs_d: at("own/certs.d"),
            is_root,
        };
        Self { folder, machine }
    }

    fn of(&self, client: ClientProgram) -> Placement {
        Placement::of(client, "reg.corp:5000", &self.machine)
    }

    fn write(&self, client: ClientProgram, one: &Authority, force: bool) -> Result<Vec<Written>, Refused> {
        self.of(client).write(&registry(), &[anchor(one)], force)
    }

    fn shown(&self, path: &Path) -> String {
        path.strip_prefix(self.folder.path()).expect("a path in the folder").display().to_string()
    }

    fn made(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a writable folder");
        fs::write(&path, text).expect("a writable folder");
        path
    }

    /// Whose files make this program trust the CA.
    fn origins(&self, one: &Authority) -> Vec<Origin> {
        let machine = &self.machine;
        let options = Options {
            home: Some(machine.home.clone()),
            xdg_config_home: machine.xdg_config_home.clone(),
            root: Some(machine.root.clone()),
            own_certs_d: Some(machine.own_certs_d.clone()),
            ..Options::default()
        };
        let trust = Trust::load(options).expect("a trust configuration").for_registry(&registry());
        let wanted = anchor(one).certificate;
        let gives =
            |gives: &Provides| matches!(gives, Provides::Authorities(configured) if configured.contains(&wanted));
        let sources = trust.sources("reg.corp", 5000);
        sources.into_iter().filter(|source| gives(&source.provides)).map(|source| source.origin).collect()
    }
}

fn registry() -> Registry {
    "reg.corp:5000".parse().expect("a registry")
}

fn anchor(one: &Authority) -> Anchor {
    Anchor::parse(one.der()).expect("a certificate")
}

#[test]
fn each_client_has_its_folder() {
    for (is_root, client, ca_file, setting) in [
        (false, ClientProgram::Own, "own/certs.d/reg.corp:5000/ca.crt", None),
        (true, ClientProgram::Own, "own/certs.d/reg.corp:5000/ca.crt", None),
        (false, ClientProgram::Docker, "etc/docker/certs.d/reg.corp:5000/ca.crt", None),
        (true, ClientProgram::Docker, "etc/docker/certs.d/reg.corp:5000/ca.crt", None),
        (false, ClientProgram::Podman, "home/.config/containers/certs.d/reg.corp:5000/ca.crt", None),
        (true, ClientProgram::Podman, "etc/containers/certs.d/reg.corp:5000/ca.crt", None),
        (
            true,
            ClientProgram::Containerd,
            "etc/containerd/certs.d/reg.corp:5000/ca.crt",
            Some("etc/containerd/certs.d/reg.corp:5000/hosts.toml"),
        ),
        (
            true,
            ClientProgram::K3s,
            "etc/rancher/k3s/certs.d/reg.corp:5000/ca.crt",
            Some("etc/rancher/k3s/registries.yaml"),
        ),
    ] {
        let host = Host::new(is_root);
        let placement = host.of(client);
        assert_eq!(host.shown(&placement.ca_file), ca_file);
        let shown = placement.setting.as_ref().map(|setting| host.shown(&setting.path));
        assert_eq!(shown.as_deref(), setting);
        assert!(placement.hides.is_empty());
    }
}

#[test]
fn other_installation_paths_are_known() {
    let mut host = Host::new(false);
    host.made("run/docker.sock", "");
    assert_eq!(host.shown(&host.of(ClientProgram::Docker).ca_file), "home/.config/docker/certs.d/reg.corp:5000/ca.crt");
    host.machine.xdg_config_home = Some(host.folder.path().join("conf"));
    assert_eq!(host.shown(&host.of(ClientProgram::Docker).ca_file), "conf/docker/certs.d/reg.corp:5000/ca.crt");
    host.machine.is_root = true;
    assert_eq!(host.shown(&host.of(ClientProgram::Docker).ca_file), "etc/docker/certs.d/reg.corp:5000/ca.crt");
    host.made("etc/rancher/rke2/config.yaml", "");
    let rke2 = host.of(ClientProgram::K3s);
    assert_eq!(host.shown(&rke2.setting.expect("a settings file").path), "etc/rancher/rke2/registries.yaml");
    host.made("etc/rancher/k3s/k3s.yaml", "");
    assert!(host.shown(&host.of(ClientProgram::K3s).ca_file).starts_with("etc/rancher/k3s/"));
}

#[test]
fn written_files_are_found_by_discovery() {
    let root = Authority::root("Corp Root");
    for (client, origin, files) in [
        (ClientProgram::Own, Origin::Own, 1),
        (ClientProgram::Docker, Origin::Docker, 1),
        (ClientProgram::Podman, Origin::Containers, 1),
        (ClientProgram::Containerd, Origin::Containerd, 2),
        (ClientProgram::K3s, Origin::Registries, 2),
    ] {
        let host = Host::new(true);
        let written = host.write(client, &root, false).expect("the CA is written");
        assert_eq!(written.len(), files);
        for file in &written {
            assert_eq!(file.change, Change::Created, "{client:?}");
            assert_eq!(file.path.metadata().expect("a readable file").permissions().mode() & 0o777, 0o644);
        }
        assert_eq!(fs::read_to_string(&written[0].path).expect("a readable file"), Anchor::pem(&[anchor(&root)]));
        assert_eq!(host.origins(&root), [origin]);
        let again = host.write(client, &root, false).expect("the CA is written");
        assert!(again.iter().all(|file| file.change == Change::Unchanged), "{client:?}: {again:?}");
    }
}

#[test]
fn another_certificate_is_replaced_only_with_force() {
    let (root, other) = (Authority::root("Corp Root"), Authority::root("Other Root"));
    for client in ClientProgram::ALL {
        let host = Host::new(true);
        host.write(client, &other, false).expect("the CA is written");
        let path = host.of(client).ca_file;
        match host.write(client, &root, false).expect_err("the CA is not written") {
            Refused::Different { path: refused, holds } => {
                assert_eq!(refused, path);
                assert!(holds.starts_with("it holds \"Other Root\", sha256:"), "{holds}");
            }
            refused => panic!("{client:?}: {refused:?}"),
        }
        assert_eq!(fs::read_to_string(&path).expect("a readable file"), Anchor::pem(&[anchor(&other)]));
        assert_eq!(host.write(client, &root, true).expect("the CA is written")[0].change, Change::Replaced);
        assert_eq!(fs::read_to_string(&path).expect("a readable file"), Anchor::pem(&[anchor(&root)]));
        assert_eq!(host.origins(&root).len(), 1, "{client:?}");
    }
}

#[test]
fn a_certificate_in_another_file_of_the_folder_is_not_written_again() {
    let host = Host::new(false);
    let (root, other) = (Authority::root("Corp Root"), Authority::root("Other Root"));
    let bundle = other.pem() + &root.pem();
    let path = host.made("own/certs.d/reg.corp:5000/bundle.crt", &bundle);
    host.made("own/certs.d/reg.corp:5000/ca.pem", &root.pem());
    let written = host.write(ClientProgram::Own, &root, false).expect("the CA is written");
    assert_eq!(written, [Written { path, change: Change::Unchanged }]);
}

#[test]
fn existing_settings_are_preserved_and_a_file_they_name_is_used() {
    let root = Authority::root("Corp Root");
    let host = Host::new(true);
    let hosts = host.made("etc/containerd/certs.d/reg.corp:5000/hosts.toml", "# ours\nca = \"corp/own.pem\"\n");
    let written = host.write(ClientProgram::Containerd, &root, false).expect("the CA is written");
    let paths: Vec<String> = written.iter().map(|file| host.shown(&file.path)).collect();
    assert_eq!(paths[0], "etc/containerd/certs.d/reg.corp:5000/corp/own.pem");
    assert_eq!((written[0].change, written[1].change), (Change::Created, Change::Unchanged));
    assert_eq!(fs::read_to_string(hosts).expect("a readable file"), "# ours\nca = \"corp/own.pem\"\n");

    let yaml = host.made("etc/rancher/k3s/registries.yaml", "# ours\nmirrors: {}\n");
    fs::set_permissions(&yaml, fs::Permissions::from_mode(0o600)).expect("a file of our own");
    let written = host.write(ClientProgram::K3s, &root, false).expect("the CA is written");
    assert_eq!((written[0].change, written[1].change), (Change::Created, Change::Replaced));
    // As the machine itself calls it.
    let named = "    tls:\n      ca_file: \"/etc/rancher/k3s/certs.d/reg.corp:5000/ca.crt\"\n";
    let expected = format!("# ours\nmirrors: {{}}\nconfigs:\n  \"reg.corp:5000\":\n{named}");
    assert_eq!(fs::read_to_string(&yaml).expect("a readable file"), expected);
    let again = host.write(ClientProgram::K3s, &root, false).expect("the CA is written");
    assert_eq!((again[0].change, again[1].change), (Change::Unchanged, Change::Unchanged));
    assert_eq!(yaml.metadata().expect("a readable file").permissions().mode() & 0o777, 0o600);
    assert_eq!(host.origins(&root), [Origin::Containerd, Origin::Registries]);
}

#[test]
fn settings_that_cannot_be_changed_are_refused_with_the_line_to_add() {
    let root = Authority::root("Corp Root");
    let host = Host::new(true);
    host.made("etc/rancher/k3s/registries.yaml", "configs: {other: {}}");
    match host.write(ClientProgram::K3s, &root, true).expect_err("the CA is not written") {
        Refused::Unchangeable { path, line, .. } => {
            assert_eq!(host.shown(&path), "etc/rancher/k3s/registries.yaml");
            let ca = "/etc/rancher/k3s/certs.d/reg.corp:5000/ca.crt";
            assert_eq!(line, format!("configs: {{\"reg.corp:5000\": {{tls: {{ca_file: \"{ca}\"}}}}}}"));
        }
        refused => panic!("{refused:?}"),
    }
    assert!(!host.folder.path().join("etc/rancher/k3s/certs.d").exists(), "nothing is written when not all can be");
}

#[test]
fn podman_reads_one_folder_only() {
    let own = "home/.config/containers/certs.d/reg.corp:5000";
    let system = "etc/containers/certs.d/reg.corp:5000";
    let docker = "etc/docker/certs.d/reg.corp:5000";
    for (is_root, there, chosen, hides) in [
        (false, &[system, docker][..], own, &[system, docker][..]),
        (false, &[own, system], own, &[]),
        (true, &[docker], system, &[docker]),
        (true, &[own, system], own, &[]),
        (true, &[system, docker], system, &[]),
    ] {
        let host = Host::new(is_root);
        there.iter().for_each(|folder| fs::create_dir_all(host.folder.path().join(folder)).expect("a writable folder"));
        let placement = host.of(ClientProgram::Podman);
        assert_eq!(host.shown(&placement.ca_file), format!("{chosen}/ca.crt"), "{there:?}");
        let hidden: Vec<String> = placement.hides.iter().map(|folder| host.shown(folder)).collect();
        assert_eq!(hidden, hides);
    }
}

#[test]
fn a_read_only_file_is_refused_as_denied() {
    let root = Authority::root("Corp Root");
    let host = Host::new(false);
    host.write(ClientProgram::Own, &Authority::root("Other"), false).expect("the CA is written");
    let path = host.of(ClientProgram::Own).ca_file;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).expect("a file of our own");
    match host.write(ClientProgram::Own, &root, true).expect_err("the CA is not written") {
        Refused::Denied { path: denied, why } => assert_eq!((denied, why.as_str()), (path, "it is read-only")),
        refused => panic!("{refused:?}"),
    }
    let blocked = Host::new(false);
    blocked.made("own", "a file where a folder belongs");
    assert!(matches!(blocked.write(ClientProgram::Own, &root, false), Err(Refused::Failed(_))));
}
