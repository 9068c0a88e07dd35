//! `rls login`: the files and credential helpers that store the credentials.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Stdio;

use insta::assert_snapshot;
use registry_fixture::Auth;
use serde_json::{Value, json};
use test_support::{Reply, Rls, Server};

use super::login::{ANN, VAULT, basic, builder, config, config_file, login};

#[test]
fn auth_file_names_where_credentials_are_stored() {
    let registry = builder(Auth::Token).start();
    let auth = json!({"auths": {registry.host(): {"auth": ANN}}});
    let read = |rls: &Rls, path: &str| {
        serde_json::from_slice::<Value>(&fs::read(rls.home().join(path)).expect("the file")).expect("JSON")
    };
    let rls = login(&registry).words("--auth-file run/auth.json");
    assert_snapshot!(rls.run().stdout, @"logged-in→REGISTRY→ann→run/auth.json");
    // Podman stores the password, and so does rls: no identity token is requested.
    assert_eq!(read(&rls, "run/auth.json"), auth);
    let requests: Vec<_> = registry.requests().into_iter().filter(|request| request.path == "/auth/token").collect();
    assert!(!requests.is_empty() && requests.iter().all(|request| request.parameter("offline_token").is_none()));
    assert!(!config_file(&rls).exists());
    let rls = login(&registry);
    let path = rls.home().join("auth.json");
    let rls = rls.env("REGISTRY_AUTH_FILE", path);
    assert_snapshot!(rls.run().stdout, @"logged-in→REGISTRY→ann→~/auth.json");
    assert_eq!(read(&rls, "auth.json"), auth);
    let rls = login(&registry).config("auth-file = \"mine.json\"\n");
    assert_snapshot!(rls.run().stdout, @"logged-in→REGISTRY→ann→~/.config/rls/mine.json");
    let rls = Rls::at(&registry).words("login -u ann --auth-file x.json").env("RLS_PASSWORD", "secret");
    assert_eq!(rls.run().code, Some(0));
    assert_snapshot!(login(&registry).words("--auth-file -").fails(2), @"error: cannot store credentials in --auth-file -, which is standard input");
}

#[test]
fn a_configured_helper_stores_them() {
    let registry = basic();
    for config_text in [json!({"credsStore": "vault"}), json!({"credHelpers": {registry.host(): "vault"}})] {
        let rls = login(&registry).docker_config(&config_text.to_string()).program("docker-credential-vault", VAULT);
        let stdout = rls.succeeds();
        assert!(stdout.contains("docker-credential-vault (cred"), "{stdout}");
        let vault = fs::read(rls.home().join("bin/docker-credential-vault.vault")).expect("the vault");
        let expected = json!({"ServerURL": registry.host(), "Username": "ann", "Secret": "secret"});
        assert_eq!(serde_json::from_slice::<Value>(&vault).expect("JSON"), expected);
        let mut expected = config_text;
        expected["auths"] = json!({registry.host(): {}});
        assert_eq!(config(&rls), expected);
        let rls = rls.without("RLS_USERNAME").without("RLS_PASSWORD").then("repos");
        assert_eq!(&*rls.succeeds(), "grid/repo-000\n");
    }
}

#[test]
fn a_helper_that_fails_stores_nothing_anywhere() {
    let registry = basic();
    let text = json!({"credsStore": "vault", "x": 1}).to_string();
    let rls = login(&registry).docker_config(&text).program("docker-credential-vault", "cat; exit 1");
    assert_snapshot!(rls.fails(2), @"
    error: cannot store the credentials for http://REGISTRY
    cause: docker-credential-vault failed with exit code 1
    cause: configured by credsStore in ~/.docker/config.json
    hint:  use --auth-file FILE to store them in another file, and set REGISTRY_AUTH_FILE=FILE for later commands
    ");
    assert_eq!(fs::read_to_string(config_file(&rls)).expect("text"), text);
    // A missing helper is reported before the password prompt, and before anything is sent.
    registry.clear_requests();
    let rls = login(&registry).docker_config(&text);
    assert_snapshot!(rls.fails(2), @"
    error: cannot store the credentials for http://REGISTRY
    cause: docker-credential-vault is not in PATH
    cause: configured by credsStore in ~/.docker/config.json
    hint:  use --auth-file FILE to store them in another file, and set REGISTRY_AUTH_FILE=FILE for later commands
    ");
    assert_eq!(registry.lines(), [""; 0]);
}

#[test]
fn the_rest_of_the_file_is_unchanged() {
    let registry = basic();
    let text = "{\n  \"psFormat\" : \"table {{.ID}}\",\n  \"auths\": { \"a.corp\": {\"auth\": \"YTpi\"} },\n  \"HttpHeaders\": {\"X\": [1.50]}\n}\n";
    let rls = login(&registry).docker_config(text);
    assert_eq!(rls.run().code, Some(0));
    let entry = format!(",\n    \"{}\": {{\n      \"auth\": \"{ANN}\"\n    }} }}", registry.host());
    assert_eq!(
        fs::read_to_string(config_file(&rls)).expect("text"),
        text.replace("\"YTpi\"} }", &format!("\"YTpi\"}}{entry}"))
    );
}

#[test]
fn a_link_stays_a_link() {
    let registry = basic();
    let rls = login(&registry).with_file("dotfiles/docker.json", "{}");
    fs::create_dir(rls.home().join(".docker")).expect("a folder");
    symlink("../dotfiles/docker.json", config_file(&rls)).expect("a link");
    assert_eq!(rls.run().code, Some(0));
    assert!(config_file(&rls).symlink_metadata().expect("a link").is_symlink());
    let file = rls.home().join("dotfiles/docker.json");
    assert!(fs::read_to_string(&file).expect("text").contains(ANN));
    assert_eq!(fs::metadata(file).expect("a file").permissions().mode() & 0o777, 0o600);
}

#[test]
fn an_unwritable_file_is_reported_before_anything_is_sent() {
    let registry = basic();
    for (text, cause) in [
        ("{\"auths\": 7}", "auths is not an object"),
        ("{", "not valid JSON at line 1, column 1"),
        ("{\"credsStore\": \"../x\"}", ""),
    ] {
        let rls = login(&registry).docker_config(text);
        let stderr = rls.fails(2);
        assert!(stderr.contains(cause), "{stderr}");
        assert_eq!(fs::read_to_string(config_file(&rls)).expect("text"), text);
    }
    let rls = login(&registry).docker_config("{}");
    fs::set_permissions(config_file(&rls), fs::Permissions::from_mode(0o400)).expect("permissions");
    assert_snapshot!(rls.fails(2), @"
    error: cannot write credentials to ~/.docker/config.json
    cause: it is read-only
    hint:  use --auth-file FILE to store them in another file, and set REGISTRY_AUTH_FILE=FILE for later commands
    ");
    assert_eq!(registry.lines(), [""; 0]);
}

#[test]
fn credentials_with_a_higher_precedence_are_named() {
    let registry = basic();
    let other = json!({"auths": {registry.host(): {"auth": "Ym9iOng="}}}).to_string();
    let outcome = login(&registry).env("DOCKER_AUTH_CONFIG", other).run();
    assert_eq!(outcome.code, Some(0));
    let warning =
        "warning: the credentials in docker config, DOCKER_AUTH_CONFIG take precedence, so these are not used\n";
    assert!(outcome.stderr.contains(warning), "{outcome}");
}

#[test]
fn concurrent_logins_are_all_stored() {
    let registry = basic();
    let rls = Rls::beside(&registry).docker_config("{\"x\": 1}").user("ann", "secret").words("login -q --plain-http");
    let names: Vec<String> = (0..20).map(|number| format!("reg-{number}.corp:{}", registry.port())).collect();
    let start = |name: &String| {
        let mut command = rls.command();
        command.args(["--resolve", &format!("{name}:127.0.0.1"), name]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts")
    };
    let started: Vec<_> = names.iter().map(start).collect();
    for process in started {
        let outcome = rls.outcome(&process.wait_with_output().expect("it ends"));
        assert_eq!(outcome.code, Some(0), "{outcome}");
    }
    let config = config(&rls);
    let stored: Vec<&String> = config["auths"].as_object().expect("an object").keys().collect();
    assert!(names.iter().all(|name| stored.contains(&name)) && stored.len() == names.len(), "{config}");
    assert_eq!(config["x"], 1);
    let left: Vec<_> = fs::read_dir(rls.home().join(".docker")).expect("the folder").collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn an_identity_token_that_could_not_be_read_back_is_refused() {
    for (refresh, cause) in [
        ("r".repeat(1_048_500), "it is larger than 64 KiB"),
        ("r\n\"".to_owned(), "it has a character that a token may not have"),
    ] {
        let server = Server::start(move |asked| match asked.authorization() {
            _ if asked.path() == "/token" => Reply::json(json!({"token": "t", "refresh_token": &refresh}).to_string()),
            Some(header) if header.starts_with("Bearer") => Reply::json("{}"),
            _ => Reply::wants_token_of("/token"),
        });
        let before = json!({"auths": {"good.corp": {"auth": ANN}}}).to_string();
        let rls = Rls::new().words("login -u ann").env("RLS_PASSWORD", "pw").env("RLS_REGISTRY", server.url());
        let rls = rls.docker_config(&before);
        let message = rls.fails(5);
        assert_eq!(*message, format!("error: the token server's identity token cannot be used\ncause: {cause}\n"));
        assert_eq!(fs::read_to_string(config_file(&rls)).expect("the file"), before);
    }
}

#[test]
fn a_file_that_would_become_too_large_is_unchanged() {
    let registry = basic();
    let full = json!({"auths": {"good.corp": {"auth": "x".repeat((1 << 20) - 60)}}}).to_string();
    let rls = login(&registry).docker_config(&full);
    let message = rls.fails(2);
    assert!(message.contains("cause: it would be larger than 1 MiB"), "{message}");
    assert_eq!(fs::read_to_string(config_file(&rls)).expect("the file"), full);
}

#[test]
fn the_temporary_file_of_a_killed_login_is_removed_by_the_next() {
    let registry = basic();
    let rls = login(&registry).docker_config("{}");
    let leftover = rls.file(".docker/.config.json-aB3dE9", "{\"auths\":{}}");
    assert_eq!(rls.run().code, Some(0));
    assert!(!leftover.exists());
}
