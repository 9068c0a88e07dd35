//! A server made of sockets alone, so that it can do what no HTTP server would: break off, drip, fall silent, talk nonsense.
//! Everything that it is sent is recorded byte for byte.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::runtime::Handle;
use tokio::task::{AbortHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use crate::asked::{Asked, read};
use crate::reply::{Reply, Then};

/// The thread on which all servers run.
static RUNTIME: LazyLock<Handle> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let handle = runtime.handle().clone();
    std::thread::spawn(move || runtime.block_on(std::future::pending::<()>()));
    handle
});

type Script = Arc<Mutex<dyn FnMut(&Asked) -> Reply + Send>>;
type Talk = Arc<dyn Fn(TcpStream) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// How a connection begins.
#[derive(Clone)]
enum Door {
    /// HTTP, behind TLS for who begins a handshake if there is a configuration for it.
    Http { script: Script, tls: Option<Arc<ServerConfig>> },
    /// Whatever is done with the socket.
    Socket(Talk),
}

/// What a server was sent.
#[derive(Default)]
struct Seen {
    asked: Mutex<Vec<Asked>>,
    bytes: Mutex<Vec<u8>>,
    connections: AtomicUsize,
}

/// It stops when it is dropped: its connections break.
pub struct Server {
    address: SocketAddr,
    seen: Arc<Seen>,
    accepting: AbortHandle,
}

impl Server {
    /// Speaks HTTP, and answers each request with what `script` makes of it.
    pub fn start(script: impl FnMut(&Asked) -> Reply + Send + 'static) -> Self {
        Self::at(Ipv4Addr::LOCALHOST.into(), None, script)
    }

    /// The same behind TLS, also in a tunnel.
    pub fn with_tls(tls: Arc<ServerConfig>, script: impl FnMut(&Asked) -> Reply + Send + 'static) -> Self {
        Self::at(Ipv4Addr::LOCALHOST.into(), Some(tls), script)
    }

    /// The same at an address of this machine.
    pub fn at(
        address: IpAddr,
        tls: Option<Arc<ServerConfig>>,
        script: impl FnMut(&Asked) -> Reply + Send + 'static,
    ) -> Self {
        Self::open(address, Door::Http { script: Arc::new(Mutex::new(script)), tls })
    }

    /// Hands each connection over as it comes.
    pub fn talking<F>(talk: impl Fn(TcpStream) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let talk: Talk = Arc::new(move |stream| Box::pin(talk(stream)));
        Self::open(Ipv4Addr::LOCALHOST.into(), Door::Socket(talk))
    }

    fn open(address: IpAddr, door: Door) -> Self {
        let _runtime = RUNTIME.enter();
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }.expect("a socket");
        socket.bind(SocketAddr::new(address, 0)).expect("a free port");
        let listener = socket.listen(64).expect("a listener");
        let address = listener.local_addr().expect("an address");
        let seen = Arc::<Seen>::default();
        let record = Arc::clone(&seen);
        let accepting = RUNTIME.spawn(async move {
            // Dropped with this task, and its connections with it.
            let mut connections = JoinSet::new();
            loop {
                let Ok((stream, _)) = listener.accept().await else { return };
                record.connections.fetch_add(1, Ordering::Relaxed);
                connections.spawn(connected(stream, door.clone(), Arc::clone(&record)));
            }
        });
        Self { address, seen, accepting: accepting.abort_handle() }
    }

    /// A port on which nobody listens.
    pub fn closed() -> String {
        std::net::TcpListener::bind(("127.0.0.1", 0))
            .and_then(|free| free.local_addr())
            .expect("a free port")
            .to_string()
    }

    /// `127.0.0.1:PORT`
    pub fn authority(&self) -> String {
        self.address.to_string()
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.seen.asked.lock().expect("no panic").clone()
    }

    /// How many requests there were of a sort.
    pub fn count(&self, wanted: impl Fn(&Asked) -> bool) -> usize {
        self.asked().iter().filter(|asked| wanted(asked)).count()
    }

    /// Every byte that arrived, decrypted where it came by TLS.
    pub fn bytes(&self) -> Vec<u8> {
        self.seen.bytes.lock().expect("no panic").clone()
    }

    pub fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::Relaxed)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn connected(mut stream: TcpStream, door: Door, seen: Arc<Seen>) {
    let (script, tls) = match door {
        Door::Socket(talk) => return talk(stream).await,
        Door::Http { script, tls } => (script, tls),
    };
    let mut first = [0];
    let is_tls = matches!(stream.peek(&mut first).await, Ok(1)) && first == [22];
    match tls {
        Some(tls) if is_tls => {
            if let Ok(mut stream) = TlsAcceptor::from(tls).accept(stream).await {
                serve(&mut stream, |stream| stream.get_ref().0, &script, &seen).await;
            }
        }
        None if is_tls => {
            let refusal = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            drop(stream.write_all(refusal).await);
        }
        _ => serve(&mut stream, |stream| stream, &script, &seen).await,
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    socket: fn(&S) -> &TcpStream,
    script: &Script,
    seen: &Seen,
) {
    let mut buffer = Vec::new();
    loop {
        let Some(mut asked) = read(stream, &mut buffer, &seen.bytes).await else { return };
        asked.at = Some(Instant::now());
        seen.asked.lock().expect("no panic").push(asked.clone());
        let reply = script.lock().expect("no panic")(&asked);
        if stream.write_all(&reply.bytes(asked.method == "HEAD")).await.is_err() {
            return;
        }
        drop(stream.flush().await);
        match reply.then {
            Then::Keep => {}
            Then::Close => {
                drop(stream.shutdown().await);
                return;
            }
            Then::Reset => {
                socket(stream).set_zero_linger().expect("an open socket");
                return;
            }
            Then::Hang => std::future::pending().await,
            Then::Drip(bytes) => {
                for byte in bytes.iter().cycle() {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    if stream.write_all(&[*byte]).await.is_err() || stream.flush().await.is_err() {
                        return;
                    }
                }
            }
            Then::Repeat(bytes) => {
                while stream.write_all(&bytes).await.is_ok() {}
                return;
            }
        }
    }
}

/// A port whose queue of connections is full, so that the kernel drops whatever else comes: a black hole.
pub struct BlackHole {
    address: SocketAddr,
    _full: (tokio::net::TcpListener, Vec<std::net::TcpStream>),
}

impl BlackHole {
    pub fn dig() -> Self {
        let _runtime = RUNTIME.enter();
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a free port");
        let listener = socket.listen(1).expect("a listener");
        let address = listener.local_addr().expect("an address");
        let connect = || std::net::TcpStream::connect_timeout(&address, Duration::from_millis(300));
        let waiting = std::iter::from_fn(|| connect().ok()).take(64).collect();
        Self { address, _full: (listener, waiting) }
    }

    pub fn authority(&self) -> String {
        self.address.to_string()
    }
}
