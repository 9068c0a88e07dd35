//! The image: pushed to a registry, pulled from it, and run in an empty root that holds nothing else.

use std::fs;
use std::net::{SocketAddr, UdpSocket};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output};

use registry_fixture::Auth;
use serde_json::Value;
use tempfile::TempDir;
use test_support::docker_registry::DockerRegistry;

use crate::release::{VERSION, can_chroot, file, leave_out, output, sh};

/// The address of the name server. Only root may use port 53, on which every resolver asks.
const NAME_SERVER: &str = "127.0.5.3";

/// Answers questions for the address of `dns.test` with 127.0.0.1; no other name exists (RFC 1035, section 4.1).
fn answer(question: &[u8]) -> Vec<u8> {
    let name_length = question[12..].iter().position(|byte| *byte == 0).expect("the root ends a name") + 1;
    let asked = &question[12..12 + name_length + 4];
    let (exists, is_a) = (asked.starts_with(b"\x03dns\x04test\x00"), asked[name_length..] == [0, 1, 0, 1]);
    let mut reply = question[..2].to_vec();
    // A response, authoritative; NXDOMAIN is 3.
    reply.extend([0x84 | (question[2] & 1), if exists { 0 } else { 3 }]);
    reply.extend([0, 1, 0, u8::from(exists && is_a), 0, 0, 0, 0]);
    reply.extend(asked);
    if exists && is_a {
        // The name at offset 12, A, IN, 60 seconds, four bytes.
        reply.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
    }
    reply
}

/// Serves [`answer`] until the test program ends.
fn start_name_server() -> std::io::Result<()> {
    let socket = UdpSocket::bind(SocketAddr::new(NAME_SERVER.parse().expect("an address"), 53))?;
    std::thread::spawn(move || {
        let mut question = [0; 512];
        while let Ok((length, client)) = socket.recv_from(&mut question) {
            socket.send_to(&answer(&question[..length]), client).expect("the reply is sent");
        }
    });
    Ok(())
}

/// The image, unpacked.
struct Container {
    root: TempDir,
    config: Value,
}

impl Container {
    /// Pulls it with skopeo.
    fn of(image: &str) -> Self {
        let (root, pulled) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let pull = r#"skopeo copy --quiet --src-tls-verify=false "$1" "dir:$2" && skopeo inspect --config "dir:$2""#;
        let config = sh(pull, [image.as_ref(), pulled.path().as_os_str()]);
        let config: Value = serde_json::from_str(&config).expect("JSON");
        let manifest = fs::read(pulled.path().join("manifest.json")).expect("a manifest");
        let manifest: Value = serde_json::from_slice(&manifest).expect("JSON");
        for layer in manifest["layers"].as_array().expect("layers") {
            let (_, hex) = layer["digest"].as_str().expect("a digest").split_once(':').expect("an algorithm");
            sh("tar -xzf \"$1\" -C \"$2\"", [pulled.path().join(hex).as_path(), root.path()]);
        }
        Self { root, config }
    }

    /// Writes a file that container runtimes or users mount, readable by its owner alone.
    fn mount(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.root.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("the folder is made");
        fs::write(&path, content).expect("the file is written");
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("permissions are set");
    }

    /// Runs it as the image says.
    fn run(&self, arguments: &str) -> Output {
        let config = &self.config["config"];
        let [entrypoint] = &config["Entrypoint"].as_array().expect("a list")[..] else { panic!("{config}") };
        let environment = config["Env"].as_array().expect("a list").iter();
        let environment = environment.map(|pair| pair.as_str().expect("text").split_once('=').expect("a value"));
        let mut command = Command::new("/usr/sbin/chroot");
        command.arg(self.root.path()).arg(entrypoint.as_str().expect("text")).args(arguments.split(' '));
        command.env_clear().envs(environment).output().expect("chroot is installed")
    }

    /// Its standard output, after a run that succeeds without a word on standard error.
    #[track_caller]
    fn prints(&self, arguments: &str) -> String {
        let output = self.run(arguments);
        let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!((output.status.code(), &*errors), (Some(0), ""), "{arguments}\n{text}");
        text.into_owned()
    }
}

fn push(registry: &DockerRegistry) -> String {
    let name = format!("{}/tools/rls:{VERSION}", registry.host());
    let source = format!("oci-archive:{}", file(".oci.tar").display());
    output(Command::new("skopeo").args([
        "copy",
        "--quiet",
        "--dest-tls-verify=false",
        &source,
        &format!("docker://{name}"),
    ]));
    name
}

#[test]
fn the_image_lists_itself_by_names_from_dns_and_hosts() {
    const NAME: &str = "the test of the image's name resolution";
    if !can_chroot(NAME) {
        return;
    }
    let registry = DockerRegistry::builder().start();
    let container = Container::of(&format!("docker://{}", push(&registry)));
    let files = sh("cd \"$1\" && find . -not -type d -printf '%M %p\n' | sort", [container.root.path()]);
    insta::assert_snapshot!(files, @"
    -rw-r--r-- ./etc/nsswitch.conf
    -rw-r--r-- ./usr/share/doc/rls/LICENSE-APACHE
    -rw-r--r-- ./usr/share/doc/rls/LICENSE-MIT
    -rwxr-xr-x ./usr/bin/rls
    ");

    if let Err(error) = start_name_server() {
        return leave_out(NAME, &format!("port 53 of {NAME_SERVER} cannot be used: {error}"));
    }
    let (_, port) = registry.host().rsplit_once(':').expect("a port");
    container.mount("etc/resolv.conf", format!("nameserver {NAME_SERVER}\n"));
    container.mount("etc/hosts", "127.0.0.1 hosts.test\n");
    for host in ["dns.test", "hosts.test"] {
        assert_eq!(container.prints(&format!("tags http://{host}:{port}/tools/rls")), format!("{VERSION}\n"), "{host}");
    }
    let described = container.prints(&format!("manifest http://dns.test:{port}/tools/rls:{VERSION} -o json"));
    let described: Value = serde_json::from_str(&described).expect("JSON");
    assert_eq!(described[0]["config"]["entrypoint"], serde_json::json!(["/usr/bin/rls"]), "{described}");
    assert_eq!(described[0]["config"]["os"], "linux");

    let missing = container.run(&format!("tags http://missing.test:{port}/tools/rls"));
    let errors = String::from_utf8_lossy(&missing.stderr);
    assert!(missing.status.code() == Some(10) && errors.contains("the name does not exist"), "{errors}");
}

/// The image brings no CAs: they are mounted, or named.
#[test]
fn the_image_trusts_mounted_cas() {
    if !can_chroot("the test of the image's CAs") {
        return;
    }
    let registry = DockerRegistry::builder().auth(Auth::Basic).tls(true).start();
    let container = Container::of(&format!("oci-archive:{}", file(".oci.tar").display()));
    let list = format!("repos {}", registry.host());
    let refused = container.run(&list);
    let errors = String::from_utf8_lossy(&refused.stderr);
    assert!(refused.status.code() == Some(11) && errors.contains("unknown authority"), "{errors}");

    let ca = fs::read(registry.companion().ca_file()).expect("a CA");
    container.mount(
        "root/.docker/config.json",
        format!(r#"{{"auths": {{"{}": {{"auth": "YW5uOnNlY3JldA=="}}}}}}"#, registry.host()),
    );
    container.mount("ca.pem", &ca);
    assert_eq!(container.prints(&format!("{list} --ca-file /ca.pem")), "");
    container.mount("etc/ssl/certs/ca-certificates.crt", &ca);
    assert_eq!(container.prints(&list), "");
}
