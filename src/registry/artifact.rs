//! What an artifact says about itself beside its kind: versions, files, predicates. Bounded, because a listing keeps it
//! for every manifest.

use super::config::ImageConfig;
use super::document::{Content, Document};
use super::kind::ManifestKind;

/// The name of the file in a layer (OCI image specification, "Pre-Defined Annotation Keys"; ORAS).
const TITLE: &str = "org.opencontainers.image.title";

/// The path of the file in a layer of a model (ModelPack).
const MODEL_PATH: &str = "org.cncf.model.filepath";

/// The version of what is packaged.
const VERSION: &str = "org.opencontainers.image.version";

/// The longest text that is kept, in bytes: a media type's, and a file name's.
const MAX_TEXT: usize = 255;

/// The most file names that are kept.
const MAX_FILES: usize = 10;

/// Whether an annotation is a fact of an artifact.
pub(super) fn is_fact(annotation: &str) -> bool {
    [TITLE, MODEL_PATH, VERSION].contains(&annotation)
}

/// What an artifact says about itself. Texts longer than 255 bytes are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ArtifactFacts {
    /// Its type: the artifact type, else that of its config.
    pub artifact_type: Option<String>,
    /// A chart's or model's version, by its config or annotation.
    pub version: Option<String>,
    /// The version of the application that a chart installs.
    pub app_version: Option<String>,
    /// The names of its files, at most ten.
    pub files: Vec<String>,
    /// The predicate types of an attestation, at most ten.
    pub predicate_types: Vec<String>,
}

impl ArtifactFacts {
    /// The facts in a manifest of this kind.
    pub fn of(document: &Document, kind: ManifestKind) -> Self {
        let layers = match &document.content {
            Content::Image { layers, .. } if !kind.is_image() => layers.as_slice(),
            _ => &[],
        };
        let file = |annotations: &std::collections::BTreeMap<String, String>| {
            bounded(annotations.get(TITLE).or_else(|| annotations.get(MODEL_PATH)))
        };
        let version = document.annotations.get(VERSION).filter(|_| has_version(kind));
        Self {
            artifact_type: bounded(document.artifact_type.as_ref()),
            version: bounded(version),
            app_version: None,
            files: layers.iter().filter_map(|layer| file(&layer.annotations)).take(MAX_FILES).collect(),
            predicate_types: document.predicate_types().into_iter().filter_map(|text| bounded(Some(text))).collect(),
        }
    }

    /// Adds the facts in the config of a manifest of this kind, which go before annotations.
    pub fn add_config(&mut self, config: &ImageConfig, kind: ManifestKind) {
        if has_version(kind) {
            self.version = bounded(config.version.as_ref()).or(self.version.take());
            self.app_version = bounded(config.app_version.as_ref());
        }
    }

    /// Its approximate size in memory, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let single = self.artifact_type.iter().chain(&self.version).chain(&self.app_version);
        let texts = single.chain(&self.files).chain(&self.predicate_types);
        size_of::<Self>() + texts.map(|text| text.len() + size_of::<String>()).sum::<usize>()
    }
}

/// Whether manifests of this kind have a version of their own.
fn has_version(kind: ManifestKind) -> bool {
    matches!(kind, ManifestKind::Chart | ManifestKind::Model | ManifestKind::Cnab | ManifestKind::Plugin)
}

/// A text that is neither empty nor too long.
pub(super) fn bounded(text: Option<impl AsRef<str>>) -> Option<String> {
    text.map(|text| text.as_ref().to_owned()).filter(|text| !text.is_empty() && text.len() <= MAX_TEXT)
}
