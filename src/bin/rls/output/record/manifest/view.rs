//! How `rls manifest` shows its record.

use std::collections::BTreeMap;

use super::block;
use super::records::{ConfigRecord, ManifestRecord, PlatformRecord};
use crate::output::record::field::{Field, UNKNOWN};
use crate::output::{Human, Lines, View};

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
            kind: Some("index"),
            artifact_type: Field::Unknown,
            version: Field::Unknown,
            app_version: Field::Unknown,
            predicate_types: Field::Unknown,
            subject: Field::Unknown,
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
        facts.add("type", record.kind);
        facts.add("artifactType", record.artifact_type.known());
        facts.add("version", record.version.known());
        facts.add("appVersion", record.app_version.known());
        facts.add("predicateTypes", record.predicate_types.known().into_iter().flatten());
        facts.add("subject", record.subject.known());
        facts.add("size", [or_unknown(record.size)]);
        facts.add("blobs", [or_unknown(record.blobs)]);
        facts.add("created", [or_unknown(record.created)]);
        facts.add_pairs("annotations", &record.annotations);
        facts.add_platforms("platforms", record.platforms.known().into_iter().flatten());
        for layer in record.layers.known().into_iter().flatten() {
            facts.add_fields(
                "layers",
                [
                    or_unknown(Some(&layer.digest).filter(|digest| !digest.is_empty())),
                    or_unknown(layer.media_type.as_ref()),
                    or_unknown(layer.size),
                ],
            );
            for (key, value) in &layer.annotations {
                facts.add_fields("layers.annotations", [layer.digest.clone(), key.clone(), value.clone()]);
            }
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

    fn add_platforms<'r>(&mut self, name: &str, platforms: impl Iterator<Item = &'r PlatformRecord>) {
        for platform in platforms {
            let shown =
                platform.platform.clone().or_else(|| platform.attests.known().map(|_| "attestation".to_owned()));
            let fields = [
                or_unknown(shown),
                platform.digest.clone(),
                platform.media_type.clone(),
                or_unknown(platform.size),
                or_unknown(platform.created.known()),
            ];
            self.add_fields(name, fields);
            let nested = format!("{name}.platforms");
            platform.platforms.known().into_iter().for_each(|platforms| self.add_platforms(&nested, platforms.iter()));
        }
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
        self.add("config.user", config.user.iter());
        self.add("config.workingDir", config.working_dir.iter());
        self.add("config.ports", &config.ports);
        self.add("config.volumes", &config.volumes);
        for step in config.history.known().into_iter().flatten() {
            let command = step.created_by.as_ref().or(step.comment.as_ref());
            self.add_fields("config.history", [or_unknown(step.created), or_unknown(command)]);
        }
    }
}

fn or_unknown(value: Option<impl ToString>) -> String {
    value.map_or_else(|| UNKNOWN.to_owned(), |value| value.to_string())
}
