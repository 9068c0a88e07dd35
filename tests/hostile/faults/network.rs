//! Faults below HTTP, and broken HTTP.

use std::time::Duration;

use test_support::server::BlackHole;
use test_support::server::unused_address;
use test_support::{Reply, Request, Server, Then};

use super::http2;
use super::scenario::{Scenario, Setup};
use crate::proxy::NAME;
use crate::runner::Canaries as _;

/// The names on three pages of two.
pub const ALL: [&str; 6] = ["0a", "0b", "1a", "1b", "2a", "2b"];

/// Three pages of two tags. `fault` gets the page and how often it was requested before, and may replace it.
pub fn paged(
    mut fault: impl FnMut(usize, usize) -> Option<Reply> + Send + 'static,
) -> impl FnMut(&Request) -> Reply + Send + 'static {
    let mut times = [0; 3];
    move |request| {
        let page: usize = request.query("page").map_or(0, |page| page.parse().expect("a number"));
        times[page] += 1;
        if let Some(fault) = fault(page, times[page] - 1) {
            return fault;
        }
        let reply = Reply::tags(&ALL[2 * page..2 * page + 2]);
        if page < 2 { reply.next(&format!("/v2/team/app/tags/list?page={}", page + 1)) } else { reply }
    }
}

pub fn list() -> Reply {
    Reply::tags(&["a", "b"])
}

/// A reply of which only the beginning arrives.
fn cut() -> Reply {
    Reply::status(200).header("Content-Length", "1000").body(r#"{"tags":["2a","#).then(Then::Reset)
}

/// An endless reply is requested twice.
fn twice(setup: &Setup, reply: Reply) -> Scenario {
    let server = Server::start(setup.guarded(move |_| reply.clone()));
    let rls = setup.rls(&server).words("tags team/app --retries 1");
    Scenario::new(rls).saying("HOST:PORT", server.host()).check(move |_| assert_eq!(lists(&server), 2))
}

/// An endless reply is requested once.
pub fn once(setup: &Setup, reply: Reply) -> Scenario {
    let server = Server::start(setup.guarded(move |_| reply.clone()));
    let rls = setup.rls(&server).words("tags team/app");
    Scenario::new(rls).saying("HOST:PORT", server.host()).check(move |_| assert_eq!(lists(&server), 1))
}

/// The number of requests for a list with credentials.
pub fn lists(server: &Server) -> usize {
    server.count(|request| request.authorization().is_some() && request.path().ends_with("/tags/list"))
}

fn is_whole(scenario: Scenario) -> Scenario {
    scenario.check(|outcome| assert_eq!(outcome.lines(), ALL, "{outcome}"))
}

pub fn scenarios(setup: &Setup) -> Vec<Scenario> {
    match setup.case.id.as_str() {
        "fault-001" => {
            let host = "registry.invalid";
            vec![Scenario::new(setup.at(host, host).words("tags team/app")).saying("HOST", host)]
        }
        "fault-003" => {
            let gone = unused_address();
            vec![Scenario::new(setup.at(&gone, &gone).words("tags team/app")).saying("HOST:PORT", gone)]
        }
        "fault-004" => {
            let hole = BlackHole::new();
            let rls = setup.at(&hole.host(), &hole.host());
            vec![Scenario::new(rls.words("tags team/app --retries 1 --connect-timeout 300ms")).keeping(hole)]
        }
        "fault-005" => vec![twice(setup, Reply::raw("").then(Then::Reset))],
        "fault-006" => {
            vec![is_whole(setup.tags(paged(|page, times| (page == 2 && times == 0).then(cut))))]
        }
        "fault-007" => {
            let scenario = setup.tags(paged(|page, _| (page == 2).then(cut))).words("--retries 1");
            let scenario = scenario.saying("after N entries", "after 4 entries");
            vec![scenario.check(|outcome| assert_eq!(outcome.lines(), ALL[..4], "{outcome}"))]
        }
        "fault-008" => {
            let short = Reply::status(200).header("Content-Length", "1000").body(r#"{"tags":["a"]}"#);
            vec![twice(setup, short.then(Then::Close))]
        }
        "fault-009" => {
            let body = r#"{"tags":["a"]}"#;
            let chunk = format!("{:x}\r\n{body}\r\n", body.len());
            let chunked = Reply::status(200).header("Transfer-Encoding", "chunked").body(chunk);
            vec![twice(setup, chunked.then(Then::Close))]
        }
        "fault-010" => vec![once(setup, Reply::status(200))],
        "fault-011" => vec![once(setup, dripping("HTTP/1.1 200 OK\r\n", b"X-Slow: x\r\n")).words("--retries 0")],
        "fault-012" => {
            let slow = dripping("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b" ");
            vec![at_limit(once(setup, slow).words("--timeout 1s"), 1)]
        }
        "fault-013" => vec![once(setup, Reply::raw("").then(Then::Hang)).words("--retries 0")],
        "fault-014" => {
            let mut pages = paged(|_, _| None);
            vec![is_whole(setup.tags(move |request| pages(request).then(Then::Close)))]
        }
        "fault-015" => http2::scenarios(setup),
        "fault-016" => {
            let many = (0..10_000).fold(list(), |reply, number| reply.header(&format!("X-{number}"), "1"));
            let long = list().header("X-Long", "x".repeat(1024 * 1024));
            vec![once(setup, many).named("many"), once(setup, long).named("long")]
        }
        "fault-017" => {
            let interim = |line: &str| {
                let interim = format!("HTTP/1.1 {line}\r\n\r\n").repeat(1000);
                Reply::raw([interim.into_bytes(), list().bytes(false)].concat())
            };
            let scenario = |line: &str| {
                let scenario = once(setup, interim(line)).named(line);
                scenario.check(|outcome| assert_eq!(outcome.lines(), ["a", "b"], "{outcome}"))
            };
            vec![scenario("100 Continue"), scenario("103 Early Hints")]
        }
        "fault-018" => {
            let (gone, server) = (unused_address(), Server::start(|_| list()));
            let (host, url) = (server.host().replace("127.0.0.1", NAME), server.url().replace("127.0.0.1", NAME));
            let rls = setup.at(&url, &host).through(&gone).words("tags team/app");
            let direct = move |_: &_| assert_eq!(server.connections(), 0);
            vec![Scenario::new(rls).saying("HOST:PORT", gone).check(direct)]
        }
        "fault-019" => refused_by_proxy(setup),
        "fault-020" => {
            vec![once(setup, Reply::raw("SSH-2.0-OpenSSH_9.2\r\n").then(Then::Close))]
        }
        other => panic!("unknown fault {other}"),
    }
}

/// A beginning, and then little by little more of these bytes.
fn dripping(begun: &str, more: &[u8]) -> Reply {
    Reply::raw(begun).then(Then::Drip(more.to_vec()))
}

/// It ends when the limit is reached. Without the limit the server would keep it until it is killed.
pub fn at_limit(scenario: Scenario, seconds: u64) -> Scenario {
    scenario.check(move |outcome| assert!(outcome.took >= Duration::from_secs(seconds), "too early: {outcome}"))
}

/// A proxy for requests, and one for tunnels.
fn refused_by_proxy(setup: &Setup) -> Vec<Scenario> {
    ["http", "https"]
        .map(|scheme| {
            let proxy = Server::start(|_| Reply::status(407).header("Proxy-Authenticate", "Basic realm=\"proxy\""));
            let registry = format!("{scheme}://registry.corp:5000");
            let rls = setup.at(&registry, "registry.corp:5000").through(&proxy.host()).words("tags team/app");
            // The HTTP client does not keep why a tunnel was refused: the proxy is asked for one once more.
            let asked = if scheme == "https" { 2 } else { 1 };
            Scenario::new(rls).named(scheme).check(move |_| assert_eq!(proxy.requests().len(), asked))
        })
        .into()
}
