//! A request as data: it can be sent again.

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use crate::auth::Permission;
use crate::error::{Missing, Operation};

/// What is sent, and what it is about.
#[derive(Debug, Clone)]
pub struct Request {
    /// GET, HEAD, DELETE, PUT or POST.
    pub method: Method,
    /// Where to. Built from types by the registry floor, or a link that was checked.
    pub url: Url,
    /// Headers besides `Authorization`, which the transport adds.
    pub headers: HeaderMap,
    /// The body, held in memory: rls sends nothing large.
    pub body: Option<Bytes>,
    /// What the request is about, for the token to ask for and the error to report.
    pub context: RequestContext,
}

/// What a request is about: the facts its errors are made of.
#[derive(Debug, Clone)]
pub struct RequestContext {
    /// The registry, as people name it.
    pub registry: String,
    /// The thing asked for, as people name it: `team/app:1.4.0`, `the catalog`.
    pub name: String,
    /// The permission that is needed; `None` for the API's root.
    pub permission: Option<Permission>,
    /// What a 404 means when the reply does not say.
    pub missing: Missing,
    /// What a 405 means.
    pub operation: Operation,
}

impl Request {
    /// A request without further headers or a body.
    pub fn new(method: Method, url: Url, context: RequestContext) -> Self {
        Self { method, url, headers: HeaderMap::new(), body: None, context: context }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Adds a body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Whether sending it twice is the same as sending it once, whatever happened to the first.
    pub(super) fn is_repeatable(&self) -> bool {
        matches!(self.method, Method::GET | Method::HEAD)
    }
}
