//! Plans on file: saved by one person, reviewed and applied by another. Applying removes exactly what the file names,
//! and only where everything still is as it was.

use std::collections::HashSet;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::error::Category;

use super::item::Item;
use super::request::{Method, Methods, RemovalPolicy, RemovalRequest, Siblings, Target};
use crate::error::{Error, Result};
use crate::name::{Digest, Registry, Repository, Tag};
use crate::replace::{Access, Replacement};

/// The version of the file format.
const VERSION: u32 = 1;

/// A saved plan: what to remove, and how.
#[derive(Debug, Clone, Default)]
pub struct SavedPlan {
    /// The items, in the order of execution.
    pub items: Vec<SavedItem>,
    known: HashSet<(Registry, Repository, Option<Tag>, Digest)>,
}

/// One tag or manifest to remove.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SavedItem {
    /// The registry.
    pub registry: Registry,
    /// The repository.
    pub repository: Repository,
    /// The tag; `None` for a manifest.
    pub tag: Option<Tag>,
    /// The digest that the tag has to point to, or the manifest.
    pub digest: Digest,
    /// How it is removed.
    pub method: Method,
    /// The tags that may be removed with the manifest.
    pub with: Vec<Tag>,
    /// Whether a manifest may be deleted that an index lists.
    pub force: bool,
    /// Its subject, which is removed first.
    pub follows: Option<Digest>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a saved plan")]
struct File {
    version: u32,
    items: Vec<Line>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object that says what to remove")]
struct Line {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Digest,
    method: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    with: Vec<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    force: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    follows: Option<Digest>,
}

/// Why a text is no plan.
fn malformed(error: &serde_json::Error) -> String {
    match error.classify() {
        Category::Data => error.to_string(),
        _ => format!("not valid JSON at line {}, column {}", error.line(), error.column()),
    }
}

impl SavedPlan {
    /// Adds an item, and each tag that is removed with it. Items that cannot be removed are left out.
    pub fn add(&mut self, registry: &Registry, repository: &Repository, item: &Item) {
        let (Ok(method), Some(digest)) = (&item.method, &item.digest) else { return };
        let saved = |tag: Option<&Tag>| SavedItem {
            registry: registry.clone(),
            repository: repository.clone(),
            tag: tag.cloned(),
            digest: digest.clone(),
            method: *method,
            with: Vec::new(),
            force: item.request.policy.force && !item.indexes.is_empty(),
            follows: item.request.follows.clone(),
        };
        // One entry per tag, so that applying removes no tag that the file does not name.
        let tags = std::iter::once(item.request.target.tag()).chain(item.collateral().iter().map(Some));
        for item in tags.map(saved) {
            if self.known.insert((
                item.registry.clone(),
                item.repository.clone(),
                item.tag.clone(),
                item.digest.clone(),
            )) {
                self.items.push(item);
            }
        }
    }

    /// Parses what [`SavedPlan::to_json`] wrote.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`](crate::Kind::Config) when it is malformed, or of an unknown version.
    pub fn parse(text: &[u8]) -> Result<Self> {
        let unreadable = |cause: String| Error::config("cannot read the plan").because(cause);
        let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
        let file: File = serde_json::from_slice(text).map_err(|error| unreadable(malformed(&error)))?;
        if file.version != VERSION {
            return Err(unreadable(format!("unsupported version {}; expected {VERSION}", file.version)));
        }
        let items = file.items.into_iter().map(SavedItem::try_from).collect::<Result<_>>();
        Ok(Self { items: items.map_err(|error| unreadable(error.to_string()))?, known: HashSet::new() })
    }

    /// The plan as JSON.
    pub fn to_json(&self) -> String {
        let file = File { version: VERSION, items: self.items.iter().map(Line::from).collect() };
        // Strings, numbers and lists always serialize.
        serde_json::to_string_pretty(&file).unwrap_or_default() + "\n"
    }

    /// Writes the plan to a file, and replaces it if it exists. The folder has to exist.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`](crate::Kind::Config) when it cannot be written; an existing file is then unchanged.
    pub fn write(&self, path: &Path) -> Result<()> {
        let refuse = |why: String| Error::config(format!("cannot write the plan {}", path.display())).because(why);
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
            return Err(refuse(format!("folder {} does not exist", folder.display())));
        }
        let written =
            Replacement::begin(path, Access::Everybody).and_then(|file| file.write(self.to_json().as_bytes()));
        written.map_err(|error| refuse(error.to_string()))
    }
}

impl SavedItem {
    /// The request to remove it by the planned method and no other.
    pub fn request(&self) -> RemovalRequest {
        let siblings = if self.with.is_empty() { Siblings::Keep } else { Siblings::Remove(self.with.clone()) };
        RemovalRequest {
            target: self.tag.clone().map_or_else(|| Target::Manifest(self.digest.clone()), Target::Tag),
            expected: self.tag.as_ref().map(|_| self.digest.clone()),
            follows: self.follows.clone(),
            policy: RemovalPolicy {
                siblings,
                force: self.force,
                placeholder: self.method == Method::Placeholder,
                methods: Methods::Only(self.method),
                ..RemovalPolicy::default()
            },
        }
    }
}

impl TryFrom<Line> for SavedItem {
    type Error = Error;

    fn try_from(line: Line) -> Result<Self> {
        let method = Method::from_name(&line.method);
        Ok(Self {
            registry: line.registry.parse()?,
            repository: line.repository.parse()?,
            tag: line.tag.as_deref().map(str::parse).transpose()?,
            digest: line.digest,
            method: method.ok_or_else(|| Error::invalid(format!("unknown method {:?}", line.method)))?,
            with: line.with.iter().map(|tag| tag.parse()).collect::<Result<_>>()?,
            force: line.force,
            follows: line.follows,
        })
    }
}

impl From<&SavedItem> for Line {
    fn from(item: &SavedItem) -> Self {
        Self {
            registry: item.registry.with_scheme(),
            repository: item.repository.to_string(),
            tag: item.tag.as_ref().map(ToString::to_string),
            digest: item.digest.clone(),
            method: item.method.name().to_owned(),
            with: item.with.iter().map(ToString::to_string).collect(),
            force: item.force,
            follows: item.follows.clone(),
        }
    }
}
