//! What a tag refers to, as signatures and SBOMs do.

use std::collections::HashMap;

use crate::name::{Digest, Tag};
use crate::registry::{Census, ManifestFacts};

/// As much of an encoded digest as a tag can hold.
const ENCODED: usize = 64;

/// What something refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Subject {
    /// A manifest that is known.
    Known(Digest),
    /// One that is not, as far as it can be named.
    Unknown(String),
}

/// The digests that are known, by the tags that would refer to them.
pub(super) struct Subjects<'a> {
    by_tag: HashMap<String, &'a Digest>,
    census: &'a Census,
}

impl<'a> Subjects<'a> {
    pub(super) fn new(census: &'a Census) -> Self {
        let by_tag = census.manifests.keys().filter_map(|digest| Some((fallback(digest)?, digest))).collect();
        Self { by_tag, census }
    }

    /// What a tag refers to by its name, and its manifest by its own word.
    pub(super) fn of(&self, tag: &Tag, facts: &ManifestFacts) -> Vec<Subject> {
        let said = facts.subject.iter().map(|digest| match self.census.manifests.contains_key(digest) {
            true => Subject::Known(digest.clone()),
            false => Subject::Unknown(digest.to_string()),
        });
        said.chain(self.of_name(tag)).collect()
    }

    fn of_name(&self, tag: &Tag) -> Option<Subject> {
        let name = referring(tag.as_str())?;
        Some(match self.by_tag.get(name) {
            Some(digest) => Subject::Known((*digest).clone()),
            None => Subject::Unknown(name.replacen('-', ":", 1)),
        })
    }
}

/// The tag that lists the referrers of a digest where the registry does not (OCI distribution specification, "Referrers Tag Schema").
fn fallback(digest: &Digest) -> Option<String> {
    let text = digest.to_string();
    let (algorithm, encoded) = text.split_once(':')?;
    Some(format!("{algorithm}-{}", encoded.get(..ENCODED)?))
}

/// That tag, for a tag that is one, or one of cosign's: the same with an ending.
fn referring(tag: &str) -> Option<&str> {
    let name = [".sig", ".att", ".sbom"].iter().find_map(|ending| tag.strip_suffix(ending)).unwrap_or(tag);
    let (algorithm, encoded) = name.split_once('-')?;
    let is_digest = encoded.len() == ENCODED && encoded.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    (matches!(algorithm, "sha256" | "sha512") && is_digest).then_some(name)
}
