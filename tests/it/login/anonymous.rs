//! An anonymous reply is not the last word where credentials are at hand: registries that show anonymous users a part
//! of what they have, that hide the rest, or that send no challenge.

use insta::assert_snapshot;
use registry_fixture::content::ImageSpec;
use registry_fixture::{Answer, Auth, Match, Personality, Registry, Running, User};
use test_support::{Outcome, Rls};

/// zot with `anonymousPolicy`: everybody sees `public/app`, and only ann the rest.
fn zot(auth: Auth) -> Running {
    let builder = Registry::builder().personality(Personality::Zot).auth(auth).user(User::admin("ann", "secret"));
    let registry = builder.anonymous(User::new("", "").allow("public/*", "pull")).start();
    for name in ["public/app", "team/app", "team/web"] {
        registry.push_image(name, "1.0", &ImageSpec::new(name));
    }
    registry
}

fn ann(registry: &Running) -> Rls {
    Rls::at(registry).user("ann", "secret")
}

fn requests_to_the_root(registry: &Running) -> usize {
    registry.lines().iter().filter(|line| *line == "GET /v2/").count()
}

#[test]
fn the_whole_catalog_is_listed_with_credentials_and_the_public_part_without() {
    let registry = zot(Auth::Basic);
    assert_eq!(&*Rls::at(&registry).words("repos").succeeds(), "public/app\n");
    assert_eq!(requests_to_the_root(&registry), 0);
    let all = "public/app:1.0\nteam/app:1.0\nteam/web:1.0\n";
    assert_eq!(&*ann(&registry).words("repos --tags").succeeds(), all);
    assert_eq!(requests_to_the_root(&registry), 1, "once a run");
    // With tokens the catalog has a challenge, whose scope names no repository.
    let registry = zot(Auth::Token);
    assert_eq!(&*ann(&registry).words("repos --tags").succeeds(), all);
    assert_eq!(requests_to_the_root(&registry), 0);
}

#[test]
fn credentials_that_were_found_count_as_those_that_were_given() {
    let registry = zot(Auth::Basic);
    let config = format!(r#"{{"auths":{{"{}":{{"username":"ann","password":"secret"}}}}}}"#, registry.host());
    let listed = Rls::at(&registry).docker_config(&config).words("repos").succeeds();
    assert_eq!(&*listed, "public/app\nteam/app\nteam/web\n");
    assert_eq!(&*Rls::at(&registry).docker_config(&config).words("repos --anonymous").succeeds(), "public/app\n");
}

#[test]
fn a_wrong_password_is_refused_despite_anonymous_access() {
    for auth in [Auth::Basic, Auth::Token] {
        let registry = zot(auth);
        let refused = Rls::at(&registry).user("ann", "wrong").words("repos").run();
        assert_eq!((refused.code, &*refused.stdout), (Some(4), ""), "{auth:?}: {refused}");
    }
}

#[test]
fn an_open_registry_is_asked_once_for_a_challenge() {
    let registry = crate::registries::seeded("3x2");
    let listed = ann(&registry).words("repos --tags").succeeds();
    assert_eq!(listed.lines().count(), 6);
    assert_eq!(requests_to_the_root(&registry), 1);
    registry.clear_requests();
    Rls::at(&registry).words("repos --tags").succeeds();
    assert_eq!(requests_to_the_root(&registry), 0, "there are no credentials");
    assert!(registry.requests().iter().all(|request| request.authorization().is_none()));
}

/// A registry that answers anonymous requests for `team/app` in this way, and challenges at its root.
fn hiding(auth: Auth, answer: Answer) -> (Running, Outcome) {
    let registry = Registry::builder().auth(auth).user(User::admin("ann", "secret")).start();
    registry.push_image("team/app", "1.0", &ImageSpec::new("app"));
    let anonymous = Match::under("/v2/team/").when(|request| request.authorization().is_none()).always();
    registry.inject(anonymous, answer);
    let outcome = ann(&registry).words("tags team/app --jobs 1").run();
    (registry, outcome)
}

#[test]
fn what_is_hidden_from_anonymous_users_is_found() {
    for auth in [Auth::Basic, Auth::Token] {
        for answer in [
            Answer::not_found("NAME_UNKNOWN"),
            Answer::html(404, "not here"),
            Answer::new(401),
            Answer::new(403),
            Answer::new(403).header("WWW-Authenticate", "Basic realm=\"here\""),
        ] {
            let is_basic = format!("{answer:?}").contains("Basic");
            let (registry, outcome) = hiding(auth, answer);
            if auth == Auth::Token && is_basic {
                // The registry takes tokens, and its own challenge to the password says so.
                continue;
            }
            assert_eq!(outcome.result(), (Some(0), "1.0\n"), "{auth:?}: {outcome}");
            assert_eq!(requests_to_the_root(&registry), usize::from(!is_basic), "{auth:?}");
        }
    }
}

#[test]
fn the_first_reply_stands_where_the_root_has_no_challenge() {
    let registry = crate::registries::empty();
    registry.push_image("team/app", "1.0", &ImageSpec::new("app"));
    registry.inject(Match::under("/v2/team/").always(), Answer::new(401));
    assert_snapshot!(ann(&registry).words("tags team/app").run(), @"
    exit 4
    --- stderr
    error: cannot log in to http://REGISTRY
    cause: 401 Unauthorized
    cause: the registry requires authentication and sends no valid challenge
    cause: no authentication method offered: 401 without WWW-Authenticate
    hint:  a login does not help; the registry's administrator must offer Basic or token authentication, in a valid WWW-Authenticate header
    ");
    assert!(registry.requests().iter().all(|request| request.authorization().is_none()));
}

#[test]
fn container_registry_is_logged_in_to_at_its_root() {
    let registry = Registry::builder().personality(Personality::ContainerRegistry).auth(Auth::Basic);
    let registry = registry.user(User::admin("ann", "secret")).start();
    let digest = registry.push_image("team/app", "1.0", &ImageSpec::new("app"));
    assert_eq!(*ann(&registry).words("digest team/app:1.0").succeeds(), format!("{digest}\n"));
    assert_snapshot!(Rls::at(&registry).words("digest team/app:1.0").run(), @"
    exit 4
    --- stderr
    error: cannot log in to http://REGISTRY
    cause: 401 Unauthorized
    cause: the registry requires authentication and sends no valid challenge
    cause: no authentication method offered: 401 without WWW-Authenticate
    hint:  a login does not help; the registry's administrator must offer Basic or token authentication, in a valid WWW-Authenticate header
    ");
    assert_snapshot!(Rls::at(&registry).user("ann", "wrong").words("digest team/app:1.0").run(), @"
    exit 4
    --- stderr
    error: login refused by http://REGISTRY: wrong user name or password
    cause: 401 Unauthorized
    cause: tried as ann (RLS_PASSWORD)
    hint:  check the user name and password from RLS_PASSWORD, or use -u NAME
    ");
}

#[test]
fn a_registry_whose_root_fails_is_not_taken_for_open() {
    let registry = zot(Auth::Basic);
    registry.inject(Match::get("/v2/").always(), Answer::new(503));
    let outcome = ann(&registry).words("repos --retries 0").run();
    assert_eq!((outcome.code, &*outcome.stdout), (Some(5), ""), "{outcome}");
    registry.clear_faults();
    registry.inject(Match::get("/v2/"), Answer::new(503));
    assert_eq!(&*ann(&registry).words("repos").succeeds(), "public/app\nteam/app\nteam/web\n");
}
