//! Redirects, realms, links and proxies to other servers: not a byte of a credential arrives there.
//!
//! The second server records every byte that it receives, and no canary may be in them.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use test_support::tls::ServerCertificate;
use test_support::{Reply, Request, Server};

use crate::canary;
use crate::runner::{Canaries as _, Holder, Outcome, Scheme, Verbosity, program};

/// The registry's name in most of these tests; `--resolve` says where it is.
const HOST: &str = "registry.localhost";

/// Who sends the program elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// A redirect of the registry.
    Redirect,
    /// The token server, by a redirect. To the place that a challenge names the password does go: that is what it is
    /// for. Which places are refused there is among the cases of [`faults`](crate::faults).
    Realm,
    /// The next page of a list.
    Link,
    /// Where an upload continues.
    Upload,
    /// The proxy in between, by answering in the registry's name.
    Proxy,
}

/// How the other place differs from the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum To {
    /// `https://HOST` leads to `http://HOST`.
    Scheme,
    /// Another name.
    Host,
    /// The same name, another port.
    Port,
    /// A name below the registry's.
    SubDomain,
    /// The name above the registry's.
    Parent,
    /// The registry's name as a user in front of another host.
    UserInfo,
    /// The address in place of the name.
    Address,
    /// The same address as a decimal number.
    Decimal,
    /// The other loopback.
    V6,
    /// IPv4 inside IPv6.
    Mapped,
    /// From a name to an address of the local network.
    Private,
    /// The same name with a dot at its end.
    TrailingDot,
    /// The same name in capitals, at another port.
    Capitals,
}

const WAYS: [By; 5] = [By::Redirect, By::Realm, By::Link, By::Upload, By::Proxy];

const PLACES: [To; 13] = [
    To::Scheme,
    To::Host,
    To::Port,
    To::SubDomain,
    To::Parent,
    To::UserInfo,
    To::Address,
    To::Decimal,
    To::V6,
    To::Mapped,
    To::Private,
    To::TrailingDot,
    To::Capitals,
];

/// Basic, Bearer of a token server, and a refresh token.
const HOLDERS: [Holder; 4] = [Holder::Environment, Holder::AuthField, Holder::RefreshToken, Holder::RegistryToken];

struct Diversion {
    by: By,
    to: To,
    holder: Holder,
}

impl fmt::Display for Diversion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "by {:?}, another {:?}, with {:?}", self.by, self.to, self.holder)
    }
}

/// The other server, and its address as the registry gives it.
fn other(to: To) -> (Arc<Server>, String) {
    let address: IpAddr = match to {
        To::V6 => Ipv6Addr::LOCALHOST.into(),
        To::Private => Ipv4Addr::new(127, 0, 0, 2).into(),
        _ => Ipv4Addr::LOCALHOST.into(),
    };
    // The greediest possible server: it answers every request with a challenge for every kind of credential.
    let greedy = |request: &Request| match request.path() {
        "/token" => canary::token("stolen"),
        _ if request.authorization().is_some() || request.query("free").is_some() => Reply::tags(&["stolen"]),
        _ => Reply::wants_password().header("WWW-Authenticate", r#"Bearer realm="/token",service="other""#),
    };
    let server = Arc::new(Server::at(address, None, greedy));
    let port = server.port();
    let host = match to {
        To::Scheme | To::Port => HOST.to_owned(),
        To::Host => "other.localhost".to_owned(),
        To::SubDomain => format!("sub.{HOST}"),
        To::Parent => "localhost".to_owned(),
        To::UserInfo => format!("{HOST}:{}@127.0.0.1", canary::USERINFO),
        To::Address => "127.0.0.1".to_owned(),
        To::Decimal => "2130706433".to_owned(),
        To::V6 => "[::1]".to_owned(),
        To::Mapped => "[::ffff:127.0.0.1]".to_owned(),
        To::Private => "127.0.0.2".to_owned(),
        To::TrailingDot => format!("{HOST}."),
        To::Capitals => HOST.to_ascii_uppercase(),
    };
    (server, format!("http://{host}:{port}"))
}

/// The registry, which asks for a password or a token and then sends elsewhere.
fn registry(diversion: &Diversion, there: &str) -> impl FnMut(&Request) -> Reply + Send + 'static {
    let (by, there) = (diversion.by, there.to_owned());
    let scheme = if by == By::Realm { Scheme::Bearer } else { diversion.holder.scheme() };
    move |request| {
        let signed = format!("{there}/elsewhere?signature={}", canary::PRESIGNED);
        match request.authorization() {
            _ if request.path() == "/token" && by == By::Realm => Reply::redirect(signed),
            _ if request.path() == "/token" => canary::token(canary::TOKEN),
            None => scheme.challenge("/token"),
            Some(_) if by == By::Link => Reply::tags(&["a"]).next(&format!("{there}/v2/team/app/tags/list?last=a")),
            Some(_) if request.method == "POST" => {
                Reply::status(202).header("Location", format!("{there}/v2/team/app/blobs/uploads/1"))
            }
            Some(_) if request.method != "GET" && request.method != "HEAD" => Reply::status(204),
            Some(_) if by == By::Upload => Reply::tags(&["a"]),
            Some(_) => Reply::redirect(signed),
        }
    }
}

/// Runs the program against a registry that diverts its requests. Returns the outcome, and what the other server
/// received.
fn diversion(diversion: &Diversion) -> (Outcome, Vec<u8>) {
    let (other, there) = other(diversion.to);
    let shown = ServerCertificate::for_names(registry_fixture::Tls::Issued, &[HOST]);
    let script = registry(diversion, &there);
    let is_encrypted = diversion.to == To::Scheme && diversion.by != By::Proxy;
    let tls = is_encrypted.then(|| shown.config(&["http/1.1"]));
    let server = Server::at(Ipv4Addr::LOCALHOST.into(), tls, script);
    let scheme = if is_encrypted { "https" } else { "http" };
    let host = format!("{HOST}:{}", server.port());
    let rls = program().env("RLS_REGISTRY", format!("{scheme}://{host}")).holding(diversion.holder, &host);
    let rls = rls.trusting(shown.ca()).telling(Verbosity::Headers).words("--retries 0 --timeout 20s");
    let names = [HOST, "other.localhost", "sub.registry.localhost", "localhost", "registry.localhost."];
    let resolved =
        names.iter().flat_map(|name| [server.port(), other.port()].map(|port| format!("{name}:{port}:127.0.0.1")));
    let rls = resolved.fold(rls, |rls, resolve| rls.args(["--resolve", &resolve]));
    let rls = if diversion.by == By::Proxy { rls.through(&server.host()) } else { rls };
    let rls = match diversion.by {
        By::Upload => rls.words("doctor --push team/app"),
        _ => rls.words("tags team/app"),
    };
    let outcome = rls.observe();
    assert!(
        server.requests().iter().any(|request| request.authorization().is_some() || diversion.by == By::Realm),
        "{diversion}: {outcome}"
    );
    (outcome, other.bytes())
}

#[test]
fn no_credential_leaves_its_origin() {
    let every = WAYS
        .iter()
        .flat_map(|&by| PLACES.iter().flat_map(move |&to| HOLDERS.map(|holder| Diversion { by, to, holder })));
    // A bearer token is not exchanged, so that there is no realm to send it to.
    let every: Vec<_> =
        every.filter(|diversion| diversion.by != By::Realm || diversion.holder != Holder::RegistryToken).collect();
    let (failures, met) = (std::sync::Mutex::new(Vec::new()), std::sync::Mutex::new(Vec::new()));
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while let Some(case) = every.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
                    let (outcome, sent) = diversion(case);
                    outcome.is_clean();
                    // The signature is the other server's own, and so is a token that it issued to an anonymous user.
                    let mut found = canary::found_in(&sent);
                    found.retain(|&known| known != canary::PRESIGNED);
                    let text = String::from_utf8_lossy(&sent).to_ascii_lowercase();
                    let text = text.replace("authorization: bearer stolen", "");
                    let is_reported = ["authorization", "cookie", "referer"].iter().any(|header| text.contains(header));
                    if is_reported || !found.is_empty() {
                        failures.lock().expect("no panic").push(format!("{case}: {found:?} in {text}\n{outcome}"));
                    }
                    if !sent.is_empty() {
                        met.lock().expect("no panic").push((case.by, case.to));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().expect("no panic");
    assert!(failures.is_empty(), "{} of {} leak:\n{}", failures.len(), every.len(), failures.join("\n\n"));
    // An unreached server proves nothing: redirects are followed to every target that is not refused.
    let met = met.into_inner().expect("no panic");
    for to in [To::Host, To::Port, To::SubDomain, To::Parent, To::Address, To::Capitals] {
        assert!(met.contains(&(By::Redirect, to)), "{to:?} is not reached: {met:?}");
    }
    for by in [By::Link, By::Upload, By::Realm] {
        assert!(met.iter().all(|(reached, _)| *reached != by), "{by:?} is followed: {met:?}");
    }
}

#[test]
fn a_credential_helper_does_not_inherit_the_password_for_another_registry() {
    let wants_password = || Server::start(|_| Reply::wants_password());
    let (own, other) = (wants_password(), wants_password());
    let answer = r#"{"ServerURL":"","Username":"bob","Secret":"of-the-other-one"}"#;
    let script = format!("cat >/dev/null; env | grep ^RLS_ >\"$HOME/inherited\"; echo '{answer}'");
    let rls = program().helper(&script).env("RLS_REGISTRY", own.url()).holding(Holder::Environment, &own.host());
    let rls = rls.words("tags").arg(format!("{}/team/app", other.url()));
    let outcome = rls.observe();
    // The file that the helper has left is looked at, too.
    outcome.is_clean();
    let inherited = std::fs::read_to_string(rls.home().join("inherited")).expect("the helper was run");
    assert!(inherited.contains("RLS_USERNAME=ann"), "{inherited}");
    assert!(other.requests().iter().any(|request| request.authorization().is_some()), "{outcome}");
}
