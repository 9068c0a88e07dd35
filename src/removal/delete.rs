//! Removes one item by its method: a last check, the deletion, and the verification that it took effect.
//!
//! 1. The tag is fetched right before its deletion ([`Precheck`]), and has to point to the planned digest. "Not found"
//!    counts when it is answered twice. A manifest that the registry cannot serve intact can still be removed, if its
//!    digest is known.
//! 2. Its manifest is archived for undoing. Where that fails, a warning is logged and the removal goes on.
//! 3. Nothing is deleted by a digest that was not read: distribution 2 also takes the digest of a layer, and deletes
//!    the layer.
//! 4. A tag counts as removed once it no longer resolves. A tag that moved meanwhile is left alone, and reported.

use std::sync::atomic::{AtomicBool, Ordering};

use futures::FutureExt;
use futures::future::{join, try_join};

use super::archive::Run;
use super::item::Item;
use super::lookup::stale;
use super::outcome::{Outcome, Removed};
use super::placeholder::Placeholder;
use super::precheck::{Current, Precheck, ReadAhead};
use super::request::{self, join_names};
use super::state::RepositoryState;
use crate::error::{Danger, Error, Kind, Result};
use crate::name::{Digest, Tag, Target};
use crate::registry::{Deletion, Fetched, PendingDeletion, RepositoryHandle, SETTLE_TIME, moved};

/// Removes one item.
pub(super) struct Deleter<'a> {
    pub repository: &'a RepositoryHandle,
    pub state: &'a RepositoryState,
    pub item: &'a Item,
    /// Whether the list names its tag, so that it is dangling where it does not resolve.
    pub is_listed: bool,
    pub archive: Option<&'a Run>,
    /// Whether the registry was seen to delete a tag by its name and to keep the manifest.
    pub keeps_manifests: bool,
    /// What is read while the deletion is verified.
    pub ahead: &'a ReadAhead,
    /// Is set when a deletion is sent: whatever the reply, it may have taken effect.
    pub was_sent: &'a AtomicBool,
}

/// A deletion of a manifest that was answered.
enum ManifestDeletion<'a> {
    Pending(Box<PendingDeletion<'a>>),
    /// It was verified already.
    Confirmed(Deletion),
}

impl ManifestDeletion<'_> {
    fn may_be_resent(&self) -> bool {
        matches!(self, Self::Pending(pending) if pending.may_be_resent())
    }

    async fn confirm(self) -> Result<Deletion> {
        match self {
            Self::Pending(pending) => pending.confirm().await,
            Self::Confirmed(deletion) => Ok(deletion),
        }
    }
}

impl Deleter<'_> {
    /// Deletes the tag by its name.
    pub(super) async fn delete_tag(&self, tag: &Tag, precheck: Precheck) -> Outcome {
        let current = match self.check_current(precheck) {
            Ok(current) => current,
            Err(error) => return Outcome::Failed(error),
        };
        let (digest, can_be_undone) = match current {
            Current::Found(fetched) => (Some(fetched.digest.clone()), self.archive_manifest(&[tag], *fetched).await),
            Current::Unreadable(digest, _) => (digest, false),
            Current::Missing(error) if self.is_dangling() => return self.delete_dangling_tag(tag, error).await,
            Current::Missing(error) => return self.missing(error),
        };
        self.was_sent.store(true, Ordering::Relaxed);
        let pending = match self.repository.send_tag_deletion(tag, digest.as_ref()).await {
            Ok(pending) => pending,
            Err(error) => return Outcome::Failed(error),
        };
        let (deletion, has_manifest) = self.confirm_untagged(pending, digest.as_ref()).await;
        match deletion {
            Ok(Deletion::Deleted) => Outcome::Removed(Removed { has_manifest, ..Removed::new(digest, can_be_undone) }),
            Ok(Deletion::AlreadyGone) => Outcome::AlreadyRemoved(digest),
            Err(error) => Outcome::Failed(error),
        }
    }

    /// Verifies that a tag was deleted by its name, and looks up whether its manifest still exists.
    async fn confirm_untagged(
        &self,
        pending: PendingDeletion<'_>,
        digest: Option<&Digest>,
    ) -> (Result<Deletion>, Option<bool>) {
        if self.keeps_manifests && !pending.may_be_resent() {
            return self.ahead.beside(self.repository, join(pending.confirm(), self.has_manifest(digest))).await;
        }
        // An accepted deletion may take effect later, and only then remove the manifest.
        match pending.confirm().await {
            Ok(Deletion::Deleted) => {
                let has_manifest = self.ahead.beside(self.repository, self.has_manifest(digest)).await;
                (Ok(Deletion::Deleted), has_manifest)
            }
            other => (other, None),
        }
    }

    /// Whether the manifest of a tag that was deleted by its name still exists; `None` where that cannot be found out.
    async fn has_manifest(&self, digest: Option<&Digest>) -> Option<bool> {
        match self.repository.resolve_by_content(digest?.into()).await {
            // What a cache has may be gone from the registry.
            Ok(Some(found)) if found.is_stale => None,
            Ok(found) => Some(found.is_some()),
            Err(error) => {
                tracing::debug!("cannot resolve {}@{}: {error}", self.repository, digest?);
                None
            }
        }
    }

    /// Deletes a dangling tag by its name: one that is listed, with no manifest behind it.
    async fn delete_dangling_tag(&self, tag: &Tag, error: Error) -> Outcome {
        self.was_sent.store(true, Ordering::Relaxed);
        match self.repository.delete_tag(tag, None).await {
            // Whether that took effect shows in the list, after the batch.
            Ok(Deletion::Deleted) => Outcome::Removed(Removed::dangling()),
            Ok(Deletion::AlreadyGone) => {
                let what = format!("cannot remove {}:{tag}: its manifest is gone", self.repository);
                Outcome::Failed(error.within(what).because(format!(
                    "{} lists the tag and answers \"not found\" to its deletion",
                    self.repository.registry()
                )))
            }
            Err(error) => Outcome::Failed(error),
        }
    }

    /// Deletes the manifest, with the tags on it. Also returns whether the manifest was deleted, which may be so
    /// although the removal failed: its tag may still resolve.
    pub(super) async fn delete_manifest(&self, precheck: Precheck) -> (Outcome, bool) {
        let mut is_deleted = false;
        match self.delete_by_digest(precheck, &mut is_deleted).await {
            Ok(outcome) => (outcome, is_deleted),
            Err(error) => (Outcome::Failed(error), is_deleted),
        }
    }

    async fn delete_by_digest(&self, precheck: Precheck, is_deleted: &mut bool) -> Result<Outcome> {
        let tag = self.item.request.target.tag();
        let current = if tag.is_some() { self.check_current(precheck)? } else { precheck.current()? };
        let tags: Vec<_> =
            tag.into_iter().chain(self.item.requested_siblings()).chain(self.item.collateral()).collect();
        let Some(digest) = self.item.digest.clone() else {
            return Err(Error::new(Kind::Safety(Danger::Unknown), "nothing is deleted by an unknown digest"));
        };
        let can_be_undone = match current {
            Current::Found(fetched) => self.archive_manifest(&tags, *fetched).await,
            Current::Unreadable(Some(now), _) if now != digest => return Err(self.moved(&digest, &now)),
            Current::Unreadable(Some(_), _) => false,
            Current::Unreadable(None, error) => return Err(error),
            Current::Missing(error) => return Ok(self.missing(error)),
        };
        self.was_sent.store(true, Ordering::Relaxed);
        let answered = self.delete_with_tags(&digest, &tags).await?;
        let own_tag = async { if let Some(tag) = tag { self.verify_untagged(tag, &digest).await } else { Ok(()) } };
        // Whether the manifest is gone decides; it may be gone although a tag still resolves.
        let others = join(own_tag, self.find_moved_collateral(&digest)).map(Ok);
        // What is read ahead would be out of date if the DELETE had to be sent again.
        let may_be_resent = answered.may_be_resent();
        let verification = try_join(answered.confirm(), others);
        let (deletion, (own_tag, moved)) = match may_be_resent {
            true => verification.await?,
            false => self.ahead.beside(self.repository, verification).await?,
        };
        *is_deleted = deletion == Deletion::Deleted;
        let also: Vec<_> = self.item.also_removed().map(str::to_owned).collect();
        own_tag.map_err(|error| match also.is_empty() {
            true => error,
            // The tag was moved meanwhile, and the others on the manifest were removed.
            false => error
                .with_kind(Kind::Incomplete)
                .because(format!("{} removed with its former manifest", join_names(&also))),
        })?;
        let moved = moved?;
        Ok(match deletion {
            Deletion::Deleted => Outcome::Removed(Removed { moved, ..Removed::new(Some(digest), can_be_undone) }),
            Deletion::AlreadyGone => Outcome::AlreadyRemoved(Some(digest)),
        })
    }

    /// Removes the tag via a placeholder: pushes a unique manifest to the tag, and deletes that with the tag. Should
    /// the registry refuse to delete it although its probe succeeded, the tag is put back.
    pub(super) async fn delete_via_placeholder(&self, tag: &Tag) -> Outcome {
        match self.replace_and_delete(tag).await {
            Ok(outcome) => outcome,
            Err(error) => Outcome::Failed(error),
        }
    }

    async fn replace_and_delete(&self, tag: &Tag) -> Result<Outcome> {
        // The blob is pushed before the last check, so that little time passes between the check and the push to the
        // tag.
        let placeholder = Placeholder::prepare(self.repository, tag).await?;
        let precheck = Precheck::at(self.repository, self.item.request.target.clone()).await;
        let current = match self.check_current(precheck) {
            // Damaged in the registry's storage: a placeholder does not depend on what it replaces.
            Err(error) if matches!(error.kind(), Kind::Safety(Danger::DigestMismatch)) => {
                Current::Unreadable(self.item.digest.clone(), error)
            }
            current => current?,
        };
        let (digest, media_type) = match &current {
            Current::Found(fetched) => (Some(fetched.digest.clone()), fetched.media_type.clone()),
            Current::Unreadable(digest, _) => (digest.clone(), None),
            Current::Missing(_) if self.is_dangling() => (None, None),
            Current::Missing(error) => return Ok(self.missing(error.clone())),
        };
        let (original, can_be_undone) = match current {
            Current::Found(fetched) => {
                (fetched.manifest.as_ref().ok().cloned(), self.archive_manifest(&[tag], *fetched).await)
            }
            Current::Unreadable(..) | Current::Missing(_) => (None, false),
        };
        self.was_sent.store(true, Ordering::Relaxed);
        let pushed = placeholder.replace(digest.as_ref(), original, media_type.as_deref()).await?;
        self.ahead.beside(self.repository, self.verify_untagged(tag, &pushed)).await?;
        Ok(Outcome::Removed(Removed::new(digest, can_be_undone)))
    }

    /// Whether a tag that does not resolve is dangling. Where the plan resolved it, it was removed since.
    fn is_dangling(&self) -> bool {
        self.state.is_dangling(&self.item.request.target) || (self.is_listed && self.item.digest.is_none())
    }

    /// What the tag points to, which has to be the planned digest.
    fn check_current(&self, precheck: Precheck) -> Result<Current> {
        let current = precheck.current()?;
        let now = match &current {
            Current::Found(fetched) => Some(&fetched.digest),
            Current::Unreadable(digest, _) => digest.as_ref(),
            Current::Missing(_) => None,
        };
        let planned = self.item.digest.as_ref().or(self.item.request.expected.as_ref());
        if let (Some(planned), Some(now)) = (planned, now)
            && planned != now
        {
            // A registry that announces the planned digest and sends other bytes did not move the tag.
            let is_damaged =
                matches!(&current, Current::Found(fetched) if fetched.header_digest.as_ref() == Some(planned));
            return Err(if is_damaged { self.mismatch(planned, now) } else { self.moved(planned, now) });
        }
        match current {
            // Another client may have moved it.
            Current::Unreadable(None, error) if planned.is_some() => Err(error),
            Current::Found(fetched) if planned.is_some() => {
                let name = self.item.request.target.within(self.repository);
                stale(&fetched, &name).map_or(Ok(Current::Found(fetched)), Err)
            }
            current => Ok(current),
        }
    }

    /// The outcome for a target that does not exist: it did when the plan was made, where that resolved it.
    fn missing(&self, error: Error) -> Outcome {
        match &self.item.digest {
            Some(digest) => Outcome::AlreadyRemoved(Some(digest.clone())),
            None => Outcome::Absent(error),
        }
    }

    fn mismatch(&self, planned: &Digest, sent: &Digest) -> Error {
        let name = self.item.request.target.within(self.repository);
        let what = format!("what the registry sent for {name} does not match {planned}");
        Error::new(Kind::Safety(Danger::DigestMismatch), what).because(format!("its bytes have the digest {sent}"))
    }

    fn moved(&self, planned: &Digest, now: &Digest) -> Error {
        moved(&self.item.request.target.within(self.repository), planned, now)
    }

    /// Archives the manifest and the tags on it for undoing. Returns whether that was possible; the removal goes on
    /// without it.
    async fn archive_manifest(&self, tags: &[&Tag], fetched: Fetched) -> bool {
        let Some(archive) = self.archive.cloned() else { return false };
        let name = self.item.request.target.within(self.repository);
        let Ok(manifest) = fetched.manifest else {
            tracing::warn!("{name} is not a manifest that can be pushed back: its removal cannot be undone");
            return false;
        };
        let (registry, repository) = (self.repository.registry().clone(), self.repository.name().clone());
        // A requested manifest is restored by its digest, even if its tags exist again by then.
        let itself = matches!(self.item.request.target, request::Target::Manifest(_)).then_some(None);
        let tags: Vec<_> = itself.into_iter().chain(tags.iter().map(|tag| Some((*tag).clone()))).collect();
        let archived = tokio::task::spawn_blocking(move || {
            tags.iter().try_for_each(|tag| archive.keep(&registry, &repository, tag.as_ref(), &manifest))
        });
        let archived =
            archived.await.unwrap_or_else(|error| Err(Error::config("archiving was stopped").because(error)));
        if let Err(error) = &archived {
            tracing::warn!("the removal of {name} cannot be undone: {error}");
        }
        archived.is_ok()
    }

    /// Deletes a manifest with the tags on it. Google's registry answers 400 while tags are on it: these are deleted
    /// first.
    async fn delete_with_tags<'a>(&'a self, digest: &'a Digest, tags: &[&Tag]) -> Result<ManifestDeletion<'a>> {
        let repository = self.repository;
        let error = match repository.send_manifest_deletion(digest).await {
            Err(error) if !tags.is_empty() && error.reply().is_some_and(|reply| reply.status == 400) => error,
            answered => return answered.map(|pending| ManifestDeletion::Pending(Box::new(pending))),
        };
        let mut untagged = Vec::new();
        let deleted = match self.untag(digest, tags, &mut untagged).await {
            Err(refused) if matches!(refused.kind(), Kind::Unsupported(_)) => Err(error),
            // The manifest may have been deleted with its last tag.
            Ok(()) => repository.delete_manifest(digest).await,
            Err(error) => Err(error),
        };
        match deleted {
            Ok(_) => Ok(ManifestDeletion::Confirmed(Deletion::Deleted)),
            Err(error) if untagged.is_empty() => Err(error),
            Err(error) => {
                let what = format!("{} removed, but not {repository}@{digest}", join_names(&untagged));
                Err(error.within(what).with_kind(Kind::Incomplete))
            }
        }
    }

    /// Deletes the tags on a manifest by their names, and adds the names of those that were removed to `untagged`.
    ///
    /// # Errors
    ///
    /// [`Danger::Moved`] for a tag that points elsewhere: what it points to now may need the manifest.
    async fn untag(&self, digest: &Digest, tags: &[&Tag], untagged: &mut Vec<String>) -> Result<()> {
        let repository = self.repository;
        for tag in tags {
            let name = format!("{repository}:{tag}");
            match repository.resolve_by_content(Target::Tag(tag)).await? {
                Some(now) if now.digest != *digest => return Err(moved(&name, digest, &now.digest)),
                Some(_) => {
                    repository.delete_tag(tag, Some(digest)).await?;
                    untagged.push(name);
                }
                None => {}
            }
        }
        Ok(())
    }

    /// Verifies that a tag no longer resolves after its manifest was deleted.
    ///
    /// # Errors
    ///
    /// [`Danger::Moved`] when it points elsewhere: whether it was removed in between is unknown.
    async fn verify_untagged(&self, tag: &Tag, digest: &Digest) -> Result<()> {
        match self.await_deletion(Target::Tag(tag), digest).await? {
            None => Ok(()),
            Some(now) => Err(moved(&format!("{}:{tag}", self.repository), digest, &now)),
        }
    }

    /// Waits until the other tags on a deleted manifest no longer resolve to it. Returns those that point to another
    /// manifest.
    async fn find_moved_collateral(&self, digest: &Digest) -> Result<Vec<Tag>> {
        let mut moved = Vec::new();
        for tag in self.item.collateral() {
            moved.extend(self.await_deletion(Target::Tag(tag), digest).await?.map(|_| tag.clone()));
        }
        Ok(moved)
    }

    /// Verifies that an item whose manifest was deleted with an earlier one no longer resolves. A tag that moved,
    /// before or since, is left alone.
    pub(super) async fn verify_removed_with_manifest(&self, digest: &Digest) -> Outcome {
        match self.await_deletion((&self.item.request.target).into(), digest).await {
            Ok(None) => Outcome::Removed(Removed::new(Some(digest.clone()), self.archive.is_some())),
            Ok(Some(now)) => Outcome::Failed(self.moved(digest, &now)),
            Err(error) => Outcome::Failed(error),
        }
    }

    /// Waits until the deletion of a manifest has taken effect on this name. Returns what it points to instead; `None`
    /// where it does not exist any more.
    ///
    /// # Errors
    ///
    /// [`Kind::Incomplete`] when it still resolves after ten seconds, or that cannot be found out.
    async fn await_deletion(&self, target: Target<'_>, digest: &Digest) -> Result<Option<Digest>> {
        let repository = self.repository;
        let name = target.within(repository);
        match repository.await_absence(target, Some(digest), SETTLE_TIME).await {
            Ok(Some(now)) if now.digest == *digest => {
                let cause = format!("its manifest {digest} was deleted, and {} still serves it", repository.registry());
                Err(Error::new(Kind::Incomplete, format!("{name} is still present")).because(cause))
            }
            Ok(now) => Ok(now.map(|now| now.digest)),
            Err(error) => {
                let what = format!("deleted, but cannot verify that {name} is gone");
                Err(error.within(what).with_kind(Kind::Incomplete))
            }
        }
    }
}
