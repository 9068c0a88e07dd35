//! Manifests and configs by digest, from the client's cache on disk where it has one.
//!
//! Only reads for display and planning use it, and only for digests that the registry has named in this run: the reply
//! to a HEAD of the tag, or a manifest that lists them. Whether something exists is always asked of the registry.

use std::sync::Arc;

use http::Method;
use tokio::task::spawn_blocking;

use super::cached_configs::CachedConfig;
use super::config::{Config, ImageConfig};
use super::descriptor::Descriptor;
use super::document::Manifest;
use super::endpoint::Endpoint;
use super::manifest::same_size;
use super::repository::RepositoryHandle;
use crate::cache::{Cache, CachedContent, Scope};
use crate::error::Result;
use crate::name::{Digest, Target};

impl RepositoryHandle {
    /// A manifest that the registry has named, whose config is asked for next: from the cache, else fetched and kept.
    ///
    /// # Errors
    ///
    /// Those of [`RepositoryHandle::manifest`].
    pub(super) async fn named_manifest(&self, digest: &Digest) -> Result<Manifest> {
        if let Some(manifest) = self.cached_with_config(digest).await {
            return Ok(manifest);
        }
        let manifest = self.manifest(Target::Digest(digest)).await?;
        self.keep_manifest(&manifest).await;
        Ok(manifest)
    }

    /// A manifest from the cache. The registry must have named it.
    pub(super) async fn cached_manifest(&self, digest: &Digest) -> Option<Manifest> {
        let (cache, scope) = self.cache(digest)?;
        let digest = digest.clone();
        spawn_blocking(move || read_manifest(&cache, &scope, &digest)).await.ok().flatten()
    }

    /// The same where the config is asked for next: it is read along.
    pub(super) async fn cached_with_config(&self, digest: &Digest) -> Option<Manifest> {
        let (cache, scope) = self.cache(digest)?;
        let (digest, configs) = (digest.clone(), Arc::clone(&self.client.configs));
        let found = spawn_blocking(move || {
            let manifest = read_manifest(&cache, &scope, &digest)?;
            if let Ok((document, _)) = manifest.readable_keeping(|_| false)
                && let Some(described_by) = document.described_by().and_then(|config| config.digest.supported())
                && let Some(config) = read_config(&cache, &scope, described_by)
            {
                configs.put(scope, described_by.clone(), config);
            }
            Some(manifest)
        });
        found.await.ok().flatten()
    }

    /// Keeps a manifest that was verified.
    pub(super) async fn keep_manifest(&self, manifest: &Manifest) {
        let content = CachedContent { media_type: Some(manifest.media_type.clone()), bytes: manifest.bytes.clone() };
        self.keep(&manifest.digest, content).await;
    }

    /// A config that a manifest names: from the cache, else fetched and kept.
    ///
    /// # Errors
    ///
    /// Those of [`RepositoryHandle::config`].
    pub(super) async fn named_config(&self, descriptor: &Descriptor) -> Result<Config> {
        let digest = descriptor.digest.fetchable()?;
        if let Some((cache, scope)) = self.cache(digest) {
            let cached = match self.client.configs.take(&scope, digest) {
                Some(config) => Some(config),
                None => {
                    let wanted = digest.clone();
                    spawn_blocking(move || read_config(&cache, &scope, &wanted)).await.ok().flatten()
                }
            };
            if let Some(CachedConfig { bytes, image, unreadable }) = cached {
                same_size(descriptor, bytes.len())?;
                return Ok(Config { digest: digest.clone(), bytes, image, unreadable });
            }
        }
        let config = self.config(descriptor).await?;
        self.keep(digest, CachedContent { media_type: None, bytes: config.bytes.clone() }).await;
        Ok(config)
    }

    async fn keep(&self, digest: &Digest, content: CachedContent) {
        let Some((cache, scope)) = self.cache(digest) else { return };
        let digest = digest.clone();
        // The cache reports no errors, and a panic in it loses an entry alone.
        let _ = spawn_blocking(move || cache.put(&scope, &digest, &content)).await;
    }

    /// The cache, and the scope of this repository and of the user whom the registry has let read it.
    fn cache(&self, digest: &Digest) -> Option<(Cache, Scope)> {
        let cache = self.client.cache.clone()?;
        let request = self.client.request(Method::GET, Endpoint::Manifest(&self.name, Target::Digest(digest)));
        let user = self.client.transport.auth_outcome(&request).identity;
        let user = user.map(|user| user.to_string()).unwrap_or_default();
        Some((cache, Scope::new(&self.registry().with_scheme(), self.name.as_str(), &user)))
    }
}

fn read_manifest(cache: &Cache, scope: &Scope, digest: &Digest) -> Option<Manifest> {
    cache.get(scope, digest, |content| {
        let media_type = content.media_type.as_deref();
        let manifest = Manifest::read(content.bytes, media_type, digest.algorithm(), digest.as_str()).ok()?;
        Some(manifest).filter(|manifest| manifest.digest == *digest)
    })
}

fn read_config(cache: &Cache, scope: &Scope, digest: &Digest) -> Option<CachedConfig> {
    cache.get(scope, digest, |content| {
        let bytes = Some(content.bytes).filter(|bytes| digest.matches(bytes))?;
        let (image, unreadable) = ImageConfig::read(&bytes);
        Some(CachedConfig { bytes, image, unreadable })
    })
}
