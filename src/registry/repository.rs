//! One repository of a registry, as an owned handle.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::stream::BoxStream;
use futures::{Stream, StreamExt, ready};

use super::client::Client;
use super::delete::Deletion;
use super::descriptor::Descriptor;
use super::document::Manifest;
use super::manifest::{Config, Resolved};
use super::snapshot::{SnapshotOptions, TagIndex};
use crate::error::Result;
use crate::name::{Digest, Repository, Tag, Target};

/// A repository of a registry. It owns a clone of its [`Client`], so that its futures can be spawned.
#[derive(Debug, Clone)]
pub struct RepositoryHandle {
    client: Client,
    name: Repository,
}

impl Client {
    /// A handle for one repository. Nothing is sent.
    pub fn repository(&self, name: &Repository) -> RepositoryHandle {
        RepositoryHandle { client: self.clone(), name: name.clone() }
    }
}

impl RepositoryHandle {
    /// The client.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The path of the repository.
    pub fn name(&self) -> &Repository {
        &self.name
    }

    /// Lists the tags, in the registry's order, as they arrive.
    pub fn tags(&self) -> Tags {
        Tags { batches: self.client.tag_batches(&self.name).boxed(), arrived: VecDeque::new() }
    }

    /// Resolves a tag or digest.
    ///
    /// # Errors
    ///
    /// Those of [`Client::resolve`].
    pub async fn resolve(&self, target: impl Into<Target<'_>>) -> Result<Resolved> {
        self.client.resolve(&self.name, target.into()).await
    }

    /// Resolves a tag or digest; `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// Those of [`Client::try_resolve`].
    pub async fn try_resolve(&self, target: impl Into<Target<'_>>) -> Result<Option<Resolved>> {
        self.client.try_resolve(&self.name, target.into()).await
    }

    /// Fetches a manifest and verifies it.
    ///
    /// # Errors
    ///
    /// Those of [`Client::manifest`].
    pub async fn manifest(&self, target: impl Into<Target<'_>>) -> Result<Manifest> {
        self.client.manifest(&self.name, target.into()).await
    }

    /// Fetches a config blob and verifies its digest.
    ///
    /// # Errors
    ///
    /// Those of [`Client::config`].
    pub async fn config(&self, descriptor: &Descriptor) -> Result<Config> {
        self.client.config(&self.name, descriptor).await
    }

    /// Lists the manifests that name a manifest as their subject.
    ///
    /// # Errors
    ///
    /// Those of [`Client::referrers`].
    pub async fn referrers(&self, digest: &Digest) -> Result<Vec<Descriptor>> {
        self.client.referrers(&self.name, digest).await
    }

    /// Reads what all tags point to, and how the manifests depend on each other.
    ///
    /// # Errors
    ///
    /// Those of [`Client::snapshot`].
    pub async fn snapshot(&self, options: SnapshotOptions) -> Result<TagIndex> {
        self.client.snapshot(&self.name, options).await
    }

    /// Deletes a tag by its name, and nothing else; to remove tags from any registry, use a
    /// [`Plan`](crate::removal::Plan).
    ///
    /// # Errors
    ///
    /// Those of [`Client::delete_tag`].
    pub async fn delete_tag(&self, tag: &Tag, digest: Option<&Digest>) -> Result<Deletion> {
        self.client.delete_tag(&self.name, tag, digest).await
    }

    /// Deletes a manifest and every tag on it.
    ///
    /// # Errors
    ///
    /// Those of [`Client::delete_manifest`].
    pub async fn delete_manifest(&self, digest: &Digest) -> Result<Deletion> {
        self.client.delete_manifest(&self.name, digest).await
    }
}

/// The tags of a repository, as they arrive. An error ends the list:
/// [`Kind::NotFound`](crate::Kind::NotFound) if there is no such repository,
/// [`Kind::Incomplete`](crate::Kind::Incomplete) if the list breaks off.
pub struct Tags {
    batches: BoxStream<'static, Result<Vec<Tag>>>,
    arrived: VecDeque<Tag>,
}

impl Tags {
    /// The tags in the batches in which they arrive: with a million tags, even a small cost per tag matters.
    pub fn batches(self) -> impl Stream<Item = Result<Vec<Tag>>> + Unpin + Send + 'static {
        self.batches
    }
}

impl Stream for Tags {
    type Item = Result<Tag>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(tag) = self.arrived.pop_front() {
                return Poll::Ready(Some(Ok(tag)));
            }
            match ready!(self.batches.poll_next_unpin(cx)) {
                Some(Ok(batch)) => self.arrived = batch.into(),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::removal::{Execution, Plan};

    /// Compiles only if these can be spawned.
    #[test]
    fn handles_streams_and_futures_can_be_spawned() {
        fn spawnable<T: Send + 'static>(_: impl FnOnce() -> T) {}
        fn is_send<T: Send + 'static>() {}
        is_send::<Client>();
        is_send::<RepositoryHandle>();
        is_send::<Plan>();
        is_send::<Execution>();
        fn unpin<T: Stream + Unpin + Send + 'static>() {}
        unpin::<Tags>();
        let handle = || -> RepositoryHandle { unreachable!("it is only compiled") };
        spawnable(move || async move {
            let (repository, tag) = (handle(), Tag::latest());
            let resolved = repository.resolve(&tag).await?;
            repository.manifest(&resolved.digest).await?;
            repository.try_resolve(&tag).await?;
            repository.referrers(&resolved.digest).await?;
            repository.delete_tag(&tag, None).await?;
            repository.snapshot(SnapshotOptions::default()).await
        });
    }
}
