//! A request as data, so that it can be sent again.

use bytes::Bytes;
use http::Method;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use crate::auth::Permission;
use crate::error::{Missing, Operation};

/// A request, and what its errors need to know.
#[derive(Debug, Clone)]
pub struct Request {
    /// GET, HEAD, DELETE, PUT or POST.
    pub method: Method,
    /// The target: built from types by the registry layer, or a verified link.
    pub url: Url,
    /// Headers other than `Authorization`, which the transport adds.
    pub headers: HeaderMap,
    /// The body, in memory: only manifests and small configs are sent.
    pub body: Option<Bytes>,
    /// Whether it takes another connection than requests without this: behind a load balancer, connections may lead to
    /// different replicas.
    pub is_recheck: bool,
    /// What the request is about: decides the token's scope and words its errors.
    pub context: RequestContext,
}

/// What a request is about.
#[derive(Debug, Clone)]
pub struct RequestContext {
    /// The registry, as `HOST[:PORT]`.
    pub registry: String,
    /// The object of the request, for people: `team/app:1.4.0`, `the catalog`.
    pub name: String,
    /// The permission it needs; `None` for the API's root.
    pub permission: Option<Permission>,
    /// What a 404 means when the reply has no error code.
    pub missing: Missing,
    /// What a 405 means.
    pub operation: Operation,
}

impl Request {
    /// A request without headers and body.
    pub fn new(method: Method, url: Url, context: RequestContext) -> Self {
        Self { method, url, headers: HeaderMap::new(), body: None, is_recheck: false, context }
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

    /// Whether it can be repeated safely, even if the first one may have arrived.
    pub(super) fn is_repeatable(&self) -> bool {
        matches!(self.method, Method::GET | Method::HEAD)
    }
}

/// The `host[:port]` of a URL; the port only if it is not the scheme's default.
pub(super) fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}
