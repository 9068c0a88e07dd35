//! The storage that tags and repositories use: the bytes of distinct blobs, and which of them nothing else uses.
//!
//! Only configs and layers count, not the manifests themselves. A blob counts once for a tag, however many of its
//! platforms share it, once for a repository, and once for all repositories together: registries store it once.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::name::Tag;
use crate::registry::TagIndex;
use crate::registry::snapshot::{BlobKey, ManifestId, ManifestState, Pointer};

/// What one repository stores: its tags with their sizes, and its blobs. Serialized, it can be added up in another run.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct RepositoryStorage {
    /// The tags, in the order of the registry, with the bytes of the distinct blobs that each reaches.
    tags: Vec<(Tag, Option<u64>)>,
    /// The distinct blobs with their sizes, and the position of the only tag that uses each.
    blobs: Vec<(BlobKey, u64, Option<u32>)>,
    /// The errors while reading the tags, by their positions.
    #[serde(skip)]
    errors: HashMap<u32, Error>,
}

/// Adds up the storage of repositories, one after the other. Keeps a few bytes per tag and per blob.
#[derive(Debug, Default)]
pub struct StorageUsage {
    blobs: HashMap<BlobKey, (u64, Users)>,
    repositories: Vec<RepositoryUsage>,
}

/// The storage of everything that was added.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct UsageReport {
    /// Each repository, in the order in which they were added.
    pub repositories: Vec<RepositoryUsage>,
    /// Bytes of all distinct blobs.
    pub size: u64,
    /// Those of them that more than one repository uses.
    pub shared: u64,
}

/// The storage of one repository.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct RepositoryUsage {
    /// Its tags, in the order of the registry.
    pub tags: Vec<TagUsage>,
    /// Bytes of its distinct blobs, as far as their sizes are known.
    pub size: u64,
    /// Those of them that no other repository uses.
    pub unique: u64,
}

/// The storage of one tag.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TagUsage {
    /// The tag.
    pub tag: Tag,
    /// Bytes of the distinct blobs that it reaches; `None` where not all are known.
    pub size: Option<u64>,
    /// Those of them that no other tag uses, as far as their sizes are known.
    pub unique: u64,
    /// The first error while reading it.
    pub error: Option<Error>,
}

/// Who uses a blob: by the positions of a repository and of a tag in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Users {
    Tag { repository: u32, tag: u32 },
    Repository(u32),
    Several,
}

impl Users {
    fn and(self, other: Self) -> Self {
        if self == other { self } else { Self::Several }
    }

    fn repository(self) -> Option<u32> {
        match self {
            Self::Tag { repository, .. } | Self::Repository(repository) => Some(repository),
            Self::Several => None,
        }
    }
}

/// Who uses a blob or manifest of one repository, by positions. Each step up is made once, so that following what
/// depends on what takes time linear in its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tags {
    One(u32),
    Several,
}

impl Tags {
    fn and(self, other: Self) -> Self {
        if self == other { self } else { Self::Several }
    }
}

impl RepositoryStorage {
    /// What a repository stores.
    pub fn of(index: &TagIndex) -> Self {
        let mut storage = Self { tags: Vec::with_capacity(index.tag_count()), ..Self::default() };
        let mut users: Vec<Option<Tags>> = vec![None; index.manifest_count()];
        let mut pending = Vec::new();
        // Tags on the same manifest have the same size.
        let mut sizes: HashMap<ManifestId, (Option<u64>, Option<Error>)> = HashMap::new();
        for (number, (_, tag, pointer)) in (0..).zip(index.tags()) {
            let (size, error) = match pointer {
                Pointer::At(manifest) => {
                    use_by(&mut users, &mut pending, *manifest, Tags::One(number));
                    sizes.entry(*manifest).or_insert_with(|| measure(index, *manifest)).clone()
                }
                // A listed tag that leads nowhere uses nothing.
                Pointer::Dangling => (Some(0), None),
                Pointer::Unknown(error) => (None, Some(error.clone())),
            };
            storage.tags.push((tag.clone(), size));
            storage.errors.extend(error.map(|error| (number, error)));
        }
        while let Some(manifest) = pending.pop() {
            let Some(by) = users[manifest.position()] else { continue };
            for child in index.children(manifest) {
                use_by(&mut users, &mut pending, *child, by);
            }
        }
        let mut blobs: HashMap<BlobKey, (u64, Tags)> = HashMap::new();
        for (manifest, state) in index.manifests() {
            let (Some(by), ManifestState::Read(facts)) = (users[manifest.position()], state) else { continue };
            for blob in &facts.blobs {
                let size = index.blob_size(*blob);
                let entry = blobs.entry(index.blob_key(*blob)).or_insert((size, by));
                *entry = (entry.0.max(size), entry.1.and(by));
            }
        }
        let only = |tags| match tags {
            Tags::One(tag) => Some(tag),
            Tags::Several => None,
        };
        storage.blobs = blobs.into_iter().map(|(key, (size, tags))| (key, size, only(tags))).collect();
        storage
    }

    /// Whether everything could be read.
    pub fn is_complete(&self) -> bool {
        self.errors.is_empty()
    }
}

impl StorageUsage {
    /// Adds a repository, and returns its position in the report.
    pub fn add(&mut self, storage: RepositoryStorage) -> usize {
        let RepositoryStorage { tags, blobs, mut errors } = storage;
        let position = self.repositories.len();
        let repository = u32::try_from(position).unwrap_or(u32::MAX);
        let mut total = 0_u64;
        for (key, size, tag) in blobs {
            total = total.saturating_add(size);
            let by = tag.map_or(Users::Repository(repository), |tag| Users::Tag { repository, tag });
            let entry = self.blobs.entry(key).or_insert((size, by));
            *entry = (entry.0.max(size), entry.1.and(by));
        }
        let usage = |(number, (tag, size))| TagUsage { tag, size, unique: 0, error: errors.remove(&number) };
        let tags = (0..).zip(tags).map(usage).collect();
        self.repositories.push(RepositoryUsage { tags, size: total, unique: 0 });
        position
    }

    /// The report of everything that was added.
    pub fn report(mut self) -> UsageReport {
        let (mut total, mut shared) = (0_u64, 0_u64);
        for (size, users) in self.blobs.into_values() {
            total = total.saturating_add(size);
            let Some(repository) = users.repository().and_then(|at| self.repositories.get_mut(at as usize)) else {
                shared = shared.saturating_add(size);
                continue;
            };
            repository.unique = repository.unique.saturating_add(size);
            if let Users::Tag { tag, .. } = users
                && let Some(tag) = repository.tags.get_mut(tag as usize)
            {
                tag.unique = tag.unique.saturating_add(size);
            }
        }
        UsageReport { repositories: self.repositories, size: total, shared }
    }
}

/// Adds a user of a manifest. What it lists has the same user, and is looked at again where that is new.
fn use_by(users: &mut [Option<Tags>], pending: &mut Vec<ManifestId>, manifest: ManifestId, by: Tags) {
    let known = &mut users[manifest.position()];
    let joined = known.map_or(by, |known| known.and(by));
    if *known != Some(joined) {
        *known = Some(joined);
        pending.push(manifest);
    }
}

/// The size of a manifest and the first error below it.
fn measure(index: &TagIndex, manifest: ManifestId) -> (Option<u64>, Option<Error>) {
    (index.size(manifest), index.first_error(manifest).cloned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::{Algorithm, Digest};
    use crate::registry::snapshot::{Builder, Form, ManifestFacts};

    /// A manifest: its blobs with their sizes, and its children by number.
    type Manifest<'a> = (&'a [(&'a str, u64)], &'a [usize]);

    /// A repository of tags, each on a manifest by number.
    fn index(tags: &[(&str, usize)], manifests: &[Manifest<'_>]) -> TagIndex {
        let mut builder = Builder::default();
        let digest = |number: usize| Digest::of(Algorithm::Sha256, format!("{tags:?} {number}").as_bytes());
        let ids: Vec<_> = (0..manifests.len()).map(|number| builder.manifest(&digest(number))).collect();
        for (number, (blobs, children)) in manifests.iter().enumerate() {
            let blobs = blobs
                .iter()
                .map(|(name, size)| builder.blob(Digest::of(Algorithm::Sha256, name.as_bytes()).as_str(), *size));
            let facts = ManifestFacts {
                blobs: blobs.collect(),
                children: children.iter().map(|child| ids[*child]).collect(),
                form: if children.is_empty() { Form::Image } else { Form::Index },
                ..ManifestFacts::default()
            };
            builder.set(ids[number], ManifestState::Read(facts));
        }
        for (tag, number) in tags {
            let (tag, _) = builder.tag(tag.parse().expect("a tag"));
            builder.point(tag, Pointer::At(ids[*number]));
        }
        builder.build()
    }

    fn report(indexes: &[TagIndex]) -> UsageReport {
        let mut usage = StorageUsage::default();
        for index in indexes {
            usage.add(RepositoryStorage::of(index));
        }
        usage.report()
    }

    fn tags(report: &UsageReport, repository: usize) -> Vec<(String, Option<u64>, u64)> {
        let tags = report.repositories[repository].tags.iter();
        tags.map(|tag| (tag.tag.to_string(), tag.size, tag.unique)).collect()
    }

    #[test]
    fn shared_bytes_count_once() {
        let one = index(&[("a", 0), ("b", 1)], &[(&[("base", 100), ("a", 5)], &[]), (&[("base", 100), ("b", 7)], &[])]);
        let report = report(&[one]);
        assert_eq!(tags(&report, 0), [("a".to_owned(), Some(105), 5), ("b".to_owned(), Some(107), 7)]);
        assert_eq!((report.size, report.repositories[0].size, report.repositories[0].unique), (112, 112, 112));
        assert_eq!(report.shared, 0);
    }

    #[test]
    fn tags_on_one_manifest_share_everything() {
        let report = report(&[index(&[("a", 0), ("latest", 0)], &[(&[("layer", 100)], &[])])]);
        assert_eq!(tags(&report, 0), [("a".to_owned(), Some(100), 0), ("latest".to_owned(), Some(100), 0)]);
    }

    #[test]
    fn an_index_holds_what_its_images_hold() {
        let images: [Manifest<'_>; 3] =
            [(&[("base", 100), ("amd64", 5)], &[]), (&[("base", 100), ("arm64", 6)], &[]), (&[], &[0, 1])];
        let alone = report(&[index(&[("multi", 2)], &images)]);
        assert_eq!(tags(&alone, 0), [("multi".to_owned(), Some(111), 111)]);
        let beside = report(&[index(&[("multi", 2), ("amd64", 0)], &images)]);
        assert_eq!(tags(&beside, 0), [("multi".to_owned(), Some(111), 6), ("amd64".to_owned(), Some(105), 0)]);
    }

    #[test]
    fn blobs_of_several_repositories_are_shared() {
        let repository = |own: (&'static str, u64)| index(&[(own.0, 0)], &[(&[("base", 100), own], &[])]);
        let report = report(&[repository(("a", 5)), repository(("b", 7))]);
        assert_eq!(tags(&report, 0), [("a".to_owned(), Some(105), 5)]);
        let repositories: Vec<_> = report.repositories.iter().map(|it| (it.size, it.unique)).collect();
        assert_eq!(repositories, [(105, 5), (107, 7)]);
        assert_eq!((report.size, report.shared), (112, 100));
    }

    #[test]
    fn what_was_serialized_adds_up_to_the_same() {
        let images: [Manifest<'_>; 3] =
            [(&[("base", 100), ("amd64", 5)], &[]), (&[("base", 100), ("arm64", 6)], &[]), (&[], &[0, 1])];
        let indexes = [index(&[("multi", 2), ("amd64", 0)], &images), index(&[("a", 0)], &[(&[("base", 100)], &[])])];
        let mut usage = StorageUsage::default();
        for index in &indexes {
            let text = serde_json::to_string(&RepositoryStorage::of(index)).expect("JSON");
            usage.add(serde_json::from_str(&text).expect("the same"));
        }
        let (again, once) = (usage.report(), report(&indexes));
        assert_eq!(format!("{again:?}"), format!("{once:?}"));
        assert_eq!((again.size, again.shared), (111, 100));
    }

    #[test]
    fn unknown_sizes_do_not_count_as_zero() {
        let mut builder = Builder::default();
        let missing = builder.manifest(&Digest::of(Algorithm::Sha256, b"missing"));
        builder.set(missing, ManifestState::Missing);
        let (tag, _) = builder.tag("a".parse().expect("a tag"));
        builder.point(tag, Pointer::At(missing));
        let report = report(&[builder.build()]);
        assert_eq!(tags(&report, 0), [("a".to_owned(), None, 0)]);
        assert_eq!(report.size, 0);
    }
}
