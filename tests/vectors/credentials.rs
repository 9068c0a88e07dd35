//! `credentials.json`: which credentials are found, and what a hostile configuration or helper cannot do.

use std::fs;
use std::process::Command;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use registry_ls::auth::Credentials;
use registry_ls::keychain::internals::ServerKey;
use registry_ls::keychain::{Keychain, Lookup, Options};
use registry_ls::name::{Located, Registry, Repository};
use registry_ls::{Kind, Result};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::exemptions::{Case, check};
use crate::values::text;

#[test]
fn all() {
    check("credentials.json", |case| match case.kind.as_str() {
        "lookup" => lookup(case),
        "auth-field" => auth_field(case),
        "helper" => helper(case),
        "hardening" => hardening(case),
        kind => panic!("unknown kind {kind}"),
    });
}

#[test]
fn keys_in_references() {
    check("references.json", |case| match case.kind.as_str() {
        "config-key-to-host" => assert_eq!(case.expect["host"], ServerKey::parse(text(&case.input)).host()),
        "helper-server-url" => {
            assert_eq!(case.expect["valid"], true);
            assert_eq!(case.expect["url"], ServerKey::parse(text(&case.input)).to_string());
        }
        _ => {}
    });
}

/// A home with a `config.json` and a folder of helpers.
struct Home(test_support::Home);

impl Home {
    fn with(config: &str) -> Self {
        let home = test_support::Home::new();
        home.write(".docker/config.json", config);
        Self(home)
    }

    /// With a helper for every host.
    fn with_helper(script: &str) -> Self {
        let home = Self::with(r#"{"credsStore": "test"}"#);
        home.0.write_program("docker-credential-test", script);
        home
    }

    fn path(&self, below: &str) -> std::path::PathBuf {
        self.0.path(below)
    }

    fn lookup(&self, target: &str) -> Result<Lookup> {
        let (registry, repository) = taken_apart(target);
        let options = Options { home: Some(self.path("")), path: Some(self.path("bin").into()), ..Options::default() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(Keychain::discover(options).lookup(&registry, repository.as_ref()))
    }
}

/// `HOST` or `HOST/PATH`.
fn taken_apart(target: &str) -> (Registry, Option<Repository>) {
    if let Ok(registry) = target.parse() {
        return (registry, None);
    }
    let located: Located<Repository> = target.parse().expect(target);
    (located.registry.expect("a registry"), Some(located.name))
}

/// `b64(…)` in a vector stands for the base64 of its content.
fn encoded(config: &str) -> String {
    let mut parts = config.split("b64(");
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (plain, rest) = part.split_once(')').expect("a closing parenthesis");
        whole += &BASE64_STANDARD.encode(plain);
        whole += rest;
    }
    whole
}

/// The user and the password of the only credentials that were found.
fn pair(lookup: &Lookup) -> (String, String) {
    match lookup.found.as_slice() {
        [] => (String::new(), String::new()),
        [found] => match &found.credentials {
            Credentials::Basic { username, password } => (username.clone(), password.expose_secret().to_owned()),
            other => panic!("{other:?}"),
        },
        more => panic!("{more:?}"),
    }
}

fn assert_pair(lookup: &Lookup, expect: &Value) {
    assert_eq!(pair(lookup), (text(&expect["user"]).to_owned(), text(&expect["password"]).to_owned()));
}

fn assert_local_error(lookup: Result<Lookup>) {
    assert_eq!(lookup.expect_err("exit code 2").kind(), &Kind::Config);
}

fn lookup(case: &Case) {
    let lookup = Home::with(&encoded(text(&case.input["config"]))).lookup(text(&case.input["target"]));
    if case.expect["error"] == true {
        assert_eq!(case.expect["exit"], 2);
        return assert_local_error(lookup);
    }
    let lookup = lookup.expect("no error");
    if case.expect["anonymous"] == true {
        assert!(lookup.found.is_empty(), "{lookup:?}");
        let near_misses: Vec<_> = lookup.near_misses.iter().map(ToString::to_string).collect();
        let is_reported = |expected: &str| near_misses.iter().any(|reported| reported.contains(expected));
        return match case.expect["near_miss"].as_str() {
            Some(expected) => assert!(is_reported(expected), "{near_misses:?}"),
            None => assert!(lookup.failures.is_empty(), "{lookup:?}"),
        };
    }
    assert_pair(&lookup, &case.expect);
}

fn auth_field(case: &Case) {
    let config = json!({"auths": {"test.io": {"auth": case.input}}}).to_string();
    let lookup = Home::with(&config).lookup("test.io").expect("no error");
    if case.expect.get("error").is_some() {
        return assert!(lookup.found.is_empty() && lookup.failures.len() == 1, "{lookup:?}");
    }
    assert!(lookup.failures.is_empty(), "{lookup:?}");
    assert_pair(&lookup, &case.expect);
}

fn helper(case: &Case) {
    assert_eq!(case.input, "user/pass from helper");
    let home = Home::with_helper(r#"echo '{"ServerURL":"test.io","Username":"hello","Secret":"world"}'"#);
    assert_pair(&home.lookup("test.io").expect("no error"), &case.expect);
}

fn hardening(case: &Case) {
    let (input, expect) = (&case.input, &case.expect);
    match case.id.as_str() {
        "cred-021" | "cred-023" => {
            assert_eq!(expect["executed"], false);
            assert_local_error(Home::with(&input.to_string()).lookup("test.io"));
        }
        "cred-024" => {
            assert_eq!(expect["sent_to_helper"], false);
            let lookup = Home::with(&input.to_string()).lookup("reg").expect("no error");
            assert!(lookup.found.is_empty() && lookup.failures.is_empty(), "{lookup:?}");
        }
        "cred-026" => {
            assert_eq!(expect["read_at_most"], 64 * 1024);
            let lookup = Home::with_helper("exec head -c 1073741824 /dev/zero").lookup("test.io").expect("no error");
            assert!(lookup.found.is_empty());
            assert!(lookup.failures[0].contains("printed more than 64 KiB"), "{lookup:?}");
        }
        "cred-027" => {
            assert_eq!(expect["anonymous"], true);
            let home = Home::with_helper("echo 'credentials not found in native keychain'; exit 1");
            let lookup = home.lookup("test.io").expect("no error");
            assert!(lookup.found.is_empty() && lookup.failures.is_empty(), "{lookup:?}");
        }
        "cred-029" => {
            assert_eq!((&expect["env_passed"], &expect["stdin"]), (&json!("as is"), &json!("server URL only")));
            let home = Home::with_helper(r#"printf '{"Username":"%s","Secret":"%s"}' "$(cat)" "$CARGO_MANIFEST_DIR""#);
            let expected = ("test.io".to_owned(), env!("CARGO_MANIFEST_DIR").to_owned());
            assert_eq!(pair(&home.lookup("test.io").expect("no error")), expected);
        }
        "cred-030" => {
            let home = Home::with_helper(&format!("echo '{}'", text(&input["helper"])));
            let lookup = home.lookup("test.io").expect("no error");
            assert_eq!(pair(&lookup), ("u".to_owned(), "s".to_owned()));
            assert_eq!(expect["warn"], lookup.notes.len() == 1);
        }
        "cred-033" | "cred-034" => key(input, expect),
        "cred-035" => exposed(expect),
        "cred-036" => not_files(expect),
        "cred-042" => password(expect),
        id => panic!("unknown case {id}"),
    }
}

fn key(input: &Value, expect: &Value) {
    let mut auths = input["auths"].clone();
    for (_, entry) in auths.as_object_mut().expect("auths") {
        *entry = json!({"username": "u", "password": "p"});
    }
    let lookup = Home::with(&json!({"auths": auths}).to_string()).lookup(text(&input["target"])).expect("no error");
    assert_eq!(expect["used"], !lookup.found.is_empty());
}

fn exposed(expect: &Value) {
    let home = Home::with(r#"{"auths": {"test.io": {"username": "u", "password": "p"}}}"#);
    for (mode, warned) in [("0644", true), ("0600", false)] {
        let status = Command::new("chmod").arg(mode).arg(home.path(".docker/config.json")).status();
        assert!(status.expect("chmod").success());
        let lookup = home.lookup("test.io").expect("no error");
        assert_eq!(expect["works"], lookup.found.len() == 1);
        assert_eq!(!lookup.notes.is_empty(), warned && expect["warn_on_stderr"] == true, "{mode}");
    }
}

fn not_files(expect: &Value) {
    assert_eq!(
        (&expect["exit"], &expect["hang"], &expect["read_at_most"]),
        (&json!(2), &json!(false), &json!(1 << 20))
    );
    const FILE: &str = ".docker/config.json";
    let made: [fn(&Home); 4] = [
        |home| std::os::unix::fs::symlink("/nowhere", home.path(FILE)).expect("linked"),
        |home| fs::create_dir(home.path(FILE)).expect("a folder"),
        |home| drop(home.0.make_pipe(FILE)),
        |home| fs::File::create(home.path(FILE)).and_then(|file| file.set_len(1 << 30)).expect("a sparse file"),
    ];
    for make in made {
        let home = Home::with("{}");
        fs::remove_file(home.path(FILE)).expect("removed");
        make(&home);
        assert_local_error(home.lookup("test.io"));
    }
}

fn password(expect: &Value) {
    assert_eq!(expect["Basic"], "base64(utf8(user:pass))");
    let header = Credentials::basic("ann", "p:\u{e4}").expect("credentials").basic_header().expect("a header");
    assert_eq!(header.expose_secret(), format!("Basic {}", BASE64_STANDARD.encode("ann:p:\u{e4}")));
    assert_eq!(expect["user_with_colon"], "refused");
    let error = Credentials::basic("a:b", "p").expect_err("a colon");
    assert!(error.to_string().contains("user name \"a:…\" contains a colon"), "{error}");
}
