//! Logins that fail, and servers that try to get the password.

use std::sync::Arc;

use test_support::{Reply, Request, Rls, Server, Then};

use super::network::{ALL, list, lists, paged};
use super::scenario::{Scenario, Setup};
use crate::canary;
use crate::canary::Echo as _;
use crate::runner::Canaries as _;

/// A registry that sends everybody to its token server, and what that answers.
fn token_server(mut reply: impl FnMut(&Request) -> Reply + Send + 'static) -> Server {
    Server::start(move |request| match request.path() {
        "/token" => reply(request).echoing(request),
        _ => Reply::wants_token_of("/token").echoing(request),
    })
}

fn tags(setup: &Setup, server: &Server) -> Rls {
    setup.exchanging(&server.url(), &server.host()).words("tags team/app")
}

fn tokens(server: &Server) -> usize {
    server.count(Request::is_for_token)
}

pub fn scenarios(setup: &Setup) -> Vec<Scenario> {
    match setup.case.id.as_str() {
        "fault-044" => {
            let server = Server::start(|_| Reply::error(401, "UNAUTHORIZED"));
            let rls = setup.rls(&server).words("tags team/app");
            // With credentials at hand, `/v2/` is asked once for a challenge.
            vec![Scenario::new(rls).check(move |_| assert!(server.requests().len() <= 2))]
        }
        "fault-045" => {
            let server = token_server(|_| canary::token(canary::TOKEN));
            let scenario = Scenario::new(tags(setup, &server)).saying("denied", "not allowed to pull team/app");
            let (scenario, most) =
                (scenario.saying("as USER|anonymous", "logged in as "), setup.expected("registry_requests_max"));
            vec![scenario.check(move |_| {
                assert!(tokens(&server) <= 2, "{}", tokens(&server));
                assert!((server.requests().len() - tokens(&server)) as u64 <= most);
            })]
        }
        "fault-046" => vec![expiring(setup, 2)],
        "fault-047" => vec![expiring(setup, 1)],
        "fault-048" => [401, 403]
            .map(|status| {
                let server = token_server(move |_| Reply::error(status, "DENIED"));
                let scenario = Scenario::new(tags(setup, &server)).saying("REALM_HOST", server.host()).named(status);
                scenario.check(move |_| assert_eq!(tokens(&server), 1))
            })
            .into(),
        "fault-049" => {
            let failing = token_server(|_| Reply::status(500));
            let silent = token_server(|_| Reply::raw("").then(Then::Hang));
            let scenario = |server: Server| Scenario::new(tags(setup, &server).words("--retries 1")).keeping(server);
            vec![scenario(failing).named("500"), scenario(silent).named("time-out").words("--timeout 1s")]
        }
        "fault-050" => refused_realms(setup),
        "fault-051" => [("-10y", 1), ("+10y", 1)].map(|(offset, most)| with_clock(setup, offset, most)).into(),
        "fault-052" => helpers(setup),
        other => panic!("unknown fault {other}"),
    }
}

/// Three pages; each token is valid for this many of them.
fn expiring(setup: &Setup, uses: usize) -> Scenario {
    let (mut given, mut left, mut pages) = (0, 0, paged(|_, _| None));
    let server = Server::start(move |request| {
        if request.is_for_token() {
            (given, left) = (given + 1, uses);
            return canary::token(&format!("{}-{given}", canary::TOKEN)).echoing(request);
        }
        let current = format!("Bearer {}-{given}", canary::TOKEN);
        if left == 0 || request.authorization() != Some(&current) {
            return Reply::wants_token_of("/token").echoing(request);
        }
        left -= 1;
        pages(request).echoing(request)
    });
    Scenario::new(tags(setup, &server)).check(move |outcome| {
        assert_eq!((outcome.lines(), tokens(&server)), (ALL.to_vec(), 3_usize.div_ceil(uses)), "{outcome}");
    })
}

/// Three pages behind a login, by a clock that is wrong.
fn with_clock(setup: &Setup, offset: &str, most: usize) -> Scenario {
    let mut pages = paged(|_, _| None);
    let server = Server::start(move |request| match request.authorization() {
        _ if request.is_for_token() => canary::token(canary::TOKEN).echoing(request),
        None => Reply::wants_token_of("/token"),
        Some(_) => pages(request).echoing(request),
    });
    let rls = tags(setup, &server).run_by(&["faketime", "-f", offset]);
    Scenario::new(rls).named(offset).check(move |outcome| {
        assert_eq!((outcome.lines(), tokens(&server)), (ALL.to_vec(), most), "{outcome}");
    })
}

/// Token servers that are refused before anything is sent to them.
fn refused_realms(setup: &Setup) -> Vec<Scenario> {
    let thief = || Arc::new(Server::start(|_| canary::token("mine")));
    let to = |realm: String| move |_: &Request| Reply::wants_token_of(&realm);
    let nothing = |scenario: Scenario, thief: Arc<Server>| scenario.check(move |_| assert_eq!(thief.connections(), 0));

    let (plain, shown) = (thief(), setup.certificate());
    let server = Server::with_tls(shown.config(&["http/1.1"]), to(format!("{}/token", plain.url())));
    let rls = setup.exchanging(&server.host(), &server.host()).trusting(shown.ca()).words("tags team/app");
    let downgraded = nothing(Scenario::new(rls).keeping(server).named("plain HTTP"), plain);

    let server = Server::start(to("http://169.254.169.254/latest/meta-data".to_owned()));
    let metadata = Scenario::new(tags(setup, &server)).keeping(server).named("metadata service");

    let named = thief();
    let userinfo = format!("http://ann:{}@{}/token", canary::USERINFO, named.host());
    let server = Server::start(to(userinfo));
    let userinfo = nothing(Scenario::new(tags(setup, &server)).keeping(server).named("user information"), named);

    // Behind a proxy nothing is known of a registry but its name, which is a public one.
    let inner = thief();
    let proxy = Server::start(to(format!("{}/token", inner.url())));
    let rls = setup.exchanging("http://registry.corp", "registry.corp").through(&proxy.host());
    let scenario = Scenario::new(rls.words("tags team/app")).keeping(proxy).named("more private");
    vec![downgraded, metadata, userinfo, nothing(scenario, inner)]
}

/// Credential helpers that hang, do not stop talking, or talk nonsense.
fn helpers(setup: &Setup) -> Vec<Scenario> {
    let secret = canary::HELPER;
    let scripts = [
        ("hangs", format!("echo {secret}; exec sleep 600")),
        ("1 GiB", "exec head -c 1073741824 /dev/zero".to_owned()),
        ("garbage", format!("echo 'not JSON {secret}'; echo '{secret}' >&2")),
        ("half an answer", format!(r#"echo '{{"Username":"ann","Secret":"{secret}"'"#)),
        ("a failure that quotes", format!(r#"echo '{{"Secret":"{secret}"}}'; exit 1"#)),
    ];
    scripts
        .map(|(name, script)| {
            let server = Server::start(|request| match request.authorization() {
                None => Reply::wants_password(),
                Some(_) => list(),
            });
            let rls = setup.asking(&server.url()).helper(&script).words("tags team/app");
            let scenario = Scenario::new(rls).named(name).hinting(&["docker-credential-X"]);
            let scenario = scenario.saying("docker-credential-X", "docker-credential-canary");
            let most = setup.expected("secret_printed");
            scenario.check(move |_| assert_eq!((lists(&server) as u64, server.requests().len()), (most, 1)))
        })
        .into()
}
