//! One item of a plan, carried out: a last look, the deletion, the proof.

use std::collections::HashMap;

use futures::{StreamExt, TryStreamExt, stream};

use super::decide::{Item, unknown};
use super::placeholder;
use super::wish::{Method, Wanted};
use crate::error::{Danger, Error, Kind, Result};
use crate::name::{Digest, Repository, Tag, Target};
use crate::registry::{Client, Deletion, Manifest, Resolved, moved};

/// What was removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// What it pointed at.
    pub digest: Digest,
    /// Whether it was there.
    pub deletion: Deletion,
    /// Tags that were to go with it, and that somebody had put elsewhere meanwhile: they are there still.
    pub elsewhere: Vec<Tag>,
}

impl Removed {
    /// This, and nothing that was to go is elsewhere.
    pub(super) fn new(digest: Digest, deletion: Deletion) -> Self {
        Self { digest, deletion, elsewhere: Vec::new() }
    }
}

/// What is known of tags that the plan may know nothing of.
pub(super) type Seen = HashMap<Tag, Option<Digest>>;

/// Carries out what was decided about one item, by this method. `seen` has the plan's tags, without a digest; others that turn up are
/// added with theirs.
pub(super) async fn carry_out(
    client: &Client,
    repository: &Repository,
    item: &Item,
    method: Method,
    seen: &mut Seen,
) -> Result<Removed> {
    let act = Act { client, repository, item };
    let stay = item.stay.as_deref().unwrap_or_default();
    let removed = match (method, &item.wish.wanted) {
        (Method::Tag, Wanted::Tag(tag)) => act.by_name(tag).await?,
        (Method::Placeholder, Wanted::Tag(tag)) => act.by_placeholder(tag).await?,
        (Method::Manifest | Method::Tag | Method::Placeholder, _) => act.by_manifest(seen).await?,
    };
    act.prove_stayed(stay, &removed.digest, seen).await?;
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
        Ok(Removed::new(now, deletion))
    }

    async fn by_manifest(&self, seen: &mut Seen) -> Result<Removed> {
        let digest = match &self.item.wish.wanted {
            Wanted::Tag(tag) => self.last_look(tag).await?.digest,
            Wanted::Manifest(digest) => digest.clone(),
        };
        self.nothing_appeared(&digest, seen).await?;
        let tags: Vec<_> = self.item.wish.wanted.tag().into_iter().chain(&self.item.go).collect();
        let deletion = self.delete_with_tags(&digest, &tags).await?;
        Ok(Removed::new(digest, deletion))
    }

    /// Pushes a manifest to the tag that nothing else is on, and deletes that. It was found out before that the registry deletes
    /// manifests; should it refuse after all, the tag is put back on what it was on.
    async fn by_placeholder(&self, tag: &Tag) -> Result<Removed> {
        let (client, repository) = (self.client, self.repository);
        let placeholder = placeholder::make(client, repository).await?;
        let before = self.last_look(tag).await?;
        self.move_tag(tag, &placeholder, &before.digest).await?;
        match client.delete_manifest(repository, &placeholder.digest).await {
            Ok(deletion) => {
                self.prove_gone(tag, &placeholder.digest).await?;
                Ok(Removed::new(before.digest, deletion))
            }
            Err(error) => {
                let what = format!("cannot delete the placeholder that was pushed to {repository}:{tag}");
                Err(self.put_back(tag, &before, &placeholder.digest, error.within(what)).await)
            }
        }
    }

    /// Puts a tag back on what it was on before the placeholder, unless somebody has pushed to it since. Gives the error with what
    /// came of that.
    async fn put_back(&self, tag: &Tag, before: &Manifest, placeholder: &Digest, error: Error) -> Error {
        let now = match self.client.look_up(self.repository, Target::Tag(tag)).await {
            Ok(Some(now)) if now.digest == *placeholder => self.move_tag(tag, before, placeholder).await,
            Ok(Some(now)) => return error.because(format!("somebody put the tag on {} meanwhile", now.digest)),
            Ok(None) => return error.because("the tag is gone all the same").with_kind(Kind::Incomplete),
            Err(again) => Err(again),
        };
        match now {
            Ok(()) => error.because(format!("the tag was put back on {}", before.digest)),
            Err(again) => error
                .because(format!("the tag cannot be put back on {}: {again}", before.digest))
                .with_kind(Kind::Incomplete),
        }
    }

    /// Looks for tags that the plan knows nothing of: one that was put on the manifest meanwhile would go with it. Between this look
    /// and the deletion there is no protection: the protocol knows no condition for a deletion.
    async fn nothing_appeared(&self, digest: &Digest, seen: &mut Seen) -> Result<()> {
        let (client, repository) = (self.client, self.repository);
        let is_worth_a_look = |tag: &Tag| seen.get(tag).is_none_or(|on| on.as_ref() == Some(digest));
        let unknown = client.tags_again(repository).try_filter(|tag| std::future::ready(is_worth_a_look(tag)));
        let unknown: Vec<_> = match unknown.try_collect::<Vec<_>>().await {
            Ok(unknown) => unknown,
            // distribution 2 knows no list where no tag is left.
            Err(error) if error.is_not_found() => return Ok(()),
            Err(error) => return Err(error.within(format!("cannot find out what else would go with {digest}"))),
        };
        let mut appeared = Vec::new();
        for tag in unknown {
            match client.look_up(repository, Target::Tag(&tag)).await? {
                Some(now) if now.digest == *digest => appeared.push(tag),
                now => drop(seen.insert(tag, now.map(|now| now.digest))),
            }
        }
        if appeared.is_empty() {
            return Ok(());
        }
        appeared.sort();
        let names: Vec<_> = appeared.iter().map(|tag| format!("{repository}:{tag}")).collect();
        let what =
            format!("removing {repository}{} would also remove {}", self.item.wish.wanted.suffix(), names.join(", "));
        let danger = match self.item.wish.wanted {
            Wanted::Tag(_) => Danger::Siblings { digest: digest.clone(), tags: appeared },
            Wanted::Manifest(_) => Danger::Tagged { tags: appeared },
        };
        Err(Error::new(Kind::Safety(danger), what).because(format!("somebody put it on {digest} meanwhile")))
    }

    /// Fetches what the tag points at, which has to be what the plan is about.
    async fn last_look(&self, tag: &Tag) -> Result<Manifest> {
        let planned = self.item.digest.as_ref().ok_or_else(|| unknown(&format!("{}:{tag}", self.repository)))?;
        self.client.verified(self.repository, tag, planned).await
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
                Ok(_) => return Err(error),
                Err(again) if error.reply().is_none_or(|reply| reply.status >= 500) => {
                    let what = format!("cannot find out whether {}:{tag} is on {} now", self.repository, to.digest);
                    return Err(error.within(what).because(again).with_kind(Kind::Incomplete));
                }
                Err(_) => return Err(error),
            }
        }
    }

    /// Deletes a manifest with the tags on it. Google's registry does so only when no tag is left, and answers 400 before.
    async fn delete_with_tags(&self, digest: &Digest, tags: &[&Tag]) -> Result<Deletion> {
        let error = match self.client.delete_manifest(self.repository, digest).await {
            Err(error) if !tags.is_empty() && error.reply().is_some_and(|reply| reply.status == 400) => error,
            deleted => return deleted,
        };
        let mut untagged = Vec::new();
        let deleted = match self.untag(digest, tags, &mut untagged).await {
            Err(refused) if matches!(refused.kind(), Kind::Unsupported(_)) => Err(error),
            // With its last tag it may have gone by itself.
            Ok(()) => self.client.delete_manifest(self.repository, digest).await,
            Err(error) => Err(error),
        };
        match deleted {
            Ok(_) => Ok(Deletion::Deleted),
            Err(error) if untagged.is_empty() => Err(error),
            Err(error) => {
                let what = format!("{} removed, but not {}@{digest}", untagged.join(", "), self.repository);
                Err(error.within(what).with_kind(Kind::Incomplete))
            }
        }
    }

    /// Deletes tags by their names, as far as they are on the manifest. Tells which of them went.
    async fn untag(&self, digest: &Digest, tags: &[&Tag], untagged: &mut Vec<String>) -> Result<()> {
        let (client, repository) = (self.client, self.repository);
        for tag in tags {
            // One that was moved meanwhile is not what was meant.
            if client.look_up(repository, Target::Tag(tag)).await?.is_some_and(|now| now.digest == *digest) {
                client.delete_tag(repository, tag, digest).await?;
                untagged.push(format!("{repository}:{tag}"));
            }
        }
        Ok(())
    }

    /// A manifest may go without its tag. One that is elsewhere was put there by somebody: that it was gone before is not known.
    async fn prove_gone(&self, tag: &Tag, digest: &Digest) -> Result<()> {
        match self.client.look_up(self.repository, Target::Tag(tag)).await {
            Ok(None) => Ok(()),
            Ok(Some(now)) if now.digest != *digest => {
                Err(moved(&format!("{}:{tag}", self.repository), digest, &now.digest))
            }
            Ok(Some(_)) => Err(Error::new(Kind::Incomplete, format!("{}:{tag} is still present", self.repository))
                .because(format!("it is on the placeholder {digest}, which was deleted"))),
            Err(error) => {
                let what = format!("deleted, but cannot verify that {}:{tag} is gone", self.repository);
                Err(error.within(what).with_kind(Kind::Incomplete))
            }
        }
    }

    /// What was to stay is still there. Tags that somebody moved meanwhile are, too.
    async fn prove_stayed(&self, stay: &[Tag], digest: &Digest, seen: &mut Seen) -> Result<()> {
        let found: Vec<_> = stream::iter(stay)
            .map(|tag| async move {
                let now = self.client.look_up(self.repository, Target::Tag(tag)).await.map_err(|error| {
                    let what = format!("deleted, but cannot verify that {}:{tag} stayed", self.repository);
                    error.within(what).with_kind(Kind::Incomplete)
                })?;
                Ok::<_, Error>((tag, now))
            })
            .buffer_unordered(self.client.jobs())
            .try_collect()
            .await?;
        let mut lost = Vec::new();
        for (tag, now) in found {
            match now {
                None => lost.push(format!("{}:{tag}", self.repository)),
                Some(now) if now.digest != *digest => drop(seen.insert(tag.clone(), Some(now.digest))),
                Some(_) => {}
            }
        }
        if lost.is_empty() {
            return Ok(());
        }
        lost.sort();
        let what = format!("{} went too, which was not meant", lost.join(", "));
        Err(Error::new(Kind::Incomplete, what)
            .because(format!("the registry took it along, or somebody removed it meanwhile; it was on {digest}")))
    }
}
