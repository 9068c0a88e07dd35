//! Removing one reference: exactly what was asked for, or nothing.

use std::collections::HashMap;
use std::sync::Arc;

use registry_ls::Kind;
use registry_ls::error::{Danger, Error, Operation, Result};
use registry_ls::name::{Digest, Reference, Registry, Repository, Tag, Target};
use registry_ls::registry::{Client, Deletion, Inventory, moved};

use crate::args::RmArgs;
use crate::ask::confirm;
use crate::usage::Usage;

/// How something is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    /// The registry deletes the tag by its name.
    Tag,
    /// The manifest is deleted, and with it every tag on it.
    Manifest,
}

impl Method {
    /// As records have it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Tag => "delete-tag",
            Self::Manifest => "delete-manifest",
        }
    }
}

/// What became of a reference.
#[derive(Debug, Clone)]
pub(super) struct Removal {
    /// What it pointed at.
    pub digest: Option<Digest>,
    /// How it was removed; `None` for what was not there.
    pub method: Option<Method>,
    /// The tags that nobody named and that go with it, sorted.
    pub also: Vec<Tag>,
}

type Place = (Registry, Repository);

/// Removes one reference after the other, and knows what was removed before.
pub(super) struct Remover<'a> {
    args: &'a RmArgs,
    /// The tags that are named, by place: to remove them together is what was asked for.
    named: HashMap<Place, Vec<Tag>>,
    /// What a repository holds, read once it matters.
    inventories: HashMap<Place, Inventory>,
    /// Tags that went with a manifest.
    gone: HashMap<Place, Vec<(Tag, Digest)>>,
    /// Whether a deletion was sent for the reference that is being removed.
    sent: bool,
}

impl<'a> Remover<'a> {
    pub(super) fn new(args: &'a RmArgs, targets: &[(Arc<Client>, Reference)]) -> Self {
        let mut named: HashMap<Place, Vec<Tag>> = HashMap::new();
        for (client, reference) in targets {
            named.entry(place(client, reference.repository())).or_default().extend(tag(reference));
        }
        Self { args, named, inventories: HashMap::new(), gone: HashMap::new(), sent: false }
    }

    /// Whether the reference that was being removed when [`Remover::remove`] was given up may be gone.
    pub(super) fn is_unsure(&self) -> bool {
        self.sent
    }

    /// Removes what a reference names. The outer error ends the command, the inner is about this reference.
    pub(super) async fn remove(&mut self, client: &Client, reference: &Reference) -> Result<Result<Removal>, Usage> {
        self.sent = false;
        let removed = match tag(reference) {
            Some(tag) => self.remove_tag(client, reference, &tag).await,
            None => self.remove_manifest(client, reference).await,
        };
        match removed {
            Ok(removal) => Ok(Ok(removal)),
            Err(Refused::Unconfirmed(usage)) => Err(usage),
            Err(Refused::Failed(error)) if error.is_not_found() && self.args.ignore_missing => {
                Ok(Ok(Removal { digest: None, method: None, also: Vec::new() }))
            }
            Err(Refused::Failed(error)) => Ok(Err(error)),
        }
    }

    async fn remove_tag(&mut self, client: &Client, reference: &Reference, tag: &Tag) -> Result<Removal, Refused> {
        let repository = reference.repository();
        if let Some(removal) = self.went_before(client, repository, tag) {
            return Ok(removal);
        }
        let digest = client.resolve(repository, Target::Tag(tag)).await?.digest;
        if let Some(expected) = reference.digest()
            && *expected != digest
        {
            return Err(moved(&format!("{repository}:{tag}"), expected, &digest).into());
        }
        if self.args.with_siblings {
            return self.remove_with_siblings(client, repository, tag, digest).await;
        }
        self.sent = !self.args.dry_run;
        let by_name = if self.args.dry_run {
            client.probe_tag_deletion(repository).await.map(|()| Deletion::Deleted)
        } else {
            client.delete_tag(repository, tag, &digest).await
        };
        match by_name {
            Ok(deletion) => {
                if let Some(inventory) = self.inventories.get_mut(&place(client, repository)) {
                    inventory.forget_tag(tag);
                }
                let method = (deletion == Deletion::Deleted).then_some(Method::Tag);
                Ok(Removal { digest: Some(digest), method, also: Vec::new() })
            }
            Err(error) if matches!(error.kind(), Kind::Unsupported(Operation::DeleteTag)) => {
                self.sent = false;
                self.remove_lone_tag(client, repository, tag, digest).await
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Where tags are not deleted by name, a tag that is alone on its manifest goes with the manifest.
    async fn remove_lone_tag(
        &mut self,
        client: &Client,
        repository: &Repository,
        tag: &Tag,
        digest: Digest,
    ) -> Result<Removal, Refused> {
        client.probe_deletion(repository).await?;
        let place = place(client, repository);
        let inventory = self.inventory(client, repository).await?;
        let indexes = inventory.indexes_listing(&digest);
        let on_digest = inventory.tags_on(&digest);
        let named = self.named.get(&place).map(Vec::as_slice).unwrap_or_default();
        let siblings: Vec<_> = on_digest.into_iter().filter(|other| other != tag && !named.contains(other)).collect();
        if !siblings.is_empty() {
            let what = format!("removing {repository}:{tag} would also remove {}", listed(repository, &siblings));
            let danger = Danger::Siblings { digest: digest.clone(), tags: siblings };
            let cause = format!("{} deletes manifests, not tags, and all of them are {digest}", client.registry());
            return Err(Error::new(Kind::Safety(danger), what).because(cause).into());
        }
        if !indexes.is_empty() {
            return Err(in_index(&format!("{repository}:{tag}"), indexes).into());
        }
        self.delete_manifest(client, repository, Some(tag), digest).await
    }

    async fn remove_with_siblings(
        &mut self,
        client: &Client,
        repository: &Repository,
        tag: &Tag,
        digest: Digest,
    ) -> Result<Removal, Refused> {
        // Nobody is asked about what cannot be done, and a dry run does not promise it.
        client.probe_deletion(repository).await?;
        let inventory = self.inventory(client, repository).await?;
        let indexes = inventory.indexes_listing(&digest);
        let siblings: Vec<_> = inventory.tags_on(&digest).into_iter().filter(|other| other != tag).collect();
        if !indexes.is_empty() {
            return Err(in_index(&format!("{repository}:{tag}"), indexes).into());
        }
        if !siblings.is_empty() {
            self.ask(&format!("removing {repository}:{tag} also removes {}", listed(repository, &siblings))).await?;
        }
        self.delete_manifest(client, repository, Some(tag), digest).await
    }

    async fn remove_manifest(&mut self, client: &Client, reference: &Reference) -> Result<Removal, Refused> {
        let repository = reference.repository();
        let digest = client.resolve(repository, reference.target()).await?.digest;
        client.probe_deletion(repository).await?;
        let inventory = self.inventory(client, repository).await?;
        let (tags, indexes) = (inventory.tags_on(&digest), inventory.indexes_listing(&digest));
        if !indexes.is_empty() {
            return Err(in_index(&format!("{repository}@{digest}"), indexes).into());
        }
        if !tags.is_empty() && !self.args.all_tags {
            let what = format!("removing {repository}@{digest} would also remove {}", listed(repository, &tags));
            let cause = if tags.len() == 1 { "this tag points at it" } else { "these tags point at it" };
            return Err(Error::new(Kind::Safety(Danger::Tagged { tags }), what).because(cause).into());
        }
        if !tags.is_empty() {
            self.ask(&format!("removing {repository}@{digest} also removes {}", listed(repository, &tags))).await?;
        }
        self.delete_manifest(client, repository, None, digest).await
    }

    /// The last step. What the tag points at is looked at once more just before.
    async fn delete_manifest(
        &mut self,
        client: &Client,
        repository: &Repository,
        tag: Option<&Tag>,
        digest: Digest,
    ) -> Result<Removal, Refused> {
        let also = self.inventory(client, repository).await?.tags_on(&digest);
        let also: Vec<_> = also.into_iter().filter(|other| Some(other) != tag).collect();
        let mut method = Some(Method::Manifest);
        if !self.args.dry_run {
            if let Some(tag) = tag {
                let now = client.resolve(repository, Target::Tag(tag)).await?.digest;
                if now != digest {
                    return Err(moved(&format!("{repository}:{tag}"), &digest, &now).into());
                }
            }
            self.sent = true;
            let tags: Vec<_> = tag.into_iter().chain(&also).collect();
            let deletion = delete_with_tags(client, repository, &digest, &tags).await?;
            method = method.filter(|_| deletion == Deletion::Deleted);
        }
        let place = place(client, repository);
        if let Some(inventory) = self.inventories.get_mut(&place) {
            inventory.forget_manifest(&digest);
        }
        let named = self.named.get(&place).map(Vec::as_slice).unwrap_or_default();
        let gone = self.gone.entry(place).or_default();
        gone.extend(also.iter().map(|tag| (tag.clone(), digest.clone())));
        let also = also.into_iter().filter(|tag| !named.contains(tag)).collect();
        Ok(Removal { digest: Some(digest), method, also })
    }

    /// A tag that an earlier reference of this command took along.
    fn went_before(&self, client: &Client, repository: &Repository, tag: &Tag) -> Option<Removal> {
        let gone = self.gone.get(&place(client, repository))?;
        let (_, digest) = gone.iter().find(|(known, _)| known == tag)?;
        Some(Removal { digest: Some(digest.clone()), method: Some(Method::Manifest), also: Vec::new() })
    }

    async fn inventory(&mut self, client: &Client, repository: &Repository) -> Result<&Inventory> {
        let place = place(client, repository);
        if !self.inventories.contains_key(&place) {
            let inventory = client.inventory(repository).await.map_err(|error| {
                let kind = error.kind().clone();
                error.within(format!("cannot find out what else would go with it in {repository}")).with_kind(kind)
            })?;
            self.inventories.insert(place.clone(), inventory);
        }
        Ok(&self.inventories[&place])
    }

    async fn ask(&self, what: &str) -> Result<(), Usage> {
        if self.args.yes || self.args.dry_run { Ok(()) } else { confirm(what).await }
    }
}

/// Deletes a manifest with the tags on it. Google's registry does so only when no tag is left, and answers 400 before.
async fn delete_with_tags(
    client: &Client,
    repository: &Repository,
    digest: &Digest,
    tags: &[&Tag],
) -> Result<Deletion> {
    match client.delete_manifest(repository, digest).await {
        Err(error) if !tags.is_empty() && error.reply().is_some_and(|reply| reply.status == 400) => {
            for tag in tags {
                // One that was moved meanwhile is not what was meant.
                match client.resolve(repository, Target::Tag(tag)).await {
                    Ok(now) if now.digest == *digest => {}
                    Ok(_) => continue,
                    Err(gone) if gone.is_not_found() => continue,
                    Err(error) => return Err(error),
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

/// Why a reference was not removed.
enum Refused {
    Failed(Error),
    Unconfirmed(Usage),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<Usage> for Refused {
    fn from(usage: Usage) -> Self {
        Self::Unconfirmed(usage)
    }
}

fn place(client: &Client, repository: &Repository) -> Place {
    (client.registry().clone(), repository.clone())
}

/// The tag that a reference names: `REPO:TAG@DIGEST` is the tag, as long as it is on that digest.
fn tag(reference: &Reference) -> Option<Tag> {
    match (reference.tag(), reference.digest()) {
        (Some(tag), _) => Some(tag.clone()),
        (None, None) => Some(Tag::latest()),
        (None, Some(_)) => None,
    }
}

/// `team/app:a, team/app:b`
fn listed(repository: &Repository, tags: &[Tag]) -> String {
    tags.iter().map(|tag| format!("{repository}:{tag}")).collect::<Vec<_>>().join(", ")
}

fn in_index(what: &str, indexes: Vec<Digest>) -> Error {
    let cause = format!("it is listed by {}", indexes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
    Error::new(Kind::Safety(Danger::InIndex { indexes }), format!("removing {what} would leave an index broken"))
        .because(cause)
}
