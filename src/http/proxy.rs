//! Whether a request goes through a proxy: the same rules that the HTTP client follows, for those who must know.

use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use url::Url;

/// The proxy that `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` name for a URL, without its credentials.
pub fn proxy_for(url: &Url) -> Option<String> {
    intercept(url).as_ref().map(shown)
}

/// The same, with its credentials.
pub(super) fn intercept(url: &Url) -> Option<Intercept> {
    Matcher::from_env().intercept(&url.as_str().parse().ok()?)
}

/// A proxy for people: without its credentials.
pub(super) fn shown(proxy: &Intercept) -> String {
    let uri = proxy.uri();
    let port = uri.port_u16().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}", uri.scheme_str().unwrap_or("http"), uri.host().unwrap_or_default())
}
