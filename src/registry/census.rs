//! What the tags of a repository are, for a decision about all of them: every manifest and every config is fetched once, however
//! many tags reach it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;

use super::client::Client;
use super::contents::DEEPEST;
use super::document::{Content, Descriptor, Document, media_types};
use super::inventory::{Index, Inventory};
use crate::error::{Error, Fault, Kind, Result};
use crate::name::{Digest, Repository, Tag, Target};

/// The tags of a repository and the manifests that they reach, at one moment.
#[derive(Debug, Clone, Default)]
pub struct Census {
    /// The tags, in the registry's order.
    pub tags: Vec<TagFacts>,
    /// The manifests on which they are, and those that these list, as far as all that they list is known. One that is not here may
    /// list anything.
    pub manifests: BTreeMap<Digest, ManifestFacts>,
}

/// What is known of one tag.
#[derive(Debug, Clone)]
pub struct TagFacts {
    /// The tag.
    pub tag: Tag,
    /// What it points at, where that is known.
    pub digest: Option<Digest>,
    /// Why not all is known of it.
    pub error: Option<Error>,
}

/// What is known of one manifest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ManifestFacts {
    /// When the image was made, of an index its newest image; `None` where it is not said.
    pub created: Option<Timestamp>,
    /// The sum of the distinct blobs in bytes, where it is known.
    pub size: Option<u64>,
    /// The distinct blobs, configs and layers, with their sizes; 0 for one whose size is not said.
    pub blobs: BTreeMap<Digest, u64>,
    /// The manifests that it lists, those that these list, and so on; also those that the registry does not have.
    pub lists: BTreeSet<Digest>,
    /// What it refers to, as signatures and SBOMs do.
    pub subject: Option<Digest>,
    /// Whether it only holds the place of a tag that was about to be removed.
    pub is_placeholder: bool,
}

impl Client {
    /// Reads what every tag of a repository is: one request for the manifest of each tag, then one for each manifest that an index
    /// lists and for each config, if they were not fetched already. A tag that goes meanwhile is left out.
    ///
    /// # Errors
    ///
    /// Those of [`Client::tags`]. What cannot be read of a tag is in its [`TagFacts::error`].
    pub async fn census(&self, repository: &Repository) -> Result<Census> {
        let mut reading = Reading { client: self, repository, read: HashMap::new(), configs: HashMap::new() };
        let tags = reading.tags().await?;
        reading.children().await;
        reading.configs().await;
        let Reading { read, configs, .. } = reading;
        let mut sums = Sums { read: &read, configs: &configs, done: BTreeMap::new() };
        let tags = tags.into_iter().map(|tag| sums.take_tag(tag)).collect();
        let known = |(digest, sum): (Digest, Result<Sum>)| Some((digest, sum.ok()?.facts));
        Ok(Census { tags, manifests: sums.done.into_iter().filter_map(known).collect() })
    }
}

impl Census {
    /// The same for those who only have to know what hangs together: a tag whose digest is not known is left out.
    pub fn inventory(&self) -> Inventory {
        let tags = self.tags.iter().filter_map(|facts| Some((facts.tag.clone(), facts.digest.clone()?)));
        let indexes = self.manifests.iter().filter(|(_, facts)| !facts.lists.is_empty());
        let indexes = indexes
            .map(|(digest, facts)| Index { digest: digest.clone(), children: facts.lists.iter().cloned().collect() });
        Inventory::new(tags.collect(), indexes.collect())
    }
}

/// What came of asking for a manifest.
enum Read {
    /// What it says.
    Said(Box<Document>),
    /// The registry does not have it.
    Missing,
    /// It cannot be read.
    Failed {
        error: Error,
        /// Whether it is at least known that it lists no other.
        is_leaf: bool,
    },
}

impl Read {
    fn said(document: Document) -> Self {
        Self::Said(Box::new(document))
    }
}

/// The requests.
struct Reading<'a> {
    client: &'a Client,
    repository: &'a Repository,
    read: HashMap<Digest, Read>,
    configs: HashMap<Digest, Result<Option<Timestamp>>>,
}

impl Reading<'_> {
    /// Lists the tags and fetches what they are on.
    async fn tags(&mut self) -> Result<Vec<TagFacts>> {
        let (client, repository) = (self.client, self.repository);
        let tags = client.tags(repository).map_ok(|tag| async move {
            let (digest, read) = look(client, repository, &tag).await;
            Ok((tag, digest, read))
        });
        let mut tags = std::pin::pin!(tags.try_buffered(client.jobs()));
        let mut facts = Vec::new();
        while let Some((tag, digest, read)) = tags.try_next().await? {
            match (digest, read) {
                (_, Read::Missing) => {}
                (Some(digest), read) => {
                    facts.push(TagFacts { tag, digest: Some(digest.clone()), error: None });
                    // What was read once stays read, even if the same fails for another tag.
                    let known = self.read.entry(digest).or_insert(Read::Missing);
                    if !matches!(known, Read::Said(_)) {
                        *known = read;
                    }
                }
                (None, Read::Failed { error, .. }) => facts.push(TagFacts { tag, digest: None, error: Some(error) }),
                // A document comes with its digest.
                (None, Read::Said(_)) => {}
            }
        }
        Ok(facts)
    }

    /// Fetches what the indexes list, level by level.
    async fn children(&mut self) {
        let (client, repository) = (self.client, self.repository);
        let mut wanted: BTreeMap<Digest, bool> = self.read.values().flat_map(listed).map(leaf).collect();
        for _ in 0..DEEPEST {
            wanted.retain(|digest, _| !self.read.contains_key(digest));
            let fetched: Vec<_> = stream::iter(std::mem::take(&mut wanted))
                .map(|(digest, is_leaf)| async move {
                    let manifest = client.manifest(repository, Target::Digest(&digest)).await;
                    let read = manifest.and_then(|manifest| manifest.document()).map_or_else(
                        |error| if error.is_not_found() { Read::Missing } else { Read::Failed { error, is_leaf } },
                        Read::said,
                    );
                    (digest, read)
                })
                .buffer_unordered(client.jobs())
                .collect()
                .await;
            wanted = fetched.iter().flat_map(|(_, read)| listed(read)).map(leaf).collect();
            self.read.extend(fetched);
        }
    }

    /// Fetches the configs that may say when an image was made. Those of attestations do not.
    async fn configs(&mut self) {
        let (client, repository) = (self.client, self.repository);
        let children = self.read.values().flat_map(listed);
        let attestations: BTreeSet<_> =
            children.filter(|child| child.attests().is_some()).map(|child| &child.digest).collect();
        let dated = self.read.iter().filter(|(digest, _)| !attestations.contains(digest));
        let configs = dated.filter_map(|(_, read)| match read {
            Read::Said(document) => dated_config(document),
            Read::Missing | Read::Failed { .. } => None,
        });
        let wanted: BTreeMap<_, _> = configs.map(|config| (config.digest.clone(), config)).collect();
        let configs: Vec<_> = stream::iter(wanted)
            .map(|(digest, config)| async move {
                let config = client.config(repository, config).await;
                (digest, config.map(|config| config.image.created))
            })
            .buffer_unordered(client.jobs())
            .collect()
            .await;
        self.configs.extend(configs);
    }
}

/// What a tag is on, and what that says.
async fn look(client: &Client, repository: &Repository, tag: &Tag) -> (Option<Digest>, Read) {
    let target = Target::Tag(tag);
    let error = match client.manifest(repository, target).await {
        Ok(manifest) => {
            let is_leaf = lists_nothing(&manifest.media_type);
            let read = manifest.document().map_or_else(|error| Read::Failed { error, is_leaf }, Read::said);
            return (Some(manifest.digest), read);
        }
        Err(error) if error.is_not_found() => return (None, Read::Missing),
        Err(error) => error,
    };
    // What is no manifest has a digest all the same; to know it is to know that it has to stay.
    let resolved = match error.kind() {
        Kind::Protocol(_) => client.resolve(repository, target).await.ok(),
        _ => None,
    };
    let is_leaf = resolved.as_ref().and_then(|resolved| resolved.media_type.as_deref()).is_some_and(lists_nothing);
    (resolved.map(|resolved| resolved.digest), Read::Failed { error, is_leaf })
}

fn listed(read: &Read) -> &[Descriptor] {
    match read {
        Read::Said(document) => match &document.content {
            Content::Index(children) => children,
            Content::Image { .. } | Content::Schema1 { .. } => &[],
        },
        Read::Missing | Read::Failed { .. } => &[],
    }
}

fn leaf(child: &Descriptor) -> (Digest, bool) {
    (child.digest.clone(), lists_nothing(&child.media_type))
}

fn lists_nothing(media_type: &str) -> bool {
    media_types::is_image(media_type) || media_types::is_schema1(media_type)
}

/// The config, where it is an image's.
fn dated_config(document: &Document) -> Option<&Descriptor> {
    match &document.content {
        Content::Image { config: Some(config), .. } if media_types::is_image_config(&config.media_type) => Some(config),
        Content::Image { .. } | Content::Index(_) | Content::Schema1 { .. } => None,
    }
}

/// What is known of a manifest with all that it lists.
#[derive(Clone)]
struct Sum {
    facts: ManifestFacts,
    /// What could not be read of it.
    error: Option<Error>,
}

/// Puts together what was read.
struct Sums<'a> {
    read: &'a HashMap<Digest, Read>,
    configs: &'a HashMap<Digest, Result<Option<Timestamp>>>,
    /// An error where it is not known what a manifest lists.
    done: BTreeMap<Digest, Result<Sum>>,
}

impl Sums<'_> {
    fn take_tag(&mut self, tag: TagFacts) -> TagFacts {
        let Some(digest) = &tag.digest else { return tag };
        let error = match self.of(digest, 0) {
            Ok(sum) => sum.error.clone(),
            Err(error) => Some(error.clone()),
        };
        TagFacts { error, ..tag }
    }

    fn of(&mut self, digest: &Digest, depth: usize) -> &Result<Sum> {
        if !self.done.contains_key(digest) {
            let sum = self.add_up(digest, depth);
            self.done.insert(digest.clone(), sum);
        }
        &self.done[digest]
    }

    fn add_up(&mut self, digest: &Digest, depth: usize) -> Result<Sum> {
        let document = match self.read.get(digest) {
            Some(Read::Said(document)) => document,
            Some(Read::Failed { error, is_leaf: true }) => {
                return Ok(Sum { facts: ManifestFacts::default(), error: Some(error.clone()) });
            }
            Some(Read::Failed { error, is_leaf: false }) => return Err(error.clone()),
            Some(Read::Missing) => return Ok(Sum { facts: ManifestFacts::default(), error: None }),
            None => return Err(too_deep(digest)),
        };
        let mut sum = Sum { facts: ManifestFacts::default(), error: None };
        sum.facts.subject = document.subject.as_ref().map(|subject| subject.digest.clone());
        sum.facts.is_placeholder = document.artifact_type.as_deref() == Some(media_types::PLACEHOLDER);
        match &document.content {
            Content::Index(_) if depth > DEEPEST => return Err(too_deep(digest)),
            Content::Index(children) => self.add_children(&mut sum, children, depth)?,
            Content::Image { config, layers } => {
                let blobs = config.iter().chain(layers);
                sum.facts.blobs = blobs.map(|blob| (blob.digest.clone(), blob.size)).collect();
                sum.facts.size = Some(total(&sum.facts.blobs));
                match dated_config(document).and_then(|config| self.configs.get(&config.digest)) {
                    Some(Ok(created)) => sum.facts.created = *created,
                    Some(Err(error)) => sum.error = Some(error.clone()),
                    None => {}
                }
            }
            Content::Schema1 { layers, .. } => {
                sum.facts.blobs = layers.iter().map(|layer| (layer.clone(), 0)).collect();
            }
        }
        Ok(sum)
    }

    fn add_children(&mut self, sum: &mut Sum, children: &[Descriptor], depth: usize) -> Result<()> {
        let mut sizes_known = true;
        for child in children {
            let of_child = self.of(&child.digest, depth + 1).as_ref().map_err(Clone::clone)?;
            sizes_known &= of_child.facts.size.is_some();
            sum.facts.created = sum.facts.created.max(of_child.facts.created);
            sum.facts.blobs.extend(of_child.facts.blobs.iter().map(|(blob, size)| (blob.clone(), *size)));
            sum.facts.lists.extend(of_child.facts.lists.iter().cloned());
            sum.facts.lists.insert(child.digest.clone());
            if sum.error.is_none() {
                sum.error.clone_from(&of_child.error);
            }
        }
        sum.facts.size = sizes_known.then(|| total(&sum.facts.blobs));
        Ok(())
    }
}

fn total(blobs: &BTreeMap<Digest, u64>) -> u64 {
    blobs.values().fold(0, |sum, size| sum.saturating_add(*size))
}

fn too_deep(digest: &Digest) -> Error {
    Error::new(Kind::Protocol(Fault::Malformed), format!("manifest {digest} is malformed"))
        .because("indexes within indexes within indexes")
}
