//! Why a proxy opens no connection.

use std::io;

use super::Proxy;
use crate::auth::{Challenge, challenges};
use crate::error::ProxyFault;

/// Why a proxy opens no connection.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::http) struct Refusal {
    /// The kind of it.
    pub fault: ProxyFault,
    /// What it answers.
    pub cause: String,
}

impl Refusal {
    pub fn new(fault: ProxyFault, cause: impl Into<String>) -> Self {
        Self { fault, cause: cause.into() }
    }

    pub(super) fn broken(error: &io::Error) -> Self {
        let cause = match error.kind() {
            io::ErrorKind::UnexpectedEof => "the proxy closes the connection without an answer".to_owned(),
            io::ErrorKind::ConnectionReset => "the proxy resets the connection without an answer".to_owned(),
            _ => error.to_string(),
        };
        Self::new(ProxyFault::NotAProxy, cause)
    }
}

/// The answer of a proxy.
pub(super) type Answer = Result<(), Refusal>;

/// What a 407 of a proxy means; `offered` are its `Proxy-Authenticate` headers.
pub(in crate::http) fn login_required<'a>(proxy: &Proxy, offered: impl IntoIterator<Item = &'a [u8]>) -> Refusal {
    let mut schemes = Vec::new();
    for challenge in challenges(offered) {
        match challenge {
            Challenge::Basic { .. } => return login(proxy),
            Challenge::Other { scheme } => schemes.push(scheme),
            Challenge::Bearer(_) => schemes.push("Bearer".to_owned()),
            Challenge::Malformed(_) => {}
        }
    }
    if schemes.is_empty() {
        return login(proxy);
    }
    let cause = format!("the proxy {proxy} requires a login by {}, and only Basic is supported", schemes.join(" or "));
    Refusal::new(ProxyFault::LoginScheme, cause)
}

pub(super) fn login(proxy: &Proxy) -> Refusal {
    let (variable, refused) = (proxy.variable, proxy.has_credentials());
    let cause = match refused {
        true => format!("the proxy {proxy} refuses the user name and password in {variable}"),
        false => format!("the proxy {proxy} requires a user name and a password, and {variable} has none"),
    };
    Refusal::new(ProxyFault::Login { refused }, cause)
}
