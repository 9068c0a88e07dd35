//! A bounded cache in memory whose values are computed once, by the first caller.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::future::BoxFuture;
use tokio::sync::OnceCell;

use crate::error::Error;

/// The most bytes that are cached. Beyond that the cache is emptied, and values are computed again when they are
/// needed.
const MAX_BYTES: usize = 32 * 1024 * 1024;

/// Why a value could not be computed.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    /// What the error is about.
    pub about: String,
    /// The error.
    pub error: Error,
}

/// Values and failures by key.
#[derive(Debug)]
pub(super) struct OnceCache<K, V>(Mutex<Cells<K, V>>);

#[derive(Debug)]
struct Cells<K, V> {
    cells: HashMap<K, Cell<V>>,
    bytes: usize,
}

type Cell<V> = Arc<OnceCell<Result<Arc<V>, Failure>>>;

impl<K, V> Default for OnceCache<K, V> {
    fn default() -> Self {
        Self(Mutex::new(Cells { cells: HashMap::new(), bytes: 0 }))
    }
}

impl<K: Eq + Hash, V> OnceCache<K, V> {
    /// The cached value, or the one that `make` computes. Concurrent callers with the same key wait for the first.
    /// `bytes` is the size of a value in memory.
    ///
    /// `make` is boxed: a request's future is large, each future around it would hold it several times over, and nested
    /// indexes nest futures.
    pub(super) async fn get_or_make(
        &self,
        key: K,
        make: BoxFuture<'_, Result<V, Failure>>,
        bytes: impl Fn(&V) -> usize,
    ) -> Result<Arc<V>, Failure> {
        let cell = Arc::clone(self.cells().cells.entry(key).or_default());
        let mut is_new = false;
        let made = cell.get_or_init(|| {
            is_new = true;
            async { make.await.map(Arc::new) }
        });
        let made = made.await.clone();
        if is_new {
            let mut cells = self.cells();
            cells.bytes += made.as_deref().map_or(size_of::<Failure>(), bytes);
            if cells.bytes > MAX_BYTES {
                *cells = Cells { cells: HashMap::new(), bytes: 0 };
            }
        }
        made
    }

    /// The cached value, if there is one.
    pub(super) fn get(&self, key: &K) -> Option<Result<Arc<V>, Failure>> {
        self.cells().cells.get(key)?.get().cloned()
    }

    /// Removes a value.
    pub(super) fn remove(&self, key: &K) {
        self.cells().cells.remove(key);
    }

    fn cells(&self) -> MutexGuard<'_, Cells<K, V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use futures::future::join_all;
    use tokio::task::yield_now;

    use super::*;
    use crate::error::Kind;

    #[tokio::test]
    async fn a_value_is_computed_once_for_concurrent_callers() {
        let cache = OnceCache::default();
        let made = Mutex::new(0);
        let asked = (0..5).map(|_| {
            let make = async {
                yield_now().await;
                *made.lock().expect("one thread") += 1;
                Ok(7)
            };
            cache.get_or_make("key", make.boxed(), |_| 1)
        });
        let values: Vec<_> = join_all(asked).await.into_iter().map(|value| *value.expect("it is made")).collect();
        assert_eq!((values, *made.lock().expect("one thread")), (vec![7; 5], 1));
    }

    #[tokio::test]
    async fn a_failure_is_remembered_too() {
        let cache = OnceCache::<_, u8>::default();
        let failure = || Failure { about: "it".to_owned(), error: Error::new(Kind::Invalid, "no") };
        cache.get_or_make(1, async { Err(failure()) }.boxed(), |_| 1).await.expect_err("a failure");
        assert_eq!(cache.get_or_make(1, async { Ok(1) }.boxed(), |_| 1).await.expect_err("a failure").about, "it");
        cache.remove(&1);
        assert_eq!(*cache.get_or_make(1, async { Ok(1) }.boxed(), |_| 1).await.expect("computed again"), 1);
    }

    #[tokio::test]
    async fn the_cache_is_emptied_when_full() {
        let cache = OnceCache::default();
        for key in 0..100 {
            cache.get_or_make(key, async move { Ok(key) }.boxed(), |_| MAX_BYTES / 10).await.expect("it is made");
            assert!(cache.cells().cells.len() <= 10);
        }
    }
}
