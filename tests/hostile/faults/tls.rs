//! Failing handshakes; no request is sent before one has succeeded.

use std::sync::Arc;

use registry_fixture::Tls;
use test_support::tls::ServerCertificate;
use test_support::{Reply, Server, Then};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::network::list;
use super::scenario::{Scenario, Setup};
use crate::runner::Canaries as _;

/// The fatal alert of a server that requires another version (RFC 8446 §6).
const PROTOCOL_VERSION: &[u8] = &[21, 3, 1, 0, 2, 2, 70];
const HANDSHAKE_FAILURE: &[u8] = &[21, 3, 3, 0, 2, 2, 40];
const INTERNAL_ERROR: &[u8] = &[21, 3, 3, 0, 2, 2, 80];

/// A server that shows a certificate; it is sent nothing.
fn shown(setup: &Setup, shown: &ServerCertificate, is_trusted: bool) -> Scenario {
    let server = Server::with_tls(shown.config(&["http/1.1"]), |_| list());
    let rls = setup.at(&server.host(), &server.host()).words("tags team/app");
    let rls = if is_trusted { rls.trusting(shown.ca()) } else { rls };
    Scenario::new(rls).saying("HOST", server.host()).check(move |_| assert_eq!(server.bytes(), b""))
}

/// A server that answers the beginning of a handshake with these bytes, and then does this to the connection.
fn answering(setup: &Setup, bytes: &'static [u8], then: fn(TcpStream)) -> Scenario {
    let server = Server::talking(move |mut stream| async move {
        let mut hello = vec![0; 4096];
        let length = stream.read(&mut hello).await.unwrap_or_default();
        // The first thing that is sent is a handshake: 22 is its type.
        assert!(length == 0 || hello[0] == 22, "not TLS: {:?}", String::from_utf8_lossy(&hello[..length]));
        drop(stream.write_all(bytes).await);
        drop(stream.flush().await);
        then(stream);
    });
    let rls = setup.at(&server.host(), &server.host()).words("tags team/app --retries 1");
    Scenario::new(rls).keeping(server)
}

fn closed(stream: TcpStream) {
    drop(stream);
}

fn reset(stream: TcpStream) {
    stream.set_zero_linger().expect("an open socket");
}

/// The connection stays as long as the process.
fn kept(stream: TcpStream) {
    std::mem::forget(stream);
}

/// The first bytes of a server that supports only TLS 1.0.
fn old_server_hello() -> &'static [u8] {
    let random = [7; 32];
    let hello = [&[3, 1][..], &random, &[0, 0, 0x2f, 0]].concat();
    let length = u8::try_from(hello.len()).expect("a short message");
    [&[22, 3, 1, 0, length + 4, 2, 0, 0, length], &hello[..]].concat().leak()
}

pub fn scenarios(setup: &Setup) -> Vec<Scenario> {
    match setup.case.id.as_str() {
        "fault-021" => [Tls::SelfSigned, Tls::Issued, Tls::LeafOnly]
            .map(|kind| {
                shown(setup, &ServerCertificate::of(kind), false).named(format!("{kind:?}")).hinting(&["--ca-file"])
            })
            .into(),
        "fault-022" => vec![shown(setup, &ServerCertificate::of(Tls::Expired), true).saying("DATE", "2021-01-01")],
        "fault-023" => vec![shown(setup, &ServerCertificate::of(Tls::NotYetValid), true).hinting(&["check the clock"])],
        "fault-024" => vec![shown(setup, &ServerCertificate::of(Tls::WrongName), true)],
        "fault-025" => {
            let server = Server::start(|_| list());
            let rls = setup.at(&server.host(), &server.host()).words("tags team/app");
            let scenario = Scenario::new(rls).hinting(&["--plain-http"]);
            vec![
                scenario
                    .check(move |_| assert_eq!((server.bytes().as_slice(), server.requests().len()), (&b""[..], 0))),
            ]
        }
        "fault-026" => vec![
            answering(setup, PROTOCOL_VERSION, closed).named("alert 70"),
            answering(setup, HANDSHAKE_FAILURE, closed).named("alert 40"),
            answering(setup, old_server_hello(), closed).named("TLS 1.0"),
        ],
        "fault-027" => vec![
            answering(setup, b"", closed).named("closed"),
            answering(setup, b"", reset).named("reset"),
            answering(setup, &[22, 3, 3, 0], closed).named("cut"),
            answering(setup, INTERNAL_ERROR, closed).named("alert 80"),
        ],
        "fault-028" => [&rustls::version::TLS12, &rustls::version::TLS13]
            .map(|version| {
                let scenario = shown(setup, &ServerCertificate::valid().only(version).requiring_client(), true);
                scenario.named(format!("{:?}", version.version))
            })
            .into(),
        "fault-029" => {
            let proxied = tunnel_to_silence(setup).named("in a tunnel");
            let direct = answering(setup, b"", kept).named("direct");
            [direct, proxied].map(|scenario| scenario.words("--connect-timeout 500ms")).into()
        }
        "fault-030" => [Tls::SelfSigned, Tls::Expired, Tls::WrongName]
            .map(|kind| {
                let server =
                    Server::with_tls(ServerCertificate::of(kind).config(&["http/1.1"]), setup.guarded(|_| list()));
                let rls = setup.at(&server.host(), &server.host()).words("tags team/app --insecure");
                let scenario = Scenario::new(rls).named(format!("{kind:?}")).hinting(&["not verified"]).keeping(server);
                let is_quiet = setup.verbosity == crate::runner::Verbosity::Quiet;
                scenario.check(move |outcome| {
                    let warnings = outcome.stderr.lines().filter(|line| line.starts_with("warning: ")).count();
                    assert_eq!((outcome.lines(), warnings), (vec!["a", "b"], usize::from(!is_quiet)), "{outcome}");
                })
            })
            .into(),
        other => panic!("unknown fault {other}"),
    }
}

/// A proxy that opens a tunnel to a server that never answers the handshake.
fn tunnel_to_silence(setup: &Setup) -> Scenario {
    let proxy = Server::start(|_| Reply::status(200).then(Then::Hang));
    let host = "registry.corp:5000";
    let rls = setup.at(host, host).through(&proxy.host()).words("tags team/app --retries 1");
    let proxy = Arc::new(proxy);
    Scenario::new(rls).check(move |_| {
        assert!(proxy.requests().iter().all(|request| request.method == "CONNECT"));
        let sent = proxy.bytes();
        let sent = String::from_utf8_lossy(&sent);
        assert!(!sent.contains("/v2/") && !sent.contains("\r\nAuthorization"), "{sent}");
    })
}
