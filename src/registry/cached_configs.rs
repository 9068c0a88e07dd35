//! Configs that were read from the cache on disk together with their manifests: one visit to the thread that reads
//! files serves both.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::manifest::Config;
use crate::cache::Scope;
use crate::name::Digest;

/// The most configs that wait. Several manifests may have the same, of which one is taken.
const MAX_WAITING: usize = 512;

/// The largest config that waits, in bytes.
const MAX_BYTES: usize = 16 * 1024;

/// Configs that wait until they are asked for.
#[derive(Debug, Default)]
pub(super) struct CachedConfigs(Mutex<HashMap<(Scope, Digest), Config>>);

impl CachedConfigs {
    /// Keeps a config that was verified.
    pub fn put(&self, scope: Scope, config: Config) {
        if config.bytes.len() > MAX_BYTES {
            return;
        }
        let mut waiting = self.waiting();
        if waiting.len() >= MAX_WAITING {
            waiting.clear();
        }
        waiting.insert((scope, config.digest.clone()), config);
    }

    /// Takes a config, if it is there.
    pub fn take(&self, scope: &Scope, digest: &Digest) -> Option<Config> {
        self.waiting().remove(&(scope.clone(), digest.clone()))
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<(Scope, Digest), Config>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::name::Algorithm;
    use crate::registry::config::ImageConfig;

    fn config(text: &str) -> Config {
        let bytes = Bytes::copy_from_slice(text.as_bytes());
        let digest = Digest::of(Algorithm::Sha256, &bytes);
        Config { digest, bytes, image: ImageConfig::default(), unreadable: None }
    }

    #[test]
    fn a_config_is_taken_once_and_by_its_own_scope() {
        let configs = CachedConfigs::default();
        let (ann, bob) = (Scope::new("reg", "app", "ann"), Scope::new("reg", "app", "bob"));
        let one = config("{}");
        configs.put(ann.clone(), one.clone());
        assert!(configs.take(&bob, &one.digest).is_none());
        assert_eq!(configs.take(&ann, &one.digest).expect("it waits").bytes, one.bytes);
        assert!(configs.take(&ann, &one.digest).is_none());
    }

    #[test]
    fn few_and_small_ones_wait() {
        let (configs, scope) = (CachedConfigs::default(), Scope::new("reg", "app", "ann"));
        for number in 0..2 * MAX_WAITING {
            configs.put(scope.clone(), config(&number.to_string()));
        }
        configs.put(scope, config(&" ".repeat(MAX_BYTES + 1)));
        assert_eq!(configs.waiting().len(), MAX_WAITING);
    }
}
