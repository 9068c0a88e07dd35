//! A host may have a login for each namespace (containers-auth.json(5)): none is used for another.

use std::collections::{BTreeMap, BTreeSet};

use registry_fixture::{Auth, Registry, Running, User};
use test_support::Rls;

use super::add;

const NAMES: [&str; 6] =
    ["team-a/app:v1", "team-a/web:v1", "team-b/app:v1", "team-b/web:v1", "pub/app:v1", "pub/web:v1"];

fn registry(auth: Auth) -> Running {
    let user = |name, password, glob| User::new(name, password).allow(glob, "pull,push,delete").catalog();
    let registry = Registry::builder()
        .auth(auth)
        .user(user("usera", "pa", "**"))
        .user(user("userb", "pb", "**"))
        .user(user("host", "ph", "**"))
        .start();
    add(&registry, &NAMES);
    registry
}

/// rls with a login for each of the two teams, and none for public repositories.
fn rls(registry: &Running) -> Rls {
    let host = registry.host();
    // usera:pa, userb:pb
    let entries =
        format!("\"{host}/team-a\":{{\"auth\":\"dXNlcmE6cGE=\"}},\"{host}/team-b\":{{\"auth\":\"dXNlcmI6cGI=\"}}");
    Rls::at(registry)
        .with_file("auth.json", format!("{{\"auths\":{{{entries}}}}}"))
        .env("REGISTRY_AUTH_FILE", "auth.json")
}

/// The users of the requests for each namespace, to the registry or to its token server.
fn who(registry: &Running) -> BTreeMap<String, BTreeSet<String>> {
    let user = |authorization: Option<&str>| match authorization {
        Some("Basic dXNlcmE6cGE=") => "usera".to_owned(),
        Some("Basic dXNlcmI6cGI=") => "userb".to_owned(),
        Some("Basic aG9zdDpwaA==") => "host".to_owned(),
        Some(other) => other.split(' ').next().unwrap_or_default().to_owned(),
        None => "nobody".to_owned(),
    };
    let mut who: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for request in registry.requests() {
        let text = request.line().replace("%2F", "/").replace("%3A", ":");
        for namespace in ["team-a", "team-b", "pub"] {
            // A token does not name its user; the token request does.
            if text.contains(namespace) && request.scheme().as_deref() != Some("bearer") {
                who.entry(namespace.to_owned()).or_default().insert(user(request.authorization()));
            }
        }
    }
    who
}

fn assert_apart(registry: &Running, what: &str) {
    let who = who(registry);
    let users = |namespace: &str| who.get(namespace).cloned().unwrap_or_default();
    let only = |user: &str| BTreeSet::from([user.to_owned(), "nobody".to_owned()]);
    assert!(users("team-a").is_subset(&only("usera")), "{what}: {who:?}");
    assert!(users("team-b").is_subset(&only("userb")), "{what}: {who:?}");
    assert!(users("pub").is_subset(&only("nobody")), "{what}: {who:?}");
}

#[test]
fn each_repository_is_read_with_its_own_login() {
    for auth in [Auth::Basic, Auth::Token] {
        let orders = [[0, 1, 2, 3, 4, 5], [4, 2, 0, 5, 3, 1], [3, 4, 0, 1, 5, 2]];
        for (order, jobs) in orders.iter().flat_map(|order| [(order, "1"), (order, "8")]) {
            let registry = registry(auth);
            let names: Vec<_> = order.iter().map(|at| NAMES[*at]).collect();
            let what = format!("{auth:?} {names:?} --jobs {jobs}");
            let repositories = names.iter().map(|name| name.trim_end_matches(":v1"));
            for (words, names) in [("tags -d", repositories.collect::<Vec<_>>()), ("digest", names.clone())] {
                let outcome = rls(&registry).words(words).args(["-j", jobs]).args(&names).run();
                // Public images are not readable here: only those two fail.
                assert_eq!(outcome.code, Some(6), "{what}: {outcome}");
                assert_eq!(outcome.stdout.lines().count(), 4, "{what}: {outcome}");
            }
            let outcome = rls(&registry).words("rm -q").args(["-j", jobs]).args(&names).run();
            assert_eq!(outcome.code, Some(6), "{what}: {outcome}");
            assert_apart(&registry, &what);
            let left: Vec<_> =
                NAMES.iter().filter(|name| !registry.tags(name.trim_end_matches(":v1")).is_empty()).collect();
            assert_eq!(left, [&"pub/app:v1", &"pub/web:v1"], "{what}");
        }
    }
}

#[test]
fn listing_uses_the_login_of_the_host_and_reading_that_of_the_namespace() {
    for auth in [Auth::Basic, Auth::Token] {
        let registry = registry(auth);
        let host = registry.host();
        let entries = format!(
            "\"{host}\":{{\"auth\":\"aG9zdDpwaA==\"}},\"{host}/team-a\":{{\"auth\":\"dXNlcmE6cGE=\"}},\
             \"{host}/team-b\":{{\"auth\":\"dXNlcmI6cGI=\"}}"
        );
        let rls = Rls::at(&registry).with_file("auth.json", format!("{{\"auths\":{{{entries}}}}}"));
        let listed = rls.env("REGISTRY_AUTH_FILE", "auth.json").words("repos --tags").succeeds();
        assert_eq!(listed.lines().count(), NAMES.len(), "{listed}");
        let who = who(&registry);
        assert!(!who["team-a"].contains("host") && !who["team-b"].contains("host"), "{who:?}");
        assert!(!who["pub"].contains("usera") && !who["pub"].contains("userb"), "{who:?}");
    }
}

#[test]
fn a_denial_names_the_login_that_was_used() {
    let registry = registry(Auth::Basic);
    let outcome = rls(&registry).words("tags team-a/app pub/app").run();
    assert!(!outcome.stderr.contains("usera"), "{outcome}");
    assert!(outcome.stderr.contains("error: not logged in to http://REGISTRY\n"), "{outcome}");
}

#[test]
fn a_shared_login_is_authenticated_once() {
    let registry = registry(Auth::Basic);
    let listed = Rls::at(&registry).user("host", "ph").words("repos --tags").succeeds();
    assert_eq!(listed.lines().count(), NAMES.len(), "{listed}");
    let without_challenge = registry.requests().iter().filter(|request| request.authorization().is_none()).count();
    assert_eq!((without_challenge, registry.lines().len()), (1, 2 + NAMES.len()));
}
