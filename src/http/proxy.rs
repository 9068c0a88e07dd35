//! Whether a request goes through a proxy: the same rules that the HTTP client follows, for those who must know.

use hyper_util::client::proxy::matcher::Matcher;
use url::Url;

/// The proxy that `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` name for a URL, without its credentials.
pub fn proxy_for(url: &Url) -> Option<String> {
    let destination = url.as_str().parse().ok()?;
    let intercept = Matcher::from_env().intercept(&destination)?;
    let uri = intercept.uri();
    let port = uri.port_u16().map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("{}://{}{port}", uri.scheme_str().unwrap_or("http"), uri.host().unwrap_or_default()))
}
