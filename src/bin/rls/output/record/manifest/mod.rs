mod block;

use std::collections::BTreeMap;

use serde::Serialize;

use super::field::{Field, UNKNOWN};
use super::time::Time;
use crate::output::{Human, Lines, View};

/// A manifest, as `rls manifest` shows it. Fields that an index or an artifact does not have are absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
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
    /// What an artifact is.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub artifact_type: Field<String>,
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
#[serde(rename_all = "camelCase")]
pub struct PlatformRecord {
    /// Such as `linux/arm64/v8`; `None` for what is for no platform.
    pub platform: Option<String>,
    /// The manifest's digest.
    pub digest: String,
    /// The manifest's media type.
    pub media_type: String,
    /// Bytes of its distinct blobs.
    pub size: Option<u64>,
    /// The creation time.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub created: Field<Time>,
    /// Of an attestation: the platform of the image that it is about.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub attests: Field<String>,
    /// Whether the registry does not have it.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub missing: Field<bool>,
}

/// One layer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LayerRecord {
    /// The blob's digest.
    pub digest: String,
    /// The blob's media type; `None` in schema 1, which does not say.
    pub media_type: Option<String>,
    /// Bytes as stored; `None` in schema 1, which does not say.
    pub size: Option<u64>,
}

/// The config of an image.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
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
    /// How the image was made, with `--history`.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub history: Field<Vec<HistoryRecord>>,
}

/// One step of an image's making.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
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

/// How `rls manifest` shows its record: people get a block of text, `plain` a line for each fact with its name first.
#[derive(Debug, Clone, Copy)]
pub struct ManifestView;

impl View for ManifestView {
    type Record = ManifestRecord;

    const DEEP: bool = true;

    /// What a reference is decides which fields there are; all may be named.
    fn sample(&self) -> ManifestRecord {
        ManifestRecord {
            repository: "team/app".to_owned(),
            digest: "sha256:9b1f27c4".to_owned(),
            media_type: "application/vnd.oci.image.index.v1+json".to_owned(),
            index: Field::Unknown,
            platform: Field::Unknown,
            artifact_type: Field::Unknown,
            platforms: Field::Unknown,
            layers: Field::Unknown,
            config: Field::Unknown,
            ..ManifestRecord::default()
        }
    }

    fn plain(&self, record: &ManifestRecord, lines: &mut Lines) {
        let mut facts = Facts(lines);
        facts.add("repository", [&record.repository]);
        facts.add("tag", record.tag.iter());
        facts.add("index", record.index.known());
        facts.add("platform", record.platform.known());
        facts.add("digest", [&record.digest]);
        facts.add("mediaType", [&record.media_type]);
        facts.add("artifactType", record.artifact_type.known());
        facts.add("size", [or_unknown(record.size)]);
        facts.add("blobs", [or_unknown(record.blobs)]);
        facts.add("created", [or_unknown(record.created)]);
        facts.add_pairs("annotations", &record.annotations);
        for platform in record.platforms.known().into_iter().flatten() {
            let name = platform.platform.clone().or_else(|| platform.attests.known().map(|_| "attestation".to_owned()));
            facts.add_fields(
                "platforms",
                [
                    or_unknown(name),
                    platform.digest.clone(),
                    platform.media_type.clone(),
                    or_unknown(platform.size),
                    or_unknown(platform.created.known()),
                ],
            );
        }
        for layer in record.layers.known().into_iter().flatten() {
            facts.add_fields(
                "layers",
                [
                    or_unknown(Some(&layer.digest).filter(|digest| !digest.is_empty())),
                    or_unknown(layer.media_type.as_ref()),
                    or_unknown(layer.size),
                ],
            );
        }
        if let Some(config) = record.config.known() {
            facts.add_config(config);
        }
    }

    fn text(&self, record: &ManifestRecord, human: &Human) -> String {
        block::text(record, human)
    }
}

/// Lines of a name and one or more values.
struct Facts<'a>(&'a mut Lines);

impl Facts<'_> {
    fn add(&mut self, name: &str, values: impl IntoIterator<Item = impl ToString>) {
        values.into_iter().for_each(|value| self.0.push([name, &value.to_string()]));
    }

    fn add_pairs(&mut self, name: &str, pairs: &BTreeMap<String, String>) {
        pairs.iter().for_each(|(key, value)| self.add_fields(name, [key.clone(), value.clone()]));
    }

    fn add_fields<const N: usize>(&mut self, name: &str, fields: [String; N]) {
        self.0.push(std::iter::once(name).chain(fields.iter().map(String::as_str)));
    }

    fn add_config(&mut self, config: &ConfigRecord) {
        self.add("config.digest", [&config.digest]);
        self.add("config.created", [or_unknown(config.created)]);
        self.add("config.architecture", [or_unknown(config.architecture.as_ref())]);
        self.add("config.os", [or_unknown(config.os.as_ref())]);
        self.add("config.osVersion", config.os_version.known());
        self.add_pairs("config.labels", &config.labels);
        self.add("config.env", &config.env);
        self.add("config.entrypoint", &config.entrypoint);
        self.add("config.cmd", &config.cmd);
        for step in config.history.known().into_iter().flatten() {
            let command = step.created_by.as_ref().or(step.comment.as_ref());
            self.add_fields("config.history", [or_unknown(step.created), or_unknown(command)]);
        }
    }
}

fn or_unknown(value: Option<impl ToString>) -> String {
    value.map_or_else(|| UNKNOWN.to_owned(), |value| value.to_string())
}

#[cfg(test)]
mod tests;
