//! A tag: `rls tags`.

use registry_ls::name::Registry;
use serde::Serialize;

use super::field::{Failure, Field, UNKNOWN};
use super::kind::kind_words;
use super::name::{shown, shown_repository};
use super::time::Time;
use crate::output::{Cell, Column, Human, Lines, View, some_of};

/// One tag of `rls tags`, or a repository whose tags could not be listed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct TagRecord {
    /// The registry.
    pub registry: String,
    /// The full name of the tag, or of the repository.
    pub reference: String,
    /// The repository's path in its registry.
    pub repository: String,
    /// The tag; `null` when the listing failed.
    pub tag: Option<String>,
    /// All tags on the digest, with `--group`; `tag` is the first of them.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub tags: Field<Vec<String>>,
    /// The digest, with `-d`, `-l` and `--group`.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub digest: Field<String>,
    /// The manifest's media type, with `-l`.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub media_type: Field<String>,
    /// What it is: `image`, `index`, `chart`, …, with `-l`.
    #[serde(rename = "type", skip_serializing_if = "Field::is_absent")]
    pub kind: Field<&'static str>,
    /// The type of an artifact, with `-l`.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub artifact_type: Field<String>,
    /// Such as `linux/amd64`, with `-l`.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub platforms: Field<Vec<String>>,
    /// Bytes of the distinct blobs that the tag reaches, with `-l`.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub size: Field<u64>,
    /// The creation time, with `-l`.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub created: Field<Time>,
    /// The version of a chart or model, with `-l`.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub version: Field<String>,
    /// The version of the application that a chart installs, with `-l`.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub app_version: Field<String>,
    /// The names of an artifact's files, at most ten, with `-l`.
    #[serde(skip_serializing_if = "Field::is_absent")]
    pub files: Field<Vec<String>>,
    /// What went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
}

/// The detail shown for each tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// The tag alone.
    Names,
    /// `-d`.
    Digests,
    /// `-l`.
    Long,
}

/// How `rls tags` shows its records.
#[derive(Debug, Clone, Copy)]
pub struct TagView {
    /// Whether there are several repositories: each tag is then shown with its own.
    pub qualified: bool,
    /// The detail.
    pub detail: Detail,
    /// Whether a record has all tags on its digest.
    pub group: bool,
    /// Whether names are shown in full.
    pub full: bool,
}

impl View for TagView {
    type Record = TagRecord;

    fn sample(&self) -> TagRecord {
        let registry = Registry::docker_hub();
        let mut record = TagRecord::failed(&registry, "team/app", self.detail, None);
        record.set_tag("1.0".to_owned());
        if self.group {
            record.tags = Field::Known(vec!["1.0".to_owned()]);
        }
        if self.detail != Detail::Names {
            record.digest = Field::Known("sha256:9b1f27c4".to_owned());
        }
        if self.detail == Detail::Long {
            record.media_type = Field::Known("application/vnd.oci.image.manifest.v1+json".to_owned());
            record.kind = Field::Known("image");
            record.platforms = Field::Known(vec!["linux/amd64".to_owned()]);
            record.size = Field::Known(61_200_000);
            record.created = Time::parse("2026-11-18T09:12:00Z").into();
        }
        record
    }

    fn option_for(&self, field: &str) -> Option<&'static str> {
        match field {
            "digest" => Some("--digests"),
            "tags" => Some("--group"),
            "mediaType" | "type" | "artifactType" | "platforms" | "size" | "created" | "version" | "appVersion"
            | "files" => Some("--long"),
            _ => None,
        }
    }

    fn shows(&self, record: &TagRecord) -> bool {
        record.tag.is_some()
    }

    fn plain(&self, record: &TagRecord, lines: &mut Lines) {
        let Some(tag) = record.tag.as_deref() else { return };
        let shown = if self.qualified {
            shown(self.full, &record.repository, Some(tag), None, &record.reference)
        } else {
            tag.into()
        };
        let shown = match record.tags.known().map(Vec::as_slice) {
            Some([_, others @ ..]) if !others.is_empty() => format!("{shown},{}", others.join(",")).into(),
            _ => shown,
        };
        match self.detail {
            Detail::Names => lines.push([shown]),
            Detail::Digests => lines.push([&*shown, record.digest.known().map_or(UNKNOWN, String::as_str)]),
            Detail::Long => lines.push([
                &*shown,
                &or_unknown(record.digest.known()),
                &or_unknown(record.media_type.known()),
                &or_unknown(joined(&record.platforms, ",").as_ref()),
                &or_unknown(record.size.known()),
                &or_unknown(record.created.known()),
                record.kind.known().copied().unwrap_or(UNKNOWN),
                &or_unknown(record.artifact_type.known()),
                &or_unknown(record.version.known()),
            ]),
        }
    }

    fn columns(&self) -> Vec<Column> {
        let mut columns = if self.qualified { vec!["REPOSITORY"] } else { Vec::new() };
        columns.push(if self.group { "TAGS" } else { "TAG" });
        columns.extend(match self.detail {
            Detail::Names => &[][..],
            Detail::Digests => &["DIGEST"],
            Detail::Long => &["PLATFORMS", "SIZE", "CREATED", "DIGEST"],
        });
        columns
    }

    fn rows(&self, record: &TagRecord, human: &Human) -> Vec<Vec<Cell>> {
        let Some(tag) = record.tag.as_deref() else { return Vec::new() };
        let mut row = Vec::with_capacity(6);
        if self.qualified {
            row.push(Cell::new(shown_repository(self.full, &record.repository, Some(tag), &record.reference)));
        }
        row.push(match record.tags.known() {
            Some(tags) if human.whole => Cell::new(tags.join(", ")),
            Some(tags) => Cell::new(some_of(tags)),
            None => Cell::new(tag),
        });
        match self.detail {
            Detail::Names => {}
            Detail::Digests => {
                row.push(
                    record.digest.known().map_or_else(|| Cell::new(UNKNOWN), |digest| Cell::digest(digest, human)),
                );
            }
            Detail::Long => row.extend([
                Cell::new(or_unknown(contents(record).or_else(|| joined(&record.platforms, ", ")).as_ref())),
                Cell::new(or_unknown(record.size.known().map(|size| human.size(*size)).as_ref())),
                Cell::new(or_unknown(record.created.known().map(|created| human.ago(*created)).as_ref())),
                Cell::new(or_unknown(record.digest.known().map(|digest| human.short(digest)).as_ref())),
            ]),
        }
        vec![row]
    }
}

impl TagRecord {
    /// A record with the repository only: every field that `detail` requests is `null`.
    pub fn failed(registry: &Registry, repository: &str, detail: Detail, error: Option<Failure>) -> Self {
        let mut record = Self {
            registry: registry.to_string(),
            reference: registry.qualify(repository),
            repository: repository.to_owned(),
            error,
            ..Self::default()
        };
        if detail != Detail::Names {
            record.digest = Field::Unknown;
        }
        if detail == Detail::Long {
            record.media_type = Field::Unknown;
            record.kind = Field::Unknown;
            record.artifact_type = Field::Unknown;
            record.version = Field::Unknown;
            record.app_version = Field::Unknown;
            record.files = Field::Unknown;
            record.platforms = Field::Unknown;
            record.size = Field::Unknown;
            record.created = Field::Unknown;
        }
        record
    }
}

impl TagRecord {
    /// Makes it the record of this tag of the repository.
    pub fn set_tag(&mut self, tag: String) {
        let former = self.tag.as_ref().map_or(0, |former| former.len() + 1);
        self.reference.truncate(self.reference.len() - former);
        self.reference.push(':');
        self.reference.push_str(&tag);
        self.tag = Some(tag);
    }
}

fn or_unknown(value: Option<&impl ToString>) -> String {
    value.map_or_else(|| UNKNOWN.to_owned(), ToString::to_string)
}

/// What an artifact is, in the place of platforms: `chart, app 2.1`.
fn contents(record: &TagRecord) -> Option<String> {
    let kind = record.kind.known().filter(|kind| !["image", "index", "schema1"].contains(kind))?;
    let files = || record.files.known().filter(|files| !files.is_empty()).map(|files| some_of(files));
    let details = match *kind {
        "chart" => record.app_version.known().map(|version| format!("app {version}")),
        "model" => record.version.known().cloned(),
        "build-cache" | "signature" | "attestation" => None,
        "artifact" => files().or_else(|| record.artifact_type.known().cloned()),
        _ => files(),
    };
    Some(details.map_or_else(|| kind_words(kind).to_owned(), |details| format!("{}, {details}", kind_words(kind))))
}

/// An artifact without platforms has none to show.
fn joined(platforms: &Field<Vec<String>>, separator: &str) -> Option<String> {
    platforms.known().filter(|platforms| !platforms.is_empty()).map(|platforms| platforms.join(separator))
}
