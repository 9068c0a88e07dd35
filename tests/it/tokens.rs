//! The number of tokens and requests: a token server checks a password for each.

use registry_fixture::{
    Auth, Builder, Fault, Match, Personality, RecordedRequest, Registry, Running, Several, Tls, User,
};

use registry_ls::auth::Claims;
use test_support::Rls;

/// Who may do everything, unless a test says otherwise.
const ANN: (&str, &str) = ("ann", "secret");

const REPOSITORIES: usize = 60;

fn sixty() -> Builder {
    Registry::builder().auth(Auth::Token).seed("60x2".parse().expect("a seed"))
}

/// Lists all repositories with their tags; the lines.
fn listed(registry: &Running) -> String {
    listed_by(registry, "repos --tags")
}

fn listed_by(registry: &Running, words: &str) -> String {
    let expected: Vec<_> = registry
        .repositories()
        .iter()
        .flat_map(|repository| registry.tags(repository).into_iter().map(move |tag| format!("{repository}:{tag}\n")))
        .collect();
    let shown = Rls::at(registry).user(ANN.0, ANN.1).words(words).succeeds();
    assert_eq!(*shown, expected.concat());
    shown.to_string()
}

fn is_for_token(request: &RecordedRequest) -> bool {
    request.parameter("client_id").is_some_and(|client| client == "rls")
}

fn refused(registry: &Running) -> usize {
    registry.requests().iter().filter(|request| request.status == Some(401)).count()
}

/// The scopes of each request for a token.
fn scopes(registry: &Running) -> Vec<Vec<String>> {
    let of = |request: &RecordedRequest| {
        let scopes = request.query_pairs().into_iter().filter(|(name, _)| name == "scope").map(|(_, scope)| scope);
        scopes.collect()
    };
    registry.requests().iter().filter(|request| is_for_token(request)).map(of).collect()
}

#[test]
fn one_token_serves_many_repositories() {
    let registry = sixty().start();
    listed(&registry);
    assert!((3..=5).contains(&registry.tokens_issued()), "{}", registry.tokens_issued());
    assert_eq!(refused(&registry), 1, "only the first request gets a challenge");
    let requests = registry.requests();
    assert_eq!(
        requests.len() as u64,
        2 + REPOSITORIES as u64 + registry.tokens_issued(),
        "and no other request was needed"
    );
    for request in &requests {
        assert!(request.line().len() < 4096, "a short address: {}", request.line().len());
        assert!(request.authorization().unwrap_or_default().len() <= 4096 + "Bearer ".len(), "a small token");
    }
    let scopes = scopes(&registry);
    assert_eq!(scopes[0], ["registry:catalog:*"]);
    let repositories: Vec<_> = scopes[1..].iter().flatten().collect();
    assert_eq!(repositories.len(), REPOSITORIES);
    assert!(repositories.iter().all(|scope| scope.starts_with("repository:grid/") && scope.ends_with(":pull")));
}

#[test]
fn a_separate_token_server_over_tls_gets_equally_few_requests() {
    let registry = sixty().tls(Tls::Issued).token_server_apart().start();
    listed(&registry);
    assert!(registry.tokens_issued() <= 5, "{}", registry.tokens_issued());
    assert_eq!(refused(&registry), 1);
    assert!(registry.requests().iter().all(|request| request.http2));
    assert_eq!(registry.connections(), 2, "one to each server");
}

#[test]
fn tokens_are_prefetched_for_names_on_standard_input() {
    let registry = sixty().start();
    let names = registry.repositories().join("\n");
    let shown = Rls::at(&registry).user(ANN.0, ANN.1).words("tags -").stdin(names).succeeds();
    assert_eq!(shown.lines().count(), 2 * REPOSITORIES);
    assert!(registry.tokens_issued() <= 4, "{}", registry.tokens_issued());
    assert!(refused(&registry) <= 16, "those that were under way before the first answer came: {}", refused(&registry));
}

#[test]
fn a_server_that_reads_only_the_first_scope_gets_one_scope_per_request() {
    let registry = sixty().several_scopes(Several::FirstOnly).start();
    listed(&registry);
    assert_eq!(registry.tokens_issued(), 1 + REPOSITORIES as u64, "no token was fetched for nothing");
    assert_eq!(refused(&registry), 1);
}

#[test]
fn a_server_that_refuses_several_scopes_gets_one_scope_per_request() {
    let registry = sixty().several_scopes(Several::Refused).start();
    listed(&registry);
    assert_eq!(registry.tokens_issued(), 1 + REPOSITORIES as u64);
    let several = scopes(&registry).iter().filter(|scopes| scopes.len() > 1).count();
    assert!((1..=4).contains(&several), "it was tried {several} times");
}

#[test]
fn a_server_that_fails_for_several_scopes_gets_one_scope_per_request() {
    let registry = sixty().start();
    let several =
        Match::any().when(|request| is_for_token(request) && request.line().matches("scope=").count() > 1).always();
    registry.inject(several.clone(), Fault::status(500));
    listed(&registry);
    assert!((1..=4).contains(&registry.count(&several)), "each try is one request: {}", registry.count(&several));
    assert_eq!(registry.tokens_issued(), 1 + REPOSITORIES as u64);
}

#[test]
fn a_scope_that_is_not_granted_in_a_batch_is_requested_alone_and_then_denied() {
    let ann = User::new(ANN.0, ANN.1).catalog().allow("grid/repo-00?", "pull").allow("grid/repo-02?", "pull");
    let registry = Registry::builder().auth(Auth::Token).user(ann).seed("30x1".parse().expect("a seed")).start();
    let outcome = Rls::at(&registry).user(ANN.0, ANN.1).words("repos --tags").run();
    assert_eq!(outcome.code, Some(6));
    assert_eq!(outcome.stdout.lines().count(), 20);
    let denied = outcome.stderr.lines().filter(|line| line.contains("not allowed to pull grid/repo-01")).count();
    assert_eq!(denied, 10, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("cause: logged in as ann (RLS_PASSWORD)"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("cause: the token grants nothing"), "{}", outcome.stderr);
    assert!(registry.tokens_issued() <= 1 + 2 + 10, "{}", registry.tokens_issued());
    assert_eq!(refused(&registry), 1 + 10);
}

#[test]
fn a_registry_that_refuses_shared_tokens_gets_one_per_repository() {
    for status in [401, 403] {
        let registry = sixty().start();
        let shared = |request: &RecordedRequest| {
            let token = request.authorization().and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
            Claims::decode(token).and_then(|claims| claims.granted).is_some_and(|granted| granted.len() > 1)
        };
        registry.inject(Match::any().when(shared).always(), Fault::status(status));
        let challenge = format!("Bearer realm=\"{}\",service=\"{}\",scope=\"x\"", registry.realm(), registry.service());
        registry.inject(Match::any().when(shared).always(), Fault::header("WWW-Authenticate", &challenge));
        listed(&registry);
        assert!(registry.tokens_issued() <= 4 + 1 + REPOSITORIES as u64, "{}", registry.tokens_issued());
    }
}

#[test]
fn tokens_are_not_prefetched_again_after_a_different_challenge() {
    let registry = Registry::builder().auth(Auth::Token).seed("150x1".parse().expect("a seed")).start();
    let challenge = format!("Bearer realm=\"{}\",service=\"{}\"", registry.realm(), registry.service());
    let challenge = format!("{challenge},scope=\"repository:grid/repo-000:pull,push\"");
    let first = || Match::get("/v2/grid/repo-000/tags/list").times(2);
    registry.inject(first(), Fault::status(401));
    registry.inject(first(), Fault::header("WWW-Authenticate", &challenge));
    // With more, all would have begun, and have their tokens, before the challenge comes.
    listed_by(&registry, "repos --tags --jobs 4");
    assert!(refused(&registry) > 16, "the other requests start without a token: {}", refused(&registry));
    assert!(scopes(&registry).iter().flatten().all(|scope| !scope.contains("push")));
}

#[test]
fn no_token_is_requested_for_an_anonymous_registry() {
    let registry = Registry::builder().seed("60x2".parse().expect("a seed")).start();
    listed(&registry);
    // The one at the root is for the challenge that the first reply might have been without.
    assert_eq!((registry.requests().len(), registry.tokens_issued()), (2 + REPOSITORIES, 0));
}

/// Where challenges are not of the usual form, or tokens do not say what they grant, a token a repository it is.
#[test]
fn listing_takes_at_most_one_token_per_repository() {
    let names = || (0..30).map(|number| format!("grid/repo-{number:03}\n")).collect::<String>();
    let mut counts = String::new();
    let listed = |one: &Personality| !matches!(one, Personality::Cloudflare | Personality::ContainerRegistry);
    for personality in Personality::ALL.iter().copied().filter(listed) {
        let registry = Registry::builder()
            .personality(personality)
            .auth(Auth::Token)
            .user(User::admin(ANN.0, ANN.1))
            .seed("30x1".parse().expect("a seed"))
            .start();
        let shown = Rls::at(&registry).user(ANN.0, ANN.1).words("tags - -j 4 -q").stdin(names()).succeeds();
        assert_eq!(shown.lines().count(), 30, "{personality:?}");
        let several = scopes(&registry).iter().filter(|scopes| scopes.len() > 1).count();
        let tokens = registry.tokens_issued();
        let sort = match tokens {
            0 => "none",
            1..=4 => "together",
            _ => "one for each",
        };
        assert!(
            tokens <= 30 + several as u64 && several <= 2,
            "{personality:?}: {tokens} tokens, {several} for several"
        );
        counts.push_str(&format!("{}: {sort}\n", personality.name()));
    }
    insta::assert_snapshot!(counts, @r"
    distribution-2.6: together
    distribution-2.8: together
    distribution-3: together
    zot: together
    harbor: together
    quay: together
    ecr: none
    ghcr: one for each
    google: one for each
    gitlab: together
    nexus: one for each
    artifactory: together
    gitea: one for each
    acr: together
    docker-hub: together
    olareg: one for each
    pulp: together
    crane: none
    ");
}
