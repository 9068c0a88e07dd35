//! Broken HTTP/2, frame by frame (RFC 9113).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use test_support::Server;
use test_support::tls::ServerCertificate;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::scenario::{Scenario, Setup};
use crate::runner::{Canaries as _, Holder, program};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const END_HEADERS: u8 = 4;
const END_STREAM: u8 = 1;
const ACK: u8 = 1;

/// What happens to every request with credentials.
#[derive(Debug, Clone, Copy)]
enum StreamFault {
    GoAway,
    ResetStream,
    ResetMidBody,
    EmptyData,
}

pub fn scenarios(setup: &Setup) -> Vec<Scenario> {
    [StreamFault::GoAway, StreamFault::ResetStream, StreamFault::ResetMidBody, StreamFault::EmptyData]
        .map(|fault| scenario(setup, fault))
        .into()
}

fn scenario(setup: &Setup, fault: StreamFault) -> Scenario {
    let shown = ServerCertificate::valid();
    let tls = shown.config(&["h2"]);
    let answered = Arc::<AtomicUsize>::default();
    let server = Server::talking(move |stream| {
        let (tls, answered) = (Arc::clone(&tls), Arc::clone(&answered));
        async move {
            if let Ok(stream) = TlsAcceptor::from(tls).accept(stream).await {
                // The client closes the connection when it has read enough.
                drop(talk(stream, fault, &answered).await);
            }
        }
    });
    let rls = program().env("RLS_REGISTRY", server.host()).trusting(shown.ca());
    let rls = rls.holding(Holder::Environment, &server.host());
    let scenario = Scenario::new(rls.words("tags team/app --retries 1")).named(format!("{fault:?}")).keeping(server);
    let most = setup.expected("rss_mib_max");
    scenario.check(move |outcome| assert!(outcome.memory() < most, "{} MiB: {outcome}", outcome.memory()))
}

async fn talk(mut stream: TlsStream<TcpStream>, fault: StreamFault, answered: &AtomicUsize) -> std::io::Result<()> {
    stream.read_exact(&mut [0; 24]).await?;
    stream.write_all(&frame(SETTINGS, 0, 0, &[])).await?;
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let mut payload = vec![0; length];
        stream.read_exact(&mut payload).await?;
        let id = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        match head[3] {
            SETTINGS if head[4] & ACK == 0 => stream.write_all(&frame(SETTINGS, ACK, 0, &[])).await?,
            // The first request gets a challenge; later ones send credentials.
            HEADERS if answered.fetch_add(1, Ordering::Relaxed) == 0 => stream.write_all(&unauthorized(id)).await?,
            HEADERS => break_stream(&mut stream, id, fault).await?,
            _ => {}
        }
        stream.flush().await?;
    }
}

async fn break_stream(stream: &mut TlsStream<TcpStream>, id: u32, fault: StreamFault) -> std::io::Result<()> {
    // 0x88 is `:status: 200` in the static table of HPACK.
    let head = frame(HEADERS, END_HEADERS, id, &[0x88]);
    // 2 is INTERNAL_ERROR.
    let reset = frame(RST_STREAM, 0, id, &2_u32.to_be_bytes());
    match fault {
        StreamFault::GoAway => {
            let last_stream_and_error = [0, 0, 0, 0, 0, 0, 0, 2];
            stream.write_all(&frame(GOAWAY, 0, 0, &last_stream_and_error)).await
        }
        StreamFault::ResetStream => stream.write_all(&reset).await,
        StreamFault::ResetMidBody => {
            stream.write_all(&head).await?;
            stream.write_all(&frame(DATA, 0, id, br#"{"tags":["a","#)).await?;
            stream.write_all(&reset).await
        }
        StreamFault::EmptyData => {
            stream.write_all(&head).await?;
            let thousand = frame(DATA, 0, id, &[]).repeat(1000);
            for _ in 0..1000 {
                stream.write_all(&thousand).await?;
            }
            stream.write_all(&reset).await
        }
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short frame").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A 401 that wants a password.
fn unauthorized(id: u32) -> Vec<u8> {
    let literal = |text: &str| [&[u8::try_from(text.len()).expect("a short text")], text.as_bytes()].concat();
    let header = |name: &str, value: &str| [&[0_u8][..], &literal(name), &literal(value)].concat();
    let block = [header(":status", "401"), header("www-authenticate", "Basic realm=\"registry\"")].concat();
    frame(HEADERS, END_HEADERS | END_STREAM, id, &block)
}
