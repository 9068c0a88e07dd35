//! Complete replies with unexpected statuses.

use std::time::Duration;

use test_support::{Reply, Request, Server};

use super::network::{list, lists, once};
use super::scenario::{Scenario, Setup};
use crate::canary;
use crate::canary::Echo as _;
use crate::runner::Canaries as _;

/// This reply once, then a list; at least so long passes in between.
fn passing(setup: &Setup, reply: impl Fn() -> Reply + Send + 'static, pause: Duration) -> Scenario {
    let mut first = Some(reply);
    let server = Server::start(setup.guarded(move |_| first.take().map_or_else(list, |reply| reply())));
    let rls = setup.rls(&server).words("tags team/app");
    Scenario::new(rls).check(move |outcome| {
        assert_eq!(outcome.lines(), ["a", "b"], "{outcome}");
        let requests: Vec<_> =
            server.requests().iter().filter(|request| is_list(request)).map(|request| request.at).collect();
        assert_eq!(requests.len(), 2);
        assert!(requests[1] - requests[0] >= pause, "{:?}: {outcome}", requests[1] - requests[0]);
    })
}

fn is_list(request: &Request) -> bool {
    request.authorization().is_some() && request.path().ends_with("/tags/list")
}

fn limited(wait: &str) -> Reply {
    Reply::error(429, "TOOMANYREQUESTS").header("Retry-After", wait)
}

fn in_seconds(seconds: u64) -> String {
    httpdate::fmt_http_date(std::time::SystemTime::now() + Duration::from_secs(seconds))
}

/// Where else a redirect leads, with a signature in the address.
fn elsewhere(to: &str) -> String {
    format!("{to}/elsewhere?X-Amz-Signature={}&n=1", canary::PRESIGNED)
}

pub fn scenarios(setup: &Setup) -> Vec<Scenario> {
    let is_silent = move |scenario: Scenario| {
        let logs = setup.verbosity > crate::runner::Verbosity::Quiet;
        scenario.check(move |outcome| assert!(logs || outcome.stderr.is_empty(), "{outcome}"))
    };
    match setup.case.id.as_str() {
        "fault-031" => [500, 502, 503, 504]
            .map(|status| {
                is_silent(passing(setup, move || Reply::status(status), Duration::from_millis(250))).named(status)
            })
            .into(),
        "fault-032" => {
            let server = Server::start(setup.guarded(|_| Reply::status(503)));
            let rls = setup.rls(&server).words("tags team/app");
            vec![Scenario::new(rls).check(move |_| assert_eq!(lists(&server), 4))]
        }
        "fault-033" => vec![passing(setup, || limited("2"), Duration::from_secs(2))],
        // A date has no fractions of seconds: three from the reply on may be two and a bit.
        "fault-034" => vec![passing(setup, || limited(&in_seconds(3)), Duration::from_secs(2))],
        "fault-035" => vec![once(setup, limited("3600"))],
        "fault-036" => vec![
            setup.tags(|_| limited("1746136938")).words("--retries 1").named("in the past"),
            once(setup, limited("4102444800")).named("in the future"),
        ],
        "fault-037" => [200, 502, 403]
            .map(|status| setup.tags(move |_| Reply::html(status)).words("--retries 1").named(status))
            .into_iter()
            .map(|scenario| scenario.check(|outcome| assert_eq!(outcome.stdout, b"", "{outcome}")))
            .collect(),
        "fault-038" => vec![once(setup, Reply::error(404, "NAME_UNKNOWN")).saying("REPO", "team/app")],
        "fault-039" => {
            let location = elsewhere("/v2/team/app/tags/list");
            let server =
                Server::start(setup.guarded(move |_| Reply::status(302).header("Location", location.as_str())));
            let rls = setup.rls(&server).words("tags team/app");
            let assert_pause = move |_: &_| {
                assert_eq!(server.count(|request| request.authorization().is_some() && !request.is_for_token()), 6)
            };
            vec![Scenario::new(rls).check(assert_pause)]
        }
        "fault-040" => vec![redirected(setup)],
        "fault-041" => {
            let other = Server::start(|_| list());
            let (shown, location) = (setup.certificate(), elsewhere(&other.url()));
            let script = setup.guarded(move |_| Reply::redirect(location.as_str()));
            let server = Server::with_tls(shown.config(&["http/1.1"]), script);
            let rls = setup.at(&server.host(), &server.host()).trusting(shown.ca()).words("tags team/app");
            vec![Scenario::new(rls).keeping(server).check(move |_| assert_eq!(other.connections(), 0))]
        }
        "fault-042" => not_redirected(setup),
        "fault-043" => [101, 206, 304].map(|status| once(setup, Reply::status(status)).named(status)).into(),
        other => panic!("unknown fault {other}"),
    }
}

fn redirected(setup: &Setup) -> Scenario {
    let other = Server::start(|request| list().echoing(request));
    let location = elsewhere(&other.url());
    let server = Server::start(setup.guarded(move |_| Reply::redirect(location.as_str())));
    let (rls, most) = (setup.rls(&server).words("tags team/app"), setup.expected("authorization_sent"));
    Scenario::new(rls).keeping(server).check(move |outcome| {
        assert_eq!(outcome.lines(), ["a", "b"], "{outcome}");
        assert_eq!(other.count(|request| request.authorization().is_some()) as u64, most);
        assert_eq!(other.requests()[0].path(), "/elsewhere");
        let sent = canary::found_in(&other.bytes());
        assert_eq!(sent, [canary::PRESIGNED], "{outcome}");
    })
}

/// What changes something, and what carries credentials to a token server.
fn not_redirected(setup: &Setup) -> Vec<Scenario> {
    let other = || {
        let other = Server::start(|_| list());
        let url = elsewhere(&other.url());
        (other, url)
    };
    let (deletes, there) = other();
    let digest = format!("sha256:{}", "a".repeat(64));
    let server = Server::start(setup.guarded(move |request| match request.method.as_str() {
        "DELETE" => Reply::redirect(there.as_str()),
        _ => Reply::status(200).header("Docker-Content-Digest", digest.as_str()),
    }));
    let rls = setup.rls(&server).words("rm team/app:v1");
    let delete = Scenario::new(rls).keeping(server).named("DELETE");
    let delete = delete.check(move |_| assert_eq!(deletes.connections(), 0));

    let (tokens, there) = other();
    let server = Server::start(move |request| match request.path() {
        "/token" => Reply::redirect(there.as_str()),
        _ => Reply::wants_token_of("/token"),
    });
    let rls = setup.exchanging(&server.url(), &server.host()).words("tags team/app");
    let token = Scenario::new(rls).keeping(server).named("token");
    vec![delete, token.check(move |_| assert_eq!(tokens.connections(), 0))]
}
