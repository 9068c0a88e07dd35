//! Tokens that expire, are revoked or grant less than requested: one is fetched for each that was refused,
//! and never more.

use std::collections::HashSet;
use std::sync::Mutex;
use std::time::Duration;

use registry_fixture::{Auth, Builder, Match, RecordedRequest, Registry, Running, Tls, User};
use test_support::{Outcome, Rls};

const REPOSITORIES: usize = 60;
/// Names on a page.
const PAGE: usize = 5;
const PAGES: usize = REPOSITORIES / PAGE;

fn registry() -> Builder {
    Registry::builder().auth(Auth::Token)
}

/// Its catalog has twelve pages.
fn in_pages() -> Builder {
    registry().seed("60x1".parse().expect("a seed")).catalog_pages(PAGE, PAGE)
}

fn ann(registry: &Running) -> Rls {
    Rls::at(registry).user("ann", "secret")
}

/// The requests for the catalog that were answered otherwise than by a 401: its pages, and sizes that are refused.
fn answered(registry: &Running) -> u64 {
    let is_answer = |request: &RecordedRequest| request.path == "/v2/_catalog" && request.status != Some(401);
    registry.requests().iter().filter(|request| is_answer(request)).count() as u64
}

/// The requests that were answered by a 401.
fn refused(registry: &Running) -> u64 {
    registry.requests().iter().filter(|request| request.status == Some(401)).count() as u64
}

/// Lists the catalog, which comes out whole.
fn listed(registry: &Running) {
    let shown = ann(registry).words("repos").succeeds();
    assert_eq!(shown.lines().collect::<Vec<_>>(), registry.repositories());
}

/// The address of a page of the catalog, counted from 0.
fn page(registry: &Running, number: usize) -> Match {
    let page = Match::get("/v2/_catalog").when(|request| request.authorization().is_some());
    match number.checked_sub(1) {
        // The first page is requested without a token first.
        None => page.when(|request| request.authorization().is_some() && request.parameter("last").is_none()),
        Some(former) => {
            let last = registry.repositories()[former * PAGE + PAGE - 1].clone();
            page.when(move |request| request.parameter("last").as_ref() == Some(&last))
        }
    }
}

#[test]
fn a_token_that_expires_at_any_page_is_replaced_once() {
    for number in 1..PAGES {
        let registry = in_pages().start();
        registry.on_request(page(&registry, number), |registry, _| registry.revoke_tokens());
        listed(&registry);
        assert_eq!((registry.tokens_issued(), refused(&registry)), (2, 2), "page {number}");
        assert_eq!(registry.count(&Match::get("/v2/_catalog")) as u64, answered(&registry) + 2, "page {number}");
    }
}

/// A token is good for one page and then taken back.
fn each_token_serves_once(registry: &Running) {
    let served = Mutex::new(HashSet::new());
    let has_served = move |request: &RecordedRequest| match request.authorization() {
        Some(token) if token.starts_with("Bearer ") => !served.lock().expect("no panic").insert(token.to_owned()),
        _ => false,
    };
    registry.on_request(Match::get("/v2/_catalog").when(has_served).always(), |registry, _| registry.revoke_tokens());
}

#[test]
fn a_token_that_expires_at_every_page_is_replaced_each_time() {
    let registry = in_pages().start();
    each_token_serves_once(&registry);
    listed(&registry);
    assert!(answered(&registry) >= PAGES as u64);
    assert_eq!((registry.tokens_issued(), refused(&registry)), (answered(&registry), answered(&registry)));
}

#[test]
fn each_page_takes_one_token_over_tls_and_with_a_separate_token_server() {
    let registry = in_pages().tls(Tls::Issued).token_server_apart().start();
    each_token_serves_once(&registry);
    listed(&registry);
    assert!(answered(&registry) >= PAGES as u64);
    assert_eq!((registry.tokens_issued(), refused(&registry)), (answered(&registry), answered(&registry)));
}

#[test]
fn a_token_that_expires_early_is_renewed_when_it_is_refused() {
    let registry = in_pages().token_lifetime(Duration::from_secs(3)).latency(Duration::from_millis(400)).start();
    listed(&registry);
    // Twelve pages and what they cost besides take six seconds at least.
    assert!(registry.tokens_issued() >= 2, "{}", registry.tokens_issued());
    assert_eq!(registry.tokens_issued(), refused(&registry));
}

#[test]
fn a_wrong_clock_adds_no_request() {
    for ahead in [-3_600, 3_600, -20 * 365 * 86_400, 50 * 365 * 86_400] {
        let registry = in_pages().clock_ahead(ahead).start();
        listed(&registry);
        assert_eq!((registry.tokens_issued(), refused(&registry)), (1, 1), "{ahead}");
        let registry = in_pages().clock_ahead(ahead).without_expires_in().start();
        listed(&registry);
        assert_eq!((registry.tokens_issued(), refused(&registry)), (1, 1), "{ahead} without expires_in");
    }
}

const TAGS: u64 = 1000;

/// A thousand tags, for 32 requests in flight.
fn many(builder: Builder) -> Running {
    let registry = builder.latency(Duration::from_millis(5)).start();
    registry.tag_many("team/app", TAGS);
    registry
}

fn digests(registry: &Running) -> Outcome {
    ann(registry).words("tags team/app -d -j 32").run()
}

#[test]
fn with_32_requests_in_flight_a_revoked_token_is_replaced_once() {
    for times in [1, 4] {
        let registry = many(registry());
        let heads = Match::any().method("HEAD".parse().expect("a method"));
        for turn in 1..=times {
            registry.on_request(heads.clone().after(turn * 200), |registry, _| registry.revoke_tokens());
        }
        let outcome = digests(&registry);
        assert_eq!((outcome.code, outcome.stdout.lines().count() as u64), (Some(0), TAGS), "{outcome}");
        assert!(registry.most_at_once() > 16, "they are in flight together: {}", registry.most_at_once());
        assert_eq!(registry.tokens_issued(), 1 + times as u64);
        // Of those in flight with the old token each is refused once, and sent once more.
        let refused = refused(&registry);
        assert!((1 + times as u64..=1 + 33 * times as u64).contains(&refused), "{refused}");
        assert_eq!(registry.count(&heads) as u64, TAGS + refused - 1);
    }
}

/// Three hundred of them.
fn references(registry: &Running) -> Vec<String> {
    registry.tags("team/app").iter().take(300).map(|tag| format!("team/app:{tag}")).collect()
}

#[test]
fn with_32_requests_in_flight_the_first_token_is_fetched_once() {
    let registry = many(registry());
    let references = references(&registry);
    let outcome = ann(&registry).words("digest -j 32").args(&references).run();
    assert_eq!((outcome.code, outcome.stdout.lines().count()), (Some(0), references.len()), "{outcome}");
    assert_eq!(registry.tokens_issued(), 1);
    assert!(refused(&registry) <= 32, "{}", refused(&registry));
}

#[test]
fn a_token_with_less_than_the_requested_scope_is_not_requested_repeatedly() {
    let ann_may = |user: User| many(registry().user(user));
    // She may list tags nowhere: nothing is granted on the repository.
    let registry = ann_may(User::new("ann", "secret").allow("other/*", "pull"));
    let outcome = ann(&registry).words("digest -j 32 -q").args(references(&registry)).run();
    assert_eq!((outcome.code, &*outcome.stdout), (Some(4), ""), "{}", outcome.stderr);
    assert!(registry.tokens_issued() <= 32, "{} tokens, one for each in flight at most", registry.tokens_issued());

    // She may read and not delete.
    let registry = ann_may(User::new("ann", "secret").allow("team/*", "pull"));
    let tag = registry.tags("team/app")[0].clone();
    let outcome = ann(&registry).words("rm").arg(format!("team/app:{tag}")).run();
    assert_eq!(outcome.code, Some(4), "{outcome}");
    assert!(registry.tokens_issued() <= 4, "{}", registry.tokens_issued());
    assert_eq!(registry.tags("team/app").len() as u64, TAGS);
}
