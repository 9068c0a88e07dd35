//! Images in use, read from files that name them: a list of pods, a rendered chart, a compose file.

mod document;
mod named;

use std::collections::{BTreeSet, HashMap, HashSet};

use self::document::Found;
pub use self::document::MAX_BYTES;
use self::named::{Name, Named};
use crate::error::{Error, Result};
use crate::name::{Digest, Located, Registry, Repository, Tag};
use crate::registry::snapshot::{BlobKey, ManifestId, TagIndex};

/// The images that a file names.
///
/// ```
/// use registry_ls::retention::UsedImages;
///
/// let images = UsedImages::read(b"kind: Pod\nspec:\n  containers:\n  - image: reg.corp:5000/team/app:1.4\n")?;
/// let used = images.in_repository(&"reg.corp:5000".parse()?, &"team/app".parse()?);
/// assert!(used.names(&"1.4".parse()?) && !used.names(&"1.5".parse()?));
/// # Ok::<(), registry_ls::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct UsedImages {
    by_repository: HashMap<Repository, Vec<(Registry, UsedTags)>>,
    /// Digests without a repository, as container runtimes report them.
    digests: HashSet<Digest>,
    ignored: BTreeSet<String>,
}

impl UsedImages {
    /// Reads YAML or JSON, one or several documents of it, or a list with one reference per line; `#` begins a comment
    /// line.
    ///
    /// In YAML and JSON every string under a key `image`, `imageID` or `images` counts, at any depth and in either
    /// case; so does every mapping with a `repository` and a `tag`, with its `registry` if it has one. A number matches
    /// every tag that is this number, since YAML reads `1.10` and `1.1` alike. Items of a top-level list count too. Of
    /// a reference with a tag and a digest both count.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`](crate::error::Kind::Config): when it cannot be read, names an image by an unexpanded template,
    /// or names no image at all.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        let found = read_names(bytes)?;
        let mut images = Self::default();
        found.names().for_each(|name| images.add(&name));
        match images.is_empty() {
            true => Err(Error::config("no image is named as in use")),
            false => Ok(images),
        }
    }

    fn add(&mut self, name: &Name<'_>) {
        match name.read() {
            Some(Named::Digest(digest)) => drop(self.digests.insert(digest)),
            Some(Named::Image { registry, repository, tag, number, digest }) => {
                let registries = self.by_repository.entry(repository).or_default();
                let position = registries.iter().position(|(known, _)| *known == registry).unwrap_or_else(|| {
                    registries.push((registry, UsedTags::default()));
                    registries.len() - 1
                });
                let used = &mut registries[position].1;
                used.tags.extend(tag);
                used.digests.extend(digest);
                used.numbers.extend(number.filter(|number| !used.numbers.contains(number)));
            }
            None if self.ignored.len() < 100 => drop(self.ignored.insert(name.to_string())),
            None => {}
        }
    }

    /// Whether nothing is named.
    fn is_empty(&self) -> bool {
        self.by_repository.is_empty() && self.digests.is_empty()
    }

    /// Names of images that are not references and were ignored, at most a hundred, in alphabetical order.
    pub fn ignored(&self) -> impl Iterator<Item = &str> {
        self.ignored.iter().map(String::as_str)
    }

    /// Whether any image of a registry is named. A digest without a repository counts for every registry.
    pub fn names_registry(&self, registry: &Registry) -> bool {
        let is_named = |(repository, named): (&Repository, &Vec<(Registry, UsedTags)>)| {
            named.iter().any(|(named, _)| is_meant(named, repository, registry))
        };
        !self.digests.is_empty() || self.by_repository.iter().any(is_named)
    }

    /// The tags and digests of one repository that are in use. A reference counts only for the registry whose host and
    /// port it names, or Docker Hub where it names none; a digest without a repository counts for every repository.
    pub fn in_repository(&self, registry: &Registry, repository: &Repository) -> UsedTags {
        let mut all = UsedTags { image_ids: self.digests.clone(), ..UsedTags::default() };
        let named = self.by_repository.get(repository).into_iter().flatten();
        for (_, used) in named.filter(|(named, _)| is_meant(named, repository, registry)) {
            all.tags.extend(used.tags.iter().cloned());
            all.digests.extend(used.digests.iter().cloned());
            all.numbers.extend(&used.numbers);
        }
        all
    }
}

/// An image that a file names.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct NamedImage {
    /// Its registry; Docker Hub's where none is named.
    pub registry: Registry,
    /// Its repository.
    pub repository: Repository,
    /// Its tag.
    pub tag: Option<Tag>,
    /// Its tag where it is written as a number: YAML reads `1.10` and `1.1` alike.
    pub number: Option<f64>,
    /// Its digest.
    pub digest: Option<Digest>,
}

/// The images that a file names, to be looked up.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct NamedImages {
    /// The images, in the order of their names.
    pub images: Vec<NamedImage>,
    /// Names that are not references.
    pub ignored: BTreeSet<String>,
    /// The number of digests without a repository, as container runtimes report them.
    pub digests: usize,
}

impl NamedImages {
    /// Reads what [`UsedImages::read`] reads.
    ///
    /// # Errors
    ///
    /// Those of [`UsedImages::read`].
    pub fn read(bytes: &[u8]) -> Result<Self> {
        let found = read_names(bytes)?;
        let mut named = Self::default();
        let mut names: Vec<_> = found.names().collect();
        names.sort();
        for name in names {
            match name.read() {
                Some(Named::Digest(_)) => named.digests += 1,
                Some(Named::Image { registry, repository, tag, number, digest }) => {
                    named.images.push(NamedImage { registry, repository, tag, number, digest });
                }
                None => drop(named.ignored.insert(name.to_string())),
            }
        }
        named.images.dedup();
        match named.images.is_empty() && named.digests == 0 {
            true => Err(Error::config("no image is named")),
            false => Ok(named),
        }
    }
}

/// The names of images in a file.
fn read_names(bytes: &[u8]) -> Result<Found> {
    let cannot = |cause: String| Error::config("cannot read the names of images").because(cause);
    if bytes.len() > MAX_BYTES {
        return Err(cannot(format!("more than {} MiB", MAX_BYTES >> 20)));
    }
    let found = Found::read(bytes).map_err(cannot)?;
    let template = found.names().find_map(|name| name.template().map(str::to_owned));
    match template {
        Some(template) => Err(cannot(format!("'{template}' is an unexpanded template"))),
        None => Ok(found),
    }
}

/// Whether a reference with the registry `named` refers to `registry`.
fn is_meant(named: &Registry, repository: &Repository, registry: &Registry) -> bool {
    let located = Located { registry: Some(named.clone()), name: repository.clone(), scheme: None };
    located.within(registry).0 == *registry
}

/// The tags and digests of one repository that are in use.
#[derive(Debug, Clone, Default)]
pub struct UsedTags {
    tags: HashSet<Tag>,
    /// Tags that were written as numbers.
    numbers: Vec<f64>,
    /// Digests that were named with the repository.
    digests: HashSet<Digest>,
    /// Digests that were named without one.
    image_ids: HashSet<Digest>,
}

impl UsedTags {
    /// The union of both.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.tags.extend(other.tags);
        self.numbers.extend(other.numbers);
        self.digests.extend(other.digests);
        self.image_ids.extend(other.image_ids);
        self
    }

    /// By manifest: whether it is in use by one of its digests or that of its config, or lists one that is.
    pub fn manifests(&self, snapshot: &TagIndex) -> Vec<bool> {
        let mut is_used = vec![false; snapshot.manifest_count()];
        let mut waiting: Vec<ManifestId> = self.digests().filter_map(|digest| snapshot.manifest_id(digest)).collect();
        // Container runtimes identify an image by the digest of its config.
        let keys: HashSet<_> = self.digests().map(|digest| BlobKey::of(digest.as_str())).collect();
        if !keys.is_empty() {
            let names = |manifest: &ManifestId| {
                let blobs = snapshot.facts(*manifest).map_or(&[][..], |facts| &facts.blobs);
                blobs.iter().any(|blob| keys.contains(&snapshot.blob_key(*blob)))
            };
            waiting.extend(snapshot.manifests().map(|(manifest, _)| manifest).filter(names));
        }
        let same = snapshot.same_manifests().flat_map(|(one, other)| [(one, other), (other, one)]);
        let same: HashMap<_, _> = same.collect();
        while let Some(manifest) = waiting.pop() {
            if !std::mem::replace(&mut is_used[manifest.position()], true) {
                waiting.extend(snapshot.parents(manifest));
                waiting.extend(same.get(&manifest));
            }
        }
        is_used
    }

    /// Whether a tag is in use.
    pub fn names(&self, tag: &Tag) -> bool {
        let is_number = |value: f64| self.numbers.contains(&value);
        self.tags.contains(tag) || (!self.numbers.is_empty() && tag.as_str().parse().is_ok_and(is_number))
    }

    /// The tags in use, without those that were written as numbers.
    pub fn tags(&self) -> impl Iterator<Item = &Tag> {
        self.tags.iter()
    }

    /// The digests in use: of manifests, or of image configs (image IDs).
    pub fn digests(&self) -> impl Iterator<Item = &Digest> {
        self.digests.iter().chain(&self.image_ids)
    }

    /// Those of the digests that were named with the repository: of its manifests, whether a tag leads to them or not.
    pub fn pinned(&self) -> impl Iterator<Item = &Digest> {
        self.digests.iter()
    }

    /// Whether a digest is in use.
    pub fn names_digest(&self, digest: &Digest) -> bool {
        self.digests.contains(digest) || self.image_ids.contains(digest)
    }

    /// Whether nothing is in use.
    pub fn is_empty(&self) -> bool {
        self.tags.is_empty() && self.numbers.is_empty() && self.digests().next().is_none()
    }
}

#[cfg(test)]
mod tests;
