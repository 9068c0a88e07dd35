//! Caches tokens in use. Concurrent requests that need the same token share one fetch.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::token::Token;
use crate::error::{Error, Result};

/// The largest number of tokens in the cache. A walk over all repositories of a registry needs each of its tokens once.
const CAPACITY: usize = 512;

/// A cache of tokens, by a key of everything that a token depends on: registry, token server, scopes, identity.
///
/// Concurrent callers with the same key share one fetch, and its failure; a later caller fetches again. Different keys
/// never wait for each other. When the caller that fetches is dropped, one of those that wait fetches instead.
#[derive(Debug)]
pub struct TokenCache<K> {
    entries: Mutex<Entries<K>>,
}

#[derive(Debug)]
struct Entries<K> {
    slots: HashMap<K, Entry>,
    clock: u64,
}

#[derive(Debug)]
struct Entry {
    slot: Arc<Slot>,
    last_use: u64,
}

#[derive(Debug, Default)]
struct Slot {
    /// Held while a token is fetched, so that others wait.
    fetching: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    token: Option<Arc<Token>>,
    /// The number of completed fetches, and the error of the last one if it failed.
    fetches: u64,
    failure: Option<Error>,
}

impl<K> Default for TokenCache<K> {
    fn default() -> Self {
        Self { entries: Mutex::new(Entries { slots: HashMap::new(), clock: 0 }) }
    }
}

impl<K: Hash + Eq + Clone> TokenCache<K> {
    /// The token for `key`, if one is cached that can still be used. Never waits.
    pub fn get_fresh(&self, key: &K) -> Option<Arc<Token>> {
        let mut entries = lock(&self.entries);
        entries.clock += 1;
        let now = entries.clock;
        let entry = entries.slots.get_mut(key)?;
        entry.last_use = now;
        let slot = Arc::clone(&entry.slot);
        drop(entries);
        slot.usable(None)
    }

    /// Stores a token for `key` that was fetched for other keys as well.
    pub fn put(&self, key: K, token: Arc<Token>) {
        let slot = lock(&self.entries).slot(key);
        // Only the stored copy is needed.
        let _ = slot.store(Ok(token));
    }

    /// Waits for the fetch for `key` that is under way, if no token can be used meanwhile; `None` otherwise.
    pub fn pending(&self, key: &K) -> Option<impl Future<Output = ()> + Send + use<K>> {
        let slot = Arc::clone(&lock(&self.entries).slots.get(key)?.slot);
        let is_pending = slot.usable(None).is_none() && slot.fetching.try_lock().is_err();
        is_pending.then_some(async move { drop(slot.fetching.lock().await) })
    }

    /// The token for `key`: the cached one, or the result of `fetch`. `fetch` is not polled when a token is cached or
    /// another caller's fetch returns it.
    ///
    /// `rejected` is a token that the registry has just refused. It is replaced if it is still the cached one; if it
    /// has been replaced already, the newer one is returned.
    ///
    /// # Errors
    ///
    /// The error of `fetch`, or of the other caller's fetch.
    pub async fn get_or_fetch(
        &self,
        key: K,
        rejected: Option<&Arc<Token>>,
        fetch: impl Future<Output = Result<Token>>,
    ) -> Result<Arc<Token>> {
        let slot = lock(&self.entries).slot(key);
        let before = lock(&slot.state).fetches;
        if let Some(token) = slot.usable(rejected) {
            return Ok(token);
        }
        let _fetching = slot.fetching.lock().await;
        if let Some(token) = slot.usable(rejected) {
            return Ok(token);
        }
        if let Some(failure) = slot.failure_since(before) {
            return Err(failure);
        }
        // Requests that begin now are to wait for the new token.
        lock(&slot.state).token = None;
        let fetched = fetch.await.map(Arc::new);
        slot.store(fetched)
    }
}

impl<K: Hash + Eq + Clone> Entries<K> {
    fn slot(&mut self, key: K) -> Arc<Slot> {
        self.clock += 1;
        if !self.slots.contains_key(&key) && self.slots.len() >= CAPACITY {
            self.evict();
        }
        let entry = self.slots.entry(key).or_insert_with(|| Entry { slot: Arc::default(), last_use: 0 });
        entry.last_use = self.clock;
        Arc::clone(&entry.slot)
    }

    /// Evicts the least recently used token that no caller waits for.
    fn evict(&mut self) {
        let idle = self.slots.iter().filter(|(_, entry)| Arc::strong_count(&entry.slot) == 1);
        if let Some(key) = idle.min_by_key(|(_, entry)| entry.last_use).map(|(key, _)| key.clone()) {
            self.slots.remove(&key);
        }
    }
}

impl Slot {
    fn usable(&self, rejected: Option<&Arc<Token>>) -> Option<Arc<Token>> {
        let state = lock(&self.state);
        let token = state.token.as_ref()?;
        let is_rejected = rejected.is_some_and(|rejected| Arc::ptr_eq(rejected, token));
        (!is_rejected && token.is_fresh_at(Instant::now())).then(|| Arc::clone(token))
    }

    fn failure_since(&self, fetches: u64) -> Option<Error> {
        let state = lock(&self.state);
        if state.fetches > fetches { state.failure.clone() } else { None }
    }

    fn store(&self, fetched: Result<Arc<Token>>) -> Result<Arc<Token>> {
        let mut state = lock(&self.state);
        state.fetches += 1;
        state.failure = fetched.as_ref().err().cloned();
        state.token = fetched.as_ref().ok().cloned();
        fetched
    }
}

/// No code that can panic runs under these locks, so the contents of a poisoned one are still valid.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
