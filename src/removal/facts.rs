//! What is known of a registry and a repository before anything is decided. Nothing is changed to find it out.

use std::collections::{BTreeSet, HashMap, HashSet};

use futures::{StreamExt, stream};

use super::wish::{Method, Permits, Takes, Wanted, Wish};
use crate::error::{Error, Kind, Operation, Result};
use crate::name::{Digest, Repository, Tag, Target};
use crate::registry::{Client, Inventory, media_types, referrers_tag};

/// How much is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// What the decision needs: nothing more than a probe, where the registry deletes tags by name.
    Enough,
    /// All that a plan can tell, for those who want to read it.
    Everything,
}

/// What the decision is made from.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The registry, as people name it.
    pub registry: String,
    /// The repository.
    pub repository: Repository,
    /// Whether the registry deletes tags by name.
    pub by_name: Result<()>,
    /// Whether it deletes manifests; not asked where nothing depends on it.
    pub by_digest: Result<()>,
    /// What the repository holds; `None` where nothing depends on it.
    pub inventory: Option<Inventory>,
    /// What is wanted and cannot be had, with the reason.
    pub missing: HashMap<Wanted, Error>,
    /// By digest, what refers to a manifest that may go.
    pub referrers: HashMap<Digest, Vec<Digest>>,
    /// Tags on a placeholder: their removal was begun before, and interrupted.
    pub left_behind: HashSet<Tag>,
}

impl Facts {
    /// Finds out about what is wanted.
    ///
    /// # Errors
    ///
    /// What keeps anything from being said about the repository. That the registry deletes nothing is none: it is a fact.
    pub(super) async fn gather(client: &Client, repository: &Repository, wishes: &[Wish], look: Look) -> Result<Self> {
        let mut facts = Self::none(client, repository);
        facts.probe_names(client, wishes).await?;
        facts.complete(client, wishes, look).await?;
        Ok(facts)
    }

    /// Finds out only what the registry deletes, for a repository whose contents are known.
    ///
    /// # Errors
    ///
    /// As for [`Plan::make`](super::Plan::make).
    pub async fn probe(
        client: &Client,
        repository: &Repository,
        inventory: Inventory,
        wishes: &[Wish],
    ) -> Result<Self> {
        let mut facts = Self { inventory: Some(inventory), ..Self::none(client, repository) };
        facts.probe_names(client, wishes).await?;
        facts.probe_manifests(client, wishes).await?;
        Ok(facts)
    }

    fn none(client: &Client, repository: &Repository) -> Self {
        Self {
            registry: client.registry().to_string(),
            repository: repository.clone(),
            by_name: Ok(()),
            by_digest: Ok(()),
            inventory: None,
            missing: HashMap::new(),
            referrers: HashMap::new(),
            left_behind: HashSet::new(),
        }
    }

    async fn probe_names(&mut self, client: &Client, wishes: &[Wish]) -> Result<()> {
        if wishes.iter().any(Wish::may_go_by_name) {
            self.by_name = refusal(client.probe_tag_deletion(&self.repository).await)?;
        }
        Ok(())
    }

    /// Asks whether manifests are deleted, if anything depends on it; says whether it does.
    async fn probe_manifests(&mut self, client: &Client, wishes: &[Wish]) -> Result<bool> {
        let matters = wishes.iter().any(|wish| self.by_name.is_err() || !wish.may_go_by_name());
        if matters {
            self.by_digest = refusal(client.probe_deletion(&self.repository).await)?;
        }
        Ok(matters)
    }

    /// Learns that tags are not deleted by name after all, and finds out what depends on that.
    ///
    /// # Errors
    ///
    /// Those of [`Facts::gather`].
    pub(super) async fn learn(&mut self, refused: Error, client: &Client, wishes: &[Wish], look: Look) -> Result<()> {
        self.by_name = Err(refused);
        self.complete(client, wishes, look).await
    }

    async fn complete(&mut self, client: &Client, wishes: &[Wish], look: Look) -> Result<()> {
        let by_digest = self.probe_manifests(client, wishes).await?;
        // Where nothing is deleted there is nothing to find out but whether it exists.
        if self.by_digest.is_err() {
            self.look_for(client, wishes).await;
        } else if by_digest || look == Look::Everything {
            self.take_stock(client, wishes).await?;
        }
        Ok(())
    }

    async fn take_stock(&mut self, client: &Client, wishes: &[Wish]) -> Result<()> {
        let inventory = client.inventory(&self.repository).await.or_else(|error| match error.is_not_found() {
            // distribution 2 forgets an emptied repository's list, and still has its manifests.
            true => Ok(Inventory::default()),
            false => Err(error.within(format!("cannot find out what else would go with it in {}", self.repository))),
        })?;
        self.inventory = Some(inventory);
        self.look_for(client, wishes).await;
        self.look_at_placeholders(client, wishes).await?;
        let whole = wishes.iter().filter(|wish| self.by_name.is_err() || !wish.may_go_by_name());
        let going: BTreeSet<_> = whole.filter_map(|wish| self.digest_of(&wish.wanted)).cloned().collect();
        let found = stream::iter(going)
            .map(|digest| async { (self.referrers_of(client, &digest).await, digest) })
            .buffer_unordered(client.jobs());
        let referrers: Vec<_> = found.collect().await;
        self.referrers = referrers.into_iter().map(|(referrers, digest)| (digest, referrers)).collect();
        Ok(())
    }

    /// Looks for what is wanted and not in the inventory: the list of tags may be behind the times.
    async fn look_for(&mut self, client: &Client, wishes: &[Wish]) {
        for wish in wishes {
            if wish.wanted.tag().is_some() && self.digest_of(&wish.wanted).is_some() {
                continue;
            }
            match (client.resolve(&self.repository, wish.target()).await, &wish.wanted, &mut self.inventory) {
                (Ok(resolved), Wanted::Tag(tag), Some(inventory)) => inventory.add_tag(tag.clone(), resolved.digest),
                (Ok(_), _, _) => {}
                (Err(error), wanted, _) => drop(self.missing.insert(wanted.clone(), error)),
            }
        }
    }

    /// The tags of which it is known what they are on.
    pub(super) fn tags(&self) -> impl Iterator<Item = &Tag> {
        self.inventory.iter().flat_map(Inventory::tags).map(|(tag, _)| tag)
    }

    /// A tag that was to go by a placeholder and is elsewhere than it was: a former run may have got as far as that.
    async fn look_at_placeholders(&mut self, client: &Client, wishes: &[Wish]) -> Result<()> {
        for wish in wishes.iter().filter(|wish| wish.permits.placeholder) {
            let (Some(tag), Some(now)) = (wish.wanted.tag(), self.digest_of(&wish.wanted)) else { continue };
            if wish.expected.as_ref().is_none_or(|expected| expected == now) {
                continue;
            }
            let document = client.manifest(&self.repository, Target::Digest(now)).await?.document()?;
            if document.artifact_type.as_deref() == Some(media_types::PLACEHOLDER) {
                self.left_behind.insert(tag.clone());
            }
        }
        Ok(())
    }

    /// The digest of what is wanted, as far as it is known.
    pub(super) fn digest_of<'a>(&'a self, wanted: &'a Wanted) -> Option<&'a Digest> {
        match wanted {
            Wanted::Tag(tag) => self.inventory.as_ref()?.digest_of(tag),
            Wanted::Manifest(digest) => Some(digest),
        }
    }

    /// What refers to a manifest: by the registry's own account, and by the names that cosign gives.
    async fn referrers_of(&self, client: &Client, digest: &Digest) -> Vec<Digest> {
        let mut referrers = match client.referrers(&self.repository, digest).await {
            Ok(referrers) => referrers.into_iter().map(|referrer| referrer.digest).collect(),
            Err(error) => {
                tracing::warn!("cannot find out what refers to {}@{digest}: {error}", self.repository);
                Vec::new()
            }
        };
        if let Ok(tag) = referrers_tag(digest) {
            let tags = self.inventory.iter().flat_map(Inventory::tags);
            let cosigned = tags.filter(|(known, _)| is_cosigned(known.as_str(), tag.as_str()));
            referrers.extend(cosigned.map(|(_, digest)| digest.clone()));
        }
        referrers.sort();
        referrers.dedup();
        referrers
    }
}

impl Wish {
    /// Whether the registry's deletion of tags by name would do.
    fn may_go_by_name(&self) -> bool {
        let Permits { takes, ways, .. } = &self.permits;
        self.wanted.tag().is_some() && *takes == Takes::Nothing && ways.allows(Method::Tag)
    }

    /// What it is resolved by.
    pub(super) fn target(&self) -> Target<'_> {
        match &self.wanted {
            Wanted::Tag(tag) => Target::Tag(tag),
            Wanted::Manifest(digest) => Target::Digest(digest),
        }
    }
}

/// `sha256-….sig`, `.att` and `.sbom` belong to what `sha256-…` is made of.
fn is_cosigned(tag: &str, of: &str) -> bool {
    let suffix = tag.strip_prefix(of);
    suffix.is_some_and(|suffix| matches!(suffix, ".sig" | ".att" | ".sbom"))
}

/// What a probe found: the outer error is that nothing was found out.
fn refusal(probed: Result<()>) -> Result<Result<()>> {
    match probed {
        Err(error) if matches!(error.kind(), Kind::Unsupported(Operation::DeleteTag | Operation::DeleteManifest)) => {
            Ok(Err(error))
        }
        Err(error) => Err(error),
        Ok(()) => Ok(Ok(())),
    }
}
