//! A working proxy that requires a password: it forwards requests and opens tunnels.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use test_support::Server;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::TcpStream;

use crate::canary;

/// The name of a registry on this machine that is reached through the proxy: loopback addresses are not.
pub const NAME: &str = "registry.localhost";

static PROXY: LazyLock<Server> = LazyLock::new(|| Server::talking(serve));

/// `127.0.0.1:PORT` of the one proxy of these tests.
pub fn authority() -> String {
    PROXY.host()
}

/// How many connections it has passed on, or refused.
pub fn connections() -> usize {
    PROXY.connections()
}

/// Who may use it, as `Proxy-Authorization` has it.
fn pair() -> String {
    STANDARD.encode(format!("proxyuser:{}", canary::PROXY))
}

async fn serve(mut client: TcpStream) {
    // A client that disconnects has what it wanted.
    drop(relay(&mut client).await);
}

/// All requests on a connection are for the same registry: what follows the first head is passed on unchanged.
async fn relay(client: &mut TcpStream) -> std::io::Result<()> {
    let mut buffer = Vec::new();
    let end = loop {
        match buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            Some(end) => break end + 4,
            None if client.read_buf(&mut buffer).await? == 0 => return Ok(()),
            None => {}
        }
    };
    let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
    let (mine, theirs): (Vec<_>, Vec<_>) =
        head.split_inclusive("\r\n").partition(|line| line.to_ascii_lowercase().starts_with("proxy-authorization:"));
    if !mine.concat().contains(&pair()) {
        return client.write_all(b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n").await;
    }
    let target = head.split(' ').nth(1).unwrap_or_default();
    let host = target.trim_start_matches("http://").split('/').next().unwrap_or_default();
    let mut server = TcpStream::connect(host.replace(NAME, "127.0.0.1")).await?;
    if head.starts_with("CONNECT ") {
        client.write_all(b"HTTP/1.1 200 Go on\r\n\r\n").await?;
    } else {
        server.write_all(theirs.concat().as_bytes()).await?;
        server.write_all(&buffer[end..]).await?;
    }
    copy_bidirectional(client, &mut server).await.map(drop)
}
