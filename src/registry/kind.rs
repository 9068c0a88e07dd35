//! What a manifest is: an image, an index, or one of the artifacts that tools store in registries.
//!
//! The kind follows from the artifact type, else the type of the config, else annotations and the first layer with a
//! telling type (OCI image specification, "Guidelines for Artifact Usage"). A type that is not in the tables is an
//! [`Artifact`](ManifestKind::Artifact).

use std::collections::BTreeMap;
use std::fmt;

use super::document::{Content, Document};
use super::media_types;

/// The predicate type of a sigstore bundle (sigstore protobuf-specs; cosign 3).
const BUNDLE_PREDICATE: &str = "dev.sigstore.bundle.predicateType";

/// What a sigstore bundle holds: `message-signature` or `dsse-envelope`.
const BUNDLE_CONTENT: &str = "dev.sigstore.bundle.content";

/// The artifact type of sigstore bundles, without its version.
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle";

/// The predicate type of cosign's signatures in bundles.
const COSIGN_SIGNATURE: &str = "https://sigstore.dev/cosign/sign/";

/// The predicate type of an in-toto statement, as BuildKit annotates its layers.
const IN_TOTO_PREDICATE: &str = "in-toto.io/predicate-type";

/// The same, as cosign 2 annotates the layers of `.att` tags.
const COSIGN_PREDICATE: &str = "predicateType";

/// Whether an annotation determines a kind or a predicate.
pub(super) fn is_telling(annotation: &str) -> bool {
    [BUNDLE_PREDICATE, BUNDLE_CONTENT, IN_TOTO_PREDICATE, COSIGN_PREDICATE].contains(&annotation)
        || annotation.starts_with("io.cnab.")
}

/// What a manifest is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ManifestKind {
    /// An image.
    Image,
    /// An index of other manifests.
    Index,
    /// An image as Docker's schema 1.
    Schema1,
    /// A Helm chart.
    Chart,
    /// A machine learning model: ModelPack's, Docker's or Ollama's.
    Model,
    /// A WebAssembly module or component.
    Wasm,
    /// A software bill of materials: SPDX, CycloneDX, Syft's, or Harbor's.
    Sbom,
    /// A signature: cosign's or notation's.
    Signature,
    /// An attestation, such as provenance: BuildKit's or cosign's.
    Attestation,
    /// A BuildKit cache.
    BuildCache,
    /// A plugin of docker or Helm.
    Plugin,
    /// A Cloud Native Application Bundle.
    Cnab,
    /// The mark that its subject has reached its end of life.
    EndOfLife,
    /// What an interrupted removal left behind under a tag.
    Placeholder,
    /// Anything else that is not an image, such as files pushed by ORAS.
    Artifact,
}

/// The types and prefixes of types that determine a kind. The first that matches counts.
const MARKS: &[(&str, ManifestKind)] = &[
    ("application/vnd.cncf.helm.config.v1+json", ManifestKind::Chart),
    ("application/vnd.cncf.helm.chart.", ManifestKind::Chart),
    ("application/vnd.helm.plugin.", ManifestKind::Plugin),
    ("application/vnd.docker.plugin.", ManifestKind::Plugin),
    ("application/vnd.cncf.model.", ManifestKind::Model),
    ("application/vnd.docker.ai.", ManifestKind::Model),
    ("application/vnd.ollama.image.", ManifestKind::Model),
    ("application/vnd.wasm.", ManifestKind::Wasm),
    ("application/vnd.module.wasm.", ManifestKind::Wasm),
    ("application/wasm", ManifestKind::Wasm),
    ("application/vnd.cncf.notary.", ManifestKind::Signature),
    ("application/vnd.dev.cosign.simplesigning.", ManifestKind::Signature),
    ("application/vnd.dev.cosign.artifact.sig.", ManifestKind::Signature),
    ("application/jose+json", ManifestKind::Signature),
    ("application/cose", ManifestKind::Signature),
    ("application/vnd.dev.cosign.artifact.sbom.", ManifestKind::Sbom),
    ("application/vnd.goharbor.harbor.sbom.", ManifestKind::Sbom),
    ("application/vnd.syft+json", ManifestKind::Sbom),
    ("application/vnd.cyclonedx", ManifestKind::Sbom),
    ("application/spdx", ManifestKind::Sbom),
    ("text/spdx", ManifestKind::Sbom),
    ("application/vnd.docker.attestation.manifest.", ManifestKind::Attestation),
    ("application/vnd.dev.cosign.artifact.att.", ManifestKind::Attestation),
    ("application/vnd.dsse.envelope.", ManifestKind::Attestation),
    ("application/vnd.in-toto", ManifestKind::Attestation),
    ("application/vnd.buildkit.cacheconfig.", ManifestKind::BuildCache),
    ("application/vnd.cnab.", ManifestKind::Cnab),
    ("application/vnd.microsoft.artifact.lifecycle", ManifestKind::EndOfLife),
    (media_types::PLACEHOLDER, ManifestKind::Placeholder),
];

impl ManifestKind {
    /// Every kind.
    pub const ALL: [Self; 15] = [
        Self::Image,
        Self::Index,
        Self::Schema1,
        Self::Chart,
        Self::Model,
        Self::Wasm,
        Self::Sbom,
        Self::Signature,
        Self::Attestation,
        Self::BuildCache,
        Self::Plugin,
        Self::Cnab,
        Self::EndOfLife,
        Self::Placeholder,
        Self::Artifact,
    ];

    /// Its stable name, such as `image` or `build-cache`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Index => "index",
            Self::Schema1 => "schema1",
            Self::Chart => "chart",
            Self::Model => "model",
            Self::Wasm => "wasm",
            Self::Sbom => "sbom",
            Self::Signature => "signature",
            Self::Attestation => "attestation",
            Self::BuildCache => "build-cache",
            Self::Plugin => "plugin",
            Self::Cnab => "cnab",
            Self::EndOfLife => "end-of-life",
            Self::Placeholder => "placeholder",
            Self::Artifact => "artifact",
        }
    }

    /// Whether it has platforms: images and indexes.
    pub fn is_image(self) -> bool {
        matches!(self, Self::Image | Self::Index | Self::Schema1)
    }

    /// The kind of a manifest.
    pub fn of(document: &Document) -> Self {
        let artifact_type = document.artifact_type.as_deref();
        if artifact_type.is_some_and(|artifact_type| artifact_type.starts_with(BUNDLE)) {
            return of_bundle(&document.annotations);
        }
        if let Some(kind) = artifact_type.and_then(of_type) {
            return kind;
        }
        match &document.content {
            Content::Schema1(_) => Self::Schema1,
            Content::Index(_) if document.annotations.keys().any(|key| key.starts_with("io.cnab.")) => Self::Cnab,
            Content::Index(_) => {
                let mut blobs = document.listed_blobs().filter_map(|blob| of_type(&blob.media_type));
                blobs.find(|kind| *kind == Self::BuildCache).unwrap_or(Self::Index)
            }
            Content::Image { config, layers } => {
                let config = config.as_ref().and_then(|config| of_type(&config.media_type));
                // A layer of an ordinary image says nothing about what is above it.
                let first = layers.first().and_then(|layer| of_type(&layer.media_type));
                let other = if artifact_type.is_some() { Self::Artifact } else { Self::Image };
                config.or(first).unwrap_or(other)
            }
        }
    }
}

impl fmt::Display for ManifestKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

fn of_type(media_type: &str) -> Option<ManifestKind> {
    MARKS.iter().find(|(mark, _)| media_type.starts_with(mark)).map(|(_, kind)| *kind)
}

/// A sigstore bundle is a signature, unless it has the predicate of an attestation.
fn of_bundle(annotations: &BTreeMap<String, String>) -> ManifestKind {
    match annotations.get(BUNDLE_PREDICATE).map(String::as_str) {
        Some(predicate) if predicate.starts_with(COSIGN_SIGNATURE) => ManifestKind::Signature,
        Some(predicate) if !predicate.is_empty() => ManifestKind::Attestation,
        _ if annotations.get(BUNDLE_CONTENT).is_some_and(|content| content == "dsse-envelope") => {
            ManifestKind::Attestation
        }
        _ => ManifestKind::Signature,
    }
}

impl Document {
    /// The predicate types of an attestation, each once and in their order: what its statements are about, such as
    /// `https://slsa.dev/provenance/v1`.
    pub fn predicate_types(&self) -> Vec<&str> {
        let layers = match &self.content {
            Content::Image { layers, .. } => layers.as_slice(),
            Content::Index(_) | Content::Schema1(_) => &[],
        };
        let of_layers = layers.iter().filter_map(|layer| {
            layer.annotations.get(IN_TOTO_PREDICATE).or_else(|| layer.annotations.get(COSIGN_PREDICATE))
        });
        let mut types: Vec<&str> = Vec::new();
        for predicate in self.annotations.get(BUNDLE_PREDICATE).into_iter().chain(of_layers) {
            if !predicate.is_empty() && !types.contains(&predicate.as_str()) {
                types.push(predicate);
            }
            if types.len() >= MAX_PREDICATES {
                break;
            }
        }
        types
    }
}

/// The most predicate types of one manifest.
const MAX_PREDICATES: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::descriptor::Descriptor;

    fn typed(media_type: &str) -> Descriptor {
        Descriptor { media_type: media_type.to_owned(), ..Descriptor::default() }
    }

    fn image(config: &str, layers: &[&str]) -> Document {
        let content =
            Content::Image { config: Some(typed(config)), layers: layers.iter().map(|layer| typed(layer)).collect() };
        let artifact_type = (!media_types::is_image_config(config)).then(|| config.to_owned());
        Document { content, annotations: BTreeMap::new(), artifact_type, subject: None }
    }

    const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
    const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

    #[test]
    fn the_kind_follows_from_the_config_else_the_first_layer() {
        for (config, layers, kind) in [
            (CONFIG, &[LAYER][..], "image"),
            ("", &[], "image"),
            (CONFIG, &[LAYER, "application/vnd.in-toto+json"], "image"),
            (CONFIG, &["application/vnd.in-toto+json"], "attestation"),
            (CONFIG, &["application/vnd.dev.cosign.simplesigning.v1+json"], "signature"),
            (CONFIG, &["text/spdx+json"], "sbom"),
            (CONFIG, &["application/vnd.ollama.image.model", "application/vnd.ollama.image.params"], "model"),
            (
                "application/vnd.cncf.helm.config.v1+json",
                &["application/vnd.cncf.helm.chart.content.v1.tar+gzip"],
                "chart",
            ),
            ("application/vnd.cncf.model.config.v1+json", &["application/vnd.cncf.model.weight.v1.raw"], "model"),
            ("application/vnd.docker.ai.model.config.v0.1+json", &["application/vnd.docker.ai.gguf.v3"], "model"),
            ("application/vnd.wasm.config.v0+json", &["application/wasm"], "wasm"),
            ("application/vnd.buildkit.cacheconfig.v0", &[LAYER], "build-cache"),
            ("application/vnd.docker.plugin.v1+json", &[LAYER], "plugin"),
            ("application/vnd.cnab.config.v1+json", &[], "cnab"),
            ("application/vnd.unknown.config.v1+json", &["text/plain"], "artifact"),
        ] {
            assert_eq!(ManifestKind::of(&image(config, layers)).as_str(), kind, "{config} {layers:?}");
        }
    }

    #[test]
    fn the_artifact_type_goes_before_the_layers() {
        for (artifact_type, layer, kind) in [
            ("application/vnd.cncf.notary.signature", "application/jose+json", "signature"),
            ("application/vnd.microsoft.artifact.lifecycle", "application/vnd.oci.empty.v1+json", "end-of-life"),
            ("application/vnd.docker.attestation.manifest.v1+json", "application/vnd.in-toto+json", "attestation"),
            ("application/vnd.goharbor.harbor.sbom.v1", "application/vnd.goharbor.harbor.sbom.v1", "sbom"),
            ("application/vnd.example", "application/spdx+json", "sbom"),
            ("application/vnd.unknown.artifact.v1", "text/plain", "artifact"),
        ] {
            let mut document = image("application/vnd.oci.empty.v1+json", &[layer]);
            document.artifact_type = Some(artifact_type.to_owned());
            assert_eq!(ManifestKind::of(&document).as_str(), kind, "{artifact_type}");
        }
    }

    #[test]
    fn a_bundle_is_what_its_predicate_says() {
        let bundle = |annotations: &[(&str, &str)]| {
            let mut document = image("application/vnd.oci.empty.v1+json", &[BUNDLE]);
            document.artifact_type = Some(format!("{BUNDLE}.v0.3+json"));
            document.annotations = annotations.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
            (ManifestKind::of(&document), document.predicate_types().join(","))
        };
        let signature = "https://sigstore.dev/cosign/sign/v1";
        assert_eq!(bundle(&[(BUNDLE_PREDICATE, signature)]), (ManifestKind::Signature, signature.to_owned()));
        let slsa = "https://slsa.dev/provenance/v1";
        assert_eq!(bundle(&[(BUNDLE_PREDICATE, slsa)]), (ManifestKind::Attestation, slsa.to_owned()));
        assert_eq!(bundle(&[]).0, ManifestKind::Signature);
        assert_eq!(bundle(&[(BUNDLE_CONTENT, "dsse-envelope")]).0, ManifestKind::Attestation);
    }

    #[test]
    fn an_index_may_be_a_cache_or_a_bundle() {
        let index = |entries: &[&str], annotation: Option<&str>| Document {
            content: Content::Index(entries.iter().map(|entry| typed(entry)).collect()),
            annotations: annotation.map(|key| (key.to_owned(), "1".to_owned())).into_iter().collect(),
            artifact_type: None,
            subject: None,
        };
        assert_eq!(ManifestKind::of(&index(&[], None)), ManifestKind::Index);
        assert_eq!(ManifestKind::of(&index(&[LAYER], None)), ManifestKind::Index);
        let cache = index(&[LAYER, "application/vnd.buildkit.cacheconfig.v0"], None);
        assert_eq!(ManifestKind::of(&cache), ManifestKind::BuildCache);
        assert_eq!(ManifestKind::of(&index(&[], Some("io.cnab.runtime_version"))), ManifestKind::Cnab);
    }

    #[test]
    fn predicates_are_listed_once_and_bounded() {
        let mut document = image(CONFIG, &["application/vnd.in-toto+json"; 40]);
        let Content::Image { layers, .. } = &mut document.content else { panic!("an image") };
        for (number, layer) in layers.iter_mut().enumerate() {
            let key = if number % 2 == 0 { IN_TOTO_PREDICATE } else { COSIGN_PREDICATE };
            layer.annotations.insert(key.to_owned(), format!("type {}", number / 2));
        }
        assert_eq!(document.predicate_types()[..2], ["type 0", "type 1"]);
        assert_eq!(document.predicate_types().len(), MAX_PREDICATES);
    }

    #[test]
    fn names_are_distinct() {
        let names: std::collections::HashSet<_> = ManifestKind::ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(names.len(), ManifestKind::ALL.len());
    }
}
