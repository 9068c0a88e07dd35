//! Opens a connection through a proxy: by CONNECT (RFC 9110 §9.3.6), or by SOCKS.
//!
//! The HTTP client does so by itself, and keeps neither the status of a refused CONNECT nor what a SOCKS proxy asks
//! for. Where it fails, the proxy is asked again here.

use std::io;

use http::StatusCode;
use http::header::PROXY_AUTHENTICATE;
use secrecy::ExposeSecret;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use url::Host;

use super::Proxy;
use super::refusal::{Answer, Refusal, login_required};
use super::socks::{socks4, socks5};
use crate::auth::Credentials;
use crate::error::ProxyFault;

/// The most bytes of an answer to CONNECT that are read.
const MAX_ANSWER: usize = 16 * 1024;

/// Asks `proxy`, which `stream` leads to, for a connection to `host` at `port`.
pub(in crate::http) async fn open<S>(stream: &mut S, proxy: &Proxy, host: &Host<String>, port: u16) -> Answer
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let asked = match proxy.url.scheme() {
        "socks4" | "socks4a" => socks4(stream, proxy, host, port).await,
        "socks5" | "socks5h" => socks5(stream, proxy, host, port).await,
        _ => connect(stream, proxy, host, port).await,
    };
    asked.unwrap_or_else(|error| Err(Refusal::broken(&error)))
}

async fn connect<S>(stream: &mut S, proxy: &Proxy, host: &Host<String>, port: u16) -> io::Result<Answer>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut request = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n");
    if let Some((username, password)) = proxy.credentials()
        && let Some(header) = (Credentials::Basic { username, password }).basic_header()
    {
        request.push_str(&format!("Proxy-Authorization: {}\r\n", header.expose_secret()));
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut head = Vec::new();
    // Byte by byte: what follows the head belongs to the server behind the proxy.
    while !head.ends_with(b"\r\n\r\n") && head.len() < MAX_ANSWER {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && !head.is_empty() => break,
            Err(error) => return Err(error),
        }
    }
    let head = String::from_utf8_lossy(&head);
    let status = head.strip_prefix("HTTP/1.").and_then(|rest| StatusCode::from_bytes(rest.get(2..5)?.as_bytes()).ok());
    let Some(status) = status else {
        return Ok(Err(Refusal::new(ProxyFault::NotAProxy, "the proxy does not answer CONNECT in HTTP")));
    };
    let values = |name: &str| {
        let pairs = head.lines().skip(1).filter_map(|line| line.split_once(':'));
        pairs.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).collect::<Vec<_>>()
    };
    Ok(match status.as_u16() {
        200..=299 => Ok(()),
        407 => {
            let offered = values(PROXY_AUTHENTICATE.as_str());
            let Refusal { fault, cause } = login_required(proxy, offered.iter().map(|value| value.as_bytes()));
            Err(Refusal::new(fault, format!("{cause}: {status}")))
        }
        code => Err(Refusal::new(fault_of(code), refused(status, values("X-Squid-Error").first()))),
    })
}

/// What the status of an answer to CONNECT means.
fn fault_of(status: u16) -> ProxyFault {
    match status {
        401 | 403 | 451 => ProxyFault::Forbidden,
        408 | 429 | 500.. => ProxyFault::Upstream,
        // A web server knows no CONNECT.
        _ => ProxyFault::NotAProxy,
    }
}

/// Of what the proxy says, only the status and Squid's name of the error are repeated.
fn refused(status: StatusCode, squid_error: Option<&&str>) -> String {
    let reason = status.canonical_reason().map(|reason| format!(" {reason}")).unwrap_or_default();
    let name = squid_error.and_then(|error| error.split(' ').next());
    let is_name = |name: &&str| name.len() <= 40 && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    let name = name.filter(is_name).map(|name| format!(" ({name})")).unwrap_or_default();
    format!("the proxy answers CONNECT with {}{reason}{name}", status.as_u16())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(value: &str) -> Proxy {
        Proxy::parse("HTTPS_PROXY", value).expect(value)
    }

    /// What is made of the proxy's bytes, and what it was sent.
    async fn asked(value: &str, host: &str, answer: &[u8]) -> (Answer, Vec<u8>) {
        let (mut ours, mut theirs) = tokio::io::duplex(4096);
        theirs.write_all(answer).await.expect("written");
        theirs.shutdown().await.expect("it is open");
        let found = open(&mut ours, &proxy(value), &Host::parse(host).expect(host), 5000).await;
        drop(ours);
        let mut sent = Vec::new();
        theirs.read_to_end(&mut sent).await.expect("it is open");
        (found, sent)
    }

    #[tokio::test]
    async fn an_http_proxy_says_why_it_opens_no_tunnel() {
        use ProxyFault::{Forbidden, LoginScheme, NotAProxy, Upstream};
        let login = |refused| ProxyFault::Login { refused };
        for (value, answer, fault, cause) in [
            (
                "http://p:3128",
                "HTTP/1.1 403 Go away\r\n\r\n",
                Forbidden,
                "the proxy answers CONNECT with 403 Forbidden",
            ),
            (
                "http://p:3128",
                "HTTP/1.1 503 x\r\nx-squid-error: ERR_DNS_FAIL 0\r\n\r\n",
                Upstream,
                "the proxy answers CONNECT with 503 Service Unavailable (ERR_DNS_FAIL)",
            ),
            ("http://p:3128", "HTTP/1.0 599\r\n\r\n", Upstream, "the proxy answers CONNECT with 599"),
            (
                "http://p:3128",
                "HTTP/1.1 405 x\r\n\r\n",
                NotAProxy,
                "the proxy answers CONNECT with 405 Method Not Allowed",
            ),
            ("http://p:3128", "SSH-2.0-OpenSSH_9.2\r\n", NotAProxy, "the proxy does not answer CONNECT in HTTP"),
            ("http://p:3128", "", NotAProxy, "the proxy closes the connection without an answer"),
            (
                "http://p:3128",
                "HTTP/1.1 407 x\r\nProxy-Authenticate: Basic realm=\"x\"\r\nProxy-Authenticate: NTLM\r\n\r\n",
                login(false),
                "the proxy http://p:3128 requires a user name and a password, and HTTPS_PROXY has none: 407 Proxy Authentication Required",
            ),
            (
                "http://ann:s3cret@p:3128",
                "HTTP/1.1 407 x\r\n\r\n",
                login(true),
                "the proxy http://p:3128 refuses the user name and password in HTTPS_PROXY: 407 Proxy Authentication Required",
            ),
            (
                "http://ann:s3cret@p:3128",
                "HTTP/1.1 407 x\r\nProxy-Authenticate: Negotiate\r\nproxy-authenticate: NTLM\r\n\r\n",
                LoginScheme,
                "the proxy http://p:3128 requires a login by Negotiate or NTLM, and only Basic is supported: 407 Proxy Authentication Required",
            ),
        ] {
            let (found, _) = asked(value, "registry.corp", answer.as_bytes()).await;
            assert_eq!(found, Err(Refusal::new(fault, cause)), "{answer:?}");
        }
    }

    #[tokio::test]
    async fn a_tunnel_is_asked_for_with_the_login_and_leaves_what_follows() {
        let (mut ours, mut theirs) = tokio::io::duplex(4096);
        theirs.write_all(b"HTTP/1.1 200 OK\r\n\r\nhello").await.expect("written");
        let host = Host::parse("[::1]").expect("a host");
        assert_eq!(open(&mut ours, &proxy("http://ann:s3cret@p"), &host, 5000).await, Ok(()));
        let mut rest = [0; 5];
        ours.read_exact(&mut rest).await.expect("five bytes");
        assert_eq!(&rest, b"hello");
        drop(ours);
        let mut sent = String::new();
        theirs.read_to_string(&mut sent).await.expect("text");
        assert_eq!(
            sent,
            "CONNECT [::1]:5000 HTTP/1.1\r\nHost: [::1]:5000\r\nProxy-Authorization: Basic YW5uOnMzY3JldA==\r\n\r\n"
        );
    }

    #[tokio::test]
    async fn a_socks5_proxy_says_why_it_does_not_connect() {
        use ProxyFault::{Forbidden, NotAProxy, Upstream};
        let login = |refused| ProxyFault::Login { refused };
        for (value, answer, fault, cause) in [
            (
                "socks5h://p",
                &b"\x05\xff"[..],
                login(false),
                "the proxy socks5h://p requires a user name and a password, and HTTPS_PROXY has none",
            ),
            (
                "socks5h://a:b@p",
                b"\x05\x02\x01\x01",
                login(true),
                "the proxy socks5h://p refuses the user name and password in HTTPS_PROXY",
            ),
            (
                "socks5h://a:b@p",
                b"\x05\xff",
                login(true),
                "the proxy socks5h://p accepts no user name and password, and HTTPS_PROXY has some",
            ),
            (
                "socks5h://a:b@p",
                b"\x05\x02\x01\x00\x05\x04\x00\x01",
                Upstream,
                "the SOCKS5 proxy answers: host unreachable",
            ),
            ("socks5h://p", b"\x05\x00\x05\x02\x00\x01", Forbidden, "the SOCKS5 proxy answers: connection not allowed"),
            ("socks5h://p", b"HTTP/1.1 400", NotAProxy, "the proxy does not speak SOCKS5"),
            ("socks5h://p", b"\x05", NotAProxy, "the proxy closes the connection without an answer"),
        ] {
            let (found, _) = asked(value, "registry.corp", answer).await;
            assert_eq!(found, Err(Refusal::new(fault, cause)), "{answer:?}");
        }
    }

    #[tokio::test]
    async fn socks_proxies_are_asked_in_their_protocol() {
        let (found, sent) = asked("socks5h://a:b@p", "reg", b"\x05\x02\x01\x00\x05\x00\x00\x03\x01x\x00\x00").await;
        assert_eq!((found, &*sent), (Ok(()), &b"\x05\x01\x02\x01\x01a\x01b\x05\x01\x00\x03\x03reg\x13\x88"[..]));
        let (found, sent) = asked("socks5://p", "10.0.0.1", b"\x05\x00\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00").await;
        assert_eq!((found, &*sent), (Ok(()), &b"\x05\x01\x00\x05\x01\x00\x01\x0a\x00\x00\x01\x13\x88"[..]));
        let (found, sent) = asked("socks4a://ann:b@p", "reg", b"\x00\x5a\x00\x00\x00\x00\x00\x00").await;
        assert_eq!((found, &*sent), (Ok(()), &b"\x04\x01\x13\x88\x00\x00\x00\x01ann\x00reg\x00"[..]));
        let (found, _) = asked("socks4://p", "10.0.0.1", b"\x00\x5b\x00\x00\x00\x00\x00\x00").await;
        assert_eq!(found.map_err(|refusal| refusal.fault), Err(ProxyFault::Upstream));
        let (found, _) = asked("socks4://p", "[::1]", b"").await;
        assert_eq!(found.map_err(|refusal| refusal.fault), Err(ProxyFault::NotAProxy));
    }
}
