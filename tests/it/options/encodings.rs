//! Text in the encodings that Windows PowerShell's `>`, `|` and `Out-File` write.

use std::fs;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use registry_fixture::{Auth, Registry, Running, Tls, User};
use test_support::Rls;

use crate::registries::with_seed;

/// A text in each encoding that a byte order mark announces.
fn encoded(text: &str) -> [Vec<u8>; 3] {
    let units = || [0xFEFF].into_iter().chain(text.encode_utf16());
    let utf8 = format!("\u{feff}{text}").into_bytes();
    [units().flat_map(u16::to_le_bytes).collect(), units().flat_map(u16::to_be_bytes).collect(), utf8]
}

/// Each file option, and standard input, with its text in every encoding: exit 0.
fn is_read(rls: impl Fn() -> Rls, words: &str, text: &str) {
    for bytes in encoded(text) {
        let begin = bytes[..3].to_vec();
        let file = rls().with_file("file", &bytes).words(&words.replace("FILE", "file")).run();
        assert_eq!(file.code, Some(0), "{words}, {begin:x?}: {file}");
        let stdin = rls().stdin(&bytes).words(&words.replace("FILE", "-")).run();
        assert_eq!((stdin.code, stdin.stdout), (Some(0), file.stdout), "{words}, {begin:x?}");
    }
}

fn private() -> Running {
    with_seed(Registry::builder(), "demo").auth(Auth::Basic).user(User::admin("ann", "pässword")).start()
}

#[test]
fn lists_snapshots_and_plans_are_read() {
    let registry = with_seed(Registry::builder(), "demo").start();
    let rls = || Rls::at(&registry);
    let name = format!("{}/team/app:1.4.0\n", registry.host());
    is_read(rls, "check --refs FILE", &name);
    is_read(rls, "prune team/app --keep-last 1 --sort version --keep-used FILE", &format!("image: {name}"));
    let saved = rls().words("snapshot team/app -o jsonl").succeeds().replace("REGISTRY", &registry.host());
    is_read(rls, "drift FILE", &saved);
    let saving = rls().words("rm team/app:nowhere --ignore-missing --save-plan plan.json");
    assert_eq!(saving.run().code, Some(0));
    let plan = fs::read_to_string(saving.home().join("plan.json")).expect("the plan");
    is_read(rls, "rm --apply FILE --ignore-missing", &plan);
    for bytes in encoded("team/app:1.4.0\nteam/app:latest\n") {
        assert_eq!(rls().words("digest -").stdin(bytes).succeeds().lines().count(), 2);
    }
}

#[test]
fn credentials_and_settings_are_read() {
    let registry = private();
    let rls = || Rls::at(&registry);
    let auth = BASE64_STANDARD.encode("ann:pässword");
    let config = format!(r#"{{"auths": {{"{}": {{"auth": "{auth}"}}}}}}"#, registry.host());
    let data = BASE64_STANDARD.encode(&config);
    let secret = format!(
        "kind: Secret\nmetadata: {{name: regcred}}\ntype: kubernetes.io/dockerconfigjson\ndata:\n  .dockerconfigjson: {data}\n"
    );
    for text in [config, secret] {
        is_read(rls, "tags team/app --auth-file FILE", &text);
    }
    for bytes in encoded("pässword\r\n") {
        let outcome = rls().words("tags team/app -u ann --password-stdin").stdin(bytes).run();
        assert_eq!((outcome.code, &*outcome.stderr), (Some(0), ""), "{outcome}");
    }
    for bytes in encoded("output = \"yaml\"\nusername = \"ann\"\n") {
        let outcome = rls().with_file("my.toml", bytes).words("tags team/app --config my.toml");
        let outcome = outcome.env("RLS_PASSWORD", "pässword").run();
        assert!(outcome.stdout.starts_with("- registry:"), "{outcome}");
    }
}

#[test]
fn certificates_are_read() {
    let registry = with_seed(Registry::builder(), "1x1").tls(Tls::Issued).start();
    let rls = || Rls::beside(&registry).args(["-r", &registry.host()]);
    let pem = fs::read_to_string(registry.ca_file()).expect("the CA");
    for bytes in encoded(&pem) {
        assert_eq!(&*rls().with_file("ca.pem", bytes).words("repos --ca-file ca.pem").succeeds(), "grid/repo-000\n");
    }
    let indented: String = pem.lines().map(|line| format!("    {line}\n")).collect();
    let secret = format!("kind: ConfigMap\ndata:\n  ca.crt: |\n{indented}");
    for bytes in encoded(&secret) {
        let outcome = rls().with_file("ca.yaml", bytes).words("trust --from-secret ca.yaml --pem").run();
        assert_eq!(outcome.code, Some(0), "{outcome}");
    }
}

#[test]
fn text_that_is_not_what_its_mark_says_is_refused() {
    let registry = with_seed(Registry::builder(), "demo").start();
    // Half a character.
    let outcome = Rls::at(&registry).words("digest -").stdin(b"\xff\xfea").run();
    assert_eq!(outcome.code, Some(2), "{outcome}");
    assert!(outcome.stderr.contains("line 1 of standard input is not UTF-8"), "{outcome}");
}
