use std::collections::BTreeMap;
use std::io::{IsTerminal, stdout};

use registry_ls::Kind;
use registry_ls::error::{Error, Missing, Result};
use registry_ls::name::{Digest, Reference};
use registry_ls::registry::{Child, Client, Config, Content, Contents, Descriptor, Manifest, Platform};

use super::digest::tag_and_digest;
use super::{Context, nearest};
use crate::args::ManifestArgs;
use crate::output::{
    ConfigRecord, Field, HistoryRecord, LayerRecord, ManifestRecord, ManifestView, PlatformRecord, Time, write_raw,
};
use crate::report::Stop;

/// `rls manifest`
pub async fn run(args: &ManifestArgs, context: &Context<'_>) -> Result<(), Stop> {
    let named = context.references(std::slice::from_ref(&args.reference)).await?;
    let [(client, reference)] = named.as_slice() else { return Ok(()) };
    let output = context.output(ManifestView)?;
    match context.or_end(show(args, client, reference)).await? {
        Ok(Shown::Bytes(bytes)) => Ok(write_raw(stdout(), &bytes, stdout().is_terminal())?),
        Ok(Shown::Record(record)) => {
            let mut output = output;
            output.write(&record)?;
            Ok(output.finish()?)
        }
        Err(error) => {
            let situation = nearest::situation(context, client, reference, &error).await;
            Err(Stop::Failed(error, situation))
        }
    }
}

enum Shown {
    Bytes(Vec<u8>),
    Record(Box<ManifestRecord>),
}

async fn show(args: &ManifestArgs, client: &Client, reference: &Reference) -> Result<Shown> {
    let repository = reference.repository();
    let manifest = client.manifest(repository, reference.target()).await?;
    let (index, manifest) = match &args.platform {
        Some(platform) => descend(client, reference, manifest, platform).await?,
        None => (None, manifest),
    };
    if args.image_config {
        let config = config(client, reference, &manifest).await?;
        return Ok(Shown::Bytes(if args.raw { config.bytes.to_vec() } else { indented(&config)? }));
    }
    if args.raw {
        return Ok(Shown::Bytes(manifest.bytes.to_vec()));
    }
    let contents = client.contents_of(repository, manifest).await?;
    let mut record = record(reference, &contents, args.history);
    if let Some(index) = index {
        record.index = Field::Known(index.to_string());
        record.platform = args.platform.as_ref().map(ToString::to_string).into();
    }
    Ok(Shown::Record(Box::new(record)))
}

/// The image for a platform. A manifest that is no index is for the platform in its config, which has to be the one asked for.
async fn descend(
    client: &Client,
    reference: &Reference,
    manifest: Manifest,
    platform: &Platform,
) -> Result<(Option<Digest>, Manifest)> {
    let no_such = |there: Vec<String>| {
        let error = Error::new(Kind::NotFound(Missing::Manifest), format!("{reference} has no image for {platform}"));
        if there.is_empty() { error } else { error.because(format!("it has {}", there.join(", "))) }
    };
    let repository = reference.repository();
    match manifest.document()?.content {
        Content::Index(listed) => {
            let of = |descriptor: &Descriptor| descriptor.platform.clone().filter(|platform| !platform.is_unknown());
            let serves = |descriptor: &&Descriptor| of(descriptor).is_some_and(|there| there.serves(platform));
            let exact = listed.iter().find(|descriptor| descriptor.platform.as_ref() == Some(platform));
            match exact.or_else(|| listed.iter().find(serves)) {
                Some(descriptor) => Ok((Some(manifest.digest), client.child(repository, descriptor).await?)),
                None => Err(no_such(listed.iter().filter_map(of).map(|platform| platform.to_string()).collect())),
            }
        }
        _ => {
            let contents = client.contents_of(repository, manifest).await?;
            let there = contents.platforms();
            if there.iter().any(|there| there.serves(platform)) {
                Ok((None, contents.manifest))
            } else {
                Err(no_such(there.iter().map(ToString::to_string).collect()))
            }
        }
    }
}

async fn config(client: &Client, reference: &Reference, manifest: &Manifest) -> Result<Config> {
    let none = |cause: &str| {
        Error::new(Kind::NotFound(Missing::Blob), format!("{reference} has no image config")).because(cause.to_owned())
    };
    match manifest.document()?.content {
        Content::Image { config: Some(descriptor), .. } => client.config(reference.repository(), &descriptor).await,
        Content::Index(_) => Err(none("it is an index; --platform OS/ARCH chooses one of its images")),
        Content::Image { config: None, .. } => Err(none("it is an artifact without one")),
        Content::Schema1 { .. } => Err(none("schema 1 manifests have none")),
    }
}

/// The members keep the order that they have in the blob.
fn indented(config: &Config) -> Result<Vec<u8>> {
    let unreadable = |error| Error::invalid(format!("config {} cannot be shown", config.digest)).because(error);
    let value: serde_json::Value = serde_json::from_slice(&config.bytes).map_err(unreadable)?;
    let mut text = serde_json::to_vec_pretty(&value).map_err(unreadable)?;
    text.push(b'\n');
    Ok(text)
}

fn record(reference: &Reference, contents: &Contents, history: bool) -> ManifestRecord {
    let (tag, _) = tag_and_digest(reference);
    let blobs = contents.blobs();
    let document = &contents.document;
    let mut record = ManifestRecord {
        repository: reference.repository().to_string(),
        tag,
        digest: contents.manifest.digest.to_string(),
        media_type: contents.manifest.media_type.clone(),
        artifact_type: document.artifact_type.clone().map_or(Field::Absent, Field::Known),
        size: contents.size(),
        blobs: blobs.map(|blobs| blobs.len() as u64),
        annotations: document.annotations.clone(),
        ..ManifestRecord::default()
    };
    match &document.content {
        Content::Index(_) => {
            record.platforms = Field::Known(contents.children.iter().map(|child| platform(child, contents)).collect())
        }
        Content::Image { layers, .. } => {
            record.layers = Field::Known(layers.iter().map(layer).collect());
            if let Some(config) = &contents.config {
                record.config = Field::Known(config_record(config, history));
            }
        }
        Content::Schema1 { layers, .. } => {
            let layer = |digest: &Digest| LayerRecord { digest: digest.to_string(), media_type: None, size: None };
            record.layers = Field::Known(layers.iter().map(layer).collect());
        }
    }
    record
}

fn platform(child: &Child, parent: &Contents) -> PlatformRecord {
    let Child { descriptor, contents } = child;
    let attests = descriptor.attests().map(|digest| {
        let about = parent.children.iter().find(|child| child.descriptor.digest.as_str() == digest);
        let platform = about.and_then(|child| child.platforms().first().map(ToString::to_string));
        platform.unwrap_or_else(|| digest.to_owned())
    });
    PlatformRecord {
        platform: child.platforms().first().map(ToString::to_string),
        digest: descriptor.digest.to_string(),
        media_type: descriptor.media_type.clone(),
        size: contents.as_ref().and_then(Contents::size),
        created: contents.as_ref().and_then(Contents::created).and_then(Time::new).into(),
        attests: attests.map_or(Field::Absent, Field::Known),
    }
}

fn layer(descriptor: &Descriptor) -> LayerRecord {
    LayerRecord {
        digest: descriptor.digest.to_string(),
        media_type: Some(descriptor.media_type.clone()).filter(|media_type| !media_type.is_empty()),
        size: Some(descriptor.size),
    }
}

fn config_record(config: &Config, history: bool) -> ConfigRecord {
    let image = &config.image;
    let steps = image.history.iter().map(|step| HistoryRecord {
        created: step.created.and_then(Time::new),
        created_by: step.created_by.clone(),
        comment: step.comment.clone(),
        empty_layer: step.empty_layer.unwrap_or_default(),
    });
    ConfigRecord {
        digest: config.digest.to_string(),
        created: image.created.and_then(Time::new),
        architecture: image.platform.as_ref().map(|platform| platform.architecture.clone()),
        os: image.platform.as_ref().map(|platform| platform.os.clone()),
        labels: image.labels.clone().into_iter().collect::<BTreeMap<_, _>>(),
        env: image.env.clone(),
        entrypoint: image.entrypoint.clone(),
        cmd: image.cmd.clone(),
        history: if history { Field::Known(steps.collect()) } else { Field::Absent },
    }
}
