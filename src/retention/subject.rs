//! What a tag refers to, as signatures and SBOMs do: by its manifest's `subject`, or by its name.

use std::collections::HashMap;

use crate::name::{Algorithm, Digest, Tag};
use crate::registry::snapshot::{ManifestFacts, ManifestId, ManifestState, TagIndex};

/// As much of an encoded digest as a tag can hold.
const ENCODED: usize = 64;

/// What something refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    /// A manifest that a tag reaches.
    Known(ManifestId),
    /// Another one. `None` where nothing but the tag's name says which.
    Unknown(Option<ManifestId>),
}

/// Finds what tags refer to.
pub(super) struct Subjects<'a> {
    snapshot: &'a TagIndex,
    /// Whether a tag reaches a manifest, by its position.
    is_reached: &'a [bool],
    /// Digests that do not fit into a tag, by as much of them as does.
    long: HashMap<String, ManifestId>,
}

impl<'a> Subjects<'a> {
    pub(super) fn new(snapshot: &'a TagIndex, is_reached: &'a [bool]) -> Self {
        let prefix = |digest: Digest| Some(digest.as_str().strip_prefix("sha512:")?.get(..ENCODED)?.to_owned());
        let long = snapshot
            .manifests()
            .filter_map(|(manifest, _)| Some((prefix(snapshot.digest(manifest))?, manifest)))
            .collect();
        Self { snapshot, is_reached, long }
    }

    /// What a tag refers to by its manifest's own word, and by its name.
    pub(super) fn of(&self, tag: &Tag, facts: &ManifestFacts) -> [Option<Subject>; 2] {
        let said = facts.subject.map(|subject| self.find(Some(subject)));
        let named = named_subject(tag).map(|(algorithm, encoded)| self.find(self.of_name(algorithm, encoded)));
        [said, named]
    }

    fn of_name(&self, algorithm: Algorithm, encoded: &str) -> Option<ManifestId> {
        match algorithm {
            Algorithm::Sha512 => self.long.get(encoded).copied(),
            Algorithm::Sha256 => self.snapshot.manifest_id(&format!("sha256:{encoded}").parse().ok()?),
        }
    }

    fn find(&self, subject: Option<ManifestId>) -> Subject {
        let is_there = |manifest: &ManifestId| {
            self.is_reached[manifest.position()] && !matches!(self.snapshot.state(*manifest), ManifestState::Missing)
        };
        subject.filter(is_there).map_or(Subject::Unknown(subject), Subject::Known)
    }
}

/// The digest that a tag refers to by its name, as far as a tag can hold it: `sha256-…` lists the referrers of a manifest where the
/// registry does not (OCI distribution specification, "Referrers Tag Schema"); with an ending it is one of cosign's.
pub(super) fn named_subject(tag: &Tag) -> Option<(Algorithm, &str)> {
    let tag = tag.as_str();
    let name = [".sig", ".att", ".sbom"].iter().find_map(|ending| tag.strip_suffix(ending)).unwrap_or(tag);
    let (algorithm, encoded) = name.split_once('-')?;
    let algorithm = [Algorithm::Sha256, Algorithm::Sha512].into_iter().find(|known| known.as_str() == algorithm)?;
    let is_digest = encoded.len() == ENCODED && encoded.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    is_digest.then_some((algorithm, encoded))
}
