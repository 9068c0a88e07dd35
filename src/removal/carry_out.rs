//! One item of a plan, carried out: a last look, the deletion, the proof.

use futures::{StreamExt, TryStreamExt, stream};

use super::decide::Item;
use super::placeholder;
use super::wish::{Method, Wanted};
use crate::error::{Error, Kind, Result};
use crate::name::{Digest, Repository, Tag, Target};
use crate::registry::{Client, Deletion, Manifest, Resolved, moved};

/// What was removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// What it pointed at.
    pub digest: Digest,
    /// Whether it was there.
    pub deletion: Deletion,
}

/// Carries out what was decided about one item, by this method.
pub(super) async fn carry_out(
    client: &Client,
    repository: &Repository,
    item: &Item,
    method: Method,
) -> Result<Removed> {
    let act = Act { client, repository, item };
    let stay = item.stay.as_deref().unwrap_or_default();
    let removed = match (method, &item.wish.wanted) {
        (Method::Tag, Wanted::Tag(tag)) => act.by_name(tag).await?,
        (Method::Placeholder, Wanted::Tag(tag)) => act.by_placeholder(tag).await?,
        (Method::Manifest | Method::Tag | Method::Placeholder, _) => act.by_manifest().await?,
    };
    act.prove_stayed(stay, &removed.digest).await?;
    Ok(removed)
}

struct Act<'a> {
    client: &'a Client,
    repository: &'a Repository,
    item: &'a Item,
}

impl Act<'_> {
    async fn by_name(&self, tag: &Tag) -> Result<Removed> {
        let now = self.client.resolve(self.repository, Target::Tag(tag)).await?.digest;
        self.still(tag, &now)?;
        let deletion = self.client.delete_tag(self.repository, tag, &now).await?;
        Ok(Removed { digest: now, deletion })
    }

    async fn by_manifest(&self) -> Result<Removed> {
        let digest = match (&self.item.wish.wanted, &self.item.digest) {
            (Wanted::Tag(tag), Some(digest)) => self.last_look(tag, digest).await?.digest,
            (Wanted::Tag(tag), None) => self.client.manifest(self.repository, Target::Tag(tag)).await?.digest,
            (Wanted::Manifest(digest), _) => digest.clone(),
        };
        let tags: Vec<_> = self.item.wish.wanted.tag().into_iter().chain(&self.item.go).collect();
        let deletion = self.delete_with_tags(&digest, &tags).await?;
        Ok(Removed { digest, deletion })
    }

    /// Pushes a manifest to the tag that nothing else is on, and deletes that. It was found out before that the registry deletes
    /// manifests; should it refuse after all, the tag is put back on what it was on.
    async fn by_placeholder(&self, tag: &Tag) -> Result<Removed> {
        let (client, repository, target) = (self.client, self.repository, Target::Tag(tag));
        let placeholder = placeholder::make(client, repository).await?;
        let before = match &self.item.digest {
            Some(digest) => self.last_look(tag, digest).await?,
            None => client.manifest(repository, target).await?,
        };
        self.move_tag(tag, &placeholder, &before.digest).await?;
        match client.delete_manifest(repository, &placeholder.digest).await {
            Ok(deletion) => {
                self.prove_gone(tag, &placeholder.digest).await?;
                Ok(Removed { digest: before.digest, deletion })
            }
            Err(error) => {
                let what = format!("cannot delete the placeholder that was pushed to {repository}:{tag}");
                let error = error.within(what);
                Err(match self.move_tag(tag, &before, &placeholder.digest).await {
                    Ok(()) => error.because(format!("the tag was put back on {}", before.digest)),
                    Err(again) => error
                        .because(format!("the tag cannot be put back on {}: {again}", before.digest))
                        .with_kind(Kind::Incomplete),
                })
            }
        }
    }

    /// Fetches what the tag points at, which has to be what the plan is about.
    async fn last_look(&self, tag: &Tag, digest: &Digest) -> Result<Manifest> {
        self.client.verified(self.repository, tag, digest).await
    }

    fn still(&self, tag: &Tag, now: &Digest) -> Result<()> {
        match self.item.digest.as_ref().or(self.item.wish.expected.as_ref()) {
            Some(planned) if planned != now => Err(moved(&format!("{}:{tag}", self.repository), planned, now)),
            _ => Ok(()),
        }
    }

    /// Puts a tag on a manifest. A reply that is lost is settled by looking.
    async fn move_tag(&self, tag: &Tag, to: &Manifest, from: &Digest) -> Result<()> {
        let target = Target::Tag(tag);
        let mut resend = true;
        loop {
            let Err(error) = self.client.push_manifest(self.repository, target, to).await else { return Ok(()) };
            match self.client.resolve(self.repository, target).await {
                Ok(Resolved { digest, .. }) if digest == to.digest => return Ok(()),
                Ok(Resolved { digest, .. }) if digest != *from => {
                    return Err(moved(&format!("{}:{tag}", self.repository), from, &digest));
                }
                Ok(_) if resend && error.reply().is_none() => resend = false,
                _ => return Err(error),
            }
        }
    }

    /// Deletes a manifest with the tags on it. Google's registry does so only when no tag is left, and answers 400 before.
    async fn delete_with_tags(&self, digest: &Digest, tags: &[&Tag]) -> Result<Deletion> {
        let (client, repository) = (self.client, self.repository);
        match client.delete_manifest(repository, digest).await {
            Err(error) if !tags.is_empty() && error.reply().is_some_and(|reply| reply.status == 400) => {
                for tag in tags {
                    // One that was moved meanwhile is not what was meant.
                    if client.look_up(repository, Target::Tag(tag)).await?.is_none_or(|now| now.digest != *digest) {
                        continue;
                    }
                    match client.delete_tag(repository, tag, digest).await {
                        Err(refused) if matches!(refused.kind(), Kind::Unsupported(_)) => return Err(error),
                        deleted => deleted?,
                    };
                }
                // With its last tag it may have gone by itself.
                client.delete_manifest(repository, digest).await.map(|_| Deletion::Deleted)
            }
            deleted => deleted,
        }
    }

    /// A manifest may go without its tag.
    async fn prove_gone(&self, tag: &Tag, digest: &Digest) -> Result<()> {
        match self.client.look_up(self.repository, Target::Tag(tag)).await {
            Ok(None) => Ok(()),
            // Somebody pushed it anew.
            Ok(Some(now)) if now.digest != *digest => Ok(()),
            Ok(Some(_)) => Err(Error::new(Kind::Incomplete, format!("{}:{tag} is still present", self.repository))
                .because(format!("it is on the placeholder {digest}, which was deleted"))),
            Err(error) => {
                let what = format!("deleted, but cannot verify that {}:{tag} is gone", self.repository);
                Err(error.within(what).with_kind(Kind::Incomplete))
            }
        }
    }

    /// What was to stay is still there. Tags that somebody moved meanwhile are, too.
    async fn prove_stayed(&self, stay: &[Tag], digest: &Digest) -> Result<()> {
        let lost: Vec<_> = stream::iter(stay)
            .map(|tag| async move {
                match self.client.look_up(self.repository, Target::Tag(tag)).await {
                    Ok(Some(_)) => Ok(None),
                    Ok(None) => Ok(Some(format!("{}:{tag}", self.repository))),
                    Err(error) => {
                        let what = format!("deleted, but cannot verify that {}:{tag} stayed", self.repository);
                        Err(error.within(what).with_kind(Kind::Incomplete))
                    }
                }
            })
            .buffer_unordered(self.client.jobs())
            .try_filter_map(async |lost| Ok(lost))
            .try_collect()
            .await?;
        if lost.is_empty() {
            return Ok(());
        }
        let what = format!("{} went too, which was not meant", lost.join(", "));
        Err(Error::new(Kind::Incomplete, what)
            .because(format!("the registry took it along, or somebody removed it meanwhile; it was on {digest}")))
    }
}
