//! The proxy of a request. Decided here alone, for the HTTP client, for raw connections and for diagnosis, by the rules
//! of curl and of Go, which docker, podman and Kubernetes follow.
//!
//! - `HTTP_PROXY`, `HTTPS_PROXY`, by the scheme of the request, else `ALL_PROXY`; each in small letters too. An empty
//!   variable counts as unset.
//! - Loopback addresses and `localhost` are reached directly, and what `NO_PROXY` lists.
//! - A value that cannot be used is an error for each request that it is meant for, never a direct connection.

mod exceptions;
pub(super) mod refusal;
mod socks;
pub(super) mod tunnel;
mod value;

use std::fmt;
use std::sync::LazyLock;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::auth::without_user;
use crate::error::{Error, ProxyRoute, Result};
use exceptions::Exceptions;

pub use exceptions::Exemption;

/// The proxy settings of the process.
static ENVIRONMENT: LazyLock<Proxies> =
    LazyLock::new(|| Proxies::read(&|name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())));

/// A proxy.
#[derive(Debug, Clone)]
pub struct Proxy {
    /// The variable that names it.
    pub variable: &'static str,
    /// Its URL, without credentials.
    pub url: Url,
    /// Its URL with the user name and the password, percent-encoded; `None` if it has none.
    with_user: Option<SecretString>,
    /// The entry of `NO_PROXY` that seems to be meant for the server, and does not count.
    pub near_exception: Option<String>,
}

impl Proxy {
    /// Reads the value of a variable; the error says why it cannot be used.
    pub(super) fn parse(variable: &'static str, value: &str) -> Result<Self, String> {
        value::parse(value).map(|(url, with_user)| Self { variable, url, with_user, near_exception: None })
    }

    /// The host and port to connect to.
    pub fn place(&self) -> (&str, u16) {
        /// The usual port of SOCKS, which URLs do not know.
        const SOCKS_PORT: u16 = 1080;
        (self.url.host_str().unwrap_or_default(), self.url.port_or_known_default().unwrap_or(SOCKS_PORT))
    }

    /// What errors say of it.
    pub(crate) fn route(&self) -> ProxyRoute {
        ProxyRoute { url: self.to_string(), variable: self.variable, near_exception: self.near_exception.clone() }
    }

    /// Whether it has a user name or a password.
    pub fn has_credentials(&self) -> bool {
        self.with_user.is_some()
    }

    /// The URL with user name and password.
    pub(super) fn secret_url(&self) -> &str {
        self.with_user.as_ref().map_or(self.url.as_str(), ExposeSecret::expose_secret)
    }

    /// The user name and the password.
    pub(super) fn credentials(&self) -> Option<(String, SecretString)> {
        let url = Url::parse(self.with_user.as_ref()?.expose_secret()).ok()?;
        let decoded = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
        Some((decoded(url.username()), decoded(url.password().unwrap_or_default()).into()))
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url.as_str().trim_end_matches('/'))
    }
}

/// How the server of a URL is reached.
#[derive(Debug, Clone)]
pub enum ProxyChoice {
    /// Directly: no variable names a proxy.
    Direct,
    /// Directly, although a variable names a proxy.
    Exempt {
        /// The variable.
        variable: &'static str,
        /// Why the proxy is not used.
        reason: Exemption,
    },
    /// Through a proxy.
    Through(Proxy),
    /// Not at all: a variable is set, and its value cannot be used.
    Unusable {
        /// The variable.
        variable: &'static str,
        /// Why it cannot be used. Quotes nothing of it.
        why: String,
    },
}

impl ProxyChoice {
    /// The proxy, if there is one.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`](crate::Kind::Config) if it cannot be used.
    pub fn proxy(self) -> Result<Option<Proxy>> {
        match self {
            Self::Direct | Self::Exempt { .. } => Ok(None),
            Self::Through(proxy) => Ok(Some(proxy)),
            Self::Unusable { variable, why } => Err(unusable(variable).because(why)),
        }
    }
}

/// The error for a variable that cannot be used.
pub(super) fn unusable(variable: &str) -> Error {
    Error::config(format!("{variable} cannot be used as a proxy"))
}

/// How the server of a URL is reached, by the environment of the process.
pub fn choose_proxy(url: &Url) -> ProxyChoice {
    ENVIRONMENT.choose(url)
}

/// The proxy of a URL, if it has one that can be used.
pub(super) fn proxy_for(url: &Url) -> Option<Proxy> {
    choose_proxy(url).proxy().ok().flatten()
}

/// The proxy settings of an environment.
#[derive(Debug)]
struct Proxies {
    http: Option<Setting>,
    https: Option<Setting>,
    exceptions: Exceptions,
}

/// A variable that is set: its proxy, or why it has none.
#[derive(Debug, Clone)]
struct Setting {
    variable: &'static str,
    proxy: Result<Proxy, String>,
}

impl Proxies {
    /// Reads the variables that `lookup` finds.
    fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Self {
        let value = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let setting = |names: &[&'static str]| {
            let (variable, value) = names.iter().find_map(|name| Some((*name, value(name)?)))?;
            // A web server passes a request's header `Proxy` on to its CGI programs by this name.
            let is_forged = variable == "HTTP_PROXY" && lookup("REQUEST_METHOD").is_some();
            let proxy = if is_forged {
                Err("REQUEST_METHOD is set, as for a CGI program, whose client may have chosen the value; use http_proxy"
                    .to_owned())
            } else {
                Proxy::parse(variable, &value)
            };
            Some(Setting { variable, proxy })
        };
        let no_proxy = value("NO_PROXY").or_else(|| value("no_proxy")).unwrap_or_default();
        Self {
            http: setting(&["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"]),
            https: setting(&["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]),
            exceptions: Exceptions::parse(&no_proxy),
        }
    }

    fn choose(&self, url: &Url) -> ProxyChoice {
        let setting = if url.scheme() == "https" { &self.https } else { &self.http };
        let Some(Setting { variable, proxy }) = setting else { return ProxyChoice::Direct };
        if let Some(reason) = self.exceptions.reason(url) {
            return ProxyChoice::Exempt { variable, reason };
        }
        match proxy {
            Ok(proxy) => {
                let near = self.exceptions.near(url).map(|entry| without_user(entry).into_owned());
                ProxyChoice::Through(Proxy { near_exception: near, ..proxy.clone() })
            }
            Err(why) => ProxyChoice::Unusable { variable, why: why.clone() },
        }
    }
}

#[cfg(test)]
mod tests;
