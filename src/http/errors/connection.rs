//! Connection errors: what broke below HTTP, found by the type of the error, never by matching text.

use std::error::Error as StdError;
use std::fmt::Display;
use std::io;
use std::time::Instant;

use url::Url;

use super::super::proxy::Proxy;
use super::super::request::authority;
use super::super::resolver::LookupError;
use super::super::timeouts::Timeouts;
use crate::error::{Error, Fault, Kind, Network, ProxyFault, Tls};
use crate::trust::{Rejection, Source, Trust};

/// An attempt to get a reply.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct Attempt<'a> {
    /// The target.
    pub url: &'a Url,
    /// The trust in use, with what the server presented.
    pub trust: &'a Trust,
    /// The proxy, if one is used. Its own faults have other errors.
    pub proxy: Option<&'a Proxy>,
    /// Whether this origin has ever replied.
    pub answered: bool,
    /// Whether the look-up of its name goes on.
    pub is_resolving: bool,
    /// When it began.
    pub began: Instant,
    /// The limits.
    pub timeouts: Timeouts,
}

/// The error for a request without a reply.
pub(in crate::http) fn transport_error(error: reqwest::Error, attempt: Attempt<'_>) -> Error {
    let explained = explain(&error, attempt);
    // The URL may contain secrets, and the text names the host already.
    explained.with_source(error.without_url())
}

fn explain(error: &reqwest::Error, attempt: Attempt<'_>) -> Error {
    let place = authority(attempt.url);
    let host = attempt.url.host_str().unwrap_or_default();
    let port = attempt.url.port_or_known_default().unwrap_or_default();
    let rejected = |rejection: Rejection| {
        let error = Error::new(Kind::Tls(rejection.fault.clone()), rejection.what(&place)).because(&rejection.cause);
        let error = match attempt.proxy.filter(|_| matches!(rejection.fault, Tls::UnknownIssuer { .. })) {
            Some(proxy) => error.because(format!("the connection goes through the proxy {}", proxy.route())),
            None => error,
        };
        match Source::ignored_skip_verify(&attempt.trust.sources(host, port)) {
            Some(file) if rejection.fault.is_of_certificate() => error.with_ignored_skip_verify(file.to_owned()),
            _ => error,
        }
    };
    if let Some(tls) = find_source::<rustls::Error>(error) {
        return rejected(attempt.trust.explain(tls, host, port));
    }
    let network = |network, what: String| Error::new(Kind::Network(network), what);
    if error.is_connect() && error.is_timeout() && attempt.trust.has_begun_handshake_since(attempt.began, host, port) {
        let cause = format!("no answer within {} s", attempt.timeouts.connect.as_secs_f32());
        return network(Network::HandshakeTimeout, format!("TLS handshake with {place} timed out")).because(cause);
    }
    if let Some(proxy) = attempt.proxy
        && error.is_connect()
    {
        // It did connect when it was asked again.
        return proxy_error(ProxyFault::Unreachable, proxy, &place).because(root_cause(error)).transient();
    }
    if let Some(lookup) = find_source::<LookupError>(error) {
        return unresolved(lookup, host);
    }
    if error.is_connect() && error.is_timeout() && attempt.is_resolving {
        let cause = format!("the resolver gave no answer within {} s", attempt.timeouts.connect.as_secs_f32());
        return network(Network::Resolver, format!("cannot resolve {host}")).because(cause);
    }
    if error.is_connect() && error.is_timeout() {
        let cause = format!("no connection within {} s", attempt.timeouts.connect.as_secs_f32());
        return network(Network::ConnectTimeout, format!("timed out connecting to {place}")).because(cause);
    }
    if let Some(cause) = dead(error) {
        return network(Network::Reset, format!("lost the connection to {place}")).because(cause);
    }
    let is_silence = attempt.url.scheme() == "https" && !attempt.answered && !error.is_connect();
    if is_silence && let Some(rejection) = attempt.trust.explain_silence(host, port) {
        return rejected(rejection);
    }
    match io_kind(error) {
        Some(io::ErrorKind::ConnectionRefused) => {
            return network(Network::Refused, format!("cannot connect to {place}")).because("connection refused");
        }
        Some(io::ErrorKind::UnexpectedEof) if error.is_connect() && attempt.url.scheme() == "https" => {
            return Error::new(Kind::Tls(Tls::Handshake), format!("TLS handshake with {place} failed"))
                .because("the server closed the connection");
        }
        Some(kind) if is_reset(kind) && error.is_connect() && attempt.url.scheme() == "https" => {
            return Error::new(Kind::Tls(Tls::Handshake), format!("TLS handshake with {place} failed"))
                .because("connection reset by the server")
                .transient();
        }
        Some(kind) if is_reset(kind) => {
            return network(Network::Reset, format!("lost the connection to {place}")).because("connection reset");
        }
        // The text of rustls is about its own interface.
        Some(io::ErrorKind::UnexpectedEof) if !error.is_connect() => {
            return network(Network::Reset, format!("lost the connection to {place}"))
                .because("the server closed the connection before it answered");
        }
        _ => {}
    }
    // The HTTP/2 client ends a stream by itself, or a connection that sends too many frames, for no other reasons
    // before the reply is there.
    let is_excessive = |error: &h2::Error| error.reason() == Some(h2::Reason::ENHANCE_YOUR_CALM);
    let is_refused_header = |error: &h2::Error| error.is_library() && (error.is_reset() || is_excessive(error));
    if find_source::<h2::Error>(error).is_some_and(is_refused_header) {
        return Error::new(Kind::Protocol(Fault::Header), format!("cannot read the header of the reply from {place}"))
            .because("it exceeds the limit of the HTTP client, or is malformed");
    }
    if let Some(hyper) = find_source::<hyper::Error>(error) {
        if hyper.is_parse_too_large() {
            let error =
                Error::new(Kind::Protocol(Fault::Header), format!("header too large in the reply from {place}"));
            return error.because("it exceeds the limit of the HTTP client");
        }
        if hyper.is_parse() {
            // A service of another kind, or a server of HTTP that sends a header it may not send.
            return Error::new(Kind::Protocol(Fault::NotHttp), format!("cannot read the reply from {place} as HTTP"))
                .because(format!("not an HTTP reply, or a malformed one ({hyper})"));
        }
        if hyper.is_incomplete_message() {
            return network(Network::Reset, format!("lost the connection to {place}"))
                .because("the server closed the connection before it answered");
        }
    }
    network(if error.is_connect() { Network::Other } else { Network::Reset }, format!("no reply from {place}"))
        .because(root_cause(error))
}

/// The error for a name without addresses.
pub(in crate::http) fn unresolved(error: &LookupError, host: &str) -> Error {
    let kind = if error.is_temporary { Network::Resolver } else { Network::Dns };
    Error::new(Kind::Network(kind), format!("cannot resolve {host}")).because(error)
}

/// The error for a proxy that does not connect to `place`.
pub(in crate::http) fn proxy_error(fault: ProxyFault, proxy: &Proxy, place: &str) -> Error {
    let what = format!("cannot reach {place} through the proxy {}", proxy.route());
    Error::new(Kind::Network(Network::Proxy(fault)), what)
}

/// The error for a body that ended early.
pub(in crate::http) fn broken_body(error: reqwest::Error, url: &Url) -> Error {
    let explained = explain_body(&error, url);
    explained.with_source(error.without_url())
}

fn explain_body(error: &reqwest::Error, url: &Url) -> Error {
    let place = authority(url);
    if let Some(cause) = dead(error) {
        return Error::new(Kind::Network(Network::Reset), format!("lost the connection to {place}")).because(cause);
    }
    if io_kind(error).is_some_and(is_reset) {
        return Error::new(Kind::Network(Network::Reset), format!("lost the connection to {place}"))
            .because("connection reset in the middle of a reply");
    }
    // reqwest calls every error of a body a decoding error; errors of the connection have one of hyper's in their
    // chain.
    if find_source::<hyper::Error>(error).is_none() {
        return undecodable(root_cause(error), url);
    }
    // The text of rustls is about its own interface.
    if io_kind(error) == Some(io::ErrorKind::UnexpectedEof) {
        return truncated(url).because("the server closed the connection in the middle of a reply");
    }
    truncated(url).because(root_cause(error))
}

/// The error for a body that its `Content-Encoding` does not decode.
pub(in crate::http) fn undecodable(cause: impl Display, url: &Url) -> Error {
    Error::new(Kind::Protocol(Fault::Malformed), format!("malformed reply from {}", authority(url)))
        .because(format!("cannot decode its Content-Encoding: {cause}"))
}

/// The error for a body that ended before its end.
pub(crate) fn truncated(url: &Url) -> Error {
    Error::new(Kind::Protocol(Fault::Truncated), format!("truncated reply from {}", authority(url)))
}

/// Whether the server wants the request again by HTTP/1.1 (RFC 9113, section 7). It did not process it.
pub(in crate::http) fn requires_http1(error: &reqwest::Error) -> bool {
    find_source::<h2::Error>(error).is_some_and(|error| error.reason() == Some(h2::Reason::HTTP_1_1_REQUIRED))
}

/// Whether the other end of a connection stopped answering without closing it.
pub(in crate::http) fn is_dead(error: &reqwest::Error) -> bool {
    dead(error).is_some()
}

/// The cause for a dead connection that was not reset: its other end stopped answering.
fn dead(error: &reqwest::Error) -> Option<&'static str> {
    if find_source::<hyper::Error>(error).is_some_and(hyper::Error::is_timeout) {
        return Some("the server no longer answers on it (HTTP/2 keepalive)");
    }
    let is_dead = io_kind(error) == Some(io::ErrorKind::TimedOut) && !error.is_connect();
    is_dead.then_some("the server no longer answers on it (TCP timeout)")
}

fn is_reset(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected};
    matches!(kind, ConnectionReset | ConnectionAborted | BrokenPipe | NotConnected)
}

/// The first error of type `T` in the chain, including the payload of an [`io::Error`], which `source()` does not give.
pub(in crate::http) fn find_source<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        next = inner(error);
    }
    None
}

/// The kind of the innermost I/O error other than `Other`, which is the kind of those that wrap other errors.
fn io_kind(error: &(dyn StdError + 'static)) -> Option<io::ErrorKind> {
    let mut kind = None;
    let mut next = Some(error);
    while let Some(error) = next {
        let this = error.downcast_ref::<io::Error>().map(io::Error::kind);
        kind = this.filter(|this| *this != io::ErrorKind::Other).or(kind);
        next = inner(error);
    }
    kind
}

fn inner<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(payload) => Some(payload),
        None => error.source(),
    }
}

/// The text of the last error in the chain, which is the specific one.
pub(in crate::http) fn root_cause(error: &(dyn StdError + 'static)) -> String {
    let mut error = error;
    while let Some(next) = inner(error) {
        error = next;
    }
    error.to_string()
}
