use std::time::Duration;

use registry_fixture::{Auth, Match, Personality, Registry, Running, User};
use test_support::Rls;

use crate::registries::with_seed;

fn start(seed: &str) -> Running {
    with_seed(Registry::builder(), seed).auth(Auth::Token).start()
}

fn ann(registry: &Running) -> Rls {
    Rls::at(registry).user("ann", "secret")
}

#[test]
fn one_token_serves_all_requests_for_a_repository() {
    let registry = start("1x40");
    assert_eq!(ann(&registry).words("tags grid/repo-000 -l").succeeds().lines().count(), 40);
    assert_eq!(registry.tokens_issued(), 1);
}

#[test]
fn waiting_requests_share_a_token() {
    let registry = with_seed(Registry::builder(), "1x40").auth(Auth::Token).latency(Duration::from_millis(20)).start();
    let references: Vec<_> = registry.tags("grid/repo-000").iter().map(|tag| format!("grid/repo-000:{tag}")).collect();
    // None of the forty knows anything about a challenge when it is sent.
    assert_eq!(ann(&registry).arg("digest").args(references).succeeds().lines().count(), 40);
    assert_eq!(registry.tokens_issued(), 1);
}

#[test]
fn the_scope_of_each_repository_is_requested() {
    let registry = start("5x2");
    assert_eq!(ann(&registry).words("repos --tags").succeeds().lines().count(), 10);
    let requests: Vec<_> = registry
        .requests()
        .into_iter()
        .filter_map(|request| request.query)
        .filter(|query| query.contains("scope="))
        .collect();
    let requests = requests.join("&");
    for scope in
        ["registry%3Acatalog%3A*", "repository%3Agrid%2Frepo-000%3Apull", "repository%3Agrid%2Frepo-004%3Apull"]
    {
        assert!(requests.contains(scope), "{scope} in {requests}");
    }
}

#[test]
fn only_the_needed_scopes_are_requested() {
    let registry = start("shared");
    ann(&registry).words("rm shared/app:1.3.9 -q").succeeds();
    let scopes: Vec<_> = registry.requests().iter().filter_map(|request| request.parameter("scope")).collect();
    assert!(scopes.iter().all(|scope| !scope.contains("push") && !scope.contains('*')), "{scopes:?}");
    assert!(scopes.iter().any(|scope| scope.contains("delete")), "{scopes:?}");
}

#[test]
fn a_stale_token_is_refreshed_once() {
    let registry = start("1x6");
    registry.on_request(Match::head("/v2/grid/repo-000/manifests/1.2.0"), |registry, _| registry.revoke_tokens());
    assert_eq!(ann(&registry).words("tags grid/repo-000 -d -j 1").succeeds().lines().count(), 6);
    assert_eq!(registry.tokens_issued(), 2);
    assert_eq!(registry.count(&Match::head("/v2/grid/repo-000/manifests/1.2.0")), 2);
}

#[test]
fn a_token_that_is_always_refused_is_not_requested_repeatedly() {
    let registry = start("1x1");
    let stale = |request: &registry_fixture::RecordedRequest| request.scheme().as_deref() == Some("bearer");
    let refusal = registry_fixture::Answer::error(401, "UNAUTHORIZED", "token expired").header(
        "WWW-Authenticate",
        &format!("Bearer realm=\"{}\",service=\"{}\"", registry.realm(), registry.service()),
    );
    registry.inject(Match::get("/v2/grid/repo-000/tags/list").when(stale).always(), refusal);
    assert_eq!(ann(&registry).words("tags grid/repo-000").run().code, Some(4));
    assert!(registry.tokens_issued() <= 2, "{}", registry.tokens_issued());
}

#[test]
fn public_repositories_need_no_password() {
    let public = User::new("", "").allow("grid/*", "pull");
    let registry = with_seed(Registry::builder(), "1x2").auth(Auth::Token).anonymous(public).start();
    assert_eq!(&*Rls::at(&registry).words("tags grid/repo-000").succeeds(), "1.0.0\nlatest\n");
    assert_eq!(registry.tokens_issued(), 1);
    assert_eq!(Rls::at(&registry).words("rm grid/repo-000:latest").run().code, Some(4));
}

#[test]
fn a_separate_token_server_is_found_by_the_challenge() {
    let registry = with_seed(Registry::builder(), "1x2").auth(Auth::Token).token_server_apart().start();
    assert_eq!(&*ann(&registry).words("tags grid/repo-000").succeeds(), "1.0.0\nlatest\n");
    let tls = with_seed(Registry::builder(), "1x2").auth(Auth::Token).tls(registry_fixture::Tls::Issued);
    let tls = tls.token_server_apart().start();
    assert_eq!(&*ann(&tls).words("tags grid/repo-000").succeeds(), "1.0.0\nlatest\n");
}

#[test]
fn identity_tokens_and_passwords_are_exchanged_by_a_supported_method() {
    for (post, method) in [(true, "POST"), (false, "GET")] {
        let registry = with_seed(Registry::builder(), "1x1").auth(Auth::Token).token_post(post).start();
        ann(&registry).words("tags grid/repo-000").succeeds();
        assert_eq!(registry.count(&Match::path("/auth/token").method("GET".parse().expect("a method"))), 1, "{post}");
        let token = registry.identity_token("ann");
        let config = format!(
            "{{\"auths\":{{\"{}\":{{\"auth\":\"YW5uOnNlY3JldA==\",\"identitytoken\":\"{token}\"}}}}}}",
            registry.host()
        );
        let outcome = Rls::at(&registry).docker_config(&config).words("tags grid/repo-000").run();
        assert_eq!(outcome.code, Some(0), "{post}: {outcome}");
        let last = registry.requests().into_iter().rfind(|request| request.path == "/auth/token").expect("a request");
        assert_eq!(last.method, method, "{post}");
    }
}

#[test]
fn short_lived_tokens_and_those_without_expires_in_are_used() {
    for builder in [
        with_seed(Registry::builder(), "1x5").token_lifetime(Duration::from_secs(60)),
        with_seed(Registry::builder(), "1x5").without_expires_in(),
    ] {
        let registry = builder.auth(Auth::Token).start();
        assert_eq!(ann(&registry).words("tags grid/repo-000 -d").succeeds().lines().count(), 5);
        assert_eq!(registry.tokens_issued(), 1);
    }
}

#[test]
fn every_personality_gets_no_more_scopes_than_it_accepts() {
    let listed = |one: &&Personality| !matches!(one, Personality::Cloudflare | Personality::ContainerRegistry);
    for personality in Personality::ALL.iter().filter(listed) {
        let registry = with_seed(Registry::builder(), "1x3").personality(*personality).auth(Auth::Token).start();
        let user = registry.users()[0].clone();
        let tags = Rls::at(&registry).user(user.name(), user.password()).words("tags grid/repo-000 -d -q");
        assert_eq!(tags.succeeds().lines().count(), 3, "{}", personality.name());
        let refused = registry.requests().iter().filter(|request| request.status == Some(400)).count();
        assert_eq!(refused, 0, "{}: {:?}", personality.name(), registry.lines());
    }
}
