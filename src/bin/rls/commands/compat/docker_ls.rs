//! The commands of docker-ls.

use std::io::stdout;

use futures::{StreamExt, TryStreamExt};
use registry_ls::error::{Error, Result};
use registry_ls::name::{Digest, Repository, Tag, Target};
use registry_ls::registry::{CatalogOptions, Client, Content, Manifest, RepositoryHandle, media_types};
use serde_json::{Value, json};

use crate::commands::context::Context;
use crate::compat::{Encoding, Operation, table, to_json, to_yaml};
use crate::output::{OutputError, is_closed, write_raw};
use crate::report::CommandError;
use crate::usage::Usage;

/// `docker-ls repositories`, `tags`, `tag`: nothing is printed unless everything succeeds.
pub async fn run(
    operation: &Operation,
    encoding: &Encoding,
    context: &Context<'_>,
) -> std::result::Result<(), CommandError> {
    let (registry, _) = context.place(None).await?;
    let client = context.client(&registry).await?;
    let progress = context.progress("docker-ls");
    let failed = |error: Error| context.failed(client.registry(), error);
    // A manifest as stored may contain null; elsewhere it is an empty list.
    let mut null = "[]";
    let value = match operation {
        Operation::Repositories { tags } => {
            context.until_shutdown(repositories(&client, *tags)).await?.map_err(failed)?
        }
        Operation::Tags { repository, details } => {
            let repository = client.repository(&repository_name(repository)?);
            context.until_shutdown(tags(&repository, *details, client.max_concurrency())).await?.map_err(failed)?
        }
        Operation::Tag { repository, tag, raw, history, schema1 } => {
            let name = repository_name(repository)?;
            let repository = client.repository(&name);
            let manifest = match tag.parse::<Digest>() {
                Ok(digest) => context.until_shutdown(repository.manifest(Target::Digest(&digest))).await?,
                Err(_) => {
                    let tag: Tag = tag.parse().map_err(Usage::from)?;
                    context.until_shutdown(repository.manifest(Target::Tag(&tag))).await?
                }
            };
            let manifest = manifest.map_err(failed)?;
            if *schema1 && !media_types::is_schema1(&manifest.media_type) {
                return Err(Usage::new(format!("{name}:{tag} has no manifest of schema 1"))
                    .hint("omit --manifest-version")
                    .into());
            }
            if *raw {
                null = "null";
                as_stored(&manifest, *history)?
            } else {
                let mut value = json!({"repository": name.as_str(), "tagName": tag});
                merge(&mut value, details_of(&manifest).map_err(failed)?);
                value
            }
        }
        Operation::Remove { .. } => Value::Null,
    };
    drop(progress);
    print(&value, encoding, null)
}

fn print(value: &Value, encoding: &Encoding, null: &str) -> std::result::Result<(), CommandError> {
    let text = match encoding {
        Encoding::Yaml => to_yaml(value, null),
        Encoding::Json => to_json(value),
        Encoding::Table => as_table(value),
        Encoding::Template(template) => template.render(value)?,
    };
    if is_closed() {
        return Err(OutputError::Nowhere.into());
    }
    Ok(write_raw(stdout(), text.as_bytes(), false)?)
}

fn repository_name(text: &str) -> Result<Repository, Usage> {
    text.parse().map_err(Usage::from)
}

/// A list that Go never allocated is `null`.
fn list(items: Vec<Value>) -> Value {
    if items.is_empty() { Value::Null } else { Value::Array(items) }
}

async fn repositories(client: &Client, with_tags: bool) -> Result<Value> {
    let mut names: Vec<Repository> = client.catalog(&CatalogOptions::default()).try_collect().await?;
    names.sort_by(|one, other| one.as_str().cmp(other.as_str()));
    if !with_tags {
        return Ok(json!({"repositories": list(names.iter().map(|name| name.as_str().into()).collect())}));
    }
    let listed = futures::stream::iter(names).map(|name| async move {
        let repository = client.repository(&name);
        // A repository that was emptied is listed, and some registries no longer find it.
        match tag_names(&repository).await {
            Err(error) if error.is_not_found() => Ok(json!({"repository": name.as_str(), "tags": null})),
            tags => Ok::<_, Error>(
                json!({"repository": name.as_str(), "tags": list(tags?.into_iter().map(Value::from).collect())}),
            ),
        }
    });
    let listed: Vec<Value> = listed.buffered(client.max_concurrency()).try_collect().await?;
    Ok(json!({"repositories": list(listed)}))
}

async fn tag_names(repository: &RepositoryHandle) -> Result<Vec<String>> {
    let mut tags: Vec<String> = repository.tags().map_ok(|tag| tag.to_string()).try_collect().await?;
    tags.sort();
    Ok(tags)
}

async fn tags(repository: &RepositoryHandle, details: bool, concurrency: usize) -> Result<Value> {
    let names = tag_names(repository).await?;
    if !details {
        return Ok(
            json!({"repository": repository.name().as_str(), "tags": list(names.into_iter().map(Value::from).collect())}),
        );
    }
    let read = futures::stream::iter(names).map(|name| async move {
        let tag: Tag = name.parse()?;
        let manifest = repository.manifest(Target::Tag(&tag)).await?;
        let mut value = json!({"tagName": name});
        merge(&mut value, details_of(&manifest)?);
        Ok::<_, Error>(value)
    });
    let read: Vec<Value> = read.buffered(concurrency).try_collect().await?;
    Ok(json!({"repository": repository.name().as_str(), "tags": list(read)}))
}

/// Digest and layers; an index has no layers of its own.
fn details_of(manifest: &Manifest) -> Result<Value> {
    let (document, _) = manifest.readable()?;
    let layers = match &document.content {
        Content::Image { layers, .. } => layers.iter().map(|layer| Value::from(layer.digest.as_str())).collect(),
        Content::Schema1(schema1) => schema1.layers.iter().map(|layer| Value::from(layer.as_str())).collect(),
        Content::Index(_) => Vec::new(),
    };
    Ok(json!({"digest": manifest.digest.to_string(), "layers": Value::Array(layers)}))
}

fn merge(value: &mut Value, more: Value) {
    if let (Value::Object(members), Value::Object(more)) = (value, more) {
        members.extend(more);
    }
}

/// The manifest with sorted keys, as Go prints it.
fn as_stored(manifest: &Manifest, history: bool) -> std::result::Result<Value, Usage> {
    let value: Value = serde_json::from_slice(&manifest.bytes)
        .map_err(|error| Usage::new("the manifest is not valid JSON").because(error))?;
    let mut value = sorted(value);
    if history && let Some(steps) = value.get_mut("history").and_then(Value::as_array_mut) {
        for step in steps {
            if let Some(text) = step.get("v1Compatibility").and_then(Value::as_str)
                && let Ok(parsed) = serde_json::from_str(text)
            {
                step["v1Compatibility"] = sorted(parsed);
            }
        }
    }
    Ok(value)
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        Value::Object(members) => {
            let mut members: Vec<_> = members.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            members.sort_by(|(one, _), (other, _)| one.cmp(other));
            members.into_iter().collect()
        }
        other => other,
    }
}

fn as_table(value: &Value) -> String {
    let items = value["repositories"].as_array().map(Vec::as_slice).unwrap_or_default();
    let has_tags = items.iter().any(Value::is_object);
    let mut rows = vec![("REPOSITORY", has_tags.then_some("TAG"))];
    for item in items {
        match item.as_str() {
            Some(name) => rows.push((name, None)),
            None => {
                let name = item["repository"].as_str().unwrap_or_default();
                let tags = item["tags"].as_array().into_iter().flatten().filter_map(Value::as_str);
                rows.extend(tags.map(|tag| (name, Some(tag))));
            }
        }
    }
    table(&rows)
}
