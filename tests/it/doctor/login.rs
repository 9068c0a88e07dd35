use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use insta::assert_snapshot;
use registry_fixture::content::ImageSpec;
use registry_fixture::{Answer, Auth, Fault, Match, Registry, Running, Tls, User};
use test_support::Rls;
use test_support::server::unused_address;

use super::{checks_of, findings, findings_of};

/// A registry with this login and one image.
fn wanting(auth: Auth) -> Running {
    let registry = Registry::builder().auth(auth).start();
    registry.push_image("team/app", "1.0", &ImageSpec::new("app"));
    registry
}

/// An unsigned JSON Web Token with these claims.
fn token(claims: &str) -> String {
    format!("e30.{}.c2ln", BASE64_URL_SAFE_NO_PAD.encode(claims))
}

fn helper(registry: &Running, name: &str) -> Rls {
    Rls::at(registry).docker_config(&format!(r#"{{"credsStore": "{name}"}}"#))
}

#[test]
fn a_missing_helper() {
    assert_snapshot!(findings(helper(&wanting(Auth::Token), "nowhere")), @"
    exit 2
     ✗ credentials  cannot be read
         cause   docker-credential-nowhere is not in PATH (credsStore in ~/.docker/config.json)
         remedy  install docker-credential-nowhere in a directory of PATH
                 or remove it from docker's config.json (credsStore, credHelpers)
                 or bypass it: -u NAME, --auth-file FILE, --anonymous
    ");
}

#[test]
fn a_failing_helper() {
    let registry = wanting(Auth::Basic);
    let rls = helper(&registry, "sealed").program("docker-credential-sealed", "echo the vault is sealed; exit 1");
    assert_snapshot!(findings(rls), @"
    exit 2
     ✗ credentials  cannot be read
         cause   docker-credential-sealed failed: the vault is sealed (credsStore in ~/.docker/config.json)
         remedy  find out why: echo REGISTRY | docker-credential-sealed get
                 or remove it from docker's config.json (credsStore, credHelpers)
                 or bypass it: -u NAME, --auth-file FILE, --anonymous
     ✗ token        login required
         cause   not logged in; this registry requires login: 401 Unauthorized: UNAUTHORIZED: authentication required
         remedy  rls login http://REGISTRY
                 or for this run: -u NAME, or --auth-file FILE
    ");
}

#[test]
fn a_hanging_helper() {
    let registry = wanting(Auth::Basic);
    let rls = helper(&registry, "slow").program("docker-credential-slow", "exec sleep 1000");
    assert_snapshot!(findings(rls), @"
    exit 2
     ✗ credentials  cannot be read
         cause   docker-credential-slow timed out after 10s (credsStore in ~/.docker/config.json)
         remedy  find out what it waits for: echo REGISTRY | docker-credential-slow get
                 or remove it from docker's config.json (credsStore, credHelpers)
                 or bypass it: -u NAME, --auth-file FILE, --anonymous
     ✗ token        login required
         cause   not logged in; this registry requires login: 401 Unauthorized: UNAUTHORIZED: authentication required
         remedy  rls login http://REGISTRY
                 or for this run: -u NAME, or --auth-file FILE
    ");
}

#[test]
fn without_the_helper_reading_works_and_deleting_does_not() {
    let registry = Registry::builder()
        .auth(Auth::Token)
        .anonymous(User::new("", "").allow("**", "pull,delete,*").catalog())
        .start();
    registry.push_image("team/app", "1.0", &ImageSpec::new("app"));
    registry.clear_requests();
    let (code, output) = checks_of(helper(&registry, "nowhere"), "team/app");
    assert_snapshot!(format!("exit {code}\n{output}"), @"
    exit 2
    http://REGISTRY/team/app
     ✓ proxy        none for 127.0.0.1
     – dns          127.0.0.1 is an IP address
     ✓ tcp          REGISTRY
     – tls          plain HTTP was requested
     ✓ http         a registry (registry/2.0), HTTP/1.1
     ✓ challenge    Bearer, from http://REGISTRY/auth/token
     ✗ credentials  cannot be read
         cause   docker-credential-nowhere is not in PATH (credsStore in ~/.docker/config.json)
         remedy  install docker-credential-nowhere in a directory of PATH
                 or remove it from docker's config.json (credsStore, credHelpers)
                 or bypass it: -u NAME, --auth-file FILE, --anonymous
     ✓ token        anonymous, repository:team/app:pull (signature not checked)
     ✓ catalog      1 repository, team/app
     – paging       fewer than two repositories
     ✓ tags         1 tag, 1.0
     ✓ pull         1.0: manifest and blob
     – delete       skipped: the configured credentials cannot be read
     ✓ clock        clock in sync
     – limits       no rate limit reported
     clients
       ✓ docker     plain HTTP allowed (a registry on this machine)
    ");
    assert!(registry.lines().iter().all(|line| !line.starts_with("DELETE")));
}

#[test]
fn an_expired_token() {
    let registry = wanting(Auth::Token);
    let auth =
        format!(r#"{{"auths": {{"{}": {{"registrytoken": "{}"}}}}}}"#, registry.host(), token(r#"{"exp":1514800902}"#));
    let output = findings(Rls::at(&registry).docker_config(&auth));
    assert_snapshot!(without_days(&output), @"
    exit 4
     ✗ credentials  expired
         cause   the credentials of docker config, ~/.docker/config.json expired at 2018-01-01T10:01:42Z, N days ago
         remedy  rls login http://REGISTRY
    ");
}

#[test]
fn credentials_with_an_expiry() {
    let password = token(r#"{"exp":4102444800}"#);
    let registry = Registry::builder().auth(Auth::Basic).user(User::admin("ann", &password)).start();
    let (code, output) = checks_of(Rls::at(&registry).user("ann", &password), "");
    assert_eq!(code, 0, "{output}");
    let expected = " ✓ credentials  ann (RLS_PASSWORD), expires 2100-01-01T00:00:00Z\n";
    assert!(output.contains(expected), "{output}");
    assert!(output.contains(" ✓ token        not required: access granted to ann\n"), "{output}");
}

#[test]
fn an_expired_ecr_password() {
    let registry = wanting(Auth::Basic);
    let password = BASE64_STANDARD.encode(r#"{"payload":"x","type":"DATA_KEY","expiration":1514800902}"#);
    let output = findings(Rls::at(&registry).user("AWS", &password));
    assert_snapshot!(without_days(&output), @r#"
    exit 4
     ✗ credentials  expired
         cause   the credentials of AWS (RLS_PASSWORD) expired at 2018-01-01T10:01:42Z, N days ago
         remedy  aws ecr get-login-password --region REGION | rls login http://REGISTRY -u AWS --password-stdin
                 or permanently: "credHelpers": {"REGISTRY": "ecr-login"} in ~/.docker/config.json
    "#);
}

/// `3245 days ago` differs from day to day.
fn without_days(output: &str) -> String {
    let (before, after) = output.split_once(" days ago").expect("days");
    format!("{}N days ago{after}", before.trim_end_matches(|c: char| c.is_ascii_digit()))
}

#[test]
fn a_wrong_password_at_the_token_server() {
    assert_snapshot!(findings(Rls::at(&wanting(Auth::Token)).user("ann", "wrong")), @"
    exit 4
     ✗ token        credentials rejected
         cause   token server REGISTRY rejected the credentials of ann (RLS_PASSWORD): 401 Unauthorized: UNAUTHORIZED: incorrect username or password
         remedy  check the user name and password from RLS_PASSWORD
                 or use -u NAME
    ");
}

#[test]
fn a_wrong_password_at_the_registry() {
    assert_snapshot!(findings(Rls::at(&wanting(Auth::Basic)).user("ann", "wrong")), @"
    exit 4
     ✗ token        credentials rejected
         cause   http://REGISTRY rejected the credentials of ann (RLS_PASSWORD): 401 Unauthorized: UNAUTHORIZED: authentication required
         remedy  check the user name and password from RLS_PASSWORD
                 or use -u NAME
    ");
}

#[test]
fn not_logged_in() {
    assert_snapshot!(findings(Rls::at(&wanting(Auth::Basic))), @"
    exit 4
     ✗ token        login required
         cause   not logged in; this registry requires login: 401 Unauthorized: UNAUTHORIZED: authentication required
         remedy  rls login http://REGISTRY
                 or for this run: -u NAME, or --auth-file FILE
    ");
    assert_snapshot!(findings_of(Rls::at(&wanting(Auth::Token)), "team/app"), @"
    exit 4
     ✗ token        team/app does not exist on http://REGISTRY, or requires login
         requested repository:team/app:pull
         granted nothing until … (signature not checked)
         cause   401 Unauthorized: UNAUTHORIZED: authentication required: missing repository:team/app:pull
         remedy  check the name: rls repos http://REGISTRY
                 or, for a private repository: rls login http://REGISTRY
    ");
}

#[test]
fn remedies_change_the_credentials_that_this_run_uses() {
    let registry = wanting(Auth::Basic);
    assert_snapshot!(findings(Rls::at(&registry).arg("--anonymous")), @"
    exit 4
     ✗ token        login required
         cause   not logged in; this registry requires login: 401 Unauthorized: UNAUTHORIZED: authentication required
         remedy  remove --anonymous to use stored credentials, or use -u NAME
    ");
    let file = Rls::at(&registry).with_file("a.json", r#"{"auths": {"other.corp": {"auth": "YTpi"}}}"#);
    assert_snapshot!(findings(file.words("--auth-file a.json")), @r#"
    exit 4
     ✗ credentials  not used
         cause   a.json has credentials for "other.corp", not for this registry
         remedy  use -u NAME, or a file with credentials for REGISTRY instead of a.json
     ✗ token        login required
         cause   not logged in; this registry requires login: 401 Unauthorized: UNAUTHORIZED: authentication required
         remedy  use -u NAME, or a file with credentials for REGISTRY instead of a.json
    "#);
}

#[test]
fn credentials_that_are_not_used_are_no_failure_where_none_are_needed() {
    let everybody = User::new("", "").allow("team/*", "pull");
    let registry = Registry::builder().auth(Auth::Token).anonymous(everybody).start();
    registry.push_image("team/app", "1.0", &ImageSpec::new("app"));
    let rls = || Rls::at(&registry);
    let near = rls().docker_config(r#"{"auths": {"127.0.0.1": {"auth": "YTpi"}}}"#);
    assert_snapshot!(findings_of(near, "team/app"), @r#"
    exit 0
     ✓ credentials  none found, using anonymous access
         cause   ~/.docker/config.json: the key "127.0.0.1" of auths is for another port; the key of this registry is "REGISTRY"
         remedy  if the credentials are for this registry, change the key to "REGISTRY" in ~/.docker/config.json; otherwise rls login http://REGISTRY
    "#);
    assert_snapshot!(findings_of(rls().env("DOCKER_CONFIG", "/nowhere"), "team/app"), @"
    exit 0
     ✓ credentials  none found, using anonymous access
         cause   DOCKER_CONFIG: /nowhere/config.json does not exist
         remedy  correct or unset DOCKER_CONFIG; otherwise rls login http://REGISTRY
    ");
}

#[test]
fn a_variable_that_leads_nowhere_is_the_reason_for_having_no_credentials() {
    let registry = wanting(Auth::Basic);
    assert_snapshot!(findings(Rls::at(&registry).env("DOCKER_CONFIG", "/nowhere")), @"
    exit 4
     ✗ credentials  not used
         cause   DOCKER_CONFIG: /nowhere/config.json does not exist
         remedy  correct or unset DOCKER_CONFIG; otherwise rls login http://REGISTRY
     ✗ token        login required
         cause   not logged in; this registry requires login: 401 Unauthorized: UNAUTHORIZED: authentication required
         remedy  rls login http://REGISTRY
                 or for this run: -u NAME, or --auth-file FILE
    ");
    assert_snapshot!(findings(Rls::at(&registry).env("XDG_CONFIG_HOME", "/nowhere")), @"
    exit 4
     ✗ credentials  not used
         cause   XDG_CONFIG_HOME: /nowhere does not exist
         remedy  correct or unset XDG_CONFIG_HOME; otherwise rls login http://REGISTRY
     ✗ token        login required
         cause   not logged in; this registry requires login: 401 Unauthorized: UNAUTHORIZED: authentication required
         remedy  rls login http://REGISTRY
                 or for this run: -u NAME, or --auth-file FILE
    ");
    // It is there, and podman stores nothing in it.
    let folder = Rls::at(&registry).with_file("run/x", "");
    let run = folder.home().join("run");
    assert!(!findings(folder.env("XDG_RUNTIME_DIR", run)).contains("credentials"));
}

#[test]
fn a_user_without_permission() {
    let registry =
        Registry::builder().auth(Auth::Token).user(User::new("bob", "hunter2").allow("team/*", "pull").catalog());
    let registry = registry.start();
    registry.push_image("other/app", "1.0", &ImageSpec::new("app"));
    assert_snapshot!(findings_of(Rls::at(&registry).user("bob", "hunter2"), "other/app"), @"
    exit 4
     ✗ token        not allowed to pull other/app on http://REGISTRY, or it does not exist
         requested repository:other/app:pull
         granted nothing to bob until … (signature not checked)
         cause   401 Unauthorized: UNAUTHORIZED: authentication required: missing repository:other/app:pull; logged in as bob (RLS_PASSWORD); the token grants nothing
         remedy  ask the registry's administrator for pull permission on other/app
                 or log in as another user: rls login http://REGISTRY, or -u NAME for this run
    ");
}

#[test]
fn a_user_without_permission_using_basic() {
    let registry =
        Registry::builder().auth(Auth::Basic).user(User::new("bob", "hunter2").allow("team/*", "pull")).start();
    registry.push_image("other/app", "1.0", &ImageSpec::new("app"));
    assert_snapshot!(findings_of(Rls::at(&registry).user("bob", "hunter2"), "other/app"), @"
    exit 4
     ✗ token        not allowed to pull other/app on http://REGISTRY, or it does not exist
         cause   403 Forbidden: DENIED: requested access to the resource is denied; logged in as bob (RLS_PASSWORD)
         remedy  ask the registry's administrator for pull permission on other/app
                 or log in as another user: rls login http://REGISTRY, or -u NAME for this run
    ");
}

#[test]
fn an_unreachable_token_server() {
    let closed = unused_address();
    let registry =
        Registry::builder().tls(Tls::Issued).auth(Auth::Token).realm(&format!("https://{closed}/token")).start();
    let rls = Rls::at(&registry).user("ann", "secret").naming(&*closed, "TOKENS").naming(port(&closed), "PORT");
    assert_snapshot!(findings(rls), @"
    exit 10
     ✗ token        cannot reach the token server TOKENS
         cause   token server TOKENS: cannot connect to TOKENS; connection refused
         remedy  start the token server on TOKENS, and open port PORT in the firewalls between here and there
                 or on the registry's server: set REGISTRY_AUTH_TOKEN_REALM=https://… to the token server's external address (Harbor: external_url)
    ");
}

#[test]
fn a_token_server_whose_name_does_not_exist() {
    let registry = Registry::builder().auth(Auth::Token).realm("http://auth.invalid/token").start();
    assert_snapshot!(findings(Rls::at(&registry).user("ann", "secret")), @"
    exit 10
     ✗ token        cannot reach the token server auth.invalid
         cause   token server auth.invalid:80: cannot resolve auth.invalid; the name does not exist, or has no address
         remedy  check the name: getent hosts auth.invalid
                 or on the registry's server: set REGISTRY_AUTH_TOKEN_REALM=https://… to the token server's external address (Harbor: external_url)
    ");
}

#[test]
fn an_untrusted_certificate_of_the_token_server() {
    let other = Registry::builder().tls(Tls::LeafOnly).auth(Auth::Token).start();
    let registry = Registry::builder().tls(Tls::Issued).auth(Auth::Token).realm(other.realm()).start();
    let rls = Rls::at(&registry).calling(&other, "TOKENS").user("ann", "secret");
    assert_snapshot!(findings(rls), @r#"
    exit 11
     ✗ token        cannot reach the token server TOKENS
         TLS 1.3, TLS_AES_256_GCM_SHA384
         server sends 1 certificate
           CN=localhost, for localhost, 127.0.0.1, ::1, 2020-01-01 to 2120-01-01
             sha256:…
             issued by CN=registry-fixture intermediate CA: not sent, not trusted here
         cause   token server TOKENS: the server sends only its own certificate, and its issuer "registry-fixture intermediate CA" is not in REGISTRY-FILES/ca.pem: either that is another CA, or the chain is missing (certbot: cert.pem instead of fullchain.pem)
         remedy  if "registry-fixture intermediate CA" is an intermediate CA, on the token server TOKENS: fullchain.pem as its certificate (docker_auth: server: {certificate: …/127.0.0.1/fullchain.pem})
                 or here: --ca-file FILE, with the certificate of "registry-fixture intermediate CA"
    "#);
}

#[test]
fn a_failing_token_server() {
    let registry = wanting(Auth::Token);
    registry.inject(Match::path("/auth/token").always(), Answer::error(500, "UNKNOWN", "database is down"));
    assert_snapshot!(findings_of(Rls::at(&registry).user("ann", "secret"), "--retries 0"), @"
    exit 5
     ✗ token        the token server REGISTRY failed
         cause   token server REGISTRY: 500 Internal Server Error: UNKNOWN: database is down
         remedy  on the token server REGISTRY: check its log
                 or on the registry's server: set REGISTRY_AUTH_TOKEN_REALM=https://… to the token server's external address (Harbor: external_url)
    ");
}

#[test]
fn a_token_already_expired_on_arrival() {
    let registry = wanting(Auth::Token);
    let body = format!(r#"{{"token":"{}"}}"#, token(r#"{"exp":1514800902,"access":[]}"#));
    registry.inject(Match::path("/auth/token").always(), Fault::body(body));
    assert_snapshot!(findings(Rls::at(&registry).user("ann", "secret")), @"
    exit 4
     ✗ token        the token has already expired on arrival
         granted nothing until … (signature not checked)
         cause   the token expired at 2018-01-01T10:01:42Z, and this machine's clock says …: a clock is wrong, here or on the token server
         remedy  set the clock that is wrong, here or on the server: timedatectl set-ntp true
    ");
}

#[test]
fn a_token_that_the_registry_refuses() {
    let registry = wanting(Auth::Token);
    let access = r#"{"exp":4102444800,"access":[{"type":"repository","name":"team/app","actions":["pull"]}]}"#;
    registry.inject(Match::path("/auth/token").always(), Fault::body(format!(r#"{{"token":"{}"}}"#, token(access))));
    assert_snapshot!(findings_of(Rls::at(&registry).user("ann", "secret"), "team/app"), @"
    exit 4
     ✗ token        token rejected
         requested repository:team/app:pull
         granted repository:team/app:pull until … (signature not checked)
         cause   the token grants the required scope, and the registry refuses it: it does not trust the token server's key or issuer, or their clocks differ (401 Unauthorized: UNAUTHORIZED: authentication required: missing repository:team/app:pull)
         remedy  on the server: REGISTRY_AUTH_TOKEN_SERVICE, _ISSUER and _ROOTCERTBUNDLE must match the token server
                 on both: set the clock: timedatectl set-ntp true
    ");
}

#[test]
fn a_plain_http_realm() {
    let registry = Registry::builder().tls(Tls::Issued).auth(Auth::Token).realm("http://auth.corp/token").start();
    assert_snapshot!(findings(Rls::at(&registry).user("ann", "secret")), @"
    exit 4
     ✗ challenge    token server uses plain HTTP
         realm http://auth.corp/token
         service registry-fixture
         cause   the registry names http://auth.corp/token as its token server: credentials are not sent unencrypted
         remedy  on the server: set REGISTRY_AUTH_TOKEN_REALM=https://…, with TLS on the token server
    ");
    assert_eq!(registry.tokens_issued(), 0);
}

#[test]
fn a_proxy_drops_the_scheme_of_the_realm() {
    let registry = Registry::builder().tls(Tls::Issued).auth(Auth::Token).realm("http://127.0.0.1/auth/token").start();
    assert_snapshot!(findings(Rls::at(&registry).user("ann", "secret")), @"
    exit 4
     ✗ challenge    token server uses plain HTTP
         realm http://127.0.0.1/auth/token
         service registry-fixture
         cause   the registry names http://127.0.0.1/auth/token as its token server: a reverse proxy terminates TLS and does not forward the scheme (X-Forwarded-Proto)
         remedy  on the proxy: proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header Host $http_host; (nginx)
                 or on the server: REGISTRY_HTTP_HOST=https://REGISTRY, and REGISTRY_AUTH_TOKEN_REALM=https://… if it is set
    ");
}

#[test]
fn a_realm_in_a_private_network() {
    let registry =
        Registry::builder().tls(Tls::Issued).auth(Auth::Token).realm("https://169.254.169.254/token").start();
    assert_snapshot!(findings(Rls::at(&registry).user("ann", "secret")), @"
    exit 4
     ✗ challenge    unsafe token server
         realm https://169.254.169.254/token
         service registry-fixture
         cause   its address is more private than the registry's own
         remedy  on the server: set REGISTRY_AUTH_TOKEN_REALM=https://… to an address that clients can reach
    ");
}

#[test]
fn an_unsupported_challenge() {
    let registry = wanting(Auth::Basic);
    registry.inject(Match::get("/v2/").always(), Answer::new(401).header("WWW-Authenticate", "Negotiate"));
    assert_snapshot!(findings(Rls::at(&registry).user("ann", "secret")), @"
    exit 4
     ✗ challenge    no supported scheme
         cause   offered: Negotiate; supported: Bearer, Basic
         remedy  on the server: use token or basic authentication (REGISTRY_AUTH), and on a proxy no other scheme for /v2/
    ");
}

/// The port of `HOST:PORT`.
fn port(address: &str) -> &str {
    address.rsplit_once(':').expect("a port").1
}
