//! The resolver: one look-up of a name for all requests and attempts that need it.
//!
//! The system resolves names (`getaddrinfo`), so that `/etc/hosts`, nsswitch, search lists and split DNS apply. A look-up
//! goes on after those who wanted it have given up, and the next attempt gets its result.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dns_lookup::{AddrInfoHints, LookupErrorKind, SockType, getaddrinfo};
use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::auth::AddressLimit;

/// How long addresses are used before the name is looked up again.
const FRESH: Duration = Duration::from_secs(60);

/// The addresses of a name, in the order of RFC 6724.
type Addresses = Arc<[IpAddr]>;

type Lookup = Shared<BoxFuture<'static, Result<Addresses, LookupError>>>;

/// Why a name has no addresses.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{reason}")]
pub struct LookupError {
    /// What the resolver says.
    pub reason: String,
    /// Whether it may pass: no name server answered, or one of them failed. Whether the name exists is not known then.
    pub is_temporary: bool,
}

/// The name that a server named resolves to addresses that it may not lead to.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{host} resolves to {address}, an address more private than that of the server that named it")]
pub(super) struct PrivateAddress {
    host: String,
    /// One of them.
    address: IpAddr,
}

/// Looks up names, each once.
#[derive(Debug, Default)]
pub(super) struct Resolver {
    names: Mutex<HashMap<String, Known>>,
}

/// What is known about a name.
#[derive(Debug, Default)]
struct Known {
    addresses: Option<(Addresses, Instant)>,
    /// The look-up that is going on.
    pending: Option<Lookup>,
}

impl Resolver {
    /// The addresses of a name. If a name server fails, those that the name had before.
    ///
    /// # Errors
    ///
    /// Why it has none.
    pub async fn lookup(&self, host: &str) -> Result<Addresses, LookupError> {
        let lookup = {
            let mut names = self.names();
            let known = names.entry(host.to_owned()).or_default();
            if let Some((addresses, since)) = &known.addresses
                && since.elapsed() < FRESH
            {
                return Ok(Arc::clone(addresses));
            }
            known.pending.get_or_insert_with(|| begin(host)).clone()
        };
        let outcome = lookup.clone().await;
        let mut names = self.names();
        let known = names.entry(host.to_owned()).or_default();
        if known.pending.as_ref().is_some_and(|pending| pending.ptr_eq(&lookup)) {
            known.pending = None;
            if let Ok(addresses) = &outcome {
                known.addresses = Some((Arc::clone(addresses), Instant::now()));
            }
        }
        match (outcome, &known.addresses) {
            (Err(LookupError { is_temporary: true, .. }), Some((addresses, _))) => Ok(Arc::clone(addresses)),
            (outcome, _) => outcome,
        }
    }

    /// Whether a look-up of a name has been begun and not ended.
    pub fn is_pending(&self, host: &str) -> bool {
        let names = self.names();
        names.get(host).and_then(|known| known.pending.as_ref()).is_some_and(|pending| pending.peek().is_none())
    }

    /// Moves the address that answered to the front, so that the next connection begins with it.
    pub fn prefer(&self, host: &str, address: IpAddr) {
        let mut names = self.names();
        let Some((addresses, _)) = names.get_mut(host).and_then(|known| known.addresses.as_mut()) else { return };
        if let Some(at) = addresses.iter().position(|known| *known == address).filter(|at| *at > 0) {
            Arc::make_mut(addresses)[..=at].rotate_right(1);
        }
    }

    /// Has the name looked up anew for the next connection: its addresses cannot be reached.
    pub fn expire(&self, host: &str) {
        if let Some(known) = self.names().get_mut(host)
            && let Some((_, since)) = &mut known.addresses
            && let Some(past) = Instant::now().checked_sub(FRESH)
        {
            *since = past;
        }
    }

    fn names(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks up the addresses of a name, in the order of RFC 6724.
///
/// # Errors
///
/// Why it has none.
pub async fn lookup(host: &str) -> Result<Addresses, LookupError> {
    begin(host).await
}

fn begin(host: &str) -> Lookup {
    let host = host.to_owned();
    let lookup = tokio::task::spawn_blocking(move || resolve(&host));
    let interrupted =
        |error| LookupError { reason: format!("the look-up was interrupted: {error}"), is_temporary: true };
    lookup.map(move |outcome| outcome.map_err(interrupted).and_then(|outcome| outcome)).boxed().shared()
}

/// Asks the system, and waits for it.
fn resolve(host: &str) -> Result<Addresses, LookupError> {
    let hints = AddrInfoHints { socktype: SockType::Stream.into(), ..AddrInfoHints::default() };
    let found = getaddrinfo(Some(host), None, Some(hints)).map_err(|error| {
        let is_temporary = matches!(error.kind(), LookupErrorKind::Again | LookupErrorKind::System);
        let reason = match error.kind() {
            LookupErrorKind::NoName | LookupErrorKind::NoData => {
                "the name does not exist, or has no address".to_owned()
            }
            LookupErrorKind::Again => "no name server answered, or one of them failed".to_owned(),
            _ => std::io::Error::from(error).to_string(),
        };
        LookupError { reason, is_temporary }
    })?;
    let mut addresses = Vec::new();
    for address in found.flatten().map(|found| found.sockaddr.ip()) {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    match addresses.is_empty() {
        true => Err(LookupError { reason: "the name has no address".to_owned(), is_temporary: false }),
        false => Ok(addresses.into()),
    }
}

/// Resolves names for the connections to one origin.
pub(super) struct OriginResolver {
    pub resolver: Arc<Resolver>,
    /// The host of the origin. Other names are those of proxies.
    pub host: String,
    /// The addresses that the user set for the host.
    pub fixed: Vec<IpAddr>,
    /// Which addresses the host may have, if a server named it.
    pub limit: Option<AddressLimit>,
}

impl Resolve for OriginResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = Arc::clone(&self.resolver);
        let is_host = name.as_str().eq_ignore_ascii_case(&self.host);
        let fixed = self.fixed.clone();
        let limit = self.limit.filter(|_| is_host);
        async move {
            if is_host && !fixed.is_empty() {
                return Ok(addrs(&fixed));
            }
            let all = resolver.lookup(name.as_str()).await?;
            let allowed: Vec<_> =
                all.iter().copied().filter(|address| limit.is_none_or(|limit| limit.allows(*address))).collect();
            match all.first() {
                Some(address) if allowed.is_empty() => {
                    Err(PrivateAddress { host: name.as_str().to_owned(), address: *address }.into())
                }
                _ => Ok(addrs(&allowed)),
            }
        }
        .boxed()
    }
}

fn addrs(addresses: &[IpAddr]) -> Addrs {
    Box::new(race(addresses).into_iter().map(|address| SocketAddr::new(address, 0)))
}

/// Arranges addresses such that the HTTP client races them (RFC 8305) within one family, too.
///
/// The client tries the addresses of a family one after the other, and after 300 ms those of the other family beside
/// them. IPv4 addresses are passed a second time, from the last to the first, as IPv4-mapped IPv6 addresses: to the
/// client these are of the other family, to the kernel they are IPv4.
fn race(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let mapped = addresses.iter().rev().filter_map(|address| match address {
        IpAddr::V4(address) => Some(IpAddr::V6(address.to_ipv6_mapped())),
        IpAddr::V6(_) => None,
    });
    let mapped: Vec<_> = mapped.collect();
    let mut all = addresses.to_vec();
    if mapped.len() > 1 {
        all.extend(mapped);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[tokio::test]
    async fn requests_share_a_lookup_that_outlives_the_request_that_began_it() {
        let resolver = Resolver::default();
        let (sender, receiver) = futures::channel::oneshot::channel();
        let slow = receiver.map(|result| result.expect("it is told to end")).boxed().shared();
        resolver.names().entry("reg".to_owned()).or_default().pending = Some(slow);
        assert!(resolver.lookup("reg").now_or_never().is_none());
        assert!(resolver.is_pending("reg"));
        sender.send(Ok(addresses(&["10.0.0.1", "10.0.0.2"]).into())).unwrap();
        assert_eq!(*resolver.lookup("reg").await.unwrap(), addresses(&["10.0.0.1", "10.0.0.2"])[..]);
        assert!(!resolver.is_pending("reg"));
        assert!(resolver.names()["reg"].addresses.is_some(), "the next request needs no look-up");
        resolver.prefer("reg", addresses(&["10.0.0.2"])[0]);
        assert_eq!(*resolver.lookup("reg").await.unwrap(), addresses(&["10.0.0.2", "10.0.0.1"])[..]);
    }

    #[tokio::test]
    async fn a_name_server_that_fails_does_not_take_away_what_is_known() {
        let resolver = Resolver::default();
        for (is_temporary, keeps) in [(true, true), (false, false)] {
            let past = Instant::now().checked_sub(FRESH).unwrap();
            let error = LookupError { reason: "as the test says".to_owned(), is_temporary };
            let pending = futures::future::ready(Err(error)).boxed().shared();
            let known = Known { addresses: Some((addresses(&["10.0.0.1"]).into(), past)), pending: Some(pending) };
            resolver.names().insert("reg".to_owned(), known);
            assert_eq!(resolver.lookup("reg").await.is_ok(), keeps);
        }
    }

    #[tokio::test]
    async fn the_system_resolves_names() {
        let resolver = Resolver::default();
        assert!(resolver.lookup("localhost").await.unwrap().iter().all(IpAddr::is_loopback));
        let error = resolver.lookup("registry.invalid").await.unwrap_err();
        assert!(!error.reason.is_empty());
    }

    #[tokio::test]
    async fn addresses_that_a_server_may_not_lead_to_are_left_out() {
        let public = url::Url::parse("https://registry.example").unwrap();
        let limit = AddressLimit::of(&public, Some("198.51.100.1".parse().unwrap()));
        let resolver = Arc::new(Resolver::default());
        let resolved = async |known: &[&str], limit: Option<AddressLimit>| {
            let known = Known { addresses: Some((addresses(known).into(), Instant::now())), pending: None };
            resolver.names().insert("auth.example".to_owned(), known);
            let host = "auth.example".to_owned();
            let origin = OriginResolver { resolver: Arc::clone(&resolver), host, fixed: Vec::new(), limit };
            let found = origin.resolve("auth.example".parse().unwrap()).await;
            found.map(|found| found.map(|address| address.ip().to_string()).collect::<Vec<_>>())
        };
        let refused = resolved(&["127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a00:1"], Some(limit)).await;
        let refused = refused.map(|_| ()).unwrap_err();
        assert_eq!(refused.downcast_ref::<PrivateAddress>().unwrap().address, addresses(&["127.0.0.1"])[0]);
        assert_eq!(resolved(&["10.0.0.5", "198.51.100.7"], Some(limit)).await.unwrap(), ["198.51.100.7"]);
        assert_eq!(resolved(&["10.0.0.5"], None).await.unwrap(), ["10.0.0.5"]);
    }

    #[test]
    fn several_ipv4_addresses_are_raced_from_both_ends() {
        assert_eq!(race(&addresses(&["10.0.0.1"])), addresses(&["10.0.0.1"]));
        assert_eq!(race(&addresses(&["::1", "10.0.0.1"])), addresses(&["::1", "10.0.0.1"]));
        let all = ["10.0.0.1", "10.0.0.2", "::ffff:10.0.0.2", "::ffff:10.0.0.1"];
        assert_eq!(race(&addresses(&all[..2])), addresses(&all));
    }
}
