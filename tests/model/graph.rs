//! What manifests consist of, parsed here independently, so that a mistake of the library's parser is not
//! shared.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// What every pushed manifest needs, by its digest.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    children: BTreeMap<String, Vec<String>>,
    blobs: BTreeMap<String, Vec<String>>,
    subjects: BTreeMap<String, String>,
}

impl Graph {
    /// Adds a manifest. What an index lists that is a layer or a config, as a build cache does, is a blob.
    pub fn add(&mut self, digest: &str, bytes: &[u8]) {
        let document: Value = serde_json::from_slice(bytes).unwrap_or_default();
        let digest_of = |entry: &Value| entry["digest"].as_str().map(str::to_owned);
        let entries = |member: &str| document[member].as_array().cloned().unwrap_or_default();
        let is_blob = |entry: &Value| {
            let media_type = entry["mediaType"].as_str().unwrap_or_default();
            media_type.contains("layer") || media_type.contains("cacheconfig")
        };
        let (listed_blobs, children): (Vec<_>, Vec<_>) = entries("manifests").into_iter().partition(is_blob);
        let blobs = entries("layers").into_iter().chain([document["config"].clone()]).chain(listed_blobs);
        self.blobs.insert(digest.to_owned(), blobs.filter_map(|entry| digest_of(&entry)).collect());
        self.children.insert(digest.to_owned(), children.iter().filter_map(digest_of).collect());
        if let Some(subject) = digest_of(&document["subject"]) {
            self.subjects.insert(digest.to_owned(), subject);
        }
    }

    /// Every manifest that was pushed.
    pub fn manifests(&self) -> impl Iterator<Item = &String> {
        self.children.keys()
    }

    /// What a manifest lists.
    pub fn children(&self, digest: &str) -> &[String] {
        self.children.get(digest).map_or(&[], Vec::as_slice)
    }

    /// The blobs that a manifest names.
    pub fn blobs(&self, digest: &str) -> &[String] {
        self.blobs.get(digest).map_or(&[], Vec::as_slice)
    }

    /// What a manifest refers to.
    pub fn subject(&self, digest: &str) -> Option<&String> {
        self.subjects.get(digest)
    }

    /// A manifest with all that it reaches through indexes, as far as `exists` has it.
    pub fn closure(&self, digest: &str, exists: &BTreeSet<String>) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut waiting = vec![digest.to_owned()];
        while let Some(next) = waiting.pop() {
            if exists.contains(&next) && found.insert(next.clone()) {
                waiting.extend_from_slice(self.children(&next));
            }
        }
        found
    }
}
