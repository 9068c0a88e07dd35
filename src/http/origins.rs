//! What is known about the servers of a transport: which have answered and from which address, and which addresses a
//! server may have that another one named.
//!
//! The registry is the user's choice, and may be anywhere. All other servers were named by one: the token server by a
//! challenge, the target of a redirect. None of them may lead to a more private class of address than its own
//! ([`AddressClass`](crate::auth::AddressClass)), whatever the name is that it uses for it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use url::{Host, Origin, Url};

use super::request::authority;
use super::timeouts::MAX_SILENCE;
use crate::auth::AddressLimit;
use crate::error::{Error, Fault, Kind};

/// Servers remembered at once. A registry and its token server are two; only redirects lead to more.
pub(super) const MAX_ORIGINS: usize = 64;

/// How a server named another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Referral {
    /// As the realm of a challenge.
    Realm,
    /// By a redirect.
    Redirect,
}

/// The servers of a transport.
#[derive(Debug)]
pub(super) struct Origins {
    registry: Url,
    /// Those that have answered, with their addresses, which are `None` behind a proxy, and whether a request has
    /// succeeded.
    answered: Mutex<HashMap<Origin, (Option<IpAddr>, bool)>>,
    /// Those that answer no more, and when the first request was sent that got no answer.
    silent: Mutex<HashMap<Origin, Instant>>,
    /// Those that another server named, by whom and how.
    named: Mutex<HashMap<Origin, Named>>,
}

#[derive(Debug, Clone)]
struct Named {
    limit: AddressLimit,
    referral: Referral,
    by: String,
}

impl Origins {
    pub fn new(registry: Url) -> Self {
        Self { registry, answered: Mutex::default(), silent: Mutex::default(), named: Mutex::default() }
    }

    /// Stores that a server has answered, and whether with success.
    pub fn answered(&self, url: &Url, peer: Option<IpAddr>, is_success: bool) {
        lock(&self.silent).remove(&url.origin());
        let mut answered = lock(&self.answered);
        make_room(&mut answered, &url.origin());
        let known = answered.entry(url.origin()).or_default();
        *known = (peer, known.1 || is_success);
    }

    /// Stores that a request which was sent at `sent` got no answer.
    pub fn fell_silent(&self, url: &Url, sent: Instant) {
        let mut silent = lock(&self.silent);
        make_room(&mut silent, &url.origin());
        silent.entry(url.origin()).or_insert(sent);
    }

    /// Whether a server has answered no request for [`MAX_SILENCE`].
    pub fn is_silent(&self, url: &Url) -> bool {
        lock(&self.silent).get(&url.origin()).is_some_and(|since| since.elapsed() >= MAX_SILENCE)
    }

    /// Whether a server has answered before.
    pub fn has_answered(&self, url: &Url) -> bool {
        lock(&self.answered).contains_key(&url.origin())
    }

    /// Whether a request to a server has succeeded before: one that only asks for credentials may never do more.
    pub fn has_succeeded(&self, url: &Url) -> bool {
        lock(&self.answered).get(&url.origin()).is_some_and(|(_, has_succeeded)| *has_succeeded)
    }

    /// Stores that the server `from` named the server `to` by a reply from `peer`, if that is known. If several name
    /// the same one, the least private decides.
    pub fn refer(&self, from: &Url, peer: Option<IpAddr>, to: &Url, referral: Referral) {
        let limit = match self.limit(from) {
            Some(limit) if from.host() == to.host() => limit,
            _ => AddressLimit::of(from, peer),
        };
        let mut named = lock(&self.named);
        make_room(&mut named, &to.origin());
        let known = named.entry(to.origin()).or_insert(Named { limit, referral, by: authority(from) });
        if limit.is_stricter_than(&known.limit) {
            *known = Named { limit, referral, by: authority(from) };
        }
    }

    /// Which addresses the host of `url` may have; `None` if the user named it. What a literal address may be was
    /// decided when the server named it ([`may_lead_to`](crate::auth::may_lead_to)).
    pub fn limit(&self, url: &Url) -> Option<AddressLimit> {
        if url.host() == self.registry.host() || !matches!(url.host(), Some(Host::Domain(_))) {
            return None;
        }
        let named = lock(&self.named).get(&url.origin()).map(|named| named.limit);
        Some(named.unwrap_or_else(|| AddressLimit::of(&self.registry, self.peer(&self.registry))))
    }

    /// The error for a server that was named and has no address that it may have.
    pub fn refusal(&self, url: &Url, cause: impl std::fmt::Display) -> Error {
        let named = lock(&self.named).get(&url.origin()).cloned();
        let (place, by) =
            (authority(url), named.as_ref().map_or_else(|| authority(&self.registry), |named| named.by.clone()));
        match named.map(|named| named.referral) {
            Some(Referral::Realm) => Error::new(Kind::UnsafeRealm, format!("refusing token server {place} of {by}")),
            _ => {
                let what = format!("refusing to follow a redirect from {by} to {place}");
                Error::new(Kind::Protocol(Fault::Redirect), what)
            }
        }
        .because(cause)
    }

    fn peer(&self, url: &Url) -> Option<IpAddr> {
        lock(&self.answered).get(&url.origin()).and_then(|(peer, _)| *peer)
    }
}

/// Evicts one if there are too many; what was known about it is learned again.
pub(super) fn make_room<T>(known: &mut HashMap<Origin, T>, next: &Origin) {
    if known.len() >= MAX_ORIGINS && !known.contains_key(next) {
        known.clear();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).expect("a URL")
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an IP address")
    }

    #[test]
    fn the_registry_may_be_anywhere_and_others_no_more_private_than_who_named_them() {
        let origins = Origins::new(url("https://registry.corp:5000/prefix/"));
        let (registry, auth) = (url("https://registry.corp:5000/v2/"), url("https://auth.corp/token"));
        assert_eq!(origins.limit(&registry), None);
        assert_eq!(origins.limit(&url("https://registry.corp/")), None, "its own name");
        let allows = |to: &Url, address: &str| origins.limit(to).expect("a limit").allows(ip(address));
        assert!(!allows(&auth, "10.0.0.5"), "the address of the registry is not known");
        origins.answered(&registry, Some(ip("10.0.0.1")), true);
        assert!(allows(&auth, "10.0.0.5") && !allows(&auth, "127.0.0.1"));
        let (cdn, far) = (url("https://cdn.example/blob"), url("https://far.example/"));
        origins.refer(&registry, Some(ip("10.0.0.1")), &cdn, Referral::Redirect);
        origins.answered(&cdn, Some(ip("198.51.100.1")), true);
        origins.refer(&cdn, Some(ip("198.51.100.1")), &far, Referral::Redirect);
        assert!(allows(&cdn, "10.0.0.5") && !allows(&far, "10.0.0.5") && allows(&far, "198.51.100.9"));
        origins.refer(&registry, Some(ip("10.0.0.1")), &far, Referral::Redirect);
        assert!(!allows(&far, "10.0.0.5"), "the stricter of two");
        let other = url("https://other.example/");
        origins.refer(&registry, Some(ip("198.51.100.2")), &other, Referral::Realm);
        assert!(!allows(&other, "10.0.0.5"), "the reply that named it came from another address of the registry");
    }

    #[test]
    fn a_server_is_silent_until_it_answers() {
        let (registry, other) = (url("https://registry.corp/v2/"), url("https://auth.corp/token"));
        let origins = Origins::new(registry.clone());
        let long_ago = Instant::now().checked_sub(MAX_SILENCE).expect("the machine runs for longer");
        origins.fell_silent(&registry, Instant::now());
        assert!(!origins.is_silent(&registry), "not for long");
        origins.answered(&registry, None, false);
        origins.fell_silent(&registry, long_ago);
        origins.fell_silent(&registry, Instant::now());
        assert!(origins.is_silent(&registry) && !origins.is_silent(&other));
        origins.answered(&registry, None, false);
        assert!(!origins.is_silent(&registry));
    }

    #[test]
    fn refusals_say_who_named_the_server() {
        let origins = Origins::new(url("https://registry.corp:5000/"));
        let (registry, auth) = (url("https://registry.corp:5000/v2/"), url("https://auth.corp/token"));
        origins.refer(&registry, None, &auth, Referral::Realm);
        let error = origins.refusal(&auth, "it resolves to 127.0.0.1");
        assert_eq!(error.kind(), &Kind::UnsafeRealm);
        assert_eq!(
            error.to_string(),
            "refusing token server auth.corp of registry.corp:5000: it resolves to 127.0.0.1"
        );
        let error = origins.refusal(&url("https://far.example"), "it resolves to 127.0.0.1");
        assert_eq!(error.kind(), &Kind::Protocol(Fault::Redirect));
    }

    #[test]
    fn redirects_to_ever_new_servers_do_not_fill_the_memory() {
        let origins = Origins::new(url("https://registry.corp/"));
        for port in 1..1000 {
            let next = url(&format!("http://far.example:{port}/"));
            origins.refer(&url("https://registry.corp/"), None, &next, Referral::Redirect);
            origins.answered(&next, None, true);
        }
        assert!(lock(&origins.answered).len() <= MAX_ORIGINS && lock(&origins.named).len() <= MAX_ORIGINS);
    }
}
