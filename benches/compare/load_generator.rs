//! The load generator only sends the requests it is given and reads the replies: the lower bound. It knows neither
//! pages nor challenges nor names, and sends as fast as its concurrency allows.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use futures::{StreamExt, stream};
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Client, Method, redirect};

/// The benchmark's first argument when it runs as the load generator.
pub const WORD: &str = "send";

/// Requests in stages, which run one after the other. The requests of a stage run concurrently.
#[derive(Debug, Clone)]
pub struct Requests {
    pub method: &'static str,
    pub accept: &'static str,
    pub stages: Vec<Vec<Request>>,
}

/// A path, the index of its token, and whether its body is read where others' are not.
#[derive(Debug, Clone)]
pub struct Request {
    pub url: String,
    pub token: usize,
    pub is_get: bool,
}

impl Requests {
    /// The file that the load generator reads: the common part, tokens, and stages.
    pub fn write(&self, tokens: &[String], file: &Path) {
        let mut text = format!("{}\n\n{}", self.accept, tokens.join("\n"));
        for stage in &self.stages {
            text.push('\n');
            for Request { url, token, is_get } in stage {
                let method = if *is_get { "GET" } else { self.method };
                let _ = write!(text, "\n{method} {token} {url}");
            }
        }
        fs::write(file, text).expect("a scratch file");
    }
}

/// Sends the requests of a file with this concurrency, and reads the replies.
pub fn run(jobs: &str, file: &str, ca_file: Option<&str>) {
    let jobs = jobs.parse().expect("a number");
    let text = fs::read_to_string(file).expect("a file with requests");
    let mut parts = text.split("\n\n");
    let accept = parts.next().expect("what all have in common");
    let tokens = parts.next().expect("tokens").lines();
    let tokens: Vec<HeaderValue> = tokens.map(|token| token.parse().expect("a token")).collect();
    let client = client(ca_file);
    let send = |line: &str| {
        let mut words = line.splitn(3, ' ');
        let mut word = || words.next().expect("a method, a token and an address");
        let (method, token, url) = (word().parse::<Method>().expect("a method"), word(), word());
        let mut request = client.request(method, url).header("Accept", accept);
        if let Some(token) = tokens.get(token.parse::<usize>().expect("a number")) {
            request = request.header(AUTHORIZATION, token);
        }
        async {
            let mut response = request.send().await.expect("a reply");
            assert!(response.status().is_success(), "{} {}", response.status(), response.url());
            while response.chunk().await.expect("a whole reply").is_some() {}
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        for stage in parts {
            stream::iter(stage.lines()).map(send).buffer_unordered(jobs).collect::<()>().await;
        }
    });
}

fn client(ca_file: Option<&str>) -> Client {
    rustls::crypto::ring::default_provider().install_default().expect("it is the first");
    let builder = Client::builder().no_proxy().redirect(redirect::Policy::none());
    let certificates = ca_file.map(|file| {
        let pem = fs::read(file).expect("a file with the CA");
        reqwest::Certificate::from_pem_bundle(&pem).expect("certificates")
    });
    builder.tls_certs_only(certificates.unwrap_or_default()).build().expect("a client")
}
