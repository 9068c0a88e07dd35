//! A server that plays a script. What it sends is written out byte for byte, what it is sent is recorded.
//!
//! It is made of a TCP listener alone, so that it can also do what no HTTP server would: break off, fall silent, talk nonsense.
//! It speaks TLS to who does, with a certificate that nobody trusts.

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock, Mutex};

use rustls::ServerConfig;
use rustls::crypto::ring;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

static TLS: LazyLock<TlsAcceptor> = LazyLock::new(|| {
    let key = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    let private = key.signing_key.serialize_der().try_into().expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![key.cert.der().clone()], private)
        .expect("a certificate with its key");
    TlsAcceptor::from(Arc::new(config))
});

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    pub body: String,
    /// On which connection, counted from 0.
    pub connection: usize,
    /// Whether over TLS.
    pub tls: bool,
}

impl Asked {
    /// The first value of a header field.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn authorization(&self) -> Option<&str> {
        self.header("authorization")
    }

    /// Whether it carries this token.
    pub fn has_token(&self, token: &str) -> bool {
        self.authorization().and_then(|header| header.strip_prefix("Bearer ")) == Some(token)
    }

    /// Whether it was sent to the token server of [`Reply::wants_token`].
    pub fn is_for_token(&self) -> bool {
        self.path() == "/token"
    }

    /// The target without its query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The first value of a parameter in the query, decoded.
    pub fn query(&self, name: &str) -> Option<String> {
        let url = url::Url::parse("http://server").expect("a URL").join(&self.target).expect("a target");
        url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
    }
}

/// What is sent in answer to a request, and what becomes of the connection.
#[derive(Debug, Clone)]
pub struct Reply {
    head: Option<(u16, Vec<(String, String)>)>,
    body: Vec<u8>,
    end: End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The next request may come on the same connection.
    Keep,
    /// The connection ends in order.
    Close,
    /// The connection is reset.
    Reset,
    /// Nothing more comes, and the connection stays.
    Hang,
    /// The body is sent again and again, until the client has enough.
    Endless,
}

impl Reply {
    /// A reply with this status and no body.
    pub fn status(status: u16) -> Self {
        Self { head: Some((status, Vec::new())), body: Vec::new(), end: End::Keep }
    }

    /// A success with a JSON body.
    pub fn json(body: impl Into<String>) -> Self {
        Self::status(200).header("Content-Type", "application/json").body(body.into())
    }

    /// A registry's error.
    pub fn error(status: u16, code: &str) -> Self {
        let body = serde_json::json!({ "errors": [{ "code": code, "message": "as the script says" }] });
        Self::status(status).header("Content-Type", "application/json").body(body.to_string())
    }

    /// A 401 that wants a token from `/token` of the host that was asked.
    pub fn wants_token(asked: &Asked) -> Self {
        let host = asked.header("host").expect("a host");
        Self::wants_token_of(&format!("http://{host}/token"))
    }

    /// A 401 that wants a token from there.
    pub fn wants_token_of(realm: &str) -> Self {
        let challenge = format!(r#"Bearer realm="{realm}",service="registry",scope="repository:team/app:pull""#);
        Self::error(401, "UNAUTHORIZED").header("WWW-Authenticate", challenge)
    }

    /// A 401 that wants a user name and a password.
    pub fn wants_password() -> Self {
        Self::error(401, "UNAUTHORIZED").header("WWW-Authenticate", r#"Basic realm="registry""#)
    }

    /// A token server's reply.
    pub fn token(token: &str) -> Self {
        Self::json(serde_json::json!({ "token": token }).to_string())
    }

    /// These bytes and no others.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self { head: None, body: bytes.into(), end: End::Keep }
    }

    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        if let Some((_, headers)) = &mut self.head {
            headers.push((name.to_owned(), value.into()));
        }
        self
    }

    /// The body; its length is in the head unless a `Content-Length` or `Transfer-Encoding` was given.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub fn then_close(self) -> Self {
        Self { end: End::Close, ..self }
    }

    pub fn then_reset(self) -> Self {
        Self { end: End::Reset, ..self }
    }

    pub fn then_hang(self) -> Self {
        Self { end: End::Hang, ..self }
    }

    /// Sends the body for ever, in chunks.
    pub fn endless(self) -> Self {
        Self { end: End::Endless, ..self.header("Transfer-Encoding", "chunked") }
    }

    fn bytes(&self, is_head: bool) -> Vec<u8> {
        let Some((status, headers)) = &self.head else { return self.body.clone() };
        let mut bytes = format!("HTTP/1.1 {status} {}\r\n", reason(*status)).into_bytes();
        for (name, value) in headers {
            bytes.extend(format!("{name}: {value}\r\n").bytes());
        }
        let has = |wanted: &str| headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted));
        if !has("content-length") && !has("transfer-encoding") && !matches!(status, 100..=199 | 204 | 304) {
            bytes.extend(format!("Content-Length: {}\r\n", self.body.len()).bytes());
        }
        bytes.extend(b"\r\n");
        if !is_head && self.end != End::Endless {
            bytes.extend(&self.body);
        }
        bytes
    }
}

fn reason(status: u16) -> &'static str {
    reqwest::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Reason")
}

/// The server. It ends with the runtime that it was started in.
pub struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    task: JoinHandle<()>,
}

type Script = Arc<Mutex<dyn FnMut(&Asked) -> Reply + Send>>;

/// What the connections of a server have in common.
#[derive(Clone)]
struct Play {
    script: Script,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// Answers every request with what `script` says.
    pub async fn start(script: impl FnMut(&Asked) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let play = Play { script: Arc::new(Mutex::new(script)), asked: Arc::clone(&asked) };
        let task = tokio::spawn(async move {
            for connection in 0.. {
                let (stream, _) = listener.accept().await.expect("a connection");
                tokio::spawn(connected(stream, connection, play.clone()));
            }
        });
        Self { address, asked, task }
    }

    /// Answers the requests with these replies, in their order. A request too many gets 599.
    pub async fn playing(replies: impl IntoIterator<Item = Reply>) -> Self {
        let mut replies: Vec<_> = replies.into_iter().collect();
        replies.reverse();
        Self::start(move |_| replies.pop().unwrap_or_else(|| Reply::status(599))).await
    }

    /// `127.0.0.1:PORT`
    pub fn authority(&self) -> String {
        self.address.to_string()
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// `http://127.0.0.1:PORT`
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no panic").clone()
    }

    /// How often it was asked for something.
    pub fn count(&self, wanted: impl Fn(&Asked) -> bool) -> usize {
        self.asked().iter().filter(|asked| wanted(asked)).count()
    }

    /// Listens no longer: connections are refused from now on.
    pub async fn stop(&self) {
        self.task.abort();
        while !self.task.is_finished() {
            tokio::task::yield_now().await;
        }
    }
}

/// The first byte of a TLS connection is that of a handshake.
async fn connected(stream: TcpStream, connection: usize, play: Play) {
    let mut first = [0];
    match stream.peek(&mut first).await {
        Ok(1) if first == [22] => {
            if let Ok(stream) = TLS.accept(stream).await {
                serve(stream, |stream| stream.get_ref().0, connection, true, play).await;
            }
        }
        _ => serve(stream, |stream| stream, connection, false, play).await,
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    socket: fn(&S) -> &TcpStream,
    connection: usize,
    tls: bool,
    play: Play,
) {
    let mut buffer = Vec::new();
    while let Some(mut asked) = read(&mut stream, &mut buffer).await {
        (asked.connection, asked.tls) = (connection, tls);
        play.asked.lock().expect("no panic").push(asked.clone());
        let reply = play.script.lock().expect("no panic")(&asked);
        let sent = stream.write_all(&reply.bytes(asked.method == "HEAD")).await;
        match reply.end {
            _ if sent.is_err() => return,
            End::Keep => {}
            End::Close => return,
            End::Reset => return socket(&stream).set_zero_linger().expect("an open socket"),
            End::Hang => std::future::pending().await,
            End::Endless => {
                let head = format!("{:x}\r\n", reply.body.len());
                let chunk = [head.as_bytes(), &reply.body, b"\r\n"].concat();
                while stream.write_all(&chunk).await.is_ok() {}
                return;
            }
        }
    }
}

/// The next request; `None` when there is none, or it is not HTTP.
async fn read(stream: &mut (impl AsyncRead + Unpin), buffer: &mut Vec<u8>) -> Option<Asked> {
    let end = loop {
        match buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            Some(end) => break end + 4,
            None if stream.read_buf(buffer).await.ok()? == 0 => return None,
            None => {}
        }
    };
    let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
    let mut lines = head.lines();
    let mut words = lines.next()?.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, value)| value.parse().ok());
    let end_of_body = end + length.unwrap_or(0);
    while buffer.len() < end_of_body {
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
    let body = String::from_utf8_lossy(&buffer[end..end_of_body]).into_owned();
    buffer.drain(..end_of_body);
    Some(Asked { method, target, headers, body, connection: 0, tls: false })
}
