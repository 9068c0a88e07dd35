//! The other clients on the machine take what `rls login` and `rls trust --write` wrote: skopeo, and docker where it is
//! installed.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use registry_fixture::Auth;
use registry_fixture::content::ImageSpec;
use serde_json::Value;
use test_support::docker_registry::{DockerRegistry, PASSWORD, USER};
use test_support::{Home, Rls};

/// A machine: a home, and an `/etc`.
struct Machine {
    folder: Home,
}

impl Machine {
    fn new() -> Self {
        let folder = Home::new();
        for name in ["home", "root/etc"] {
            fs::create_dir_all(folder.path(name)).expect("a folder");
        }
        Self { folder }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path(name).display().to_string()
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        let path = std::env::var("PATH").unwrap_or_default();
        command.env_clear().env("PATH", path).env("HOME", self.path("home")).current_dir(self.folder.root());
        command
    }

    /// Runs `rls`. Panics unless it succeeds.
    fn rls(&self, words: &str) {
        let rls = Rls::new().env("HOME", self.path("home")).env("RLS_ROOT", self.path("root")).user(USER, PASSWORD);
        let output = rls.words(words).command().current_dir(self.folder.root()).output().expect("it runs");
        assert!(output.status.success(), "rls {words}: {}", text(&output));
    }

    /// Runs another client with this `/etc` mounted over the real one.
    fn client(&self, program: &str, words: &str) -> Output {
        let mut command = self.command("unshare");
        command.args([
            "--map-root-user",
            "--mount",
            "sh",
            "-c",
            "mount --bind root/etc /etc && exec \"$@\"",
            "sh",
            program,
        ]);
        command.args(words.split_whitespace()).output().expect("unshare runs")
    }

    /// The tags that skopeo lists.
    fn skopeo(&self, words: &str) -> Result<Vec<String>, String> {
        let output = self.client("skopeo", words);
        if !output.status.success() {
            return Err(text(&output));
        }
        let reply: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let tags = reply["Tags"].as_array().expect("a list");
        Ok(tags.iter().filter_map(|tag| tag.as_str().map(str::to_owned)).collect())
    }
}

fn text(output: &Output) -> String {
    format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn is_installed(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

fn needs_skopeo() {
    assert!(is_installed("skopeo"), "skopeo is not on the PATH, and this test is about it: apt-get install skopeo");
}

/// Over TLS from a private CA, with a repository.
fn registry(auth: Auth) -> DockerRegistry {
    let real = DockerRegistry::builder().auth(auth).tls(true).start();
    real.push("team/app", "1.4.0", &ImageSpec::new("app").build());
    real
}

fn list(real: &DockerRegistry) -> String {
    format!("list-tags docker://{}/team/app", real.host())
}

#[test]
fn skopeo_uses_the_stored_credentials_and_certificate() {
    needs_skopeo();
    for auth in [Auth::Basic, Auth::Token] {
        let real = registry(auth);
        let (host, ca) = (real.host(), real.companion().ca_file());
        for client in ["docker", "podman"] {
            let machine = Machine::new();
            let unknown = machine.skopeo(&list(&real)).expect_err("the CA is not trusted yet");
            assert!(unknown.contains("certificate signed by unknown authority"), "{unknown}");
            machine.rls(&format!("trust {host} --ca-file {} --write {client}", ca.display()));
            let refused = machine.skopeo(&list(&real)).expect_err("not logged in yet");
            assert!(refused.contains("authentication required") || refused.contains("unauthorized"), "{refused}");
            // The certificate is found where it was written: there is no --ca-file any more.
            machine.rls(&format!("login {host}"));
            assert_eq!(machine.skopeo(&list(&real)).as_deref(), Ok(&["1.4.0".to_owned()][..]), "{auth:?} {client}");
            machine.rls(&format!("logout {host}"));
            machine.skopeo(&list(&real)).expect_err("logged out");
        }
    }
}

#[test]
fn skopeo_uses_a_pinned_certificate() {
    needs_skopeo();
    let real = registry(Auth::Basic);
    let leaf = fs::read_to_string(real.companion().files().join("leaf.pem")).expect("the server's certificate");
    let machine = Machine::new();
    fs::write(machine.path("leaf.pem"), leaf).expect("written");
    machine.rls(&format!("trust {} --ca-file leaf.pem --write podman", real.host()));
    machine.rls(&format!("login {}", real.host()));
    assert_eq!(machine.skopeo(&list(&real)).as_deref(), Ok(&["1.4.0".to_owned()][..]));
}

#[test]
fn skopeo_and_rls_share_podmans_auth_file() {
    needs_skopeo();
    let real = registry(Auth::Token);
    let machine = Machine::new();
    machine.rls(&format!("trust {} --ca-file {} --write podman", real.host(), real.companion().ca_file().display()));
    machine.rls(&format!("login {} --auth-file auth.json", real.host()));
    let words = format!("{} --authfile auth.json", list(&real));
    assert_eq!(machine.skopeo(&words).as_deref(), Ok(&["1.4.0".to_owned()][..]));
    machine.skopeo(&list(&real)).expect_err("it is in no other file");
    let output =
        machine.client("skopeo", &format!("login --authfile auth.json -u {USER} -p {PASSWORD} {}", real.host()));
    assert!(output.status.success(), "{}", text(&output));
    machine.rls(&format!("logout {} --auth-file auth.json", real.host()));
    let left = fs::read_to_string(machine.path("auth.json")).expect("the file");
    assert!(!left.contains(real.host()), "{left}");
}

#[test]
fn docker_uses_the_stored_credentials_and_certificate() {
    // `docker manifest inspect` needs no daemon. docker is not on every machine.
    if !is_installed("docker") {
        return;
    }
    for auth in [Auth::Basic, Auth::Token] {
        let real = registry(auth);
        let machine = Machine::new();
        machine.rls(&format!(
            "trust {} --ca-file {} --write docker",
            real.host(),
            real.companion().ca_file().display()
        ));
        let inspect = format!("manifest inspect {}/team/app:1.4.0", real.host());
        assert!(!machine.client("docker", &inspect).status.success(), "not logged in yet");
        machine.rls(&format!("login {}", real.host()));
        let output = machine.client("docker", &inspect);
        assert!(output.status.success(), "{auth:?}: {}", text(&output));
        let manifest: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(manifest["schemaVersion"], 2);
        // What docker keeps beside it stays, and what rls wrote docker can take away.
        let logout = machine.client("docker", &format!("logout {}", real.host()));
        assert!(logout.status.success(), "{}", text(&logout));
        let config =
            fs::read_to_string(Path::new(&machine.path("home")).join(".docker/config.json")).expect("the file");
        assert!(!config.contains(real.host()), "{config}");
    }
}
