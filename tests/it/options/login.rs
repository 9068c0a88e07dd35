//! The user: given explicitly, or from stored credentials.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use insta::assert_snapshot;
use registry_fixture::{Auth, Registry, Running, User};
use test_support::Rls;

use crate::registries::with_seed;

/// `ann:secret`, `bob:hunter2`
const ANN: &str = "YW5uOnNlY3JldA==";
const BOB: &str = "Ym9iOmh1bnRlcjI=";

fn basic() -> Running {
    with_users(Auth::Basic)
}

fn with_users(auth: Auth) -> Running {
    let builder = with_seed(Registry::builder(), "1x1").auth(auth);
    builder.user(User::admin("ann", "secret")).user(User::admin("bob", "hunter2")).start()
}

fn tags(registry: &Running) -> Rls {
    Rls::at(registry).words("tags grid/repo-000")
}

/// The `Authorization` of the last request.
fn who(registry: &Running) -> String {
    registry.requests().last().and_then(|request| request.authorization().map(str::to_owned)).unwrap_or_default()
}

#[test]
fn the_password_is_read_from_the_environment_or_standard_input() {
    let registry = basic();
    assert_eq!(&*tags(&registry).words("-u bob").env("RLS_PASSWORD", "hunter2").succeeds(), "latest\n");
    assert_eq!(who(&registry), format!("Basic {BOB}"));
    for input in ["secret", "secret\n", "secret\r\n"] {
        let rls = tags(&registry).words("-u ann --password-stdin").env("RLS_PASSWORD", "wrong").stdin(input);
        assert_eq!(&*rls.succeeds(), "latest\n", "{input:?}");
        assert_eq!(who(&registry), format!("Basic {ANN}"), "{input:?}");
    }
    let rls = tags(&registry).env("RLS_USERNAME", "ann").words("--password-stdin").stdin("secret");
    assert_eq!(&*rls.succeeds(), "latest\n");
    assert_snapshot!(tags(&registry).words("-u ann --password-stdin").fails(2), @"
    error: cannot read the password on standard input
    cause: it is empty
    ");
}

#[test]
fn without_a_terminal_there_is_no_prompt() {
    let registry = basic();
    assert_snapshot!(tags(&registry).words("-u ann").fails(2), @"
    error: no password for ann, and no terminal to ask on
    hint:  use --password-stdin, or set RLS_PASSWORD
    ");
    assert_eq!(registry.lines(), [""; 0]);
}

#[test]
fn credentials_are_sent_only_after_a_challenge() {
    let registry = with_seed(Registry::builder(), "1x1").start();
    assert_eq!(&*tags(&registry).user("ann", "secret").succeeds(), "latest\n");
    assert!(registry.requests().iter().all(|request| request.authorization().is_none()));
}

#[test]
fn anonymous_ignores_stored_credentials() {
    let registry = basic();
    let config = format!("{{\"auths\":{{\"{}\":{{\"auth\":\"{ANN}\"}}}}}}", registry.host());
    assert_eq!(&*tags(&registry).docker_config(&config).succeeds(), "latest\n");
    registry.clear_requests();
    assert_snapshot!(tags(&registry).docker_config(&config).words("--anonymous").fails(4), @"
    error: not logged in to http://REGISTRY
    cause: 401 Unauthorized: UNAUTHORIZED: authentication required: missing repository:grid/repo-000:pull
    hint:  remove --anonymous to use stored credentials, or use -u NAME
    ");
    assert!(registry.requests().iter().all(|request| request.authorization().is_none()));
    let environment = tags(&registry).user("ann", "secret").words("--anonymous");
    assert_eq!(environment.run().code, Some(4));
}

#[test]
fn docker_config_is_read() {
    let registry = basic();
    let host = registry.host();
    let entries = [
        format!("{{\"auths\":{{\"{host}\":{{\"auth\":\"{ANN}\"}}}}}}"),
        format!("{{\"auths\":{{\"http://{host}/v2/\":{{\"auth\":\"{ANN}\"}}}}}}"),
        format!("{{\"auths\":{{\"{host}\":{{\"username\":\"ann\",\"password\":\"secret\"}}}}}}"),
    ];
    for config in entries {
        assert_eq!(&*tags(&registry).docker_config(&config).succeeds(), "latest\n", "{config}");
        assert_eq!(who(&registry), format!("Basic {ANN}"), "{config}");
    }
    let config = format!("{{\"auths\":{{\"{host}\":{{\"auth\":\"{ANN}\"}}}}}}");
    let elsewhere = tags(&registry).with_file("docker/config.json", &config);
    let folder = elsewhere.home().join("docker");
    let outcome = elsewhere.env("DOCKER_CONFIG", folder).words("-q").run();
    assert_eq!((outcome.code, &*outcome.stdout), (Some(0), "latest\n"), "{outcome}");
    assert_eq!(&*tags(&registry).env("DOCKER_AUTH_CONFIG", &config).succeeds(), "latest\n");
    let other = config.replace(&host, "other.example:5000");
    assert_eq!(tags(&registry).docker_config(&other).run().code, Some(4));
}

#[test]
fn podman_stores_credentials_by_path() {
    let registry = basic();
    let host = registry.host();
    let auth = format!("{{\"auths\":{{\"{host}\":{{\"auth\":\"{BOB}\"}},\"{host}/grid\":{{\"auth\":\"{ANN}\"}}}}}}");
    let rls = tags(&registry).with_file("run/containers/auth.json", &auth);
    let run = rls.home().join("run");
    let outcome = rls.env("XDG_RUNTIME_DIR", run).words("-q").run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert_eq!(who(&registry), format!("Basic {ANN}"));
    let outcome = tags(&registry).with_file(".config/containers/auth.json", &auth).words("-q").run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
}

#[test]
fn auth_file_replaces_all_other_sources() {
    let registry = basic();
    let (host, config) =
        (registry.host(), |auth: &str, host: &str| format!("{{\"auths\":{{\"{host}\":{{\"auth\":\"{auth}\"}}}}}}"));
    let rls =
        || tags(&registry).docker_config(&config(ANN, &host)).with_file("bob.json", config(BOB, &host)).words("-q");
    assert_eq!(&*rls().words("--auth-file bob.json").succeeds(), "latest\n");
    assert_eq!(who(&registry), format!("Basic {BOB}"));
    assert_eq!(&*rls().env("REGISTRY_AUTH_FILE", "bob.json").succeeds(), "latest\n");
    assert_eq!(who(&registry), format!("Basic {BOB}"));
    assert_eq!(&*tags(&registry).words("--auth-file -").stdin(config(BOB, &host)).succeeds(), "latest\n");
    assert_eq!(who(&registry), format!("Basic {BOB}"));
    let elsewhere = rls().with_file("else.json", config(BOB, "else.example")).words("--auth-file else.json");
    assert_eq!(elsewhere.run().code, Some(4));
    let secret = format!(
        "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/dockerconfigjson\nstringData:\n  .dockerconfigjson: '{}'\n",
        config(BOB, &host)
    );
    let rls = tags(&registry).with_file("secret.yaml", secret).words("--auth-file secret.yaml -q");
    assert_eq!(rls.run().code, Some(0), "{}", rls.run());
}

#[test]
fn pull_secrets_are_read_in_every_form() {
    let registry = basic();
    let host = registry.host();
    let wrapped = |auth: &str| format!("{{\"auths\":{{\"{host}\":{{\"auth\":\"{auth}\"}}}}}}");
    let encoded = BASE64_STANDARD.encode(wrapped(BOB));
    let json = |auth: &str| {
        format!(
            r#"{{"kind":"Secret","type":"kubernetes.io/dockerconfigjson","data":{{".dockerconfigjson":"{}"}}}}"#,
            BASE64_STANDARD.encode(wrapped(auth))
        )
    };
    let dockercfg = BASE64_STANDARD.encode(format!("{{\"{host}\":{{\"auth\":\"{BOB}\"}}}}"));
    let secrets = [
        format!("kind: Secret\ntype: kubernetes.io/dockerconfigjson\ndata:\n  .dockerconfigjson: {encoded}\n"),
        json(BOB),
        format!("kind: Secret\ntype: kubernetes.io/dockercfg\ndata: {{.dockercfg: {dockercfg}}}\n"),
        // A rotated one: the first is of yesterday.
        format!(r#"{{"kind":"List","items":[{},{}]}}"#, json("Ym9iOnllc3RlcmRheQ=="), json(BOB)),
        format!("---\n{}\n---\n{}\n", json("Ym9iOnllc3RlcmRheQ=="), json(BOB)),
    ];
    for secret in secrets {
        let rls = tags(&registry).with_file("secret", &secret).words("--auth-file secret");
        assert_eq!(&*rls.succeeds(), "latest\n", "{secret}");
        assert_eq!(who(&registry), format!("Basic {BOB}"), "{secret}");
        assert_eq!(&*tags(&registry).words("--auth-file -").stdin(&secret).succeeds(), "latest\n", "{secret}");
    }
}

#[test]
fn an_unusable_auth_file_is_an_error() {
    let registry = basic();
    let mut report = String::new();
    for (name, text) in
        [("nowhere.json", None), ("broken.json", Some("{\"auths\": hunter2")), ("list.json", Some("[]"))]
    {
        let rls = tags(&registry).args(["--auth-file", name]);
        let rls = text.into_iter().fold(rls, |rls, text| rls.with_file(name, text));
        let error = rls.fails(2);
        assert!(!error.contains("hunter2"), "{error}");
        report += &format!("{name}: {error}");
    }
    assert_snapshot!(report, @"
    nowhere.json: error: cannot read credentials from nowhere.json
    cause: no such file
    broken.json: error: cannot read credentials from broken.json
    cause: not valid JSON at line 1, column 11
    list.json: error: cannot read credentials from list.json
    cause: it is neither a docker or podman configuration nor a pull secret
    ");
    let broken = tags(&registry).docker_config("{\"auths\": hunter2").fails(2);
    assert_snapshot!(broken, @"
    error: cannot read credentials from ~/.docker/config.json
    cause: not valid JSON at line 1, column 11
    ");
}

#[test]
fn an_identity_token_is_exchanged() {
    let registry = with_users(Auth::Token);
    let token = registry.identity_token("bob");
    let config = format!("{{\"auths\":{{\"{}\":{{\"identitytoken\":\"{token}\"}}}}}}", registry.host());
    assert_eq!(&*tags(&registry).docker_config(&config).succeeds(), "latest\n");
    let exchange = registry.requests().into_iter().find(|request| request.method == "POST").expect("a POST");
    let form = exchange.form();
    assert!(form.contains(&("grant_type".to_owned(), "refresh_token".to_owned())), "{form:?}");
    assert!(form.contains(&("refresh_token".to_owned(), token)), "{form:?}");
    assert!(form.contains(&("scope".to_owned(), "repository:grid/repo-000:pull".to_owned())), "{form:?}");
}

#[test]
fn a_registry_token_is_sent_unchanged() {
    let registry = with_users(Auth::Token);
    let config = format!("{{\"auths\":{{\"{}\":{{\"registrytoken\":\"not-a-token\"}}}}}}", registry.host());
    let outcome = tags(&registry).docker_config(&config).run();
    assert_eq!(outcome.code, Some(4), "{outcome}");
    assert!(registry.requests().iter().any(|request| request.authorization() == Some("Bearer not-a-token")));
    assert_eq!(registry.tokens_issued(), 0);
}

#[test]
fn all_matching_credentials_are_tried() {
    let registry = basic();
    let host = registry.host();
    let config = |auth: &str| format!("{{\"auths\":{{\"{host}\":{{\"auth\":\"{auth}\"}}}}}}");
    // `ann:wrong` in the first place, `bob:hunter2` in the second.
    let rls = tags(&registry).env("DOCKER_AUTH_CONFIG", config("YW5uOndyb25n")).docker_config(&config(BOB));
    assert_eq!(&*rls.succeeds(), "latest\n");
    assert_eq!(who(&registry), format!("Basic {BOB}"));
}
