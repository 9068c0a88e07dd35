//! Configs that were read from the cache on disk together with their manifests: one visit to the thread that reads
//! files serves both.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::config::ImageConfig;
use crate::cache::Scope;
use crate::name::Digest;

/// The most configs that wait. Several manifests may have the same, of which one is taken.
const MAX_WAITING: usize = 512;

/// The largest config that waits, in bytes.
const MAX_BYTES: usize = 16 * 1024;

/// A config from the cache.
#[derive(Debug)]
pub(super) struct CachedConfig {
    /// The exact bytes, which match its digest.
    pub bytes: Bytes,
    /// Its facts.
    pub image: ImageConfig,
    /// Why it could not be parsed, if it is not a JSON object.
    pub unreadable: Option<String>,
}

/// Configs that wait until they are asked for.
#[derive(Debug, Default)]
pub(super) struct CachedConfigs(Mutex<HashMap<(Scope, Digest), CachedConfig>>);

impl CachedConfigs {
    /// Keeps a config that was verified.
    pub fn put(&self, scope: Scope, digest: Digest, config: CachedConfig) {
        if config.bytes.len() > MAX_BYTES {
            return;
        }
        let mut waiting = self.waiting();
        if waiting.len() >= MAX_WAITING {
            waiting.clear();
        }
        waiting.insert((scope, digest), config);
    }

    /// Takes a config, if it is there.
    pub fn take(&self, scope: &Scope, digest: &Digest) -> Option<CachedConfig> {
        self.waiting().remove(&(scope.clone(), digest.clone()))
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<(Scope, Digest), CachedConfig>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::Algorithm;

    fn config(text: &str) -> (Digest, CachedConfig) {
        let bytes = Bytes::copy_from_slice(text.as_bytes());
        let digest = Digest::of(Algorithm::Sha256, &bytes);
        (digest, CachedConfig { bytes, image: ImageConfig::default(), unreadable: None })
    }

    #[test]
    fn a_config_is_taken_once_and_by_its_own_scope() {
        let configs = CachedConfigs::default();
        let (ann, bob) = (Scope::new("reg", "app", "ann"), Scope::new("reg", "app", "bob"));
        let (digest, one) = config("{}");
        configs.put(ann.clone(), digest.clone(), one);
        assert!(configs.take(&bob, &digest).is_none());
        assert_eq!(configs.take(&ann, &digest).expect("it waits").bytes, "{}");
        assert!(configs.take(&ann, &digest).is_none());
    }

    #[test]
    fn few_and_small_ones_wait() {
        let (configs, scope) = (CachedConfigs::default(), Scope::new("reg", "app", "ann"));
        for number in 0..2 * MAX_WAITING {
            let (digest, config) = config(&number.to_string());
            configs.put(scope.clone(), digest, config);
        }
        let (digest, large) = config(&" ".repeat(MAX_BYTES + 1));
        configs.put(scope, digest, large);
        assert_eq!(configs.waiting().len(), MAX_WAITING);
    }
}
