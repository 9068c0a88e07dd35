//! Not authenticated, or not allowed.

use insta::assert_snapshot;
use registry_fixture::{Answer, Auth, Fault, Match, Registry, Running, User};
use test_support::Rls;

use crate::registries::with_seed;

/// `ann` may do everything; `bob` may pull `team/*` and nothing else.
pub(super) fn start(auth: Auth) -> Running {
    let bob = User::new("bob", "hunter2").allow("team/*", "pull");
    with_seed(Registry::builder(), "demo").auth(auth).user(User::admin("ann", "secret")).user(bob).start()
}

#[test]
fn missing_credentials_hint_at_login() {
    for auth in [Auth::Basic, Auth::Token] {
        let registry = start(auth);
        for words in ["repos", "tags team/app", "digest team/app:1.4.0", "manifest team/app:1.4.0", "rm team/app:1.4.0"]
        {
            let outcome = Rls::at(&registry).words(words).run();
            assert_eq!(outcome.code, Some(4), "{auth:?} {words}: {outcome}");
            let hint = "run 'rls login http://REGISTRY', or set RLS_USERNAME and RLS_PASSWORD\n";
            assert!(outcome.stderr.ends_with(hint), "{auth:?} {words}: {outcome}");
        }
    }
    assert_snapshot!(Rls::at(&start(Auth::Basic)).words("repos").run(), @"
    exit 4
    --- stderr
    error: not logged in to http://REGISTRY
    cause: 401 Unauthorized: UNAUTHORIZED: authentication required: missing registry:catalog:*
    hint:  run 'rls login http://REGISTRY', or set RLS_USERNAME and RLS_PASSWORD
    ");
    assert_snapshot!(Rls::at(&start(Auth::Token)).words("tags team/app").run(), @"
    exit 4
    --- stderr
    error: team/app does not exist on http://REGISTRY, or requires login
    cause: 401 Unauthorized: UNAUTHORIZED: authentication required: missing repository:team/app:pull
    hint:  check the name; for a private repository, run 'rls login http://REGISTRY', or set RLS_USERNAME and RLS_PASSWORD
    ");
}

#[test]
fn a_wrong_password() {
    for auth in [Auth::Basic, Auth::Token] {
        let registry = start(auth);
        for words in ["repos", "tags team/app", "digest team/app:1.4.0", "rm team/app:1.4.0"] {
            let outcome = Rls::at(&registry).user("ann", "wrong-password").words(words).run();
            assert_eq!(outcome.code, Some(4), "{auth:?} {words}: {outcome}");
            assert!(outcome.stderr.contains("RLS_PASSWORD"), "{auth:?} {words}: {outcome}");
            assert!(!outcome.to_string().contains("wrong-password"), "{auth:?} {words}: {outcome}");
        }
    }
    let wrong = |auth, words: &str| Rls::at(&start(auth)).user("ann", "wrong-password").words(words).run();
    assert_snapshot!(wrong(Auth::Basic, "tags team/app"), @"
    exit 4
    --- stderr
    error: login refused by http://REGISTRY: wrong user name or password
    cause: 401 Unauthorized: UNAUTHORIZED: authentication required: missing repository:team/app:pull
    cause: tried as ann (RLS_PASSWORD)
    hint:  check the user name and password from RLS_PASSWORD, or use -u NAME
    ");
    assert_snapshot!(wrong(Auth::Basic, "repos"), @"
    exit 4
    --- stderr
    error: not allowed to list the repositories of http://REGISTRY
    cause: 401 Unauthorized: UNAUTHORIZED: authentication required: missing registry:catalog:*
    cause: tried as ann (RLS_PASSWORD)
    hint:  check the user name and password from RLS_PASSWORD; many registries show their catalog to administrators only; 'rls tags REPO' works without it
    ");
    let refused = wrong(Auth::Token, "tags team/app");
    assert_snapshot!(refused, @"
    exit 4
    --- stderr
    error: login refused by REGISTRY: wrong user name or password
    cause: 401 Unauthorized: UNAUTHORIZED: incorrect username or password
    cause: tried as ann (RLS_PASSWORD)
    hint:  check the user name and password from RLS_PASSWORD, or use -u NAME
    ");
    assert_eq!(wrong(Auth::Token, "repos").to_string(), refused.to_string());
}

#[test]
fn a_missing_permission() {
    let token = |words: &str| Rls::at(&start(Auth::Token)).user("bob", "hunter2").words(words).run();
    assert_snapshot!(token("tags base/alpine"), @"
    exit 4
    --- stderr
    error: not allowed to pull base/alpine on http://REGISTRY, or it does not exist
    cause: 401 Unauthorized: UNAUTHORIZED: authentication required: missing repository:base/alpine:pull
    cause: logged in as bob (RLS_PASSWORD)
    cause: the token grants nothing
    hint:  check the name, or request pull permission on base/alpine; -u NAME logs in as another user
    ");
    assert_snapshot!(token("rm team/app:1.2.0"), @"
    exit 4
    --- stdout
    failed→team/app:1.2.0
    --- stderr
    error: not allowed to delete team/app on http://REGISTRY
    cause: 401 Unauthorized: UNAUTHORIZED: authentication required: missing repository:team/app:delete
    cause: logged in as bob (RLS_PASSWORD)
    cause: the token grants nothing
    hint:  request delete permission on team/app; -u NAME logs in as another user
    ");
    assert_snapshot!(token("repos"), @"
    exit 4
    --- stderr
    error: not allowed to list the repositories of http://REGISTRY
    cause: 401 Unauthorized: UNAUTHORIZED: authentication required: missing registry:catalog:*
    cause: logged in as bob (RLS_PASSWORD)
    cause: the token grants nothing
    hint:  many registries show their catalog to administrators only; 'rls tags REPO' works without it
    ");
    assert_snapshot!(token("tags team/app base/alpine"), @"
    exit 6
    --- stdout
    team/app:1.2.0
    team/app:1.3.8
    team/app:1.3.9
    team/app:1.4.0
    team/app:latest
    --- stderr
    error: not allowed to pull base/alpine on http://REGISTRY, or it does not exist
    cause: 401 Unauthorized: UNAUTHORIZED: authentication required: missing repository:base/alpine:pull
    cause: logged in as bob (RLS_PASSWORD)
    cause: the token grants nothing
    hint:  check the name, or request pull permission on base/alpine; -u NAME logs in as another user
    ");
    let basic = |words: &str| Rls::at(&start(Auth::Basic)).user("bob", "hunter2").words(words).run();
    assert_snapshot!(basic("tags base/alpine"), @"
    exit 4
    --- stderr
    error: not allowed to pull base/alpine on http://REGISTRY, or it does not exist
    cause: 403 Forbidden: DENIED: requested access to the resource is denied
    cause: logged in as bob (RLS_PASSWORD)
    hint:  check the name, or request pull permission on base/alpine; -u NAME logs in as another user
    ");
    assert_snapshot!(basic("rm team/app:1.2.0"), @"
    exit 4
    --- stdout
    failed→team/app:1.2.0
    --- stderr
    error: not allowed to delete team/app on http://REGISTRY
    cause: 403 Forbidden: DENIED: requested access to the resource is denied
    cause: logged in as bob (RLS_PASSWORD)
    hint:  request delete permission on team/app; -u NAME logs in as another user
    ");
    assert_snapshot!(basic("repos"), @"
    exit 4
    --- stderr
    error: not allowed to list the repositories of http://REGISTRY
    cause: 403 Forbidden: DENIED: requested access to the resource is denied
    cause: logged in as bob (RLS_PASSWORD)
    hint:  many registries show their catalog to administrators only; 'rls tags REPO' works without it
    ");
}

#[test]
fn the_file_of_the_credentials_is_named() {
    let registry = start(Auth::Token);
    let config = format!("{{\"auths\":{{\"{}\":{{\"auth\":\"Ym9iOmh1bnRlcjI=\"}}}}}}", registry.host());
    assert_snapshot!(Rls::at(&registry).docker_config(&config).words("tags base/alpine").run(), @"
    exit 4
    --- stderr
    error: not allowed to pull base/alpine on http://REGISTRY, or it does not exist
    cause: 401 Unauthorized: UNAUTHORIZED: authentication required: missing repository:base/alpine:pull
    cause: logged in as bob (docker config, ~/.docker/config.json)
    cause: the token grants nothing
    hint:  check the name, or request pull permission on base/alpine; -u NAME logs in as another user
    ");
    let wrong = config.replace("Ym9iOmh1bnRlcjI=", "YW5uOndyb25n");
    assert_snapshot!(Rls::at(&registry).docker_config(&wrong).words("tags base/alpine").run(), @"
    exit 4
    --- stderr
    error: login refused by REGISTRY: wrong user name or password
    cause: 401 Unauthorized: UNAUTHORIZED: incorrect username or password
    cause: tried as ann (docker config, ~/.docker/config.json)
    hint:  check the user name and password from docker config, ~/.docker/config.json, or use -u NAME
    ");
}

#[test]
fn an_expired_password_of_ecr() {
    let registry =
        with_seed(Registry::builder(), "1x1").personality(registry_fixture::Personality::Ecr).auth(Auth::Basic).start();
    assert_snapshot!(Rls::at(&registry).user("AWS", "old").words("tags grid/repo-000").run(), @"
    exit 4
    --- stderr
    error: login refused by http://REGISTRY: the password has expired
    cause: 403 Forbidden: DENIED: Your authorization token has expired. Reauthenticate and try again.
    cause: tried as AWS (RLS_PASSWORD)
    hint:  ECR passwords expire after 12 hours; run 'aws ecr get-login-password' for a new one
    ");
}

#[test]
fn a_failing_token_server() {
    let failing = |fault: Fault| {
        let registry = start(Auth::Token);
        registry.inject(Match::get("/auth/token").always(), fault);
        Rls::at(&registry).user("ann", "secret").words("tags team/app --retries 0").run()
    };
    assert_snapshot!(failing(Fault::status(500)), @"
    exit 5
    --- stderr
    error: the token server REGISTRY failed
    cause: 500 Internal Server Error
    hint:  check the log of REGISTRY
    ");
    assert_snapshot!(failing(Answer::new(200).body("<html>Sign in</html>").header("Content-Type", "text/html").into()), @"
    exit 5
    --- stderr
    error: the token server REGISTRY sent no usable token
    cause: it sent a web page, such as a login page
    cause: the realm is http://REGISTRY/auth/token
    hint:  a proxy or login page may answer instead of the token server REGISTRY; -vv shows the headers
    ");
    assert_snapshot!(failing(Answer::new(200).body("{}").into()), @"
    exit 5
    --- stderr
    error: the token server REGISTRY sent no usable token
    cause: it is an empty JSON object
    cause: the realm is http://REGISTRY/auth/token
    hint:  the realm in the registry's WWW-Authenticate header must be the address of a token endpoint (Harbor: /service/token, GitLab: /jwt/auth); its administrator can correct it (REGISTRY_AUTH_TOKEN_REALM)
    ");
    assert_snapshot!(failing(Answer::new(200).body("{\"token\":\"\"}").into()), @"
    exit 5
    --- stderr
    error: the token server REGISTRY sent no usable token
    cause: its token is empty
    cause: the realm is http://REGISTRY/auth/token
    hint:  the realm in the registry's WWW-Authenticate header must be the address of a token endpoint (Harbor: /service/token, GitLab: /jwt/auth); its administrator can correct it (REGISTRY_AUTH_TOKEN_REALM)
    ");
    assert_snapshot!(failing(Answer::new(200).body("{\"Token\":\"s3cret\",\"a\\u001b[2J\":1}").into()), @r#"
    exit 5
    --- stderr
    error: the token server REGISTRY sent no usable token
    cause: it has neither token nor access_token, only "Token", "a\u{1b}[2J"
    cause: the realm is http://REGISTRY/auth/token
    hint:  the realm in the registry's WWW-Authenticate header must be the address of a token endpoint (Harbor: /service/token, GitLab: /jwt/auth); its administrator can correct it (REGISTRY_AUTH_TOKEN_REALM)
    "#);
    assert_snapshot!(failing(Answer::new(200).body("<saml/>").header("Content-Type", "text/xml").into()), @"
    exit 5
    --- stderr
    error: the token server REGISTRY sent no usable token
    cause: it is not a JSON object
    cause: its Content-Type is text/xml
    cause: the realm is http://REGISTRY/auth/token
    hint:  the realm in the registry's WWW-Authenticate header must be the address of a token endpoint (Harbor: /service/token, GitLab: /jwt/auth); its administrator can correct it (REGISTRY_AUTH_TOKEN_REALM)
    ");
    assert_snapshot!(failing(Answer::new(400).body("{\"details\":\"invalid scope\"}").into()), @"
    exit 5
    --- stderr
    error: the token server REGISTRY refuses the request
    cause: 400 Bad Request: invalid scope
    hint:  use -vv to see the request that REGISTRY refuses
    ");
    assert_snapshot!(failing(Answer::redirect("http://127.0.0.1:1/").into()), @"
    exit 5
    --- stderr
    error: refusing to follow a redirect from the token server REGISTRY
    cause: 307 Temporary Redirect to 127.0.0.1:1
    hint:  a login page or proxy in front of the token server REGISTRY must let registry clients through, or the registry must name its final address (REGISTRY_AUTH_TOKEN_REALM)
    ");
    assert_snapshot!(failing(Fault::CloseBeforeReply), @"
    exit 10
    --- stderr
    error: cannot reach the token server REGISTRY
    cause: lost the connection to REGISTRY
    cause: the server closed the connection before it answered
    ");
    let slow = Answer::error(429, "TOOMANYREQUESTS", "slow").header("Retry-After", "Fri, 01 Jan 2100 00:00:00 GMT");
    assert_snapshot!(failing(slow.into()), @"
    exit 8
    --- stderr
    error: rate limit of the token server REGISTRY exceeded
    cause: 429 Too Many Requests: TOOMANYREQUESTS: slow
    cause: try again at 2100-01-01 00:00:00 UTC
    hint:  use --jobs 1 to send one request at a time; logging in often raises the limit
    ");
}
