//! A plan on file: reviewed by one, carried out by another, and only where everything is still as it was.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::decide::Item;
use super::wish::{Method, Permits, Takes, Wanted, Ways, Wish};
use crate::error::{Error, Result};
use crate::name::{Digest, Registry, Repository, Tag};
use crate::replace::{Access, Replacement};

/// What the form of the file is called.
const VERSION: u32 = 1;

/// What is to be removed, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SavedPlan {
    /// One after the other.
    pub items: Vec<SavedItem>,
}

/// One thing that is to be removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedItem {
    /// The registry.
    pub registry: Registry,
    /// The repository.
    pub repository: Repository,
    /// The tag; `None` for a manifest.
    pub tag: Option<Tag>,
    /// What the tag has to be on, or the manifest.
    pub digest: Digest,
    /// How it is to go.
    pub method: Method,
    /// The tags that may go with the manifest.
    pub with: Vec<Tag>,
    /// Whether an index may be left broken.
    pub force: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    items: Vec<Line>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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
}

impl SavedPlan {
    /// Adds what was decided, and each tag that goes with it. What does not go is left out.
    pub fn add(&mut self, registry: &Registry, repository: &Repository, item: &Item) {
        let (Ok(method), Some(digest)) = (&item.method, &item.digest) else { return };
        let saved = |tag: Option<&Tag>, with: Vec<Tag>| SavedItem {
            registry: registry.clone(),
            repository: repository.clone(),
            tag: tag.cloned(),
            digest: digest.clone(),
            method: *method,
            with,
            force: item.wish.permits.force && !item.indexes.is_empty(),
        };
        let own = item.wish.wanted.tag();
        let all: Vec<&Tag> = own.into_iter().chain(&item.go).collect();
        let but = |tag: Option<&Tag>| all.iter().copied().filter(|other| Some(*other) != tag).cloned().collect();
        let items = std::iter::once(own).chain(item.go.iter().map(Some)).map(|tag| saved(tag, but(tag)));
        for item in items {
            if !self.items.contains(&item) {
                self.items.push(item);
            }
        }
    }

    /// Reads what [`SavedPlan::to_json`] wrote.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`](crate::Kind::Config) for anything else.
    pub fn parse(text: &[u8]) -> Result<Self> {
        let unreadable = |cause: String| Error::config("the plan cannot be read").because(cause);
        let file: File = serde_json::from_slice(text).map_err(|error| unreadable(error.to_string()))?;
        if file.version != VERSION {
            return Err(unreadable(format!("it is of version {}, and {VERSION} is known", file.version)));
        }
        let items = file.items.into_iter().map(SavedItem::try_from).collect::<Result<_>>();
        Ok(Self { items: items.map_err(|error| unreadable(error.to_string()))? })
    }

    /// The plan as text.
    pub fn to_json(&self) -> String {
        let file = File { version: VERSION, items: self.items.iter().map(Line::from).collect() };
        // Texts, numbers and lists always have a form in JSON.
        serde_json::to_string_pretty(&file).unwrap_or_default() + "\n"
    }

    /// Writes the plan to a file, in the place of what was there.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`](crate::Kind::Config) when it cannot be written; the file is then as it was.
    pub fn write(&self, path: &Path) -> Result<()> {
        let written =
            Replacement::begin(path, Access::Everybody).and_then(|file| file.write(self.to_json().as_bytes()));
        written.map_err(|error| Error::config(format!("the plan {} cannot be written", path.display())).because(error))
    }
}

impl SavedItem {
    /// The wish for it to go as it was planned and in no other way.
    pub fn wish(&self) -> Wish {
        let takes = if self.with.is_empty() { Takes::Nothing } else { Takes::These(self.with.clone()) };
        Wish {
            wanted: self.tag.clone().map_or_else(|| Wanted::Manifest(self.digest.clone()), Wanted::Tag),
            expected: self.tag.as_ref().map(|_| self.digest.clone()),
            permits: Permits {
                takes,
                force: self.force,
                placeholder: self.method == Method::Placeholder,
                ways: Ways::Only(self.method),
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
            method: method.ok_or_else(|| Error::invalid(format!("there is no method {:?}", line.method)))?,
            with: line.with.iter().map(|tag| tag.parse()).collect::<Result<_>>()?,
            force: line.force,
        })
    }
}

impl From<&SavedItem> for Line {
    fn from(item: &SavedItem) -> Self {
        Self {
            registry: item.registry.to_string(),
            repository: item.repository.to_string(),
            tag: item.tag.as_ref().map(ToString::to_string),
            digest: item.digest.clone(),
            method: item.method.name().to_owned(),
            with: item.with.iter().map(ToString::to_string).collect(),
            force: item.force,
        }
    }
}
