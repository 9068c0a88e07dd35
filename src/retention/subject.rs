//! The subjects of referrers, such as signatures and SBOMs: by the manifest's `subject` (OCI image specification), or
//! by the tag's name (OCI distribution specification, "Referrers Tag Schema"; cosign).

use std::collections::HashMap;

use crate::name::{Algorithm, Digest, Tag};
use crate::registry::snapshot::{ManifestFacts, ManifestId, ManifestState, TagIndex};

/// The most digits of a digest in a tag's name.
const ENCODED: usize = 64;

/// The subject of a referrer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    /// A manifest that a tag leads to.
    Known(ManifestId),
    /// A manifest that no tag leads to; `None` where it is not in the snapshot.
    Unknown(Option<ManifestId>),
}

/// Finds the subjects of tags.
pub(super) struct Subjects<'a> {
    snapshot: &'a TagIndex,
    /// By manifest: whether a tag leads to it.
    is_reached: &'a [bool],
    /// Manifests whose digests are too long for a tag's name, by the digits that it would hold.
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

    /// The subjects of a tag: by its manifest, and by its name.
    pub(super) fn of(&self, tag: &Tag, facts: &ManifestFacts) -> [Option<Subject>; 2] {
        let stated = facts.subject.map(|subject| self.find(Some(subject)));
        let named = named_subject(tag).map(|(algorithm, encoded)| self.find(self.of_name(algorithm, encoded)));
        [stated, named]
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

/// The digest that a tag's name refers to, by its algorithm and the first 64 of its digits: `sha256-…` is the referrers
/// index of a manifest (OCI distribution specification, "Referrers Tag Schema"); with `.sig`, `.att` or `.sbom` it is
/// one of cosign's. `None` for other tags.
pub fn named_subject(tag: &Tag) -> Option<(Algorithm, &str)> {
    let tag = tag.as_str();
    let name = [".sig", ".att", ".sbom"].iter().find_map(|ending| tag.strip_suffix(ending)).unwrap_or(tag);
    let (algorithm, encoded) = name.split_once('-')?;
    let algorithm = [Algorithm::Sha256, Algorithm::Sha512].into_iter().find(|known| known.as_str() == algorithm)?;
    let is_digest = encoded.len() == ENCODED && encoded.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    is_digest.then_some((algorithm, encoded))
}
