//! Secrets are never printed, whatever is requested and whatever a server replies.

use registry_fixture::{Answer, Auth, Match, Registry, Running, Tls, User};
use test_support::Rls;

use crate::registries::with_seed;

const PASSWORD: &str = "correct-horse-battery";
/// `ann:correct-horse-battery`
const ENCODED: &str = "YW5uOmNvcnJlY3QtaG9yc2UtYmF0dGVyeQ==";

fn start(auth: Auth) -> Running {
    with_seed(Registry::builder(), "shared").auth(auth).user(User::admin("ann", PASSWORD)).start()
}

/// Runs it and looks for every secret in everything that came out.
fn is_silent(registry: &Running, rls: Rls, more: &[&str]) {
    let outcome = rls.run();
    let shown = outcome.to_string();
    let mut secrets: Vec<String> = [PASSWORD, ENCODED, ENCODED.trim_end_matches('=')].map(str::to_owned).into();
    secrets.extend(more.iter().map(|&secret| secret.to_owned()));
    let sent = registry.requests();
    let sent = sent.iter().filter_map(|request| request.authorization());
    secrets.extend(sent.filter_map(|header| header.split_once(' ').map(|(_, secret)| secret.to_owned())));
    for secret in secrets {
        assert!(!shown.contains(&secret), "{secret} is in\n{shown}");
    }
}

#[test]
fn not_in_the_most_verbose_log() {
    for auth in [Auth::Basic, Auth::Token] {
        for words in [
            "tags shared/app -l -vv --stats",
            "manifest shared/app -vv",
            "rm -n shared/app:1 -vv",
            "repos --tags -vv",
            "tags nothing -vv",
        ] {
            let registry = start(auth);
            is_silent(&registry, Rls::at(&registry).user("ann", PASSWORD).words(words), &[]);
            assert!(registry.requests().iter().any(|request| request.authorization().is_some()), "{words}");
        }
    }
}

#[test]
fn not_when_they_are_wrong() {
    for auth in [Auth::Basic, Auth::Token] {
        let registry = start(auth);
        let wrong = "hunter2-is-wrong";
        is_silent(&registry, Rls::at(&registry).user("ann", wrong).words("tags shared/app -vv"), &[wrong]);
    }
}

#[test]
fn not_when_the_server_repeats_them() {
    let registry = start(Auth::Basic);
    let echo = format!("you sent Authorization: Basic {ENCODED}, that is ann:{PASSWORD}");
    let answer =
        Answer::error(403, "DENIED", &echo).header("X-Echo", &echo).header("Warning", &format!("299 - \"{echo}\""));
    registry.inject(
        Match::get("/v2/shared/app/tags/list").when(|request| request.authorization().is_some()).always(),
        answer,
    );
    is_silent(&registry, Rls::at(&registry).user("ann", PASSWORD).words("tags shared/app -vv"), &[]);
    is_silent(&registry, Rls::at(&registry).user("ann", PASSWORD).words("tags shared/app grid -o json"), &[]);
    let tokens = start(Auth::Token);
    tokens.inject(Match::get("/auth/token").always(), Answer::new(401).body(echo));
    is_silent(&tokens, Rls::at(&tokens).user("ann", PASSWORD).words("tags shared/app -vv"), &[]);
}

#[test]
fn not_from_standard_input_or_files() {
    let registry = start(Auth::Token);
    let rls = Rls::at(&registry).words("tags shared/app -u ann --password-stdin -vv").stdin(PASSWORD);
    is_silent(&registry, rls, &[]);
    let config = format!("{{\"auths\":{{\"{}\":{{\"auth\":\"{ENCODED}\"}}}}}}", registry.host());
    is_silent(&registry, Rls::at(&registry).docker_config(&config).words("tags shared/app -vv"), &[]);
    let token = registry.identity_token("ann");
    let config = format!("{{\"auths\":{{\"{}\":{{\"identitytoken\":\"{token}\"}}}}}}", registry.host());
    is_silent(&registry, Rls::at(&registry).docker_config(&config).words("tags shared/app -vv"), &[&token]);
    let helper = format!("echo '{{\"ServerURL\":\"\",\"Username\":\"ann\",\"Secret\":\"{PASSWORD}\"}}'");
    let rls = Rls::at(&registry).docker_config("{\"credsStore\":\"test\"}").program("docker-credential-test", &helper);
    is_silent(&registry, rls.words("tags shared/app -vv"), &[]);
    let broken = format!("echo 'not JSON {PASSWORD}'; echo '{PASSWORD}' >&2");
    let rls = Rls::at(&registry).docker_config("{\"credsStore\":\"test\"}").program("docker-credential-test", &broken);
    is_silent(&registry, rls.words("tags shared/app -vv"), &[]);
}

#[test]
fn not_the_query_of_a_redirect() {
    let registry = start(Auth::Basic);
    let signed = format!("{}/v2/_catalog?X-Amz-Signature=s3cr3t-signature&n=1", registry.url());
    registry.inject(
        Match::get("/v2/shared/app/tags/list").when(|request| request.authorization().is_some()).always(),
        Answer::redirect(&signed),
    );
    let rls = Rls::at(&registry).user("ann", PASSWORD).words("tags shared/app -vv");
    is_silent(&registry, rls, &["s3cr3t-signature"]);
}

#[test]
fn not_the_key_of_a_client_certificate() {
    let registry = with_seed(Registry::builder(), "1x1").tls(Tls::Issued).client_certificate_required().start();
    let key = std::fs::read_to_string(registry.client_key_file()).expect("a readable file");
    let line = key.lines().nth(1).expect("a line of the key");
    let rls = Rls::at(&registry).words("repos -vv --client-cert").arg(registry.client_key_file());
    is_silent(&registry, rls.arg("--client-key").arg(registry.client_key_file()), &[line]);
}

#[test]
fn the_contents_of_a_file_are_not_shown_where_its_path_belongs() {
    let (auth, key) =
        (r#"{"auths":{"reg.corp":{"auth":"YW5uOmh1bnRlcjI="}}}"#, "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n");
    for (option, variable, contents) in [
        ("--auth-file", "REGISTRY_AUTH_FILE", auth),
        ("--auth-file", "REGISTRY_AUTH_FILE", "eyJhdXRocyI6eyJyZWcuY29ycCI6e319fQ=="),
        ("--client-key", "RLS_CLIENT_KEY", key),
        ("--ca-file", "RLS_CA_FILE", key),
        ("--config", "RLS_CONFIG", "username = \"ann\"\n"),
    ] {
        let separate = Rls::new().args(["repos", "reg.corp", option, contents]).fails(2);
        assert!(separate.ends_with("expected the path of a file; this looks like the contents of one\n"), "{separate}");
        assert_eq!(separate.lines().count(), 1, "{separate}");
        let shown = Rls::new().args(["repos", "reg.corp", &format!("{option}={contents}")]).fails(2);
        assert_eq!(
            shown.to_string(),
            format!("error: {option}: expected the path of a file; this looks like the contents of one\n")
        );
        let shown = Rls::new().words("repos reg.corp").env(variable, contents).fails(2);
        assert_eq!(
            shown.to_string(),
            format!(
                "error: {variable} cannot be used\ncause: expected the path of a file; this looks like the contents of one\n"
            )
        );
    }
}
