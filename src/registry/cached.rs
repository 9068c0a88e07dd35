//! Manifests and configs by digest, from the client's cache on disk where it has one.
//!
//! Only reads for display and planning use it, and only for digests that the registry has named in this run: the reply
//! to a HEAD of the tag, or a manifest that lists them. Whether something exists is always asked of the registry.

use http::Method;

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
    /// A manifest that the registry has named lately, by the digest of a tag or in an index: from the cache, else
    /// fetched and kept. What the cache has may no longer exist.
    ///
    /// # Errors
    ///
    /// Those of [`RepositoryHandle::manifest`].
    pub async fn named_manifest(&self, digest: &Digest) -> Result<Manifest> {
        if let Some(manifest) = self.cached_manifest(digest).await {
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
        self.client.disk.visit(move || read_manifest(&cache, &scope, &digest)).await.flatten()
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
            let wanted = digest.clone();
            let cached = self.client.disk.visit(move || read_config(&cache, &scope, &wanted)).await.flatten();
            if let Some(config) = cached {
                same_size(descriptor, config.bytes.len())?;
                return Ok(config);
            }
        }
        let config = self.config(descriptor).await?;
        self.keep(digest, CachedContent { media_type: None, bytes: config.bytes.clone() }).await;
        Ok(config)
    }

    async fn keep(&self, digest: &Digest, content: CachedContent) {
        let Some((cache, scope)) = self.cache(digest) else { return };
        let digest = digest.clone();
        // The cache reports no errors.
        self.client.disk.visit(move || cache.put(&scope, &digest, &content)).await;
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

fn read_config(cache: &Cache, scope: &Scope, digest: &Digest) -> Option<Config> {
    cache.get(scope, digest, |content| {
        let bytes = Some(content.bytes).filter(|bytes| digest.matches(bytes))?;
        let (image, unreadable) = ImageConfig::read(&bytes);
        Some(Config { digest: digest.clone(), bytes, image, unreadable })
    })
}
