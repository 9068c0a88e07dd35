//! The resolver: one look-up of a name for all requests and attempts that need it.
//!
//! The system resolves names (`getaddrinfo`), so that `/etc/hosts`, nsswitch, search lists and split DNS apply. A
//! look-up goes on after those who wanted it have given up, and the next attempt gets its result.

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

/// The name that a name stands for: the end of its aliases, or what the search list makes of it.
pub async fn canonical_name(host: &str) -> Option<String> {
    /// `AI_CANONNAME`, alike on every system.
    const CANONICAL_NAME: i32 = 2;
    let host = host.to_owned();
    let hints = AddrInfoHints { flags: CANONICAL_NAME, socktype: SockType::Stream.into(), ..AddrInfoHints::default() };
    let asked = tokio::task::spawn_blocking(move || {
        getaddrinfo(Some(&host), None, Some(hints)).ok()?.flatten().find_map(|found| found.canonname)
    });
    asked.await.ok().flatten()
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
    /// The address that answered sooner than the first, and when.
    pub winner: Mutex<Option<(IpAddr, Instant)>>,
}

impl OriginResolver {
    /// The addresses to connect to, in the order in which to try them.
    ///
    /// # Errors
    ///
    /// [`LookupError`], and [`PrivateAddress`] if the host may have none of its addresses.
    pub async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, Box<dyn std::error::Error + Send + Sync>> {
        let is_host = name.eq_ignore_ascii_case(&self.host);
        let limit = self.limit.filter(|_| is_host);
        let mut addresses = match self.fixed.as_slice() {
            [_, ..] if is_host => self.fixed.clone(),
            _ => {
                let all = self.resolver.lookup(name).await?;
                let is_allowed = |address: &&IpAddr| limit.is_none_or(|limit| limit.allows(**address));
                let allowed: Vec<_> = all.iter().filter(is_allowed).copied().collect();
                match all.first() {
                    Some(address) if allowed.is_empty() => {
                        return Err(PrivateAddress { host: name.to_owned(), address: *address }.into());
                    }
                    _ => interleaved(&allowed),
                }
            }
        };
        let winner = *self.winner();
        if let Some((winner, _)) = winner.filter(|_| is_host)
            && let Some(at) = addresses.iter().position(|address| *address == winner)
        {
            addresses[..=at].rotate_right(1);
        }
        Ok(addresses)
    }

    /// Has connections begin with this address.
    pub fn begin_with(&self, address: IpAddr) {
        *self.winner() = Some((address, Instant::now()));
    }

    /// Whether a race has been decided not long ago.
    pub fn is_decided(&self) -> bool {
        self.winner().is_some_and(|(_, since)| since.elapsed() < FRESH)
    }

    fn winner(&self) -> MutexGuard<'_, Option<(IpAddr, Instant)>> {
        self.winner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An [`OriginResolver`] for the HTTP client.
#[derive(Clone)]
pub(super) struct SharedResolver(pub Arc<OriginResolver>);

impl Resolve for SharedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = Arc::clone(&self.0);
        async move {
            let addresses = resolver.addresses(name.as_str()).await?;
            Ok(Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs)
        }
        .boxed()
    }
}

/// The addresses of a host, families in turn, that of the first one first (RFC 8305 §4).
pub(super) fn interleaved(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let first = addresses.first().map(IpAddr::is_ipv4);
    let (preferred, other): (Vec<IpAddr>, Vec<IpAddr>) =
        addresses.iter().partition(|address| Some(address.is_ipv4()) == first);
    let (mut preferred, mut other) = (preferred.into_iter(), other.into_iter());
    let mut all = Vec::with_capacity(addresses.len());
    while all.len() < addresses.len() {
        all.extend(preferred.next());
        all.extend(other.next());
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().expect("an IP address")).collect()
    }

    #[tokio::test]
    async fn requests_share_a_lookup_that_outlives_the_request_that_began_it() {
        let resolver = Resolver::default();
        let (sender, receiver) = futures::channel::oneshot::channel();
        let slow = receiver.map(|result| result.expect("the sender is not dropped")).boxed().shared();
        resolver.names().entry("reg".to_owned()).or_default().pending = Some(slow);
        assert!(resolver.lookup("reg").now_or_never().is_none());
        assert!(resolver.is_pending("reg"));
        sender.send(Ok(addresses(&["10.0.0.1", "10.0.0.2"]).into())).expect("the look-up is waited for");
        assert_eq!(*resolver.lookup("reg").await.expect("the addresses"), addresses(&["10.0.0.1", "10.0.0.2"])[..]);
        assert!(!resolver.is_pending("reg"));
        assert!(resolver.names()["reg"].addresses.is_some(), "the next request needs no look-up");
        resolver.prefer("reg", addresses(&["10.0.0.2"])[0]);
        assert_eq!(*resolver.lookup("reg").await.expect("the addresses"), addresses(&["10.0.0.2", "10.0.0.1"])[..]);
    }

    #[tokio::test]
    async fn a_name_server_that_fails_does_not_take_away_what_is_known() {
        let resolver = Resolver::default();
        for (is_temporary, keeps) in [(true, true), (false, false)] {
            let past = Instant::now().checked_sub(FRESH).expect("the machine runs longer than that");
            let error = LookupError { reason: "as the test says".to_owned(), is_temporary };
            let pending = futures::future::ready(Err(error)).boxed().shared();
            let known = Known { addresses: Some((addresses(&["10.0.0.1"]).into(), past)), pending: Some(pending) };
            resolver.names().insert("reg".to_owned(), known);
            let found = resolver.lookup("reg").await.map(|found| found.to_vec()).map_err(|error| error.is_temporary);
            assert_eq!(found, if keeps { Ok(addresses(&["10.0.0.1"])) } else { Err(false) });
        }
    }

    #[tokio::test]
    async fn the_system_resolves_names() {
        let resolver = Resolver::default();
        assert!(resolver.lookup("localhost").await.expect("the addresses").iter().all(IpAddr::is_loopback));
        let error = resolver.lookup("registry.invalid").await.expect_err("it cannot be resolved");
        assert!(!error.reason.is_empty());
    }

    #[tokio::test]
    async fn addresses_that_a_server_may_not_lead_to_are_left_out() {
        let public = url::Url::parse("https://registry.example").expect("a URL");
        let limit = AddressLimit::of(&public, Some("198.51.100.1".parse().expect("an IP address")));
        let resolver = Arc::new(Resolver::default());
        let resolved = async |known: &[&str], limit: Option<AddressLimit>| {
            let known = Known { addresses: Some((addresses(known).into(), Instant::now())), pending: None };
            resolver.names().insert("auth.example".to_owned(), known);
            let host = "auth.example".to_owned();
            let (resolver, winner) = (Arc::clone(&resolver), Mutex::default());
            let origin = OriginResolver { resolver, host, fixed: Vec::new(), limit, winner };
            let found = origin.addresses("auth.example").await;
            found.map(|found| found.iter().map(IpAddr::to_string).collect::<Vec<_>>())
        };
        let refused = resolved(&["127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a00:1"], Some(limit)).await;
        let refused = refused.map(|_| ()).expect_err("it is refused");
        assert_eq!(
            refused.downcast_ref::<PrivateAddress>().expect("a private address").address,
            addresses(&["127.0.0.1"])[0]
        );
        assert_eq!(
            resolved(&["10.0.0.5", "198.51.100.7"], Some(limit)).await.expect("the addresses"),
            ["198.51.100.7"]
        );
        assert_eq!(resolved(&["10.0.0.5"], None).await.expect("the addresses"), ["10.0.0.5"]);
    }

    #[tokio::test]
    async fn the_winner_of_a_race_comes_first() {
        let fixed = addresses(&["10.0.0.1", "10.0.0.2", "10.0.0.3"]);
        let host = "reg".to_owned();
        let origin = OriginResolver { resolver: Arc::default(), host, fixed, limit: None, winner: Mutex::default() };
        assert!(!origin.is_decided());
        origin.begin_with(addresses(&["10.0.0.3"])[0]);
        assert!(origin.is_decided());
        let found = origin.addresses("reg").await.expect("the addresses");
        assert_eq!(found, addresses(&["10.0.0.3", "10.0.0.1", "10.0.0.2"]));
    }

    #[test]
    fn families_are_tried_in_turn() {
        let sorted = |all: &[&str]| interleaved(&addresses(all)).iter().map(IpAddr::to_string).collect::<Vec<_>>();
        assert_eq!(sorted(&["::1", "::2", "::3", "1.1.1.1"]), ["::1", "1.1.1.1", "::2", "::3"]);
        assert_eq!(sorted(&["1.1.1.1", "1.1.1.2", "::1", "::2"]), ["1.1.1.1", "::1", "1.1.1.2", "::2"]);
        assert_eq!(sorted(&["1.1.1.2", "1.1.1.1"]), ["1.1.1.2", "1.1.1.1"]);
        assert_eq!(sorted(&[]), Vec::<String>::new());
    }
}
