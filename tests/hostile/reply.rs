//! What is sent in answer to a request, written out byte for byte, and what becomes of the connection.

use reqwest::StatusCode;

use crate::asked::Asked;
use crate::canary;

#[derive(Debug, Clone)]
pub struct Reply {
    head: Option<(u16, Vec<(String, String)>)>,
    body: Vec<u8>,
    pub then: Then,
}

/// After the reply.
#[derive(Debug, Clone)]
pub enum Then {
    /// The next request may come on the same connection.
    Keep,
    /// The connection ends in order.
    Close,
    /// The connection is reset.
    Reset,
    /// Nothing more comes, and the connection stays.
    Hang,
    /// These bytes, one after the other with a pause before each, for ever.
    Drip(Vec<u8>),
    /// These bytes, for ever.
    Repeat(Vec<u8>),
}

impl Reply {
    /// A reply with this status and no body.
    pub fn status(status: u16) -> Self {
        Self { head: Some((status, Vec::new())), body: Vec::new(), then: Then::Keep }
    }

    /// A success with a JSON body.
    pub fn json(body: impl Into<Vec<u8>>) -> Self {
        Self::status(200).header("Content-Type", "application/json").body(body)
    }

    /// A list of tags.
    pub fn tags(tags: &[impl serde::Serialize]) -> Self {
        Self::json(serde_json::json!({ "name": "team/app", "tags": tags }).to_string())
    }

    /// A page for people.
    pub fn html(status: u16) -> Self {
        Self::status(status).header("Content-Type", "text/html").body("<html><h1>Proxy</h1></html>")
    }

    /// A registry's error.
    pub fn error(status: u16, code: &str) -> Self {
        Self::error_saying(status, code, "as the script says")
    }

    pub fn error_saying(status: u16, code: &str, message: &str) -> Self {
        let body = serde_json::json!({ "errors": [{ "code": code, "message": message }] });
        Self::status(status).header("Content-Type", "application/json").body(body.to_string())
    }

    /// A 401 that wants what `scheme` says: a password, or a token of the token server at `realm`.
    pub fn wants(scheme: Scheme, realm: &str) -> Self {
        let challenge = match scheme {
            Scheme::Basic => r#"Basic realm="registry""#.to_owned(),
            Scheme::Bearer => {
                format!(r#"Bearer realm="{realm}",service="registry",scope="repository:team/app:pull""#)
            }
        };
        Self::error(401, "UNAUTHORIZED").header("WWW-Authenticate", challenge)
    }

    /// A token server's reply.
    pub fn token(token: &str) -> Self {
        Self::json(serde_json::json!({ "token": token, "refresh_token": canary::REPLACED }).to_string())
    }

    /// A redirect.
    pub fn redirect(location: impl Into<String>) -> Self {
        Self::status(307).header("Location", location)
    }

    /// These bytes and no others.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self { head: None, body: bytes.into(), then: Then::Keep }
    }

    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        if let Some((_, headers)) = &mut self.head {
            headers.push((name.to_owned(), value.into()));
        }
        self
    }

    /// The body; its length is in the head unless there is no end to it, or a `Content-Length` or `Transfer-Encoding` was given.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub fn then(self, then: Then) -> Self {
        Self { then, ..self }
    }

    /// Its body comes in chunks, this one again and again.
    pub fn endless(self, body: &[u8]) -> Self {
        let chunk = [format!("{:x}\r\n", body.len()).as_bytes(), body, b"\r\n"].concat();
        self.header("Transfer-Encoding", "chunked").then(Then::Repeat(chunk))
    }

    /// The next page is there.
    pub fn next(self, link: &str) -> Self {
        self.header("Link", format!("<{link}>; rel=\"next\""))
    }

    /// Says back, in its head and to people, what it was sent.
    pub fn echoing(self, asked: &Asked) -> Self {
        let echo = asked.authorization().unwrap_or_default();
        self.header("X-Echo", echo)
            .header("X-Echo-Words", format!("you are {}", canary::known_of(echo).unwrap_or_default()))
            .header("Set-Cookie", format!("session={}; HttpOnly", canary::COOKIE))
    }

    pub fn bytes(&self, is_head: bool) -> Vec<u8> {
        let Some((status, headers)) = &self.head else { return self.body.clone() };
        let reason = StatusCode::from_u16(*status).ok().and_then(|status| status.canonical_reason());
        let mut bytes = format!("HTTP/1.1 {status} {}\r\n", reason.unwrap_or("Reason")).into_bytes();
        for (name, value) in headers {
            bytes.extend(format!("{name}: {value}\r\n").bytes());
        }
        let has = |wanted: &str| headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted));
        let has_no_body = matches!(status, 100..=199 | 204 | 304) || matches!(self.then, Then::Repeat(_));
        if !has("content-length") && !has("transfer-encoding") && !has_no_body {
            bytes.extend(format!("Content-Length: {}\r\n", self.body.len()).bytes());
        }
        bytes.extend(b"\r\n");
        if !is_head {
            bytes.extend(&self.body);
        }
        bytes
    }
}

/// How a registry wants to know who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    Basic,
    Bearer,
}
