//! SOCKS4 and SOCKS4a, SOCKS5 (RFC 1928, RFC 1929).

use std::io;
use std::net::Ipv4Addr;

use secrecy::ExposeSecret;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use url::Host;

use super::Proxy;
use super::refusal::{Answer, Refusal, login};
use crate::error::ProxyFault;

/// SOCKS4 takes addresses only, SOCKS4a names, too.
pub(super) async fn socks4<S>(stream: &mut S, proxy: &Proxy, host: &Host<String>, port: u16) -> io::Result<Answer>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    /// What stands for an address where a name follows.
    const NAME_FOLLOWS: Ipv4Addr = Ipv4Addr::new(0, 0, 0, 1);
    let (address, name) = match host {
        Host::Ipv4(address) => (*address, None),
        Host::Domain(name) => (NAME_FOLLOWS, Some(name)),
        Host::Ipv6(address) => {
            let cause = format!("SOCKS4 knows no IPv6 addresses, such as {address}");
            return Ok(Err(Refusal::new(ProxyFault::NotAProxy, cause)));
        }
    };
    let mut request = vec![4, 1];
    request.extend(port.to_be_bytes());
    request.extend(address.octets());
    if let Some((user, _)) = proxy.credentials() {
        request.extend(user.bytes());
    }
    request.push(0);
    if let Some(name) = name {
        request.extend(name.bytes());
        request.push(0);
    }
    stream.write_all(&request).await?;
    let mut reply = [0; 8];
    stream.read_exact(&mut reply).await?;
    Ok(match reply {
        [0, 90, ..] => Ok(()),
        [0, 91, ..] => Err(Refusal::new(ProxyFault::Upstream, "the SOCKS4 proxy rejects the request, or it fails")),
        [0, 92 | 93, ..] => Err(Refusal::new(ProxyFault::Forbidden, "the SOCKS4 proxy rejects the user (identd)")),
        _ => Err(Refusal::new(ProxyFault::NotAProxy, "the proxy does not speak SOCKS4")),
    })
}

/// With a user name and password where the proxy's URL has them.
pub(super) async fn socks5<S>(stream: &mut S, proxy: &Proxy, host: &Host<String>, port: u16) -> io::Result<Answer>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    const NO_LOGIN: u8 = 0;
    const PASSWORD: u8 = 2;
    let credentials = proxy.credentials();
    let method = if credentials.is_some() { PASSWORD } else { NO_LOGIN };
    stream.write_all(&[5, 1, method]).await?;
    let mut chosen = [0; 2];
    stream.read_exact(&mut chosen).await?;
    let [5, chosen] = chosen else {
        return Ok(Err(Refusal::new(ProxyFault::NotAProxy, "the proxy does not speak SOCKS5")));
    };
    match &credentials {
        _ if chosen != method => return Ok(Err(socks_login(proxy))),
        None => {}
        Some((user, password)) => {
            let mut request = vec![1];
            for text in [user.as_str(), password.expose_secret()] {
                request.push(u8::try_from(text.len()).map_err(io::Error::other)?);
                request.extend(text.bytes());
            }
            stream.write_all(&request).await?;
            let mut reply = [0; 2];
            stream.read_exact(&mut reply).await?;
            if reply[1] != 0 {
                return Ok(Err(login(proxy)));
            }
        }
    }
    let mut request = vec![5, 1, 0];
    match host {
        Host::Ipv4(address) => request.extend([&[1][..], &address.octets()].concat()),
        Host::Ipv6(address) => request.extend([&[4][..], &address.octets()].concat()),
        Host::Domain(name) => {
            request.extend([3, u8::try_from(name.len()).map_err(io::Error::other)?]);
            request.extend(name.bytes());
        }
    }
    request.extend(port.to_be_bytes());
    stream.write_all(&request).await?;
    let mut reply = [0; 4];
    stream.read_exact(&mut reply).await?;
    let (fault, why) = match reply[1] {
        0 => {
            // The address that the proxy uses.
            let length = match reply[3] {
                1 => 4,
                4 => 16,
                _ => usize::from(stream.read_u8().await?),
            };
            stream.read_exact(&mut vec![0; length + 2]).await?;
            return Ok(Ok(()));
        }
        1 => (ProxyFault::Upstream, "general failure"),
        2 => (ProxyFault::Forbidden, "connection not allowed"),
        3 => (ProxyFault::Upstream, "network unreachable"),
        4 => (ProxyFault::Upstream, "host unreachable"),
        5 => (ProxyFault::Upstream, "connection refused"),
        6 => (ProxyFault::Upstream, "time to live expired"),
        7 => (ProxyFault::NotAProxy, "command not supported"),
        8 => (ProxyFault::Upstream, "address type not supported"),
        _ => (ProxyFault::Upstream, "unknown failure"),
    };
    Ok(Err(Refusal::new(fault, format!("the SOCKS5 proxy answers: {why}"))))
}

/// The proxy takes no login of the kind that was offered.
fn socks_login(proxy: &Proxy) -> Refusal {
    match proxy.has_credentials() {
        true => Refusal::new(
            ProxyFault::Login { refused: true },
            format!("the proxy {proxy} accepts no user name and password, and {} has some", proxy.variable),
        ),
        false => login(proxy),
    }
}
