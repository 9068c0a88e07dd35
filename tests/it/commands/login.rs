use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use insta::assert_snapshot;
use registry_fixture::client::{Http, token};
use registry_fixture::{Answer, Auth, Builder, Match, Personality, Registry, Running, Tls, User};
use serde_json::{Value, json};
use test_support::Rls;

use crate::registries::{seeded, with_seed};

/// `ann:secret`
pub(super) const ANN: &str = "YW5uOnNlY3JldA==";

/// What a helper does that keeps credentials in a file beside it.
pub(super) const VAULT: &str = r#"
input=$(cat); echo "$1" >> "$0.log"
case "$1" in
    store) printf '%s' "$input" > "$0.vault" ;;
    get) [ -f "$0.vault" ] && cat "$0.vault" || { echo "credentials not found in native keychain"; exit 1; } ;;
    erase) rm "$0.vault" ;;
esac
"#;

pub(super) fn builder(auth: Auth) -> Builder {
    with_seed(Registry::builder(), "1x1").auth(auth).user(User::admin("ann", "secret"))
}

pub(super) fn basic() -> Running {
    builder(Auth::Basic).start()
}

pub(super) fn login(registry: &Running) -> Rls {
    Rls::at(registry).user("ann", "secret").words("login")
}

pub(super) fn config_file(rls: &Rls) -> PathBuf {
    rls.home().join(".docker/config.json")
}

pub(super) fn config(rls: &Rls) -> Value {
    serde_json::from_slice(&fs::read(config_file(rls)).expect("docker's configuration")).expect("JSON")
}

#[test]
fn the_next_command_uses_the_stored_credentials() {
    for tls in [false, true] {
        let builder = builder(Auth::Basic);
        let registry = if tls { builder.tls(Tls::Issued).start() } else { builder.start() };
        let rls = login(&registry);
        assert_eq!(&*rls.run().stdout, "logged-in\tREGISTRY\tann\t~/.docker/config.json\n");
        let expected = format!(
            "{{\n\t\"auths\": {{\n\t\t\"{}\": {{\n\t\t\t\"auth\": \"{ANN}\"\n\t\t}}\n\t}}\n}}",
            registry.host()
        );
        assert_eq!(fs::read_to_string(config_file(&rls)).expect("text"), expected);
        assert_eq!(fs::metadata(config_file(&rls)).expect("a file").permissions().mode() & 0o777, 0o600);
        assert_eq!(registry.lines(), ["GET /v2/", "GET /v2/"]);
        let rls = rls.without("RLS_USERNAME").without("RLS_PASSWORD").then("repos");
        assert_eq!(&*rls.succeeds(), "grid/repo-000\n");
    }
}

#[test]
fn the_message_warns_that_credentials_are_not_encrypted() {
    let registry = basic();
    assert_snapshot!(login(&registry).words("-o table").run(), @"
    exit 0
    --- stdout
    logged in to REGISTRY as ann; credentials stored in ~/.docker/config.json
    --- stderr
    hint:  credentials are stored unencrypted in ~/.docker/config.json; use a credential helper (credsStore) to encrypt them
    ");
    assert_snapshot!(login(&registry).words("-q -o json").succeeds(), @r#"
    [
      {"registry":"REGISTRY","username":"ann","place":"~/.docker/config.json","proven":true}
    ]
    "#);
    let rls = login(&registry).words("-q").args(["--format", "{{ username }}@{{ registry }}"]);
    assert_snapshot!(rls.succeeds(), @"ann@REGISTRY");
}

#[test]
fn a_registry_can_be_named_in_every_way() {
    let registry = basic();
    let url = registry.url();
    for words in [format!("login {url}"), format!("login -r {url}"), format!("login {url} -r {url}")] {
        let rls = Rls::beside(&registry).user("ann", "secret").words(&words);
        assert_eq!(rls.run().code, Some(0), "{words}");
        assert_eq!(config(&rls), json!({"auths": {registry.host(): {"auth": ANN}}}));
    }
    let rls = Rls::beside(&registry).user("ann", "secret").words(&format!("login {url} -r other.corp"));
    assert_snapshot!(rls.fails(2), @"
    error: http://REGISTRY is not the registry of --registry, other.corp
    hint:  name the registry only once
    ");
}

#[test]
fn a_wrong_password_is_not_stored() {
    for (auth, cause) in [
        (Auth::Basic, "cause: 401 Unauthorized: UNAUTHORIZED: authentication required"),
        (Auth::Token, "cause: 401 Unauthorized: UNAUTHORIZED: incorrect username or password"),
    ] {
        let registry = builder(auth).start();
        let rls = Rls::at(&registry).user("ann", "wrong").words("login");
        let stderr = rls.fails(4);
        let expected = format!(
            "error: login refused by REGISTRY: wrong user name or password\n{cause}\ncause: the credentials are those of ann (RLS_PASSWORD)\n\
             hint:  check the user name and password from RLS_PASSWORD, or use -u NAME\n"
        );
        assert_eq!(&*stderr, expected);
        assert!(!config_file(&rls).exists());
    }
}

#[test]
fn a_wrong_password_leaves_the_right_one_that_is_stored() {
    let registry = basic();
    let rls = login(&registry);
    rls.run();
    let stored = config(&rls);
    let rls = rls.user("ann", "wrong");
    rls.fails(4);
    assert_eq!(config(&rls), stored);
}

#[test]
fn an_identity_token_replaces_the_password_as_in_docker() {
    let registry = builder(Auth::Token).start();
    let rls = login(&registry);
    assert_eq!(rls.run().code, Some(0));
    let stored = config(&rls)["auths"][registry.host()].clone();
    // `ann:`
    assert_eq!(stored["auth"], "YW5uOg==");
    assert!(stored["identitytoken"].is_string() && !stored.to_string().contains(ANN), "{stored}");
    let asks_offline = |registry: &Running| -> Vec<_> {
        let requests =
            registry.requests().into_iter().filter(|request| request.path == "/auth/token" && request.method == "GET");
        requests
            .map(|request| request.authorization().is_some() && request.parameter("offline_token").is_some())
            .collect()
    };
    // The second request checks anonymous access.
    assert_eq!(asks_offline(&registry), [true, false]);
    let rls = rls.then("repos");
    assert_eq!(&*rls.succeeds(), "grid/repo-000\n");
    let rls = rls.without("RLS_USERNAME").without("RLS_PASSWORD");
    assert_eq!(&*rls.succeeds(), "grid/repo-000\n");
    // By name and password, then by the identity token; no other one is requested.
    assert_eq!(asks_offline(&registry), [true, false, false]);
    assert_eq!(config(&rls)["auths"][registry.host()], stored);
}

#[test]
fn an_identity_token_is_requested_by_post_where_get_is_not_supported() {
    let registry = builder(Auth::Token).start();
    registry.inject(Match::get("/auth/token").always(), Answer::new(405));
    let rls = login(&registry);
    assert_eq!(rls.run().code, Some(0));
    assert!(config(&rls)["auths"][registry.host()]["identitytoken"].is_string());
    let request = registry.requests().into_iter().find(|request| request.method == "POST").expect("a POST");
    let parameter = ("access_type".to_owned(), "offline".to_owned());
    assert!(request.form().contains(&parameter) && request.form().iter().any(|(name, _)| name == "password"));
    let rls = rls.without("RLS_USERNAME").without("RLS_PASSWORD").then("repos");
    assert_eq!(&*rls.succeeds(), "grid/repo-000\n");
}

#[test]
fn a_helper_stores_an_identity_token_under_the_name_token() {
    let registry = builder(Auth::Token).start();
    let rls = login(&registry).docker_config("{\"credsStore\": \"vault\"}").program("docker-credential-vault", VAULT);
    assert_eq!(rls.run().code, Some(0));
    let vault = fs::read(rls.home().join("bin/docker-credential-vault.vault")).expect("the vault");
    let vault: Value = serde_json::from_slice(&vault).expect("JSON");
    assert_eq!((&vault["ServerURL"], &vault["Username"]), (&registry.host().into(), &"<token>".into()));
    assert_ne!(vault["Secret"], "secret");
    assert_eq!(config(&rls)["auths"], json!({registry.host(): {}}));
    let rls = rls.without("RLS_USERNAME").without("RLS_PASSWORD").then("repos");
    assert_eq!(&*rls.succeeds(), "grid/repo-000\n");
}

#[test]
fn a_token_that_the_registry_refuses_does_not_verify_the_password() {
    let registry = builder(Auth::Token).personality(Personality::Harbor).start();
    let challenge = Http::new().get(format!("{}/v2/", registry.url())).header("www-authenticate").to_owned();
    // Harbor issues an anonymous token for a wrong password (goharbor/harbor#11632).
    let anonymous = token(&Http::new(), &challenge, None);
    let body = json!({"token": anonymous.trim_start_matches("Bearer "), "access_token": anonymous.trim_start_matches("Bearer ")});
    registry.inject(Match::get("/service/token").always(), Answer::new(200).body(body.to_string()));
    let refusal =
        Answer::error(401, "UNAUTHORIZED", "unauthorized").header("www-authenticate", "Basic realm=\"harbor\"");
    registry.inject(Match::get("/v2/").when(|request| request.authorization().is_some()).always(), refusal);
    let rls = Rls::at(&registry).user("ann", "wrong").words("login");
    let stderr = rls.fails(4);
    assert!(stderr.starts_with("error: login refused by REGISTRY\n"), "{stderr}");
    assert!(!config_file(&rls).exists());
}

#[test]
fn a_token_that_is_issued_to_anyone_leaves_the_password_unverified() {
    let registry = builder(Auth::Token).anonymous(User::new("", "").allow("*", "pull")).start();
    let rls = login(&registry);
    assert!(!rls.run().stderr.contains("warning:"), "the user's own token says whose it is");
    let challenge = Http::new().get(format!("{}/v2/", registry.url())).header("www-authenticate").to_owned();
    let anonymous = token(&Http::new(), &challenge, None);
    let body = json!({"token": anonymous.trim_start_matches("Bearer ")});
    registry.inject(Match::get("/auth/token").always(), Answer::new(200).body(body.to_string()));
    let outcome = Rls::at(&registry).user("ann", "wrong").words("login").run();
    assert_snapshot!(outcome, @"
    exit 0
    --- stdout
    logged-in→REGISTRY→ann→~/.docker/config.json
    --- stderr
    warning: REGISTRY issues the same token without credentials, so the password could not be verified
    hint:  credentials are stored unencrypted in ~/.docker/config.json; use a credential helper (credsStore) to encrypt them
    ");
}

#[test]
fn a_registry_without_login_cannot_verify_the_password() {
    let registry = seeded("1x1");
    assert_snapshot!(login(&registry).words("-o json").run(), @r#"
    exit 0
    --- stdout
    [
      {"registry":"REGISTRY","username":"ann","place":"~/.docker/config.json","proven":false}
    ]
    --- stderr
    warning: REGISTRY does not require login, so the password could not be verified
    hint:  credentials are stored unencrypted in ~/.docker/config.json; use a credential helper (credsStore) to encrypt them
    "#);
    // A registry that requires no login may still refuse a wrong one, as Nexus does.
    registry.inject(
        Match::get("/v2/").when(|request| request.authorization().is_some()),
        Answer::error(401, "UNAUTHORIZED", "no"),
    );
    let rls = login(&registry);
    rls.fails(4);
    assert!(!config_file(&rls).exists());
}

#[test]
fn a_server_that_is_not_a_registry_gets_no_password() {
    for (answer, code) in [
        (Answer::new(404), 3),
        (Answer::new(200).header("content-type", "text/html").body("<html>log in</html>"), 5),
        (Answer::new(503), 5),
    ] {
        let registry = basic();
        registry.inject(Match::get("/v2/").always(), answer);
        let rls = login(&registry).words("--retries 0");
        rls.fails(code);
        assert!(!config_file(&rls).exists());
        assert!(registry.requests().iter().all(|request| request.authorization().is_none()));
    }
}

#[test]
fn no_password_is_sent_over_plain_http_by_default() {
    let registry = basic();
    let rls = Rls::beside(&registry).user("ann", "secret").words(&format!("login {}", registry.host()));
    rls.fails(11);
    assert_eq!(registry.lines(), [""; 0]);
    assert!(!config_file(&rls).exists());
    let rls = rls.words("--plain-http");
    assert_eq!(rls.run().code, Some(0));
}

#[test]
fn the_password_is_read_as_by_other_commands() {
    let registry = basic();
    for input in ["secret", "secret\n", "secret\r\n"] {
        let rls = Rls::at(&registry).words("login -u ann --password-stdin").env("RLS_PASSWORD", "wrong").stdin(input);
        assert_eq!(rls.run().code, Some(0), "{input:?}");
        assert_eq!(config(&rls)["auths"][registry.host()]["auth"], ANN);
    }
    let at = |words: &str| Rls::at(&registry).words(words);
    assert_snapshot!(at("login").fails(2), @"
    error: no user name, and no terminal to ask on
    hint:  use -u NAME, or set RLS_USERNAME
    ");
    assert_snapshot!(at("login --password-stdin").stdin("secret").fails(2), @"
    error: --password-stdin needs a user name
    hint:  use -u NAME
    ");
    assert_snapshot!(at("login").env("RLS_PASSWORD", "secret").fails(2), @"
    error: RLS_PASSWORD needs a user name
    hint:  use -u NAME, or set RLS_USERNAME
    ");
    assert_snapshot!(at("login -u ann").fails(2), @"
    error: no password for ann, and no terminal to ask on
    hint:  use --password-stdin, or set RLS_PASSWORD
    ");
    assert_snapshot!(at("login --anonymous").fails(2), @"error: --anonymous cannot be used with login");
    assert_eq!(at("login -u ann:secret").run().code, Some(2));
    assert_eq!(at("login --password secret").run().code, Some(2));
}

#[test]
fn name_and_password_are_prompted_for() {
    let registry = basic();
    let rls = Rls::at(&registry).words("login");
    let outcome = rls.at_terminal("ann\nsecret\n");
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert!(outcome.stdout.contains("User name for REGISTRY:"), "{outcome}");
    assert!(outcome.stdout.contains("Password for ann at REGISTRY:"), "{outcome}");
    assert_eq!(config(&rls)["auths"][registry.host()]["auth"], ANN);
}

#[test]
fn no_password_is_asked_for_where_none_can_be_sent() {
    let registry = builder(Auth::Basic).tls(Tls::Issued).start();
    for words in ["login", "login -u ann"] {
        let outcome = Rls::new().env("RLS_REGISTRY", registry.host()).words(words).at_terminal("ann\nsecret\n");
        assert_eq!(outcome.code, Some(11), "{outcome}");
        assert!(outcome.stdout.contains("not trusted") && !outcome.stdout.contains("ssword for"), "{outcome}");
        assert!(!outcome.stdout.contains("User name for"), "{outcome}");
    }
}

#[test]
fn no_secret_is_shown_at_any_verbosity() {
    for auth in [Auth::Basic, Auth::Token] {
        let registry = builder(auth).start();
        let outcome = login(&registry).words("-vv").run();
        assert_eq!(outcome.code, Some(0));
        assert!(outcome.stderr.contains("GET"), "{outcome}");
        for secret in ["secret", ANN, "identity-"] {
            assert!(!outcome.stdout.contains(secret) && !outcome.stderr.contains(secret), "{secret}: {outcome}");
        }
    }
}
