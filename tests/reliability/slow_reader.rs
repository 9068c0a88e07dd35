//! A slow reader is not a silent registry.

use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _};
use registry_ls::Kind;
use registry_ls::http::Options;
use registry_ls::registry::Client;
use test_support::Server;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// The longest silence.
const IDLE: Duration = Duration::from_secs(1);

/// Names in each half: more than are held back until a page is whole.
const HALF: usize = 3000;

fn names(from: usize, to: usize) -> String {
    (from..to).map(|number| format!("\"v{number:05}\"")).collect::<Vec<_>>().join(",")
}

/// A list in two halves; the second is sent on request.
async fn in_halves(mut stream: TcpStream, second_half: Arc<Notify>) -> std::io::Result<()> {
    let mut request = [0; 4096];
    let _ = stream.read(&mut request).await?;
    let first = format!("{{\"tags\":[{}", names(0, HALF));
    let second = format!(",{}]}}", names(HALF, 2 * HALF));
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", first.len() + second.len());
    stream.write_all((head + &first).as_bytes()).await?;
    second_half.notified().await;
    stream.write_all(second.as_bytes()).await
}

/// A registry with this list.
fn serve(second_half: &Arc<Notify>) -> Server {
    let second_half = Arc::clone(second_half);
    Server::talking(move |stream| {
        let second_half = Arc::clone(&second_half);
        // The client may close the connection first.
        async move { drop(in_halves(stream, second_half).await) }
    })
}

fn client(server: &Server) -> Client {
    let registry = server.url().parse().expect("a registry");
    let options = Options { read_timeout: IDLE, retries: 0, ..Options::default() };
    Client::builder(registry).options(options).build().expect("a client")
}

/// A regression: each name of the first half cost a request, and the second half was treated as lost.
#[tokio::test]
async fn a_list_that_is_read_slowly_is_complete() {
    let second_half = Arc::default();
    let server = serve(&second_half);
    let client = client(&server);
    let repository = "team/app".parse().expect("a repository");
    let mut tags = client.repository(&repository).tags();
    tags.next().await.expect("the first half").expect("a tag");
    let mut count = 1;
    // Up to where there is no more yet.
    while let Ok(tag) = tokio::time::timeout(IDLE / 8, tags.next()).await {
        tag.expect("the first half").expect("a tag");
        count += 1;
    }
    second_half.notify_one();
    tokio::time::sleep(2 * IDLE).await;
    count += tags.try_fold(0, async |count, _| Ok(count + 1)).await.expect("the second half");
    assert_eq!(count, 2 * HALF);
}

#[tokio::test]
async fn a_list_that_stops_arriving_is_an_error() {
    let server = serve(&Arc::default());
    let client = client(&server);
    let repository = "team/app".parse().expect("a repository");
    let error = client.repository(&repository).tags().try_collect::<Vec<_>>().await.expect_err("half a list");
    assert_eq!(error.kind(), &Kind::Incomplete);
    assert!(error.to_string().contains("the reply stalled"), "{error}");
}
