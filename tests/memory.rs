//! A list is never held whole: the heap stays small however long it is.
//!
//! A binary of its own, because its allocator counts for the whole process; and one test, so that nothing else is counted.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};

use futures::TryStreamExt as _;
use peak_alloc::PeakAlloc;
use registry_ls::name::Tag;
use registry_ls::registry::Client;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

const TAGS: usize = 1_000_000;

/// The tags take 22 MB as JSON, and more than that as a list of strings.
const LIMIT: usize = 4 * 1024 * 1024;

#[test]
fn a_million_tags_need_no_more_memory_than_a_few() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for server in [in_one_page as fn(TcpStream), in_a_thousand_pages] {
        let registry = format!("http://{}", serve(server)).parse().expect("a registry");
        let client = Client::new(registry).expect("a client");
        let before = HEAP.current_usage();
        HEAP.reset_peak_usage();
        let (count, last) = runtime.block_on(count(&client));
        let peak = HEAP.peak_usage() - before;
        assert_eq!((count, last), (TAGS, Some(tag(TAGS - 1).parse().expect("a tag"))));
        assert!(peak < LIMIT, "{} KiB at once", peak / 1024);
    }
}

async fn count(client: &Client) -> (usize, Option<Tag>) {
    let repository = "team/app".parse().expect("a repository");
    let counted = client.tags(&repository).try_fold((0, None), async |(count, _), tag| Ok((count + 1, Some(tag))));
    counted.await.expect("a list")
}

fn tag(number: usize) -> String {
    format!("build-{number:012}")
}

/// Answers every connection in this way.
fn serve(answer: fn(TcpStream)) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || listener.incoming().for_each(|stream| answer(stream.expect("a connection"))));
    address
}

/// The target of the next request.
fn asked(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut first = String::new();
    stream.read_line(&mut first).ok().filter(|&length| length > 0)?;
    let mut line = String::new();
    while stream.read_line(&mut line).expect("a header") > 2 {
        line.clear();
    }
    first.split(' ').nth(1).map(str::to_owned)
}

/// `from..to`, separated by commas.
fn listed(from: usize, to: usize) -> String {
    let mut text = String::new();
    for number in from..to {
        let comma = if number == from { "" } else { "," };
        write!(text, "{comma}\"{}\"", tag(number)).expect("memory");
    }
    text
}

fn in_one_page(stream: TcpStream) {
    const PIECE: usize = 1000;
    let mut stream = BufReader::new(stream);
    asked(&mut stream).expect("a request");
    let mut stream = stream.into_inner();
    stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").expect("somebody who reads");
    let mut chunk = |text: &str| {
        let chunk = format!("{:x}\r\n{text}\r\n", text.len());
        stream.write_all(chunk.as_bytes()).expect("somebody who reads");
    };
    chunk(r#"{"name":"team/app","tags":["#);
    for from in (0..TAGS).step_by(PIECE) {
        let comma = if from == 0 { "" } else { "," };
        chunk(&format!("{comma}{}", listed(from, from + PIECE)));
    }
    chunk("]}");
    chunk("");
}

fn in_a_thousand_pages(stream: TcpStream) {
    let mut stream = BufReader::new(stream);
    while let Some(target) = asked(&mut stream) {
        let last = target.split("last=build-").nth(1);
        let from: usize = last.map_or(0, |last| last.parse::<usize>().expect("a number") + 1);
        // The last page is full, so that the one after it is asked for.
        let to = (from + 1000).min(TAGS);
        let body = format!(r#"{{"name":"team/app","tags":[{}]}}"#, listed(from, to));
        let link = if to < TAGS { format!("Link: <?last={}>; rel=\"next\"\r\n", tag(to - 1)) } else { String::new() };
        let head = format!("HTTP/1.1 200 OK\r\n{link}Content-Length: {}\r\n\r\n", body.len());
        stream.get_mut().write_all((head + &body).as_bytes()).expect("somebody who reads");
    }
}
