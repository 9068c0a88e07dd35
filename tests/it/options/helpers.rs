//! docker's credential helpers: real programs on the PATH.

use insta::assert_snapshot;
use registry_fixture::{Auth, Registry, Running, User};
use test_support::Rls;
use test_support::process::{Signal, send, wait_until};

use crate::registries::with_seed;

const ANSWER: &str = r#"echo '{"ServerURL":"","Username":"ann","Secret":"secret"}'"#;

fn registry(auth: Auth) -> Running {
    with_seed(Registry::builder(), "1x1").auth(auth).user(User::admin("ann", "secret")).start()
}

fn tags(registry: &Running, config: &str, script: &str) -> Rls {
    let config = config.replace("HOST", &registry.host());
    Rls::at(registry).docker_config(&config).program("docker-credential-test", script).words("tags grid/repo-000")
}

#[test]
fn a_helper_serves_its_host_or_all_hosts() {
    let registry = registry(Auth::Basic);
    for config in ["{\"credHelpers\":{\"HOST\":\"test\"}}", "{\"credsStore\":\"test\"}"] {
        assert_eq!(&*tags(&registry, config, ANSWER).succeeds(), "latest\n", "{config}");
    }
    let other = "{\"credHelpers\":{\"other.example\":\"test\"}}";
    assert_eq!(tags(&registry, other, ANSWER).run().code, Some(4));
}

#[test]
fn a_helper_is_run_once_with_the_verb_and_the_host() {
    let registry = registry(Auth::Token);
    let script = format!("echo \"$@ $(cat)\" >> \"$HOME/calls\"\n{ANSWER}");
    let rls = tags(&registry, "{\"credsStore\":\"test\"}", &script).words("grid/repo-000 -d");
    assert_eq!(rls.run().code, Some(0), "{}", rls.run());
    let calls = std::fs::read_to_string(rls.home().join("calls")).expect("a readable file");
    assert_eq!(calls, format!("get {}\n", registry.host()).repeat(calls.lines().count()));
    assert_eq!(calls.lines().count(), 1);
}

#[test]
fn the_user_name_token_marks_an_identity_token() {
    let registry = registry(Auth::Token);
    let token = registry.identity_token("ann");
    let script =
        format!("cat > /dev/null\necho '{{\"ServerURL\":\"\",\"Username\":\"<token>\",\"Secret\":\"{token}\"}}'");
    assert_eq!(&*tags(&registry, "{\"credsStore\":\"test\"}", &script).succeeds(), "latest\n");
    assert!(registry.requests().iter().any(|request| request.method == "POST"));
}

#[test]
fn a_helper_without_credentials_is_not_a_failure() {
    let registry = with_seed(Registry::builder(), "1x1").auth(Auth::Basic).anonymous(User::admin("", "")).start();
    let script = "echo 'credentials not found in native keychain'; exit 1";
    assert_eq!(&*tags(&registry, "{\"credsStore\":\"test\"}", script).succeeds(), "latest\n");
}

#[test]
fn a_failing_helper_is_a_warning_without_secrets() {
    let registry = registry(Auth::Basic);
    let store = "{\"credsStore\":\"test\"}";
    assert_snapshot!(tags(&registry, store, "echo 'the keychain is locked'; echo hunter2 >&2; exit 1").run(), @"
    exit 4
    --- stderr
    warning: docker-credential-test failed: the keychain is locked (credsStore in ~/.docker/config.json)
    error: not logged in to http://REGISTRY
    cause: 401 Unauthorized: UNAUTHORIZED: authentication required: missing repository:grid/repo-000:pull
    hint:  run 'rls login http://REGISTRY', or set RLS_USERNAME and RLS_PASSWORD
    ");
    assert_snapshot!(tags(&registry, store, "echo 'not JSON: hunter2'").run(), @"
    exit 4
    --- stderr
    warning: docker-credential-test printed an invalid answer (credsStore in ~/.docker/config.json)
    error: not logged in to http://REGISTRY
    cause: 401 Unauthorized: UNAUTHORIZED: authentication required: missing repository:grid/repo-000:pull
    hint:  run 'rls login http://REGISTRY', or set RLS_USERNAME and RLS_PASSWORD
    ");
    assert_snapshot!(tags(&registry, "{\"credsStore\":\"absent\"}", "exit 0").run(), @"
    exit 4
    --- stderr
    warning: docker-credential-absent is not in PATH (credsStore in ~/.docker/config.json)
    error: not logged in to http://REGISTRY
    cause: 401 Unauthorized: UNAUTHORIZED: authentication required: missing repository:grid/repo-000:pull
    hint:  run 'rls login http://REGISTRY', or set RLS_USERNAME and RLS_PASSWORD
    ");
    assert_snapshot!(tags(&registry, "{\"credsStore\":\"../evil\"}", "exit 0").run(), @r#"
    exit 2
    --- stderr
    error: "../evil" is not a valid name of a credential helper
    cause: configured by credsStore in ~/.docker/config.json
    "#);
}

#[test]
fn a_failing_helper_does_not_prevent_anonymous_reads() {
    let registry = with_seed(Registry::builder(), "1x1").auth(Auth::Token).anonymous(User::admin("", "")).start();
    assert_snapshot!(tags(&registry, "{\"credsStore\":\"test\"}", "exit 3").run(), @"
    exit 0
    --- stdout
    latest
    --- stderr
    warning: docker-credential-test failed with exit code 3 (credsStore in ~/.docker/config.json)
    ");
}

/// A registry that allows everything, anonymous users included.
fn open_to_all(auth: Auth) -> Running {
    with_seed(Registry::builder(), "1x1").auth(auth).anonymous(User::admin("", "")).delete(true).start()
}

/// The ways in which a helper gives no answer: its name in docker's configuration, its script, and what is said of it.
const FAULTS: [(&str, &str, &str); 3] = [
    ("absent", "exit 0", "docker-credential-absent is not in PATH"),
    ("test", "echo locked; exit 1", "docker-credential-test failed: locked"),
    ("test", "exec sleep 60", "docker-credential-test timed out after 10s"),
];

#[test]
fn without_the_helper_public_images_are_read_and_nothing_is_deleted() {
    // Those that hang do so at the same time.
    std::thread::scope(|scope| {
        for auth in [Auth::Token, Auth::Basic, Auth::None] {
            for (name, script, message) in FAULTS {
                scope.spawn(move || nothing_is_deleted(auth, name, script, message));
            }
        }
    });
}

fn nothing_is_deleted(auth: Auth, name: &str, script: &str, message: &str) {
    let registry = open_to_all(auth);
    let rls = tags(&registry, &format!("{{\"credsStore\":\"{name}\"}}"), script);
    let cause = format!("{message} (credsStore in ~/.docker/config.json)");
    let read = rls.run();
    let warning = if auth == Auth::Token { format!("warning: {cause}\n") } else { String::new() };
    assert_eq!((read.code, &*read.stdout, &*read.stderr), (Some(0), "latest\n", &*warning), "{auth:?}");

    let rls = rls.then("rm grid/repo-000:latest");
    let removed = rls.run();
    assert_eq!(removed.code, Some(4), "{removed}");
    // Whether something was to be read first is no matter.
    let error = removed.stderr.strip_prefix(&*warning).unwrap_or(&removed.stderr);
    assert_eq!(
        error,
        format!(
            "error: refusing to delete grid/repo-000 on http://REGISTRY without credentials\ncause: {cause}\n\
             hint:  run 'rls login http://REGISTRY' to store the credentials again, use -u NAME, or use --anonymous to delete without credentials\n"
        )
    );
    let changing = |line: &String| !line.starts_with("GET") && !line.starts_with("HEAD");
    assert!(!registry.lines().iter().any(changing), "{:?}", registry.lines());

    let removed = rls.then("rm --anonymous grid/repo-000:latest").run();
    assert_eq!((removed.code, &*removed.stdout), (Some(0), "removed\tgrid/repo-000:latest\n"), "{removed}");
}

#[test]
fn the_children_of_a_helper_end_with_it() {
    let registry = registry(Auth::Basic);
    let script = "sleep 1000 &\necho $! > \"$HOME/child\"\nwait";
    let rls = tags(&registry, "{\"credsStore\":\"test\"}", script).ignoring_no_signal();
    let child = || std::fs::read_to_string(rls.home().join("child")).unwrap_or_default();
    // In a container there may be no process to reap it.
    let is_running = |child: &str| {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.trim())).unwrap_or_default();
        status.lines().any(|line| line.starts_with("State:") && !line.contains('Z'))
    };
    for (signal, code) in [(Signal::HUP, 129), (Signal::INT, 130), (Signal::TERM, 143)] {
        let process = rls.spawn();
        wait_until(|| child().ends_with('\n'));
        send(process.id(), signal);
        assert_eq!(process.wait_with_output().expect("it ends").status.code(), Some(code));
        wait_until(|| !is_running(&child()));
        std::fs::remove_file(rls.home().join("child")).expect("it was written");
    }
    let rls = rls.words("--timeout 2s");
    assert_eq!(rls.run().code, Some(12));
    let child = std::fs::read_to_string(rls.home().join("child")).expect("it was written");
    wait_until(|| !is_running(&child));
}
