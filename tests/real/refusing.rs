//! Refusals: logins, missing permissions, untrusted certificates, the wrong scheme. Nothing is changed.

use insta::assert_snapshot;
use registry_fixture::{Auth, Certificates, Tls};
use test_support::Rls;

use crate::setup::Setup;

/// One command of each kind that reads, and one that removes.
const COMMANDS: [&str; 6] = [
    "repos",
    "tags team/app",
    "tags -l team/app",
    "manifest team/app:1.3.9",
    "digest team/app:1.3.9",
    "rm team/app:1.3.9",
];

/// All of it.
pub fn all(setup: &Setup) {
    let before = setup.state("team/app");
    match setup.auth {
        Auth::None => {}
        Auth::Basic => basic(setup),
        Auth::Token => token(setup),
    }
    if setup.tls {
        over_tls(setup)
    } else {
        over_http(setup)
    }
    assert_eq!(setup.state("team/app"), before);
}

/// Every command exits with this code, and its error contains this text. Standard output says only that nothing
/// was removed.
fn all_refused(run: impl Fn(&str) -> Rls, code: i32, says: &str) {
    for words in COMMANDS {
        let outcome = run(words).run();
        let stdout = if words.starts_with("rm") { "failed\tteam/app:1.3.9\n" } else { "" };
        assert_eq!(outcome.result(), (Some(code), stdout), "{outcome}");
        assert!(outcome.stderr.contains(says), "{says} in\n{outcome}");
    }
}

/// Without credentials, or with a wrong password.
fn unauthenticated(setup: &Setup) {
    all_refused(|words| setup.anonymous(words), 4, "rls login REGISTRY");
    all_refused(|words| setup.rls(words).user("ann", "wrong"), 4, "tried as ann (RLS_PASSWORD)");
}

fn basic(setup: &Setup) {
    unauthenticated(setup);
    assert_snapshot!(setup.anonymous("tags team/app").run(), @"
    exit 4
    --- stderr
    error: not logged in to REGISTRY
    cause: 401 Unauthorized: UNAUTHORIZED: authentication required: missing repository:team/app:pull
    hint:  run 'rls login REGISTRY', or set RLS_USERNAME and RLS_PASSWORD
    ");
    assert_snapshot!(setup.rls("tags team/app").user("ann", "wrong").run(), @"
    exit 4
    --- stderr
    error: login refused by REGISTRY: wrong user name or password
    cause: 401 Unauthorized: UNAUTHORIZED: authentication required: missing repository:team/app:pull
    cause: tried as ann (RLS_PASSWORD)
    hint:  check the user name and password from RLS_PASSWORD, or use -u NAME
    ");
}

fn token(setup: &Setup) {
    unauthenticated(setup);
    assert_snapshot!(setup.anonymous("tags team/app").run(), @"
    exit 4
    --- stderr
    error: team/app does not exist on REGISTRY, or requires login
    cause: 401 Unauthorized: UNAUTHORIZED: authentication required: missing repository:team/app:pull
    hint:  check the name; for a private repository, run 'rls login REGISTRY', or set RLS_USERNAME and RLS_PASSWORD
    ");
    assert_snapshot!(setup.rls("tags team/app").user("ann", "wrong").run(), @"
    exit 4
    --- stderr
    error: login refused by TOKENS: wrong user name or password
    cause: 401 Unauthorized: UNAUTHORIZED: incorrect username or password
    cause: tried as ann (RLS_PASSWORD)
    hint:  check the user name and password from RLS_PASSWORD, or use -u NAME
    ");
    let bob = |words: &str| setup.rls(words).user("bob", "bob's");
    assert_snapshot!(bob("tags team/app").succeeds(), @"
    1.2.0
    1.3.9
    1.4.0
    latest
    ");
    assert_snapshot!(bob("tags team/chart").run(), @"
    exit 4
    --- stderr
    error: not allowed to pull team/chart on REGISTRY, or it does not exist
    cause: 401 Unauthorized: UNAUTHORIZED: authentication required: missing repository:team/chart:pull
    cause: logged in as bob (RLS_PASSWORD)
    cause: the token grants nothing
    hint:  check the name, or request pull permission on team/chart; -u NAME logs in as another user
    ");
    assert_snapshot!(bob("tags team/app team/chart").run(), @"
    exit 6
    --- stdout
    team/app:1.2.0
    team/app:1.3.9
    team/app:1.4.0
    team/app:latest
    --- stderr
    error: not allowed to pull team/chart on REGISTRY, or it does not exist
    cause: 401 Unauthorized: UNAUTHORIZED: authentication required: missing repository:team/chart:pull
    cause: logged in as bob (RLS_PASSWORD)
    cause: the token grants nothing
    hint:  check the name, or request pull permission on team/chart; -u NAME logs in as another user
    ");
    assert_snapshot!(bob("repos").run(), @"
    exit 4
    --- stderr
    error: not allowed to list the repositories of REGISTRY
    cause: 401 Unauthorized: UNAUTHORIZED: authentication required: missing registry:catalog:*
    cause: logged in as bob (RLS_PASSWORD)
    cause: the token grants nothing
    hint:  many registries show their catalog to administrators only; 'rls tags REPO' works without it
    ");
    let rm = bob("rm team/app:1.3.9").run();
    assert_eq!(rm.result(), (Some(4), "failed\tteam/app:1.3.9\n"), "{rm}");
    assert_eq!(rm.error(), "error: not allowed to delete team/app on REGISTRY", "{rm}");
    assert!(rm.stderr.contains("request delete permission on team/app"), "{rm}");
    let rehearsal = bob("rm -n team/app:1.3.9").run();
    assert_eq!((rehearsal.code, rehearsal.error()), (Some(4), rm.error()), "{rehearsal}");
}

fn over_tls(setup: &Setup) {
    all_refused(|words| setup.rls(words).without("RLS_CA_FILE"), 11, "--ca-file FILE");
    // The only root of the system has another name.
    let root = Certificates::make(Tls::SelfSigned, &[]).expect("certificates are made").ca;
    assert_snapshot!(setup.rls("repos").without("RLS_CA_FILE").with_file("system/root.pem", root).run(), @r#"
    exit 11
    --- stderr
    error: certificate of REGISTRY not trusted: unknown authority (x509)
    cause: issued by "registry-fixture root CA", which is not the trusted CA of this system
    hint:  use --ca-file FILE with the certificate of "registry-fixture root CA"; if this is an intermediate CA, the server should send its full chain (fullchain.pem)
    "#);
    assert_snapshot!(setup.speaking("http://", "repos").run(), @"
    exit 11
    --- stderr
    error: http://REGISTRY speaks TLS on this port
    cause: 400 Bad Request: Client sent an HTTP request to an HTTPS server.
    hint:  remove --plain-http or http://; the port uses HTTPS
    ");
    assert_snapshot!(setup.speaking("", "repos --plain-http").run(), @"
    exit 11
    --- stderr
    error: http://REGISTRY speaks TLS on this port
    cause: 400 Bad Request: Client sent an HTTP request to an HTTPS server.
    hint:  remove --plain-http or http://; the port uses HTTPS
    ");
}

fn over_http(setup: &Setup) {
    all_refused(|words| setup.speaking("https://", words), 11, "--plain-http or http://REGISTRY");
    // A host alone means https, on the loopback interface too.
    assert_snapshot!(setup.speaking("", "repos").run(), @"
    exit 11
    --- stderr
    error: REGISTRY speaks plain HTTP on this port, not TLS
    cause: got a plain HTTP response
    hint:  use --plain-http or http://REGISTRY if plain HTTP is intended; rls never falls back to it
    ");
    assert_eq!(setup.speaking("https://", "repos").run().stderr, setup.speaking("", "repos").run().stderr);
}
