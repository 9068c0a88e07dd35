//! `rls manifest`: shows what a reference points to.

use std::io::{IsTerminal, stdout};

use futures::future::LocalBoxFuture;
use futures::{FutureExt, StreamExt, stream};
use jiff::Timestamp;
use registry_ls::Kind;
use registry_ls::error::{Error, Fault, Missing, Result};
use registry_ls::name::Reference;
use registry_ls::registry::{
    ArtifactFacts, Config, Content, Descriptor, DescriptorDigest, Document, FetchedConfig, ImageConfig, Manifest,
    ManifestKind, Problem, RepositoryHandle, Summaries, media_types, real_date,
};

use super::context::Context;
use super::digest::{full_name, tag_and_digest};
use super::platform::{SelectedImage, descend};
use super::suggestions;
use crate::args::ManifestArgs;
use crate::output::{
    ConfigRecord, Field, HistoryRecord, LayerRecord, ManifestRecord, ManifestView, PlatformRecord, Time, write_raw,
};
use crate::report::CommandError;
use crate::usage::Usage;

/// The most levels of indexes within an index that are shown.
const MAX_NESTING: usize = 4;

pub async fn run(args: &ManifestArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let named = context.references(std::slice::from_ref(&args.reference)).await?;
    let [(repository, reference)] = named.as_slice() else {
        return Err(Usage::new("rls manifest shows one reference").into());
    };
    let mut output = context.output(ManifestView)?;
    match context.until_shutdown(show(args, repository, reference)).await? {
        Ok(Printed::Bytes(bytes)) => Ok(write_raw(stdout(), &bytes, stdout().is_terminal())?),
        Ok(Printed::Description(description)) => {
            output.write(&description.record)?;
            output.finish()?;
            for gap in description.gaps {
                context.report.warning(&format!("{reference}: {gap}"));
            }
            if let Some(error) = description.error {
                let error = error.within(format!("cannot read all of {reference}"));
                context.report.failure(&error, &context.hint_context(repository.registry()));
            }
            Ok(())
        }
        Err(error) => {
            let hint_context = suggestions::hint_context(context, repository, reference.target(), &error).await;
            Err(CommandError::Failed(error, Box::new(hint_context)))
        }
    }
}

/// What the command prints.
enum Printed {
    Bytes(Vec<u8>),
    Description(Box<Description>),
}

/// The record of a manifest, and what is missing from it.
#[derive(Default)]
struct Description {
    record: ManifestRecord,
    gaps: Vec<Problem>,
    error: Option<Error>,
}

async fn show(args: &ManifestArgs, repository: &RepositoryHandle, reference: &Reference) -> Result<Printed> {
    let manifest = repository.manifest(reference.target()).await?;
    // Config and history exist only for a single image of an index.
    let (selected, manifest) = match &args.platform {
        Some(platform) => descend(repository, reference, manifest, Some(platform)).await?,
        None if args.image_config || args.history => descend(repository, reference, manifest, None).await?,
        None => (None, manifest),
    };
    if args.image_config {
        let config = config(repository, reference, &manifest).await?;
        return Ok(Printed::Bytes(if args.raw { config.bytes.to_vec() } else { indented(&config, reference)? }));
    }
    if args.raw {
        return Ok(Printed::Bytes(manifest.bytes.to_vec()));
    }
    let mut description = describe(repository, reference, manifest, args.history).await;
    // Altered data is not shown, not even in part.
    if let Some(error) = description.error.take_if(|error| matches!(error.kind(), Kind::Safety(_))) {
        return Err(error);
    }
    if let Some(SelectedImage { index, platform }) = selected {
        description.record.index = Field::Known(index.to_string());
        description.record.platform = args.platform.as_ref().or(platform.as_ref()).map(ToString::to_string).into();
    }
    Ok(Printed::Description(Box::new(description)))
}

async fn config(repository: &RepositoryHandle, reference: &Reference, manifest: &Manifest) -> Result<Config> {
    let none = |cause: &str| {
        Error::new(Kind::NotFound(Missing::Blob), format!("{reference} has no image config")).because(cause.to_owned())
    };
    match manifest.readable()?.0.content {
        Content::Image { config: Some(descriptor), .. } => repository.config(&descriptor).await,
        Content::Index(_) => Err(none("it is an index")),
        Content::Image { config: None, .. } => Err(none("it is an artifact without one")),
        Content::Schema1(_) => Err(none("schema 1 manifests have none")),
    }
}

/// The config as indented JSON, with members in the order of the blob.
fn indented(config: &Config, reference: &Reference) -> Result<Vec<u8>> {
    if config.bytes.is_empty() {
        return Ok(Vec::new());
    }
    let unreadable = |error: serde_json::Error| {
        let what = format!("the config of {reference} is not JSON");
        Error::new(Kind::Protocol(Fault::Malformed), what).because(error).because("use --raw to print its bytes")
    };
    let value: serde_json::Value = serde_json::from_slice(&config.bytes).map_err(unreadable)?;
    let mut text = serde_json::to_vec_pretty(&value).map_err(unreadable)?;
    text.push(b'\n');
    Ok(text)
}

/// Describes a manifest. Parts that cannot be read or fetched do not affect the others.
async fn describe(
    repository: &RepositoryHandle,
    reference: &Reference,
    manifest: Manifest,
    history: bool,
) -> Description {
    let (tag, _) = tag_and_digest(reference);
    let mut description = Description {
        record: ManifestRecord {
            registry: repository.registry().to_string(),
            reference: full_name(repository.registry(), reference),
            repository: repository.to_string(),
            tag,
            digest: manifest.digest.to_string(),
            media_type: manifest.media_type.clone(),
            ..ManifestRecord::default()
        },
        ..Description::default()
    };
    match manifest.readable() {
        Ok((document, unreadable)) => {
            description.error = unreadable;
            description.describe(&document);
            match document.content {
                Content::Index(_) => description.add_children(repository, manifest, &document).await,
                Content::Image { .. } | Content::Schema1(_) => {
                    description.add_config(repository, &document, history).await
                }
            }
        }
        Err(error) => description.error = Some(error),
    }
    description
}

impl Description {
    /// Adds what the manifest itself contains.
    fn describe(&mut self, document: &Document) {
        let record = &mut self.record;
        let kind = ManifestKind::of(document);
        let artifact = ArtifactFacts::of(document, kind);
        record.kind = Some(kind.as_str());
        record.version = artifact.version.map_or(Field::Absent, Field::Known);
        record.predicate_types = present(artifact.predicate_types);
        let subject = document.subject.as_ref().map(|subject| subject.digest.to_string());
        record.subject = subject.map_or(Field::Absent, Field::Known);
        record.artifact_type = document.artifact_type.clone().map_or(Field::Absent, Field::Known);
        record.annotations = document.annotations.clone();
        let layers: Vec<_> = match &document.content {
            Content::Index(_) => document.listed_blobs().map(layer).collect(),
            Content::Image { layers, .. } => layers.iter().map(layer).collect(),
            Content::Schema1(schema1) => schema1.layers.iter().map(unsized_layer).collect(),
        };
        if !layers.is_empty() || !matches!(document.content, Content::Index(_)) {
            record.layers = Field::Known(layers);
        }
    }

    /// Adds the manifests of an index.
    async fn add_children(&mut self, repository: &RepositoryHandle, manifest: Manifest, document: &Document) {
        let summaries = Summaries::new(repository, Timestamp::now());
        let summary = summaries.of(manifest).await;
        self.record.size = summary.size;
        self.record.blobs = summary.blobs;
        self.record.created = summary.created.and_then(Time::new);
        self.gaps.clone_from(&summary.problems);
        self.error.clone_from(&summary.error);
        self.record.platforms = Field::Known(platforms(repository, document, &summaries, 0).await);
    }

    /// Adds the versions in a chart's or model's config, which go before the annotation.
    fn add_versions(&mut self, document: &Document, config: &ImageConfig) {
        let kind = ManifestKind::of(document);
        let mut artifact = ArtifactFacts::of(document, kind);
        artifact.add_config(config, kind);
        self.record.version = artifact.version.map_or(Field::Absent, Field::Known);
        self.record.app_version = artifact.app_version.map_or(Field::Absent, Field::Known);
    }

    /// Adds the config of an image and the size of its blobs.
    async fn add_config(&mut self, repository: &RepositoryHandle, document: &Document, history: bool) {
        let now = Timestamp::now();
        let sizes: Option<Vec<u64>> = document.blobs().into_values().collect();
        let sizes = sizes.filter(|_| self.error.is_none() && !matches!(document.content, Content::Schema1(_)));
        self.record.size = sizes.as_ref().map(|sizes| sizes.iter().fold(0, |sum: u64, size| sum.saturating_add(*size)));
        self.record.blobs = sizes.map(|sizes| sizes.len() as u64);
        let mut dates = document.dates();
        if let Some(descriptor) = document.described_by() {
            let mut image = ImageConfig::default();
            let mut is_image = media_types::is_image_config(&descriptor.media_type);
            match repository.image_config(descriptor).await {
                Ok(FetchedConfig::Image(config)) => image = config.image,
                Ok(FetchedConfig::Other) => is_image = false,
                Ok(FetchedConfig::Unusable(gap)) => self.gaps.push(gap),
                Err(error) => self.error = Some(error),
            }
            dates = dates.with_config(&image);
            self.add_versions(document, &image);
            if is_image {
                self.record.config = Field::Known(config_record(descriptor, image, history, now));
            }
        }
        self.record.created = dates.created(now).and_then(Time::new);
    }
}

/// The manifests of an index, and of the indexes in it.
fn platforms<'a>(
    repository: &'a RepositoryHandle,
    index: &'a Document,
    summaries: &'a Summaries<'_>,
    depth: usize,
) -> LocalBoxFuture<'a, Vec<PlatformRecord>> {
    let record = move |child: &'a Descriptor| async move {
        let mut record = platform(child, index, summaries);
        // What the summary could not read is missing here too.
        if record.kind == Some(ManifestKind::Index.as_str())
            && depth < MAX_NESTING
            && let Ok(nested) = repository.child(child).await
            && let Ok((nested, _)) = nested.readable()
        {
            record.platforms = Field::Known(platforms(repository, &nested, summaries, depth + 1).await);
        }
        record
    };
    let records = stream::iter(index.children()).map(record);
    records.buffered(repository.client().max_concurrency()).collect().boxed_local()
}

fn platform(child: &Descriptor, index: &Document, summaries: &Summaries<'_>) -> PlatformRecord {
    let platforms = |child: &Descriptor, summary: Option<&_>| {
        let platforms: Vec<_> = child.platforms(summary).iter().map(ToString::to_string).collect();
        Some(platforms.join(",")).filter(|platforms| !platforms.is_empty())
    };
    let known = |child: &Descriptor| summaries.known(child);
    let read = known(child);
    let summary = read.as_ref().and_then(|read| read.as_deref().ok());
    let attests = child.attests().map(|digest| {
        let about = index.children().find(|child| child.digest.as_str() == digest);
        let platforms = about.and_then(|about| platforms(about, known(about).and_then(Result::ok).as_deref()));
        platforms.unwrap_or_else(|| digest.to_owned())
    });
    let is_missing = matches!(&read, Some(Err(error)) if error.is_not_found());
    let artifact = summary.and_then(|summary| summary.artifact.as_deref());
    let declared = Some(child.media_type.clone()).filter(|media_type| !media_type.is_empty());
    PlatformRecord {
        platform: platforms(child, summary),
        digest: child.digest.to_string(),
        media_type: declared.or_else(|| summary.map(|summary| summary.media_type.to_string())).unwrap_or_default(),
        size: summary.and_then(|summary| summary.size),
        created: summary.and_then(|summary| summary.created).and_then(Time::new).into(),
        attests: attests.map_or(Field::Absent, Field::Known),
        attested: child.attests().map(str::to_owned),
        predicate_types: present(artifact.map(|artifact| artifact.predicate_types.clone()).unwrap_or_default()),
        kind: summary.and_then(|summary| summary.kind).map(ManifestKind::as_str),
        platforms: Field::Absent,
        missing: if is_missing { Field::Known(true) } else { Field::Absent },
    }
}

fn layer(descriptor: &Descriptor) -> LayerRecord {
    LayerRecord {
        digest: descriptor.digest.to_string(),
        media_type: Some(descriptor.media_type.clone()).filter(|media_type| !media_type.is_empty()),
        size: descriptor.known_size(),
        annotations: descriptor.annotations.clone(),
    }
}

/// A list; an empty one is absent.
fn present<T>(list: Vec<T>) -> Field<Vec<T>> {
    if list.is_empty() { Field::Absent } else { Field::Known(list) }
}

fn unsized_layer(digest: &DescriptorDigest) -> LayerRecord {
    LayerRecord { digest: digest.to_string(), ..LayerRecord::default() }
}

fn config_record(descriptor: &Descriptor, image: ImageConfig, history: bool, now: Timestamp) -> ConfigRecord {
    let time = |date: Option<Timestamp>| date.and_then(|date| real_date(date, now)).and_then(Time::new);
    let steps = image.history.into_iter().map(|step| HistoryRecord {
        created: time(step.created),
        created_by: step.created_by,
        comment: step.comment,
        empty_layer: step.empty_layer.unwrap_or_default(),
    });
    ConfigRecord {
        digest: descriptor.digest.to_string(),
        created: time(image.created),
        architecture: image.platform.as_ref().map(|platform| platform.architecture.clone()),
        os: image.platform.as_ref().map(|platform| platform.os.clone()),
        os_version: image.platform.and_then(|platform| platform.os_version).map_or(Field::Absent, Field::Known),
        history: if history { Field::Known(steps.collect()) } else { Field::Absent },
        labels: image.labels,
        env: image.env,
        entrypoint: image.entrypoint,
        cmd: image.cmd,
        user: image.user,
        working_dir: image.working_dir,
        ports: image.ports,
        volumes: image.volumes,
    }
}
