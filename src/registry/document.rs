//! What a manifest says: image, index or schema 1, of OCI's and of docker's types.
//!
//! The bytes are the truth: they are kept as they came, the digest is theirs, and nothing is ever written back from what was parsed.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::platform::Platform;
use super::schema1;
use crate::error::{Danger, Error, Fault, Kind, Result};
use crate::name::Digest;

/// Media types of manifests.
pub mod media_types {
    /// OCI image index.
    pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
    /// OCI image manifest.
    pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
    /// Docker's manifest list: its index.
    pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
    /// Docker's manifest, schema 2.
    pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
    /// Docker's manifest, schema 1, signed.
    pub const SCHEMA1_SIGNED: &str = "application/vnd.docker.distribution.manifest.v1+prettyjws";
    /// Docker's manifest, schema 1.
    pub const SCHEMA1: &str = "application/vnd.docker.distribution.manifest.v1+json";

    /// The type of artifact that holds the place of a tag while that is removed; one that is found was left by an interrupted removal.
    pub const PLACEHOLDER: &str = "application/vnd.registry-ls.placeholder.v1+json";

    /// Every type that can be shown, schema 1 last. Without an index among them, a registry answers with one child of the index
    /// and that child's digest.
    pub const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, \
        application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.manifest.v1+json, \
        application/vnd.docker.distribution.manifest.v2+json, \
        application/vnd.docker.distribution.manifest.v1+prettyjws;q=0.5, \
        application/vnd.docker.distribution.manifest.v1+json;q=0.5";

    /// Whether a manifest of this type is an image's, or an artifact's.
    pub fn is_image(media_type: &str) -> bool {
        matches!(media_type, OCI_MANIFEST | DOCKER_MANIFEST)
    }

    /// Whether a config blob of this type is an image's. Old versions of docker pushed it without a type of its own.
    pub fn is_image_config(media_type: &str) -> bool {
        matches!(
            media_type,
            "application/vnd.oci.image.config.v1+json"
                | "application/vnd.docker.container.image.v1+json"
                | "application/octet-stream"
                | ""
        )
    }

    /// Whether a manifest of this type lists other manifests.
    pub fn is_index(media_type: &str) -> bool {
        matches!(media_type, OCI_INDEX | DOCKER_LIST)
    }

    /// Whether this is one of the two types of schema 1.
    pub fn is_schema1(media_type: &str) -> bool {
        matches!(media_type, SCHEMA1 | SCHEMA1_SIGNED)
    }
}

/// A manifest as it is stored.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// The digest of [`Manifest::bytes`]; for a signed schema 1 manifest, of its payload.
    pub digest: Digest,
    /// The media type.
    pub media_type: String,
    /// The exact bytes.
    pub bytes: Bytes,
}

/// A descriptor: what a manifest says of something it refers to (OCI content descriptor).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// The media type of what is referred to.
    #[serde(default)]
    pub media_type: String,
    /// Its digest.
    pub digest: Digest,
    /// Its size in bytes, at most 2⁶³ − 1.
    #[serde(deserialize_with = "size")]
    pub size: u64,
    /// In an index: for which platform it is.
    #[serde(default)]
    pub platform: Option<Platform>,
    /// Further facts.
    #[serde(default)]
    pub annotations: Option<BTreeMap<String, String>>,
    /// The type of artifact it is.
    #[serde(default)]
    pub artifact_type: Option<String>,
}

/// OCI's `int64`, which is not negative.
fn size<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let size = i64::deserialize(deserializer)?;
    u64::try_from(size).map_err(|_| serde::de::Error::custom("a size is not negative"))
}

impl Descriptor {
    /// The manifest that this attestation is about, where buildkit put one next to an image.
    pub fn attests(&self) -> Option<&str> {
        let annotations = self.annotations.as_ref()?;
        let kind = annotations.get("vnd.docker.reference.type")?;
        (kind == "attestation-manifest").then(|| annotations.get("vnd.docker.reference.digest").map(String::as_str))?
    }
}

/// What is in a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The body of it.
    pub content: Content,
    /// The annotations.
    pub annotations: BTreeMap<String, String>,
    /// The type of artifact, where it is one: as it says itself, else the type of its config
    /// (OCI image specification, "Guidelines for Artifact Usage").
    pub artifact_type: Option<String>,
    /// What it refers to, as signatures and SBOMs do.
    pub subject: Option<Descriptor>,
}

/// The three forms of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A manifest of manifests.
    Index(Vec<Descriptor>),
    /// One image, or one artifact.
    Image {
        /// The config blob; OCI's former artifact manifests have none.
        config: Option<Descriptor>,
        /// The layers, lowest first.
        layers: Vec<Descriptor>,
    },
    /// Docker's first form, without sizes.
    Schema1 {
        /// The architecture.
        architecture: Option<String>,
        /// The layers, lowest first.
        layers: Vec<Digest>,
    },
}

/// The members by which the forms are told apart.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shape {
    #[serde(default)]
    media_type: Option<String>,
    #[serde(default)]
    manifests: Option<IgnoredAny>,
    #[serde(default)]
    layers: Option<IgnoredAny>,
    #[serde(default)]
    config: Option<IgnoredAny>,
    #[serde(default)]
    fs_layers: Option<IgnoredAny>,
    #[serde(default)]
    blobs: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Members {
    #[serde(default)]
    manifests: Option<Vec<Descriptor>>,
    #[serde(default)]
    config: Option<Descriptor>,
    #[serde(default)]
    layers: Option<Vec<Descriptor>>,
    #[serde(default)]
    blobs: Option<Vec<Descriptor>>,
    #[serde(default)]
    annotations: Option<BTreeMap<String, String>>,
    #[serde(default)]
    artifact_type: Option<String>,
    #[serde(default)]
    subject: Option<Descriptor>,
}

/// The media type of a manifest, from its `Content-Type` and its body, which must agree.
///
/// # Errors
///
/// [`Danger::Ambiguous`] for a document that can be read in two ways (CVE-2021-41190): the types differ, a member occurs twice,
/// or it has members of two forms. [`Fault::Malformed`] when it is not a JSON object or of no known form.
pub(super) fn media_type_of(content_type: Option<&str>, body: &[u8], what: &str) -> Result<String> {
    let ambiguous =
        |cause: String| Error::new(Kind::Safety(Danger::Ambiguous), format!("{what} is ambiguous")).because(cause);
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(malformed(what).because("it is not a JSON object"));
    }
    let shape: Shape = serde_json::from_slice(body).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => ambiguous(error.to_string()),
        _ => malformed(what).because(error),
    })?;
    let lists = shape.manifests.is_some();
    let images = shape.layers.is_some() || shape.config.is_some() || shape.blobs.is_some();
    if [lists, images, shape.fs_layers.is_some()].into_iter().filter(|&form| form).count() > 1 {
        return Err(ambiguous(
            "it has members of an index and of an image: both manifests and layers or config".into(),
        ));
    }
    let declared = content_type.filter(|content_type| is_specific(content_type));
    let media_type = match (declared, shape.media_type) {
        (Some(declared), Some(stated)) if declared != stated => {
            return Err(ambiguous(format!("Content-Type and mediaType differ: {declared} and {stated}")));
        }
        (Some(declared), _) => declared.to_owned(),
        (None, Some(stated)) => stated,
        (None, None) => {
            let guessed = guess(lists, images, shape.fs_layers.is_some())
                .ok_or_else(|| malformed(what).because("it has no media type, and neither manifests nor layers"))?;
            tracing::warn!("the registry does not say what {what} is; it looks like {guessed}");
            guessed.to_owned()
        }
    };
    let schema1 = shape.fs_layers.is_some();
    let other_form = (media_types::is_index(&media_type) && (images || schema1))
        || (media_types::is_image(&media_type) && (lists || schema1))
        || (media_types::is_schema1(&media_type) && (lists || images));
    if other_form {
        return Err(ambiguous(format!("its type is {media_type}, its members are of the other form")));
    }
    Ok(media_type)
}

/// Servers and proxies in between give these to anything.
fn is_specific(content_type: &str) -> bool {
    !matches!(content_type, "" | "application/json" | "text/plain" | "application/octet-stream")
}

fn guess(lists: bool, images: bool, schema1: bool) -> Option<&'static str> {
    match (lists, images, schema1) {
        (true, ..) => Some(media_types::OCI_INDEX),
        (_, true, _) => Some(media_types::OCI_MANIFEST),
        (.., true) => Some(media_types::SCHEMA1),
        _ => None,
    }
}

pub(super) fn malformed(what: &str) -> Error {
    Error::new(Kind::Protocol(Fault::Malformed), format!("{what} is malformed"))
}

impl Manifest {
    /// What the manifest says.
    ///
    /// # Errors
    ///
    /// [`Fault::Malformed`] when a descriptor has no valid digest or size, or the members of its form are missing.
    pub fn document(&self) -> Result<Document> {
        let what = format!("manifest {}", self.digest);
        if media_types::is_schema1(&self.media_type) {
            return schema1::document(&self.bytes).map_err(|error| malformed(&what).because(error));
        }
        let members: Members = serde_json::from_slice(&self.bytes).map_err(|error| malformed(&what).because(error))?;
        let own_config = members.config.as_ref().map(|config| &config.media_type);
        let own_config = own_config.filter(|media_type| !media_types::is_image_config(media_type)).cloned();
        let content = match (members.manifests, members.layers.or(members.blobs)) {
            (Some(manifests), None) => Content::Index(manifests),
            (None, Some(layers)) => Content::Image { config: members.config, layers },
            _ => return Err(malformed(&what).because("it has neither manifests nor layers")),
        };
        Ok(Document {
            content,
            annotations: members.annotations.unwrap_or_default(),
            artifact_type: members.artifact_type.filter(|artifact| !artifact.is_empty()).or(own_config),
            subject: members.subject,
        })
    }
}
