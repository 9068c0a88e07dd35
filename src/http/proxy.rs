//! Whether a request goes through a proxy, by the rules that the HTTP client follows.

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

/// The variable that sets a proxy for URLs of this scheme, even if its value is unusable or `NO_PROXY` exempts the
/// host.
pub fn proxy_variable(url: &Url) -> Option<&'static str> {
    let own = if url.scheme() == "https" { ["HTTPS_PROXY", "https_proxy"] } else { ["HTTP_PROXY", "http_proxy"] };
    let is_set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    own.into_iter().chain(["ALL_PROXY", "all_proxy"]).find(is_set)
}

/// Whether `NO_PROXY` is all that keeps requests for a URL from a proxy: ignores that variable.
pub fn has_proxy_but_for_exceptions(url: &Url) -> bool {
    let value = |names: [&str; 2]| names.into_iter().find_map(|name| std::env::var(name).ok()).unwrap_or_default();
    let matcher = Matcher::builder()
        .all(value(["ALL_PROXY", "all_proxy"]))
        .http(value(["HTTP_PROXY", "http_proxy"]))
        .https(value(["HTTPS_PROXY", "https_proxy"]))
        .build();
    url.as_str().parse().is_ok_and(|destination| matcher.intercept(&destination).is_some())
}
