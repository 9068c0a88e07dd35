//! Tokens in use, by what they are for. However many requests need the same token at once, it is fetched once.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::token::Token;
use crate::error::{Error, Result};

/// How many tokens are kept. A walk over all repositories of a registry needs one token a repository, once.
const CAPACITY: usize = 512;

/// A cache of tokens, for a key that says all that a token depends on: registry, token server, scopes, identity.
///
/// Callers that want the same key at once share one fetch, and its failure; a later caller fetches anew. Different keys
/// never wait for each other. When the caller that fetches is dropped, one of those that wait fetches in its place.
#[derive(Debug)]
pub struct TokenCache<K> {
    shelf: Mutex<Shelf<K>>,
}

#[derive(Debug)]
struct Shelf<K> {
    slots: HashMap<K, Kept>,
    clock: u64,
}

#[derive(Debug)]
struct Kept {
    slot: Arc<Slot>,
    last_use: u64,
}

#[derive(Debug, Default)]
struct Slot {
    /// Held while a token is fetched, so that others wait.
    turn: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    token: Option<Arc<Token>>,
    /// How many fetches ended, and how the last of them failed if it did.
    fetches: u64,
    failure: Option<Error>,
}

impl<K> Default for TokenCache<K> {
    fn default() -> Self {
        Self { shelf: Mutex::new(Shelf { slots: HashMap::new(), clock: 0 }) }
    }
}

impl<K: Hash + Eq + Clone> TokenCache<K> {
    /// An empty cache.
    pub fn new() -> Self {
        Self::default()
    }

    /// The token for `key`, when there is one that can still be used. Never waits.
    pub fn get_fresh(&self, key: &K) -> Option<Arc<Token>> {
        let mut shelf = lock(&self.shelf);
        shelf.clock += 1;
        let now = shelf.clock;
        let kept = shelf.slots.get_mut(key)?;
        kept.last_use = now;
        let slot = Arc::clone(&kept.slot);
        drop(shelf);
        slot.usable(None)
    }

    /// Keeps a token for `key` that was fetched for something else as well.
    pub fn put(&self, key: K, token: Arc<Token>) {
        let slot = lock(&self.shelf).slot(key);
        // The token is not wanted back.
        let _ = slot.keep(Ok(token));
    }

    /// The token for `key`: the one that is there, or the one that `fetch` brings. `fetch` is not polled when a token is
    /// there or another caller's fetch brings it.
    ///
    /// `rejected` is a token that the registry has just refused. It is replaced if it is still the one in the cache; if
    /// somebody has already replaced it, the newer one is returned.
    ///
    /// # Errors
    ///
    /// That of `fetch`, or of the other caller's fetch that was waited for.
    pub async fn get_or_fetch(
        &self,
        key: K,
        rejected: Option<&Arc<Token>>,
        fetch: impl Future<Output = Result<Token>>,
    ) -> Result<Arc<Token>> {
        let slot = lock(&self.shelf).slot(key);
        let before = lock(&slot.state).fetches;
        if let Some(token) = slot.usable(rejected) {
            return Ok(token);
        }
        let _turn = slot.turn.lock().await;
        if let Some(token) = slot.usable(rejected) {
            return Ok(token);
        }
        if let Some(failure) = slot.failure_since(before) {
            return Err(failure);
        }
        let fetched = fetch.await.map(Arc::new);
        slot.keep(fetched)
    }
}

impl<K: Hash + Eq + Clone> Shelf<K> {
    fn slot(&mut self, key: K) -> Arc<Slot> {
        self.clock += 1;
        if !self.slots.contains_key(&key) && self.slots.len() >= CAPACITY {
            self.make_room();
        }
        let kept = self.slots.entry(key).or_insert_with(|| Kept { slot: Arc::default(), last_use: 0 });
        kept.last_use = self.clock;
        Arc::clone(&kept.slot)
    }

    /// Forgets the token whose last use is longest ago, among those that nobody waits for.
    fn make_room(&mut self) {
        let idle = self.slots.iter().filter(|(_, kept)| Arc::strong_count(&kept.slot) == 1);
        if let Some(key) = idle.min_by_key(|(_, kept)| kept.last_use).map(|(key, _)| key.clone()) {
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

    fn keep(&self, fetched: Result<Arc<Token>>) -> Result<Arc<Token>> {
        let mut state = lock(&self.state);
        state.fetches += 1;
        state.failure = fetched.as_ref().err().cloned();
        state.token = fetched.as_ref().ok().cloned();
        fetched
    }
}

/// No code that can panic runs under these locks, so that a poisoned one still holds what it should.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
