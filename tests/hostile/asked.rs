//! A request as it arrived.

use std::sync::Mutex;
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncReadExt as _};

#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    /// Path and query, or with a proxy the whole address.
    pub target: String,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    /// When it had arrived.
    pub at: Option<Instant>,
}

impl Asked {
    /// The first value of a header field.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn authorization(&self) -> Option<&str> {
        self.header("authorization")
    }

    /// Whether it was sent to the token server of [`Reply::wants`](crate::reply::Reply::wants).
    pub fn is_for_token(&self) -> bool {
        self.path() == "/token"
    }

    /// The target without the query, and without the host that it has for a proxy.
    pub fn path(&self) -> &str {
        let target = self.target.split('?').next().unwrap_or_default();
        let Some((_, rest)) = target.split_once("://") else { return target };
        rest.find('/').map_or("/", |path| &rest[path..])
    }

    /// The first value of a parameter in the query, decoded.
    pub fn query(&self, name: &str) -> Option<String> {
        let query = self.target.split_once('?')?.1;
        url::form_urlencoded::parse(query.as_bytes())
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.into_owned())
    }
}

/// The next request, whose bytes are recorded; `None` when there is none, or it is not HTTP.
pub async fn read(
    stream: &mut (impl AsyncRead + Unpin),
    buffer: &mut Vec<u8>,
    record: &Mutex<Vec<u8>>,
) -> Option<Asked> {
    let mut more = async |buffer: &mut Vec<u8>| {
        let before = buffer.len();
        stream.read_buf(buffer).await.ok().filter(|&length| length > 0)?;
        record.lock().expect("no panic").extend_from_slice(&buffer[before..]);
        Some(())
    };
    let end = loop {
        match buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            Some(end) => break end + 4,
            None => more(buffer).await?,
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
        more(buffer).await?;
    }
    buffer.drain(..end_of_body);
    Some(Asked { method, target, headers, at: None })
}
