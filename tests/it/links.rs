//! Networks that are slow, break and forget: nothing is lost, and one slow request does not hold up the others.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use insta::assert_snapshot;
use registry_fixture::{Registry, Tls};
use test_support::server::{BlackHole, unused_address};
use test_support::{Conditions, Link, Outcome, Reply, Request, Rls, Server, Then};
use tokio::io::{AsyncReadExt as _, copy_bidirectional};
use tokio::net::TcpStream;

use crate::registries::with_seed;

const COUNT: usize = 60;

fn name(number: usize) -> String {
    format!("tag-{number:03}")
}

/// A registry with [`COUNT`] tags; `on_head` sees each request for one of them, with its number, before it is answered.
fn registry(on_head: impl Fn(usize, &Request) -> Option<Reply> + Send + 'static) -> Server {
    let heads = AtomicUsize::default();
    Server::start(move |request| {
        if request.path().ends_with("/tags/list") {
            return Reply::tags(&(0..COUNT).map(name).collect::<Vec<_>>());
        }
        let digest = format!("sha256:{}", "a".repeat(64));
        let found = Reply::status(200)
            .header("Content-Type", "application/vnd.oci.image.manifest.v1+json")
            .header("Docker-Content-Digest", digest);
        on_head(heads.fetch_add(1, Ordering::Relaxed) + 1, request).unwrap_or(found)
    })
}

/// What happens to a link when the registry has got as many requests for tags as this.
fn on_request(at: usize, happens: impl Fn(&Link) + Send + 'static) -> (Server, Link) {
    let slot = Arc::new(OnceLock::<Link>::new());
    let link = Arc::clone(&slot);
    let server = registry(move |number, _| {
        if number == at {
            happens(link.get().expect("the link is there before the first request"));
        }
        None
    });
    let link = slot.get_or_init(|| Conditions::new().to(server.port())).clone();
    (server, link)
}

fn digests(link: &Link, options: &str) -> Outcome {
    Rls::new()
        .naming(link.host(), "LINK")
        .env("RLS_REGISTRY", link.url())
        .words("tags team/app -d")
        .words(options)
        .run()
}

#[track_caller]
fn nothing_is_lost(outcome: &Outcome) {
    assert_eq!((outcome.code, &*outcome.stderr), (Some(0), ""), "{outcome}");
    let tags: Vec<_> = outcome.stdout.lines().map(|line| line.split('\t').next().unwrap_or_default()).collect();
    assert_eq!(tags, (0..COUNT).map(name).collect::<Vec<_>>());
}

/// The same by a clock that is twenty times as fast, so that the default limits take seconds.
fn digests_fast(link: &Link, options: &str) -> Outcome {
    let rls = Rls::new().naming(link.host(), "LINK").env("RLS_REGISTRY", link.url());
    rls.run_by(&["faketime", "-f", "+0 x20"]).words("tags team/app -d").words(options).run()
}

#[test]
fn a_restart_in_the_middle_of_a_listing() {
    let (_server, link) = on_request(COUNT / 3, |link| link.restart(Duration::from_secs(2)));
    nothing_is_lost(&digests(&link, ""));
}

#[test]
fn an_outage_of_40_s_and_a_nat_that_forgets_in_the_middle_of_a_listing() {
    // 40 s by the clock of the program.
    let (_server, link) = on_request(COUNT / 3, |link| link.outage(Duration::from_secs(2)));
    nothing_is_lost(&digests_fast(&link, ""));
    // Requests on forgotten connections get no reply, for as long as the program waits for one.
    let server = registry(|_, _| None);
    let link =
        Conditions::new().stall(20, Duration::from_secs(2)).forget_after(Duration::from_secs(1)).to(server.port());
    nothing_is_lost(&digests_fast(&link, ""));
}

#[test]
fn a_reset_within_the_tls_handshake() {
    let registry = with_seed(Registry::builder().tls(Tls::Issued), "1x20").start();
    let port = registry.host().rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok()).expect("a port");
    let connections = Arc::new(AtomicUsize::default());
    let door = Server::talking(move |mut client| {
        let is_first = connections.fetch_add(1, Ordering::Relaxed) == 0;
        async move {
            if is_first {
                drop(client.read(&mut [0; 512]).await);
                client.set_zero_linger().expect("a connection");
            } else if let Ok(mut server) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await {
                drop(copy_bidirectional(&mut client, &mut server).await);
            }
        }
    });
    let rls = Rls::at(&registry).env("RLS_REGISTRY", format!("https://{}", door.host()));
    let outcome = rls.words("tags grid/repo-000 -d --stats").run();
    assert_eq!((outcome.code, outcome.stdout.lines().count()), (Some(0), 20), "{outcome}");
    assert!(outcome.stderr.contains(", 1 retries, "), "{outcome}");
}

#[test]
fn an_outage_in_the_middle_of_a_listing() {
    let (_server, link) = on_request(COUNT / 3, |link| link.outage(Duration::from_secs(2)));
    nothing_is_lost(&digests(&link, "--read-timeout 500ms"));
}

#[test]
fn resets_and_stalls() {
    let server = registry(|_, _| None);
    let link = Conditions::new().reset(9).stall(7, Duration::from_millis(200)).to(server.port());
    nothing_is_lost(&digests(&link, "--jobs 4"));
}

#[test]
fn a_nat_that_forgets_connections() {
    // The first reply comes so late that the link has forgotten all connections but its own.
    let server = registry(|_, _| None);
    let link =
        Conditions::new().stall(20, Duration::from_secs(2)).forget_after(Duration::from_secs(1)).to(server.port());
    nothing_is_lost(&digests(&link, "--read-timeout 1s"));
}

#[test]
fn a_registry_that_goes_away_is_reported_once() {
    let (_server, link) = on_request(COUNT / 3, Link::stop);
    let outcome = digests(&link, "--retries 1 --jobs 1");
    assert_eq!(outcome.code, Some(6), "{outcome}");
    let number = |line: &str| line.split_once(" (").and_then(|(_, rest)| rest.split(' ').next()?.parse::<usize>().ok());
    let missing = outcome.stdout.lines().filter(|line| line.ends_with("\t-")).count();
    let reported: usize = outcome.stderr.lines().filter_map(number).sum();
    assert!(missing >= COUNT / 3 && reported == missing, "{outcome}");
    assert!(outcome.stderr.contains(
        "error: cannot connect to LINK\n\
         cause: connection refused\n\
         cause: gave up after 2 tries\n\
         hint:  the server answered before, and has stopped or is restarting; use --retries N to wait longer\n"
    ));
}

#[test]
fn one_slow_request_does_not_hold_up_the_others() {
    let server = registry(|number, request| {
        (number <= 4 && request.path().ends_with(&name(0))).then(|| Reply::raw("").then(Then::Hang))
    });
    let rls = Rls::new().env("RLS_REGISTRY", server.url());
    nothing_is_lost(&rls.words("tags team/app -d --jobs 4 --read-timeout 1s").run());
    let asked: Vec<_> = server.requests().iter().map(|request| request.path().to_owned()).collect();
    let again = asked.iter().rposition(|path| path.ends_with(&name(0))).expect("it was asked for");
    assert!(again > 4 * 4, "only {again} requests before it was asked for again");
}

#[test]
fn addresses_that_do_not_answer_do_not_hold_up_the_one_that_does() {
    let server = registry(|_, _| None);
    let hole = |last: u8| BlackHole::at(SocketAddr::new([127, 0, 0, last].into(), server.port()));
    let holes = [hole(9), hole(10), hole(11), hole(12)];
    let name = format!("registry.corp:{}", server.port());
    let rls = Rls::new().env("RLS_REGISTRY", format!("http://{name}"));
    // One after the other, each would be given its share of the time limit for connecting.
    let addresses = "127.0.0.9,127.0.0.10,127.0.0.1,127.0.0.11,127.0.0.12";
    let options = format!("--resolve {name}:{addresses} --connect-timeout 100s --timeout 18s");
    nothing_is_lost(&rls.words("tags team/app -d").words(&options).run());
    drop(holes);
}

#[test]
fn a_registry_far_away_gets_many_requests_from_the_start() {
    let registry = with_seed(Registry::builder().tls(Tls::Issued), "1x40").start();
    // A round trip that dwarfs the machine's own delays.
    let link = Conditions::new().delay(Duration::from_millis(200)).to(registry.port());
    let rls = Rls::at(&registry).env("RLS_REGISTRY", link.host());
    let outcome = rls.words("tags grid/repo-000 -d --stats").run();
    assert_eq!((outcome.code, outcome.stdout.lines().count()), (Some(0), 40), "{outcome}");
    assert!(outcome.stderr.contains(", max concurrency 40, "), "{outcome}");
}

#[test]
fn a_long_round_trip_raises_the_concurrency_over_http_2() {
    // A latency that dwarfs the machine's own delays.
    let builder = Registry::builder().latency(Duration::from_millis(400)).tls(Tls::Issued);
    let registry = with_seed(builder, "1x400").start();
    let outcome = Rls::at(&registry).words("tags grid/repo-000 -d --stats").run();
    assert_eq!((outcome.code, outcome.stdout.lines().count()), (Some(0), 400), "{outcome}");
    assert!(registry.most_at_once() > 64, "{} at once", registry.most_at_once());
}

#[test]
fn a_registry_that_never_answered_is_not_waited_for() {
    let gone = unused_address();
    let rls = Rls::new().naming(&gone, "REGISTRY").args(["tags", "app", "-r", &format!("http://{gone}"), "--stats"]);
    let outcome = rls.run();
    assert!(outcome.stderr.contains(", 0 retries, "), "{outcome}");
    assert_snapshot!(outcome.stderr.lines().take(2).collect::<Vec<_>>().join("\n"), @"
    error: cannot connect to REGISTRY
    cause: connection refused
    ");
}

/// Its clock runs fast, so that minutes take seconds.
#[test]
fn a_server_that_is_silent_is_waited_for_two_minutes_in_all() {
    let hang = |_, _: &Request| Some(Reply::raw("").then(Then::Hang));
    let server = registry(hang);
    let rls = || {
        let rls = Rls::new().naming(server.host(), "REGISTRY").env("RLS_REGISTRY", server.url());
        rls.run_by(&["faketime", "-f", "+0 x25"]).words("tags team/app -d --jobs 2")
    };
    assert_snapshot!(rls().words("--match tag-00[01] --timeout 4m").run(), @"
    exit 12
    --- stdout
    tag-000→-
    tag-001→-
    --- stderr
    error: timed out waiting for REGISTRY
    cause: no answer within 60 s
    cause: gave up after 2 tries
    hint:  use --timeout to set the limit for the whole command, -v to see what it waits for
    error: timed out waiting for REGISTRY: no answer within 60 s: gave up after 2 tries (2 times)
    ");
    // The others are waited for as long as for a connection: with two minutes for each pair it would take 8 minutes.
    let outcome = rls().words("--match tag-00[0-7] --timeout 5m").run();
    assert!(outcome.code == Some(12) && !outcome.stderr.contains("timed out after"), "{outcome}");
    assert_eq!(outcome.stdout.lines().count(), 8, "{outcome}");
}

/// Runs a command of the system; its output if it succeeds.
fn system(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()
}

/// The ports from which connections to this port of the loopback address come, as the kernel lists them.
fn clients_of(port: u16) -> Vec<u16> {
    let port_in = |address: &str| u16::from_str_radix(address.split_once(':')?.1, 16).ok();
    let table = std::fs::read_to_string("/proc/net/tcp").expect("Linux");
    let clients = table.lines().filter_map(|line| {
        let mut words = line.split_whitespace().skip(1);
        let (local, remote) = (port_in(words.next()?)?, port_in(words.next()?)?);
        (remote == port).then_some(local)
    });
    clients.collect()
}

/// The packet filter of a network namespace drops what comes from the connections that there are: to the kernel they
/// are dead once it has sent for 15 s in vain, and new ones work. The test runs itself in the namespace.
#[test]
#[expect(clippy::print_stderr, reason = "a test that this machine cannot run says so")]
fn connections_whose_packets_are_dropped() {
    const INSIDE: &str = "RLS_TEST_INSIDE";
    if std::env::var_os(INSIDE).is_none() {
        if system("unshare", &["-rn", "iptables", "-S"]).is_none() {
            eprintln!("SKIPPED: no network namespace with a packet filter can be made here");
            return;
        }
        let this = std::env::current_exe().expect("this program");
        let test = ["--exact", "links::connections_whose_packets_are_dropped", "--nocapture"];
        let inside = Command::new("unshare").arg("-rn").arg(this).args(test).env(INSIDE, "1").output();
        let inside = inside.expect("unshare is there");
        assert!(inside.status.success(), "{}", String::from_utf8_lossy(&inside.stderr));
        return;
    }
    system("ip", &["link", "set", "lo", "up"]).expect("a loopback device");
    let port = Arc::new(OnceLock::<u16>::new());
    let known = Arc::clone(&port);
    let server = registry(move |number, _| {
        if number == COUNT / 3 {
            let to = *known.get().expect("the server is there before the first request");
            for from in clients_of(to) {
                let (from, to) = (from.to_string(), to.to_string());
                let rule = ["-A", "INPUT", "-p", "tcp", "--sport", &from, "--dport", &to, "-j", "DROP"];
                system("iptables", &rule).expect("a packet filter");
            }
        }
        None
    });
    port.set(server.port()).expect("it is set once");
    let rls = Rls::new().env("RLS_REGISTRY", server.url());
    nothing_is_lost(&rls.words("tags team/app -d --jobs 4 --timeout 50s").run());
}
