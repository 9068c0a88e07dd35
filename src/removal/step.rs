//! One item of a plan, carried out by one method: a last look, the deletion, the proof.

use super::archive::Run;
use super::execute::{Outcome, Removed};
use super::item::Item;
use super::placeholder;
use super::request::Target as Requested;
use super::state::RepositoryState;
use crate::error::{Danger, Error, Kind, Result};
use crate::name::{Digest, Tag, Target};
use crate::registry::{Client, Deletion, Fetched, Manifest, Resolved, SETTLE_TIME, moved};

pub(super) struct Deleter<'a> {
    pub client: &'a Client,
    pub state: &'a RepositoryState,
    pub item: &'a Item,
    pub archive: Option<&'a Run>,
}

/// What a last look found.
enum Current {
    Found(Box<Fetched>),
    /// It answers, and its bytes cannot be had.
    Unreadable(Option<Digest>, Error),
    Missing(Error),
}

impl Deleter<'_> {
    /// The registry deletes the tag by its name.
    pub(super) async fn delete_tag(&self, tag: &Tag) -> Outcome {
        let before = match self.check_current(tag).await {
            Ok(before) => before,
            Err(error) => return Outcome::Failed(error),
        };
        let (digest, can_be_undone) = match before {
            Current::Found(fetched) => (Some(fetched.digest.clone()), self.archive_manifest(&[tag], *fetched).await),
            Current::Unreadable(digest, _) => (digest, false),
            Current::Missing(error) if self.state.is_dangling(&self.item.request.target) => {
                return self.delete_dangling_tag(tag, error).await;
            }
            Current::Missing(error) => return self.missing(error),
        };
        match self.client.delete_tag(&self.state.repository, tag, digest.as_ref()).await {
            Ok(Deletion::Deleted) => Outcome::Removed(Removed::of(digest, can_be_undone)),
            Ok(Deletion::AlreadyGone) => Outcome::AlreadyRemoved(digest),
            Err(error) => Outcome::Failed(error),
        }
    }

    /// The list names it, and there is nothing behind it: where the registry untags, the name can still go.
    async fn delete_dangling_tag(&self, tag: &Tag, error: Error) -> Outcome {
        match self.client.delete_tag(&self.state.repository, tag, None).await {
            // Whether it is gone is for the list to say.
            Ok(Deletion::Deleted) => Outcome::Removed(Removed::of(None, false)),
            Ok(Deletion::AlreadyGone) => {
                let what = format!("cannot remove {}:{tag}: its manifest is gone", self.state.repository);
                Outcome::Failed(error.within(what).because(format!(
                    "{} lists the tag and answers \"not found\" to its deletion",
                    self.state.registry
                )))
            }
            Err(error) => Outcome::Failed(error),
        }
    }

    fn missing(&self, error: Error) -> Outcome {
        match &self.item.digest {
            // It was seen when the plan was made.
            Some(digest) => Outcome::AlreadyRemoved(Some(digest.clone())),
            None => Outcome::Absent(error),
        }
    }

    /// The manifest goes, with the tags on it. Whether it went is told too: it may have, and its tag not.
    pub(super) async fn delete_manifest(&self) -> (Outcome, bool) {
        let mut is_deleted = false;
        match self.delete_by_digest(&mut is_deleted).await {
            Ok(outcome) => (outcome, is_deleted),
            Err(error) => (Outcome::Failed(error), is_deleted),
        }
    }

    async fn delete_by_digest(&self, is_deleted: &mut bool) -> Result<Outcome> {
        let tag = self.item.request.target.tag();
        let before = match &self.item.request.target {
            Requested::Tag(tag) => self.check_current(tag).await?,
            Requested::Manifest(digest) => self.fetch_current(Target::Digest(digest)).await?,
        };
        let tags: Vec<_> =
            tag.into_iter().chain(self.item.requested_siblings()).chain(self.item.collateral()).collect();
        let Some(digest) = self.item.digest.clone() else {
            return Err(Error::new(Kind::Safety(Danger::Unknown), "nothing is deleted by an unknown digest"));
        };
        let can_be_undone = match before {
            Current::Found(fetched) => self.archive_manifest(&tags, *fetched).await,
            Current::Unreadable(Some(now), _) if now != digest => return Err(self.moved(&digest, &now)),
            Current::Unreadable(Some(_), _) => false,
            // Nothing says that it is a manifest: distribution 2 takes a layer's digest as well, and the layer is lost.
            Current::Unreadable(None, error) => return Err(error),
            Current::Missing(error) => return Ok(self.missing(error)),
        };
        let deletion = self.delete_with_tags(&digest, &tags).await?;
        *is_deleted = deletion == Deletion::Deleted;
        if let Some(tag) = tag {
            let also: Vec<_> = self.item.also_removed().map(str::to_owned).collect();
            self.verify_tag_removed(tag, &digest).await.map_err(|error| match also.is_empty() {
                true => error,
                // The tag was moved, and others went.
                false => error
                    .with_kind(Kind::Incomplete)
                    .because(format!("{} removed with its former manifest", super::evidence::join_names(&also))),
            })?;
        }
        let moved = self.find_moved_collateral(&digest).await?;
        Ok(match deletion {
            Deletion::Deleted => Outcome::Removed(Removed { moved, ..Removed::of(Some(digest), can_be_undone) }),
            Deletion::AlreadyGone => Outcome::AlreadyRemoved(Some(digest)),
        })
    }

    /// Pushes a manifest to the tag that nothing else is on, and deletes that. It was found out before that the registry deletes
    /// manifests; should it refuse after all, the tag is put back on what it was on.
    pub(super) async fn delete_via_placeholder(&self, tag: &Tag) -> Outcome {
        match self.replace_and_delete(tag).await {
            Ok(outcome) => outcome,
            Err(error) => Outcome::Failed(error),
        }
    }

    async fn replace_and_delete(&self, tag: &Tag) -> Result<Outcome> {
        let (client, repository) = (self.client, &self.state.repository);
        // Before the last look, so that little time is between that and the push.
        let blob = placeholder::push_blob(client, repository).await.map_err(refused_push)?;
        let before = match self.check_current(tag).await {
            // Damaged in the registry's storage: a placeholder does not depend on what it replaces.
            Err(error) if matches!(error.kind(), Kind::Safety(Danger::DigestMismatch)) => {
                Current::Unreadable(self.item.digest.clone(), error)
            }
            before => before?,
        };
        let (digest, media_type) = match &before {
            Current::Found(fetched) => (Some(fetched.digest.clone()), fetched.media_type.clone()),
            Current::Unreadable(digest, _) => (digest.clone(), None),
            Current::Missing(_) if self.state.is_dangling(&self.item.request.target) => (None, None),
            Current::Missing(error) => return Ok(self.missing(error.clone())),
        };
        let placeholder = placeholder::make(&blob, media_type.as_deref());
        let (original, can_be_undone) = match before {
            Current::Found(fetched) => {
                (fetched.manifest.as_ref().ok().cloned(), self.archive_manifest(&[tag], *fetched).await)
            }
            Current::Unreadable(..) | Current::Missing(_) => (None, false),
        };
        self.move_tag(tag, &placeholder, digest.as_ref()).await?;
        match client.delete_manifest(repository, &placeholder.digest).await {
            Ok(_) => {
                self.verify_tag_removed(tag, &placeholder.digest).await?;
                Ok(Outcome::Removed(Removed::of(digest, can_be_undone)))
            }
            Err(error) => {
                let error =
                    error.within(format!("cannot delete the placeholder that was pushed to {repository}:{tag}"));
                Err(self.put_back(tag, original.as_ref(), &placeholder.digest, error).await)
            }
        }
    }

    /// Puts a tag back on what it was on before the placeholder, unless another client has pushed to it since. The error, with what came of
    /// that.
    async fn put_back(&self, tag: &Tag, original: Option<&Manifest>, placeholder: &Digest, error: Error) -> Error {
        let now = match (self.client.resolve_by_content(&self.state.repository, Target::Tag(tag)).await, original) {
            (Ok(Some(now)), _) if now.digest != *placeholder => {
                return error.because(format!("another client pushed {} to the tag", now.digest));
            }
            (Ok(None), _) => return error.because("the tag is gone all the same").with_kind(Kind::Incomplete),
            (Ok(Some(_)), Some(original)) => {
                self.move_tag(tag, original, Some(placeholder)).await.map(|()| &original.digest)
            }
            (Ok(Some(_)), None) => {
                return error.because("what the tag pointed to before could not be read").with_kind(Kind::Incomplete);
            }
            (Err(again), _) => Err(again),
        };
        match now {
            Ok(original) => error.because(format!("the tag was put back on {original}")),
            Err(again) => error.because(format!("the tag cannot be put back: {again}")).with_kind(Kind::Incomplete),
        }
    }

    /// Fetches what the tag points at, which has to be what the plan is about.
    async fn check_current(&self, tag: &Tag) -> Result<Current> {
        let before = self.fetch_current(Target::Tag(tag)).await?;
        let now = match &before {
            Current::Found(fetched) => Some(&fetched.digest),
            Current::Unreadable(digest, _) => digest.as_ref(),
            Current::Missing(_) => None,
        };
        let planned = self.item.digest.as_ref().or(self.item.request.expected.as_ref());
        match (planned, now) {
            (Some(planned), Some(now)) if planned != now => {
                let told = if let Current::Found(fetched) = &before { fetched.header_digest.as_ref() } else { None };
                return Err(if told == Some(planned) { self.mismatch(planned, now) } else { self.moved(planned, now) });
            }
            _ => {}
        }
        match before {
            // Where it was is known, and where it is now is not: another client may have moved it.
            Current::Unreadable(None, error) if planned.is_some() => Err(error),
            before => Ok(before),
        }
    }

    /// Looks at what is to go, by its bytes where they can be had.
    async fn fetch_current(&self, target: Target<'_>) -> Result<Current> {
        let (client, repository) = (self.client, &self.state.repository);
        match client.fetch_manifest(repository, target).await {
            Ok(fetched) => Ok(Current::Found(Box::new(fetched))),
            // Asked once more: a replica may lag behind.
            Err(error) if error.is_not_found() => match client.fetch_manifest(repository, target).await {
                Ok(fetched) => Ok(Current::Found(Box::new(fetched))),
                Err(again) if again.is_not_found() => Ok(Current::Missing(error)),
                Err(again) => Err(again),
            },
            // What is damaged in the registry's storage has to be removable, too.
            Err(error) if matches!(error.kind(), Kind::Protocol(_)) => {
                let now = client.try_resolve(repository, target).await.ok().flatten().map(|now| now.digest);
                Ok(Current::Unreadable(now, error))
            }
            Err(error) => Err(error),
        }
    }

    /// The registry tells the digest that the plan is about, and sends other bytes.
    fn mismatch(&self, planned: &Digest, sent: &Digest) -> Error {
        let name = self.item.request.target.within(&self.state.repository);
        Error::new(
            Kind::Safety(Danger::DigestMismatch),
            format!("what the registry sent for {name} does not match {planned}"),
        )
        .because(format!("its bytes have the digest {sent}"))
    }

    fn moved(&self, planned: &Digest, now: &Digest) -> Error {
        moved(&self.item.request.target.within(&self.state.repository), planned, now)
    }

    /// Keeps what is going to be removed for undoing it, with the tags on it; whether that was possible. A removal is not held up by
    /// what cannot be kept.
    async fn archive_manifest(&self, tags: &[&Tag], fetched: Fetched) -> bool {
        let Some(archive) = self.archive.cloned() else { return false };
        let name = self.item.request.target.within(&self.state.repository);
        let Ok(manifest) = fetched.manifest else {
            tracing::warn!("{name} is no manifest that can be pushed back: its removal cannot be undone");
            return false;
        };
        let (registry, repository) = (self.client.registry().clone(), self.state.repository.clone());
        // A manifest that is requested comes back although its tags may be elsewhere by then.
        let itself = matches!(self.item.request.target, Requested::Manifest(_)).then_some(None);
        let tags: Vec<_> = itself.into_iter().chain(tags.iter().map(|tag| Some((*tag).clone()))).collect();
        let kept = tokio::task::spawn_blocking(move || {
            tags.iter().try_for_each(|tag| archive.keep(&registry, &repository, tag.as_ref(), &manifest))
        });
        let kept = kept.await.unwrap_or_else(|error| Err(Error::config("the archive was given up").because(error)));
        if let Err(error) = &kept {
            tracing::warn!("the removal of {name} cannot be undone: {error}");
        }
        kept.is_ok()
    }

    /// Puts a tag on a manifest. A reply that is lost is settled by looking.
    async fn move_tag(&self, tag: &Tag, to: &Manifest, from: Option<&Digest>) -> Result<()> {
        let (target, repository) = (Target::Tag(tag), &self.state.repository);
        let mut resend = true;
        loop {
            let pushed = self.client.push_manifest(repository, target, to).await;
            let now = self.client.resolve_by_content(repository, target).await;
            match (pushed, now) {
                (_, Ok(Some(now))) if now.digest == to.digest => return Ok(()),
                (Err(_), Ok(Some(Resolved { digest, .. }))) if from.is_some_and(|from| *from != digest) => {
                    return Err(moved(&format!("{repository}:{tag}"), from.unwrap_or(&digest), &digest));
                }
                (Err(error), Ok(_)) if resend && error.reply().is_none() => resend = false,
                (Err(error), Err(again)) if error.reply().is_none_or(|reply| reply.status >= 500) => {
                    let what = format!("cannot find out whether {repository}:{tag} points to {} now", to.digest);
                    return Err(error.within(what).because(again).with_kind(Kind::Incomplete));
                }
                (Err(error), _) => return Err(refused_push(error)),
                (Ok(()), Ok(_)) => {
                    let what = format!(
                        "{} accepted a push to {repository}:{tag}, and the tag does not point to it",
                        self.state.registry
                    );
                    return Err(Error::new(Kind::Incomplete, what));
                }
                (Ok(()), Err(again)) => return Err(again.with_kind(Kind::Incomplete)),
            }
        }
    }

    /// Deletes a manifest with the tags on it. Google's registry does so only when no tag is left, and answers 400 before.
    async fn delete_with_tags(&self, digest: &Digest, tags: &[&Tag]) -> Result<Deletion> {
        let (client, repository) = (self.client, &self.state.repository);
        let error = match client.delete_manifest(repository, digest).await {
            Err(error) if !tags.is_empty() && error.reply().is_some_and(|reply| reply.status == 400) => error,
            deleted => return deleted,
        };
        let mut untagged = Vec::new();
        let deleted = match self.untag(digest, tags, &mut untagged).await {
            Err(refused) if matches!(refused.kind(), Kind::Unsupported(_)) => Err(error),
            // With its last tag it may have gone by itself.
            Ok(()) => client.delete_manifest(repository, digest).await,
            Err(error) => Err(error),
        };
        match deleted {
            Ok(_) => Ok(Deletion::Deleted),
            Err(error) if untagged.is_empty() => Err(error),
            Err(error) => {
                let what = format!("{} removed, but not {repository}@{digest}", super::evidence::join_names(&untagged));
                Err(error.within(what).with_kind(Kind::Incomplete))
            }
        }
    }

    /// Deletes tags by their names, as far as they are on the manifest. Tells which of them went.
    ///
    /// # Errors
    ///
    /// [`Danger::Moved`](crate::error::Danger::Moved) for one that is elsewhere: it is not what was meant, and what it is on now may need
    /// the manifest.
    async fn untag(&self, digest: &Digest, tags: &[&Tag], untagged: &mut Vec<String>) -> Result<()> {
        let (client, repository) = (self.client, &self.state.repository);
        for tag in tags {
            let name = format!("{repository}:{tag}");
            match client.resolve_by_content(repository, Target::Tag(tag)).await? {
                Some(now) if now.digest != *digest => return Err(moved(&name, digest, &now.digest)),
                Some(_) => {
                    client.delete_tag(repository, tag, Some(digest)).await?;
                    untagged.push(name);
                }
                None => {}
            }
        }
        Ok(())
    }

    /// A manifest may go without its tag. One that is elsewhere was moved: that it was gone before is not known.
    async fn verify_tag_removed(&self, tag: &Tag, digest: &Digest) -> Result<()> {
        let (client, repository) = (self.client, &self.state.repository);
        match client.await_absence(repository, Target::Tag(tag), Some(digest), SETTLE_TIME).await {
            Ok(None) => Ok(()),
            Ok(Some(now)) if now.digest != *digest => Err(moved(&format!("{repository}:{tag}"), digest, &now.digest)),
            Ok(Some(_)) => Err(Error::new(Kind::Incomplete, format!("{repository}:{tag} is still present")).because(
                format!("its manifest {digest} was deleted, and {} still serves it by the tag", self.state.registry),
            )),
            Err(error) => {
                let what = format!("deleted, but cannot verify that {repository}:{tag} is gone");
                Err(error.within(what).with_kind(Kind::Incomplete))
            }
        }
    }

    /// Tags that were not requested, that were to go with a manifest, and that are on another.
    async fn find_moved_collateral(&self, digest: &Digest) -> Result<Vec<Tag>> {
        let mut moved = Vec::new();
        for tag in self.item.collateral() {
            match self.client.await_absence(&self.state.repository, Target::Tag(tag), Some(digest), SETTLE_TIME).await {
                Ok(Some(now)) if now.digest != *digest => moved.push(tag.clone()),
                Ok(None) => {}
                Ok(Some(_)) => {
                    let what = format!("{}:{tag} is still present", self.state.repository);
                    return Err(
                        Error::new(Kind::Incomplete, what).because(format!("its manifest {digest} was deleted"))
                    );
                }
                Err(error) => {
                    let what = format!("deleted, but cannot verify that {}:{tag} is gone", self.state.repository);
                    return Err(error.within(what).with_kind(Kind::Incomplete));
                }
            }
        }
        Ok(moved)
    }

    /// A tag whose manifest is gone is gone too, unless it was moved, before or since: that is no reason to remove it.
    pub(super) async fn verify_removed_with_manifest(&self, digest: &Digest) -> Outcome {
        let target = self.item.request.target.name();
        match self.client.await_absence(&self.state.repository, target, Some(digest), SETTLE_TIME).await {
            Ok(None) => Outcome::Removed(Removed::of(Some(digest.clone()), self.archive.is_some())),
            Ok(Some(now)) if now.digest != *digest => Outcome::Failed(self.moved(digest, &now.digest)),
            Ok(Some(_)) => {
                let what = format!("{} is still present", self.item.request.target.within(&self.state.repository));
                Outcome::Failed(
                    Error::new(Kind::Incomplete, what).because(format!("its manifest {digest} was deleted")),
                )
            }
            Err(error) => {
                let name = self.item.request.target.within(&self.state.repository);
                let what = format!("deleted with its manifest, but cannot verify that {name} is gone");
                Outcome::Failed(error.within(what).with_kind(Kind::Incomplete))
            }
        }
    }
}

/// "Not found" for a push says that the registry takes none, never that the tag is not there.
fn refused_push(error: Error) -> Error {
    if !error.is_not_found() {
        return error;
    }
    let what = "the registry does not take pushes, which a placeholder needs".to_owned();
    error.within(what).with_kind(Kind::Unsupported(crate::error::Operation::Other))
}
