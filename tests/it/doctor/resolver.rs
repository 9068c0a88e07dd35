//! Names that do not resolve, or resolve to something else: what doctor and a command say and do, with name servers and
//! search lists of the test's own. They need a network and a mount namespace.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use insta::assert_snapshot;
use test_support::{Home, Reply, Rls, Server};

use super::{checks, findings_of};

/// An address of this machine, in the test's network, that counts as public.
const PUBLIC: Ipv4Addr = Ipv4Addr::new(93, 184, 216, 34);

/// Runs the test of this name in namespaces of its own, where this is the resolver's configuration.
///
/// Returns whether this is inside.
#[expect(clippy::print_stderr, reason = "a test that this machine cannot run says so")]
fn is_inside(test: &str, resolv_conf: &str) -> bool {
    const INSIDE: &str = "RLS_TEST_INSIDE";
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let folder = Home::new();
    let file = folder.write("resolv.conf", resolv_conf);
    let set_up =
        format!("ip link set lo up && ip address add {PUBLIC}/32 dev lo && mount --bind \"$0\" /etc/resolv.conf");
    let unshare = |command: &str| {
        let mut unshare = Command::new("unshare");
        unshare.args(["-rnm", "sh", "-c", &format!("{set_up} && {command}")]).arg(&file);
        unshare
    };
    if !unshare("true").output().is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: no network and mount namespaces can be made here");
        return false;
    }
    let this = std::env::current_exe().expect("this program");
    let mut inside = unshare("exec \"$1\" --exact \"$2\" --nocapture");
    inside.arg(this).arg(format!("doctor::resolver::{test}")).env(INSIDE, "1");
    let output = inside.output().expect("unshare is there");
    let text = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&text));
    false
}

/// What a name server answers.
#[derive(Clone, Copy)]
enum Answer {
    Address(Ipv4Addr),
    Addresses([Ipv4Addr; 2]),
    /// The same after this time.
    Late(Ipv4Addr, Duration),
    NxDomain,
    ServFail,
    Nothing,
}

/// A name server at 127.0.0.1 (RFC 1035 §4.1). It knows no IPv6 addresses.
fn serve(answer: impl Fn(&str) -> Answer + Send + 'static) {
    const SERVFAIL: u8 = 2;
    const NXDOMAIN: u8 = 3;
    const TYPE_A: [u8; 2] = [0, 1];
    let socket = UdpSocket::bind("127.0.0.1:53").expect("the port is free in this namespace");
    std::thread::spawn(move || {
        let mut packet = [0; 512];
        while let Ok((_, from)) = socket.recv_from(&mut packet) {
            let (mut labels, mut at) = (Vec::new(), 12);
            while packet[at] != 0 {
                let end = at + 1 + usize::from(packet[at]);
                labels.push(String::from_utf8_lossy(&packet[at + 1..end]).into_owned());
                at = end;
            }
            let question = &packet[12..at + 5];
            let is_a = packet[at + 1..at + 3] == TYPE_A;
            let (code, addresses) = match answer(&labels.join(".")) {
                Answer::Address(address) => (0, vec![address]),
                Answer::Addresses(addresses) => (0, addresses.to_vec()),
                Answer::Late(address, time) => {
                    if is_a {
                        std::thread::sleep(time);
                    }
                    (0, vec![address])
                }
                Answer::NxDomain => (NXDOMAIN, Vec::new()),
                Answer::ServFail => (SERVFAIL, Vec::new()),
                Answer::Nothing => continue,
            };
            let addresses = if is_a { addresses } else { Vec::new() };
            let count = u8::try_from(addresses.len()).expect("a few");
            let mut reply = vec![packet[0], packet[1], 0x81, 0x80 | code, 0, 1, 0, count, 0, 0, 0, 0];
            reply.extend_from_slice(question);
            for address in addresses {
                // The name of the question, class IN, for a minute.
                reply.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
                reply.extend(address.octets());
            }
            socket.send_to(&reply, from).expect("the client is there");
        }
    });
}

fn at(host: &str) -> Rls {
    Rls::new().env("RLS_REGISTRY", format!("http://{host}:5000"))
}

#[test]
fn a_name_that_no_name_server_knows() {
    if !is_inside("a_name_that_no_name_server_knows", "nameserver 127.0.0.1\nsearch corp.example lab.example\n") {
        return;
    }
    serve(|_| Answer::NxDomain);
    assert_snapshot!(at("registry").words("tags app").run(), @"
    exit 10
    --- stderr
    error: cannot resolve registry
    cause: the name does not exist, or has no address
    hint:  check the host name, or use --resolve HOST:PORT:ADDR to bypass DNS
    ");
    assert_snapshot!(findings_of(at("registry"), ""), @r#"
    exit 10
     ✗ dns          no address
         also looked up in: corp.example, lab.example (search list, /etc/resolv.conf)
         cause   registry: the name does not exist, or has no address
         remedy  check the name: getent hosts registry
                 or set its address: --resolve registry:5000:ADDRESS, or a line "ADDRESS registry" in /etc/hosts
                 or, for an image of Docker Hub: rls doctor docker.io/registry
    "#);
}

#[test]
fn a_name_server_that_fails() {
    if !is_inside("a_name_server_that_fails", "nameserver 127.0.0.1\n") {
        return;
    }
    serve(|_| Answer::ServFail);
    assert_snapshot!(at("registry.corp").words("tags app --retries 1").run(), @"
    exit 10
    --- stderr
    error: cannot resolve registry.corp
    cause: no name server answered, or one of them failed
    cause: gave up after 2 tries
    hint:  check the name servers in /etc/resolv.conf, or use --resolve HOST:PORT:ADDR to bypass DNS
    ");
    assert_snapshot!(findings_of(at("registry.corp"), ""), @"
    exit 10
     ✗ dns          the resolver fails
         name servers: 127.0.0.1 (/etc/resolv.conf)
         cause   registry.corp: no name server answered, or one of them failed
         remedy  ask the name server: resolvectl query registry.corp, or dig registry.corp
                 check the name servers in /etc/resolv.conf, and the VPN if they are behind one
                 or set its address: --resolve registry.corp:5000:ADDRESS
    ");
}

#[test]
fn a_name_server_that_fails_for_the_search_list_alone() {
    let settings = "nameserver 127.0.0.1\nsearch corp.example\n";
    if !is_inside("a_name_server_that_fails_for_the_search_list_alone", settings) {
        return;
    }
    serve(|name| if name.ends_with("corp.example") { Answer::ServFail } else { Answer::NxDomain });
    assert_snapshot!(findings_of(at("registry.lab"), ""), @r#"
    exit 10
     ✗ dns          no address
         also looked up in: corp.example (search list, /etc/resolv.conf)
         cause   registry.lab: the name does not exist, or has no address
         remedy  check the name: getent hosts registry.lab
                 or set its address: --resolve registry.lab:5000:ADDRESS, or a line "ADDRESS registry.lab" in /etc/hosts
                 or, if a proxy is needed: export HTTPS_PROXY=http://PROXY:PORT
    "#);
}

#[test]
fn a_name_server_that_does_not_answer() {
    let settings = "nameserver 127.0.0.1\noptions timeout:30 attempts:1\n";
    if !is_inside("a_name_server_that_does_not_answer", settings) {
        return;
    }
    serve(|_| Answer::Nothing);
    assert_snapshot!(at("registry.corp").words("tags app --retries 0 --connect-timeout 500ms").run(), @"
    exit 10
    --- stderr
    error: cannot resolve registry.corp
    cause: the resolver gave no answer within 0.5 s
    hint:  check the name servers in /etc/resolv.conf, or use --resolve HOST:PORT:ADDR to bypass DNS
    ");
    assert_snapshot!(findings_of(at("registry.corp"), "--connect-timeout 500ms"), @"
    exit 10
     ✗ dns          the resolver fails
         name servers: 127.0.0.1 (/etc/resolv.conf)
         cause   registry.corp: the resolver gave no answer within 500ms
         remedy  ask the name server: resolvectl query registry.corp, or dig registry.corp
                 check the name servers in /etc/resolv.conf, and the VPN if they are behind one
                 or set its address: --resolve registry.corp:5000:ADDRESS
    ");
}

#[test]
fn a_name_that_the_search_list_expands() {
    let settings = "nameserver 127.0.0.1\nsearch corp.example\n";
    if !is_inside("a_name_that_the_search_list_expands", settings) {
        return;
    }
    // A wildcard: whatever is misspelt leads to the same server.
    serve(|name| if name.ends_with("corp.example") { Answer::Address(Ipv4Addr::LOCALHOST) } else { Answer::NxDomain });
    let (_, output) = checks(at("regsitry.lab"));
    let expected = " ✓ dns          127.0.0.1, found as regsitry.lab.corp.example (search list)\n";
    assert!(output.contains(expected), "{output}");
}

#[test]
fn a_slow_name_server_is_asked_once() {
    if !is_inside("a_slow_name_server_is_asked_once", "nameserver 127.0.0.1\n") {
        return;
    }
    let questions = Arc::new(AtomicUsize::default());
    let counted = Arc::clone(&questions);
    serve(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        Answer::Late(Ipv4Addr::LOCALHOST, Duration::from_millis(1500))
    });
    let registry = Server::start(|_| Reply::tags(&["1.0"]));
    let rls = Rls::new().env("RLS_REGISTRY", format!("http://registry.corp:{}", registry.port()));
    // No attempt lasts as long as the look-up, which goes on.
    let outcome = rls.words("tags app --connect-timeout 500ms --retries 5").run();
    assert_eq!(outcome.result(), (Some(0), "1.0\n"), "{outcome}");
    assert_eq!(questions.load(Ordering::Relaxed), 2, "for an IPv4 and an IPv6 address");
}

/// A registry at a public address, whose token server is `auth.example` at that address. This is what listens on the
/// token server's port on this machine's own address.
fn registry_with_token_server() -> (Server, Server, TcpListener) {
    let auth = Server::at(PUBLIC.into(), None, |_| Reply::json(r#"{"token":"t"}"#));
    let realm = format!("http://auth.example:{}/token", auth.port());
    let registry = Server::at(PUBLIC.into(), None, move |request| match request.has_token("t") {
        true => Reply::tags(&["1.0"]),
        false => Reply::wants_token_of(&realm),
    });
    let inner = TcpListener::bind((Ipv4Addr::LOCALHOST, auth.port())).expect("the port is free in this namespace");
    inner.set_nonblocking(true).expect("settable");
    (registry, auth, inner)
}

fn tags_of(registry: &Server) -> Rls {
    let rls = Rls::new().env("RLS_REGISTRY", format!("http://registry.example:{}", registry.port()));
    rls.naming(format!(":{}", registry.port()), ":PORT").user("ann", "secret").words("tags team/app --retries 1")
}

/// Whether nothing connected: a connection waits to be accepted.
fn is_untouched(listener: &TcpListener) -> bool {
    listener.accept().is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}

#[test]
fn a_token_server_with_a_public_and_a_private_address() {
    if !is_inside("a_token_server_with_a_public_and_a_private_address", "nameserver 127.0.0.1\n") {
        return;
    }
    serve(|name| match name {
        "auth.example" => Answer::Addresses([Ipv4Addr::LOCALHOST, PUBLIC]),
        _ => Answer::Address(PUBLIC),
    });
    let (registry, auth, inner) = registry_with_token_server();
    let outcome = tags_of(&registry).run();
    assert_eq!(outcome.result(), (Some(0), "1.0\n"), "{outcome}");
    assert_eq!(auth.connections(), 1);
    assert!(is_untouched(&inner), "a server named an address of this machine");
}

#[test]
fn a_token_server_whose_address_changes() {
    if !is_inside("a_token_server_whose_address_changes", "nameserver 127.0.0.1\n") {
        return;
    }
    // After the first question for each family the name leads to this machine.
    let asked = AtomicUsize::default();
    serve(move |name| match name {
        "auth.example" if asked.fetch_add(1, Ordering::Relaxed) > 1 => Answer::Address(Ipv4Addr::LOCALHOST),
        _ => Answer::Address(PUBLIC),
    });
    let (registry, auth, inner) = registry_with_token_server();
    let outcome = tags_of(&registry).run();
    assert_eq!(outcome.result(), (Some(0), "1.0\n"), "{outcome}");
    // The next run looks the name up again.
    let rls = tags_of(&registry).naming(format!(":{}", auth.port()), ":AUTH");
    assert_snapshot!(rls.run(), @"
    exit 4
    --- stderr
    error: refusing token server auth.example:AUTH of registry.example:PORT
    cause: auth.example resolves to 127.0.0.1, an address more private than that of the server that named it
    hint:  nothing was sent there; the registry's administrator must correct the realm of its token server (REGISTRY_AUTH_TOKEN_REALM), or let the proxy in front of it send X-Forwarded-Proto
    ");
    assert!(is_untouched(&inner), "a server named an address of this machine");
    assert_eq!(auth.connections(), 1, "that of the first run");
}
