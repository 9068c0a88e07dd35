//! Undoes removals: pushes manifests back from the [`Archive`], children before the indexes that list them, then tags.
//!
//! 1. Nothing is overwritten: a tag that exists again is left alone.
//! 2. What exists needs no push; undoing twice changes nothing.
//! 3. Only bytes that match their digest are pushed, and each push is verified: the tag points to that digest.
//! 4. After the registry's garbage collection the missing blobs are named, and nothing incomplete is pushed.
//!
//! ```text
//! let entries = archive.entries(&archive.runs()?[0].id)?;
//! for restoration in Restoration::plan(&archive, entries, |_| true) {
//!     let outcomes = restoration.execute(&client_of(restoration.registry()), archive.clone());
//! }
//! ```

mod order;
mod push;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures::{Stream, StreamExt, stream};

pub use push::Restored;

use self::order::{Children, below, depths};
use super::archive::{Archive, Entry};
use crate::error::Result;
use crate::name::{Digest, Registry, Repository, Tag};
use crate::registry::{Client, RepositoryHandle, media_types};

/// The most manifests, of up to 4 MiB each, that are in memory at once.
const MAX_CONCURRENT: usize = 8;

/// What is to be pushed back to one repository.
#[derive(Debug, Clone)]
pub struct Restoration {
    registry: Arc<Registry>,
    repository: Arc<Repository>,
    /// The entries in steps. Those of one step do not depend on each other.
    steps: Vec<Vec<Entry>>,
}

impl Restoration {
    /// Plans the entries that are selected, by repository, and there children first. Of the other entries, only the
    /// manifests that a selected index needs are included.
    ///
    /// Blocks: the indexes among the manifests are read from the archive.
    pub fn plan(
        archive: &Archive,
        entries: impl IntoIterator<Item = Entry>,
        is_selected: impl Fn(&Entry) -> bool,
    ) -> Vec<Self> {
        let mut places: Vec<(Arc<Registry>, Arc<Repository>, Vec<Entry>)> = Vec::new();
        let mut known: HashMap<(Arc<Registry>, Arc<Repository>), usize> = HashMap::new();
        for entry in entries {
            let (registry, repository) = (Arc::clone(&entry.registry), Arc::clone(&entry.repository));
            let at = *known.entry((Arc::clone(&registry), Arc::clone(&repository))).or_insert(places.len());
            if at == places.len() {
                places.push((registry, repository, Vec::new()));
            }
            places[at].2.push(entry);
        }
        let plan = |(registry, repository, entries)| {
            let steps = steps(entries, |index| listed(archive, index), &is_selected);
            Self { registry, repository, steps }
        };
        places.into_iter().map(plan).filter(|restoration| !restoration.steps.is_empty()).collect()
    }

    /// The registry.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The repository.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// The entries, in the order of the pushes.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.steps.iter().flatten()
    }

    /// Finds out what restoring each entry would do. Changes nothing; whether the registry still has the blobs shows
    /// only with a push.
    ///
    /// The errors of an entry are those of [`Restoration::execute`] that precede the push.
    pub fn inspect(self, client: &Client) -> impl Stream<Item = (Entry, Result<Restored>)> + Send + use<> {
        self.each(client, |repository, entry| async move {
            let outcome = push::inspect(&repository, &entry).await;
            (entry, outcome)
        })
    }

    /// Pushes the entries, a few at once, and yields the result of each in their order. Dropping the stream stops it.
    ///
    /// The errors of an entry are [`Danger::TagExists`](crate::error::Danger::TagExists) when the tag points to another
    /// digest now, [`Danger::MissingBlobs`](crate::error::Danger::MissingBlobs) when the registry no longer has what
    /// the manifest needs, [`Danger::DamagedCopy`](crate::error::Danger::DamagedCopy) when the archived copy cannot be
    /// used, and [`Kind::Incomplete`](crate::Kind::Incomplete) when it was pushed and could not be verified.
    pub fn execute(
        self,
        client: &Client,
        archive: Archive,
    ) -> impl Stream<Item = (Entry, Result<Restored>)> + Send + use<> {
        self.each(client, move |repository, entry| {
            let archive = archive.clone();
            async move {
                let outcome = push::restore(&repository, &archive, &entry).await;
                (entry, outcome)
            }
        })
    }

    /// Does `work` for each entry: those of a step concurrently, the steps in their order.
    fn each<F, W>(self, client: &Client, work: W) -> impl Stream<Item = F::Output> + Send + use<F, W>
    where
        W: Fn(RepositoryHandle, Entry) -> F + Send + 'static,
        F: Future<Output: Send> + Send + 'static,
    {
        let repository = client.repository(&self.repository);
        let step = move |step: Vec<Entry>| {
            let works: Vec<_> = step.into_iter().map(|entry| work(repository.clone(), entry)).collect();
            stream::iter(works).buffered(MAX_CONCURRENT)
        };
        stream::iter(self.steps).flat_map(step)
    }
}

/// The children of an index; none where it cannot be read, which is reported when it is pushed.
fn listed(archive: &Archive, index: &Entry) -> Vec<Digest> {
    let document = archive.manifest(index).and_then(|manifest| manifest.document());
    document.map_or_else(
        |_| Vec::new(),
        |document| document.children().filter_map(|child| child.digest.supported()).cloned().collect(),
    )
}

/// The entries of one repository in the order of their pushes: manifests by the levels below them, then tags.
fn steps(
    entries: Vec<Entry>,
    listed: impl Fn(&Entry) -> Vec<Digest>,
    is_selected: impl Fn(&Entry) -> bool,
) -> Vec<Vec<Entry>> {
    let mut manifests: HashMap<Digest, Entry> = HashMap::new();
    // A tag that was removed twice is restored to its last manifest.
    let mut tags: HashMap<Tag, Entry> = HashMap::new();
    let mut by_digest: Vec<Digest> = Vec::new();
    for entry in entries {
        let (is_selected, first) = (is_selected(&entry), !manifests.contains_key(&entry.digest));
        if first {
            manifests.insert(entry.digest.clone(), Entry { tag: None, ..entry.clone() });
        }
        match &entry.tag {
            None if is_selected => by_digest.push(entry.digest),
            Some(tag) if is_selected => drop(tags.insert(tag.clone(), entry)),
            _ => {}
        }
    }
    let indexes = manifests.values().filter(|manifest| media_types::is_index(&manifest.media_type));
    let children: Children = indexes
        .map(|index| {
            let listed = listed(index).into_iter().filter(|child| manifests.contains_key(child)).collect();
            (index.digest.clone(), listed)
        })
        .collect();
    let roots = by_digest.iter().chain(tags.values().map(|entry| &entry.digest));
    let needed = below(roots, &children);
    let depths = depths(&children);
    let mut steps: Vec<Vec<Entry>> = Vec::new();
    let mut seen = HashSet::new();
    let mut digests: Vec<_> = by_digest.into_iter().chain(needed).collect();
    // A stable order.
    digests.sort();
    for digest in digests.into_iter().filter(|digest| seen.insert(digest.clone())) {
        let depth = depths.get(&digest).copied().unwrap_or_default();
        steps.resize_with(steps.len().max(depth + 1), Vec::new);
        steps[depth].extend(manifests.get(&digest).cloned());
    }
    let mut tags: Vec<_> = tags.into_values().collect();
    tags.sort_by(|a, b| a.tag.cmp(&b.tag));
    steps.push(tags);
    steps.retain(|step| !step.is_empty());
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::removal::archive::Limits;

    #[test]
    fn restorations_can_be_sent_to_other_threads() {
        fn spawnable<T: Send + 'static>(_: &T) {}
        let client = Client::new("http://registry.corp".parse().expect("a valid name")).expect("a client");
        let place = (Arc::new(client.registry().clone()), Arc::new("app".parse().expect("a valid name")));
        let restoration = Restoration { registry: place.0, repository: place.1, steps: Vec::new() };
        spawnable(&restoration.clone().inspect(&client));
        spawnable(&restoration.execute(&client, Archive::at("/nowhere", Limits::default())));
    }
}
