//! A page of referrers, as a registry sends it: what is read of it is an index, with the digests that it lists.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use registry_ls::error::{Danger, Fault};
use registry_ls::name::{Algorithm, Digest, Registry};
use registry_ls::registry::{Client, Content, Manifest, RepositoryHandle, media_types};
use registry_ls::{Error, Kind};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use super::wait;

pub fn seeds() -> Vec<Vec<u8>> {
    let digest = format!("sha256:{}", "0a".repeat(32));
    let listed = format!(
        r#"{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{digest}","size":7,"artifactType":"application/vnd.dev.sigstore.bundle.v0.3+json","annotations":{{"dev.sigstore.bundle.content":"dsse-envelope"}}}}"#
    );
    [
        format!(r#"{{"schemaVersion":2,"mediaType":"{}","manifests":[{listed},{listed}]}}"#, media_types::OCI_INDEX),
        format!(r#"{{"schemaVersion":2,"manifests":[{}]}}"#, listed.replace("sha256:", "blake3:")),
        r#"{"schemaVersion":2,"manifests":null}"#.to_owned(),
        format!(r#"{{"schemaVersion":2,"config":{listed},"layers":[{listed}]}}"#),
        r#"{"errors":[{"code":"UNKNOWN","message":"\u001b[2J"}]}"#.to_owned(),
        "<html>".to_owned(),
    ]
    .map(String::into_bytes)
    .to_vec()
}

pub fn run(input: &[u8]) {
    let digest = Digest::of(Algorithm::Sha256, b"subject");
    let (body, repository) = served();
    *body.lock().expect("no panic") = input.to_vec();
    let read = wait(repository.referrers_by_api(&digest, None));
    let expected = Manifest::read(Bytes::copy_from_slice(input), Some(media_types::OCI_INDEX), Algorithm::Sha256, "it")
        .and_then(|page| page.document())
        .map(|document| document.content);
    match (read, expected) {
        (Ok(listed), Ok(Content::Index(expected))) => assert_eq!(listed, Some(expected)),
        // The header of a page counts, and not what the page says of itself.
        (Ok(listed), _) => assert!(listed.is_some()),
        (Err(error), expected) => {
            assert!(is_of_the_page(&error) && !matches!(expected, Ok(Content::Index(_))), "{error}")
        }
    }
}

fn is_of_the_page(error: &Error) -> bool {
    matches!(error.kind(), Kind::Protocol(Fault::Malformed) | Kind::Safety(Danger::Ambiguous))
}

type Served = (Arc<Mutex<Vec<u8>>>, RepositoryHandle);

/// A server on this thread's runtime that answers every request with this body, and a client in front of it.
fn served() -> Served {
    thread_local! {
        static SERVED: Served = wait(async {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
            let address = listener.local_addr().expect("an address");
            let body = Arc::new(Mutex::new(Vec::new()));
            tokio::spawn(serve(listener, Arc::clone(&body)));
            let registry: Registry = format!("http://{address}").parse().expect("a registry");
            let client = Client::new(registry).expect("a client");
            (body, client.repository(&"team/app".parse().expect("a repository")))
        });
    }
    SERVED.with(Clone::clone)
}

async fn serve(listener: TcpListener, body: Arc<Mutex<Vec<u8>>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let body = Arc::clone(&body);
        tokio::spawn(async move {
            let mut stream = BufReader::new(stream);
            let mut line = String::new();
            while stream.read_line(&mut line).await.is_ok_and(|read| read > 0) {
                if line == "\r\n" {
                    let body = body.lock().expect("no panic").clone();
                    let head = format!(
                        "HTTP/1.1 200 OK\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n",
                        media_types::OCI_INDEX,
                        body.len()
                    );
                    let reply = [head.as_bytes(), &body].concat();
                    if stream.write_all(&reply).await.is_err() {
                        return;
                    }
                }
                line.clear();
            }
        });
    }
}
