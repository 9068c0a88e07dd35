//! The records of `rls manifest`.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::output::record::field::Field;
use crate::output::record::time::Time;

/// A manifest, as `rls manifest` shows it. Fields that an index or an artifact does not have are absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ManifestRecord {
    /// The registry.
    pub registry: String,
    /// The full name of what the reference means.
    pub reference: String,
    /// The repository's path in its registry.
    pub repository: String,
    /// The tag, if the reference has one.
    pub tag: Option<String>,
    /// The digest of the index that the reference is, when one of its images was chosen.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub index: Field<String>,
    /// The platform that was chosen.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub platform: Field<String>,
    /// The manifest's digest.
    pub digest: String,
    /// The manifest's media type.
    pub media_type: String,
    /// What it is: `image`, `index`, `chart`, …; `null` where it could not be read.
    #[serde(rename = "type")]
    pub kind: Option<&'static str>,
    /// The type of an artifact.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub artifact_type: Field<String>,
    /// The version of a chart or model.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub version: Field<String>,
    /// The version of the application that a chart installs.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub app_version: Field<String>,
    /// The predicate types of an attestation.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub predicate_types: Field<Vec<String>>,
    /// The digest of the manifest that this one refers to, as signatures and SBOMs do.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub subject: Field<String>,
    /// Bytes of the distinct blobs that it reaches.
    pub size: Option<u64>,
    /// How many these are.
    pub blobs: Option<u64>,
    /// When it was made, of an index its newest image.
    pub created: Option<Time>,
    /// The manifest's own annotations.
    pub annotations: BTreeMap<String, String>,
    /// The manifests of an index, in its order.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub platforms: Field<Vec<PlatformRecord>>,
    /// The layers of an image or artifact, the lowest first; the layers and the config of a build cache.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub layers: Field<Vec<LayerRecord>>,
    /// The config of an image.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub config: Field<ConfigRecord>,
}

/// One manifest of an index.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PlatformRecord {
    /// Such as `linux/arm64/v8`; `null` for what is for no platform.
    pub platform: Option<String>,
    /// The manifest's digest.
    pub digest: String,
    /// The manifest's media type.
    pub media_type: String,
    /// What it is: `image`, `index`, `attestation`, …; `null` where it could not be read.
    #[serde(rename = "type")]
    pub kind: Option<&'static str>,
    /// Bytes of its distinct blobs.
    pub size: Option<u64>,
    /// The creation time.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub created: Field<Time>,
    /// Of an attestation: the platform of the image that it is about.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub attests: Field<String>,
    /// The digest of that image, by which people see the attestation below it.
    #[serde(skip)]
    pub attested: Option<String>,
    /// The predicate types of an attestation.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub predicate_types: Field<Vec<String>>,
    /// The manifests of a nested index.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub platforms: Field<Vec<PlatformRecord>>,
    /// Whether the registry does not have it.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub missing: Field<bool>,
}

/// One layer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct LayerRecord {
    /// The blob's digest.
    pub digest: String,
    /// The blob's media type; `null` in schema 1, which does not say.
    pub media_type: Option<String>,
    /// Bytes as stored; `null` in schema 1, which does not say.
    pub size: Option<u64>,
    /// The annotations, where there are any.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// The config of an image.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ConfigRecord {
    /// The blob's digest.
    pub digest: String,
    /// The creation time.
    pub created: Option<Time>,
    /// Such as `arm64`.
    pub architecture: Option<String>,
    /// Such as `linux`.
    pub os: Option<String>,
    /// Such as `10.0.17763.1`, for Windows.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub os_version: Field<String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Variables as `NAME=value`.
    pub env: Vec<String>,
    /// What is run.
    pub entrypoint: Vec<String>,
    /// Its arguments.
    pub cmd: Vec<String>,
    /// The user that it runs as.
    pub user: Option<String>,
    /// The working directory.
    pub working_dir: Option<String>,
    /// Exposed ports, such as `8080/tcp`.
    pub ports: Vec<String>,
    /// Directories that are volumes.
    pub volumes: Vec<String>,
    /// How the image was made, with `--history`.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub history: Field<Vec<HistoryRecord>>,
}

/// One step of an image's making.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct HistoryRecord {
    /// When.
    pub created: Option<Time>,
    /// The command.
    pub created_by: Option<String>,
    /// A remark.
    pub comment: Option<String>,
    /// Whether it made no layer.
    pub empty_layer: bool,
}
