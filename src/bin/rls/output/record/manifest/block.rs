//! The block of text that `rls manifest` shows on a terminal.

use unicode_width::UnicodeWidthStr;

use super::records::{ConfigRecord, HistoryRecord, LayerRecord, ManifestRecord, PlatformRecord};
use crate::command_line::quoted;
use crate::output::record::field::{Field, UNKNOWN};
use crate::output::record::kind::{kind_words, predicate_words};
use crate::output::record::name::name;
use crate::output::{Human, Tone, some_of};

/// Columns of a label such as `digest` or `entrypoint`, with the blanks after it.
const LABEL: usize = 12;

/// The block, without its last line end; every text in it is escaped.
pub fn text(record: &ManifestRecord, human: &Human) -> String {
    let mut block = Block { lines: Vec::new(), human };
    let digest = record.index.known().or(Some(&record.digest));
    let title = name(&record.repository, record.tag.as_deref(), digest.map(String::as_str));
    block.lines.push(human.styles.paint(Tone::Heading, &human.escape(&title)));
    block.identity(record);
    if let Some(platforms) = record.platforms.known() {
        let mut rows = Vec::new();
        add_tree(&mut rows, platforms, 0, human);
        block.grid("", rows.into_iter());
    }
    if let Some(layers) = record.layers.known() {
        block.grid("layers", layers.iter().map(|layer| layer_row(layer, human)));
    }
    let config = record.config.known();
    if let Some(config) = config {
        block.grid("ports", config.ports.iter().map(|port| vec![port.clone()]));
        block.grid("volumes", config.volumes.iter().map(|path| vec![path.clone()]));
        block.grid("env", config.env.iter().map(|variable| vec![variable.clone()]));
        block.grid("labels", config.labels.iter().map(|(key, value)| vec![key.clone(), value.clone()]));
    }
    block.grid("annotations", record.annotations.iter().map(|(key, value)| vec![key.clone(), value.clone()]));
    if let Some(history) = config.and_then(|config| config.history.known()) {
        block.grid("history", history.iter().map(|step| history_row(step, human)));
    }
    block.lines.join("\n")
}

struct Block<'a> {
    lines: Vec<String>,
    human: &'a Human,
}

impl Block<'_> {
    fn identity(&mut self, record: &ManifestRecord) {
        if let Some(index) = record.index.known() {
            self.label("index", index);
        }
        self.label("digest", &record.digest);
        let kind = record.kind.map_or("manifest", kind_words);
        let kind = record.version.known().map_or_else(|| kind.to_owned(), |version| format!("{kind} {version}"));
        let app = record.app_version.known().map(|version| format!(", app {version}")).unwrap_or_default();
        self.label("type", &format!("{kind}{app}, {}", record.media_type));
        if let Field::Known(artifact) = &record.artifact_type {
            self.label("artifact", artifact);
        }
        for predicate in record.predicate_types.known().into_iter().flatten() {
            self.label("predicate", predicate);
        }
        if let Field::Known(subject) = &record.subject {
            self.label("subject", subject);
        }
        let platform = record.platform.known().cloned().or_else(|| record.config.known().and_then(platform_of));
        if let Some(platform) = platform {
            self.label("platform", &platform);
        }
        let size = record.size.map(|size| self.human.size(size));
        let blobs = record.blobs.map(|count| format!(" in {count} blob{}", if count == 1 { "" } else { "s" }));
        self.label("size", &format!("{}{}", size.as_deref().unwrap_or(UNKNOWN), blobs.unwrap_or_default()));
        if let Some(created) = record.created {
            self.label("created", &format!("{} ({})", self.human.minute(created), self.human.ago(created)));
        }
        if let Some(config) = record.config.known() {
            self.config(config);
        }
    }

    fn config(&mut self, config: &ConfigRecord) {
        for (label, words) in [("entrypoint", &config.entrypoint), ("cmd", &config.cmd)] {
            if !words.is_empty() {
                self.label(label, &words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "));
            }
        }
        let working_dir = config.working_dir.clone().filter(|path| path != "/");
        for (label, value) in [("user", &config.user), ("workdir", &working_dir)] {
            if let Some(value) = value {
                self.label(label, value);
            }
        }
    }

    fn label(&mut self, label: &str, value: &str) {
        self.lines.push(format!("  {label:LABEL$}{}", self.human.escape(value)));
    }

    /// An empty line, a heading if there is one, and aligned rows; nothing at all without rows.
    fn grid(&mut self, heading: &str, rows: impl Iterator<Item = Vec<String>>) {
        let rows: Vec<Vec<String>> =
            rows.map(|row| row.iter().map(|cell| self.human.escape(cell).into_owned()).collect()).collect();
        if rows.is_empty() {
            return;
        }
        let mut widths = vec![0; rows.iter().map(Vec::len).max().unwrap_or_default()];
        for row in &rows {
            // The last cell of a row pushes nothing aside.
            let followed = row.iter().take(row.len().saturating_sub(1));
            widths.iter_mut().zip(followed).for_each(|(width, cell)| *width = cell.width().max(*width));
        }
        self.lines.push(String::new());
        let indent = if heading.is_empty() {
            "  "
        } else {
            self.lines.push(format!("  {heading}"));
            "    "
        };
        for row in &rows {
            let cells: Vec<String> =
                row.iter().zip(&widths).map(|(cell, width)| self.human.pad(cell, *width)).collect();
            self.lines.push(format!("{indent}{}", cells.join("   ").trim_end_matches(' ')));
        }
    }
}

fn platform_of(config: &ConfigRecord) -> Option<String> {
    let version = config.os_version.known().map(|version| format!("({version})"));
    Some(format!("{}{}/{}", config.os.as_ref()?, version.unwrap_or_default(), config.architecture.as_ref()?))
}

/// Adds a row for each manifest of an index: attestations below the image that they attest, and the manifests of a
/// nested index below it.
fn add_tree(rows: &mut Vec<Vec<String>>, platforms: &[PlatformRecord], depth: usize, human: &Human) {
    let is_listed = |platform: &PlatformRecord| {
        let subject = platform.attested.as_ref();
        subject
            .is_some_and(|subject| platforms.iter().any(|other| other.digest == *subject && other.attested.is_none()))
    };
    for platform in platforms.iter().filter(|platform| !is_listed(platform)) {
        rows.push(platform_row(platform, depth, human));
        let attestations = platforms.iter().filter(|other| other.attested.as_ref() == Some(&platform.digest));
        rows.extend(attestations.map(|attestation| platform_row(attestation, depth + 1, human)));
        add_tree(rows, platform.platforms.known().map_or(&[], Vec::as_slice), depth + 1, human);
    }
}

fn platform_row(platform: &PlatformRecord, depth: usize, human: &Human) -> Vec<String> {
    // People paste it.
    let digest = platform.digest.clone();
    let indent = "  ".repeat(depth);
    if let Some(subject) = platform.attests.known() {
        let predicates = platform.predicate_types.known().filter(|types| !types.is_empty());
        let predicates =
            predicates.map(|types| types.iter().map(|it| predicate_words(it).to_owned()).collect::<Vec<_>>());
        let what = predicates.map_or_else(|| "in-toto".to_owned(), |predicates| some_of(&predicates));
        // Where it is not below its image, it names the image.
        let what = if depth == 0 { format!("for {subject} ({what})") } else { what };
        return vec![format!("{indent}attestation"), digest, what];
    }
    let size = match platform.size {
        Some(size) => human.size(size),
        None if platform.missing.known().is_some() => "missing from the registry".to_owned(),
        None => UNKNOWN.to_owned(),
    };
    let kind = platform.kind.filter(|kind| *kind != "image").map(|kind| kind_words(kind).to_owned());
    let name = match (platform.platforms.known(), &platform.platform) {
        (None, Some(platform)) => platform.clone(),
        _ => kind.unwrap_or_else(|| UNKNOWN.to_owned()),
    };
    let created = platform.created.known().map(|created| format!("created {}", human.minute(*created)));
    [format!("{indent}{name}"), digest, size].into_iter().chain(created).collect()
}

fn layer_row(layer: &LayerRecord, human: &Human) -> Vec<String> {
    let size = layer.size.map_or_else(|| UNKNOWN.to_owned(), |size| human.size(size));
    let digest = if layer.digest.is_empty() { UNKNOWN.to_owned() } else { human.short(&layer.digest) };
    let title = layer.annotations.get("org.opencontainers.image.title");
    let title = title.or_else(|| layer.annotations.get("org.cncf.model.filepath")).cloned();
    [digest, size].into_iter().chain(layer.media_type.clone()).chain(title).collect()
}

fn history_row(step: &HistoryRecord, human: &Human) -> Vec<String> {
    let created = step.created.map_or_else(|| UNKNOWN.to_owned(), |created| human.minute(created));
    let command = step.created_by.as_ref().or(step.comment.as_ref());
    vec![created, command.cloned().unwrap_or_else(|| UNKNOWN.to_owned())]
}
