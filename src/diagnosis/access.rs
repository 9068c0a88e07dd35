//! Checks what may be done with the registry and the repository: list, pull, push, delete.

use std::pin::pin;

use futures::TryStreamExt as _;
use http::Method;
use serde_json::Value;

use super::check::{Fact, Finding, Outcome};
use super::classify::{self, scheme_not_forwarded};
use super::context::Context;
use super::problem::Problem;
use crate::auth::{Action, Permission};
use crate::error::{Error, Fault, Kind, Missing, Operation, Result};
use crate::name::{Reference, Tag, Target};
use crate::registry::{CatalogOptions, Client, Content, Descriptor, Endpoint, Manifest, RepositoryHandle};

/// The number of names that are requested.
const CATALOG_SAMPLE: usize = 100;

/// Lists repositories.
pub(super) async fn catalog(context: &mut Context) -> Result<Outcome> {
    let options = CatalogOptions::default().with_page_size(CATALOG_SAMPLE);
    let mut names = pin!(context.client()?.catalog(&options));
    let (mut count, mut first) = (0, None);
    while count < CATALOG_SAMPLE {
        match names.try_next().await {
            Ok(Some(name)) => {
                first.get_or_insert(name);
                count += 1;
            }
            Ok(None) => break,
            Err(error) => return Ok(no_catalog(context, &error)),
        }
    }
    Ok(Outcome::passed(match (count, first) {
        (0, _) | (_, None) => "no repositories".to_owned(),
        (1, Some(only)) => format!("1 repository, {only}"),
        (CATALOG_SAMPLE, Some(first)) => format!("at least {CATALOG_SAMPLE} repositories, the first is {first}"),
        (count, Some(first)) => format!("{count} repositories, the first is {first}"),
    }))
}

fn no_catalog(context: &Context, error: &Error) -> Outcome {
    let is_refusal =
        matches!(error.kind(), Kind::Denied(_) | Kind::Unauthenticated | Kind::Unsupported(Operation::Catalog));
    if !is_refusal {
        return classify::outcome(error, &context.base);
    }
    let finding = classify::finding(error, &context.base);
    if matches!(error.kind(), Kind::Unsupported(_)) {
        return match context.needs(Action::Catalog) {
            true => Outcome::failed("not offered by this registry", finding),
            false => Outcome { blocks_dependents: true, ..Outcome::skipped("not offered by this registry") },
        };
    }
    let finding = match error.kind() {
        Kind::Denied(_) => Finding { problem: Problem::CatalogForbidden, ..finding },
        _ => finding,
    };
    missing(context, Action::Catalog, error, finding)
}

/// The outcome for a permission that is missing, or an operation that the registry does not support.
fn missing(context: &Context, action: Action, error: &Error, finding: Finding) -> Outcome {
    let detail = match error.kind() {
        Kind::Unauthenticated | Kind::Hidden => "login required",
        Kind::Denied(_) => "not permitted",
        _ => "disabled",
    };
    if context.needs(action) { Outcome::failed(detail, finding) } else { Outcome::unneeded(detail, finding) }
}

/// The largest first page of one name that is read, in bytes.
const PAGE_LIMIT: usize = 64 << 10;

/// Whether the list of repositories goes on after its first page.
pub(super) async fn paging(context: &mut Context) -> Result<Outcome> {
    let client = context.client()?;
    if first_page(client).await.is_none_or(|names| names > 1) {
        return Ok(Outcome::passed("not needed: the whole list in one reply"));
    }
    let options = CatalogOptions::default().with_page_size(1);
    let mut names = pin!(client.catalog(&options));
    for _ in 0..2 {
        match names.try_next().await {
            Ok(Some(_)) => {}
            Ok(None) => return Ok(Outcome::skipped("fewer than two repositories")),
            Err(error) => {
                let finding = Finding { problem: Problem::Paging, ..classify::finding(&error, &context.base) };
                return Ok(Outcome::failed(error.what(), finding));
            }
        }
    }
    Ok(Outcome::passed("pagination works"))
}

/// The number of names on a first page that was asked for one; `None` if it is larger than any such page. An error
/// counts as no names: the list itself is read next.
async fn first_page(client: &Client) -> Option<usize> {
    let mut request = client.request(Method::GET, Endpoint::Catalog);
    request.url.set_query(Some("n=1"));
    match client.transport().fetch(&request, PAGE_LIMIT).await {
        Ok((_, body)) => {
            let page: Value = serde_json::from_slice(&body).unwrap_or_default();
            Some(page["repositories"].as_array().map_or(0, Vec::len))
        }
        Err(error) if matches!(error.kind(), Kind::Protocol(Fault::TooLarge)) => None,
        Err(_) => Some(0),
    }
}

/// The number of tags that are read.
const TAG_SAMPLE: usize = 1000;

/// Lists the tags of the repository.
pub(super) async fn tags(context: &mut Context) -> Result<Outcome> {
    let Some(repository) = context.repository()? else {
        return Ok(Outcome::skipped("no repository specified"));
    };
    let (count, tag) = match sample(&repository).await {
        Ok(sample) => sample,
        Err(error) => return without_list(context, &repository, error).await,
    };
    let detail = match (count, &tag) {
        (0, _) | (_, None) => "no tags".to_owned(),
        (1, Some(only)) => format!("1 tag, {only}"),
        (TAG_SAMPLE, Some(tag)) => format!("at least {TAG_SAMPLE} tags, such as {tag}"),
        (count, Some(tag)) => format!("{count} tags, such as {tag}"),
    };
    context.tag = tag;
    Ok(Outcome::passed(detail))
}

/// The outcome where tags cannot be listed. Some registries have no such list, which a pull does not need; others
/// answer the same for a repository that does not exist.
async fn without_list(context: &mut Context, repository: &RepositoryHandle, error: Error) -> Result<Outcome> {
    let may_lack_it = matches!(error.kind(), Kind::NotFound(_) | Kind::Unsupported(Operation::Tags));
    if !may_lack_it || error.has_code("NAME_UNKNOWN") {
        return Err(error);
    }
    let target = context.setup.reference.as_ref().map_or(Target::Tag(Tag::latest_ref()), Reference::target);
    if repository.manifest(target).await.is_err() {
        return Err(error);
    }
    context.tag = match target {
        Target::Tag(tag) => Some(tag.clone()),
        Target::Digest(_) => None,
    };
    Ok(Outcome::skipped("not offered (not needed to pull)"))
}

/// The number of tags, and one of them: `latest` if it exists.
async fn sample(repository: &RepositoryHandle) -> Result<(usize, Option<Tag>)> {
    let (mut count, mut chosen): (usize, Option<Tag>) = (0, None);
    let mut tags = repository.tags();
    while count < TAG_SAMPLE
        && let Some(tag) = tags.try_next().await?
    {
        count += 1;
        if chosen.is_none() || tag == Tag::latest() {
            chosen = Some(tag);
        }
    }
    Ok((count, chosen))
}

/// Pulls a manifest of the repository and one of its blobs: the storage of blobs may be on another host and fail by
/// itself.
pub(super) async fn pull(context: &mut Context) -> Result<Outcome> {
    let named = context.setup.reference.clone();
    let named = named.filter(|reference| reference.tag().is_some() || reference.digest().is_some());
    let is_named = named.is_some();
    let found = || Some(Reference::tagged(context.setup.repository.clone()?, context.tag.clone()?));
    let Some(reference) = named.or_else(found) else { return Ok(Outcome::skipped("no tag to pull")) };
    let (repository, tag) = (context.client()?.repository(reference.repository()), reference.target());
    let manifest = match repository.manifest(tag).await {
        Ok(manifest) => manifest,
        Err(error) if is_named && matches!(error.kind(), Kind::NotFound(Missing::Tag | Missing::Manifest)) => {
            let finding = Finding { problem: Problem::NoTag, ..classify::finding(&error, &context.base) };
            return Ok(Outcome::failed(error.what(), finding));
        }
        Err(error) => return Err(error),
    };
    context.has_pulled = true;
    let fact = Fact::new(0, format!("{tag} is {}", manifest.digest));
    let config = match config(&repository, &manifest).await {
        Ok(Some(config)) => config,
        Ok(None) => return Ok(Outcome::passed(format!("{tag}: manifest")).with([fact])),
        Err(error) => return Ok(classify::outcome(&error, &context.base)),
    };
    match repository.config(&config).await {
        Ok(config) => {
            let blob = Fact::new(0, format!("blob {}, {} bytes", config.digest, config.bytes.len()));
            Ok(Outcome::passed(format!("{tag}: manifest and blob")).with([fact, blob]))
        }
        Err(error) => {
            let outcome = classify::outcome(&error, &context.base);
            let is_not_forwarded =
                outcome.finding.as_ref().is_some_and(|finding| finding.problem == Problem::SchemeNotForwarded);
            Ok(if is_not_forwarded {
                Outcome::failed("blobs are redirected to plain HTTP", scheme_not_forwarded(&error, &context.base))
            } else {
                outcome
            })
        }
    }
}

/// The smallest blob of an image: its config, or that of the first image of an index. `None` for a manifest without
/// one.
async fn config(repository: &RepositoryHandle, manifest: &Manifest) -> Result<Option<Descriptor>> {
    let document = manifest.document()?;
    match &document.content {
        Content::Image { config, .. } => Ok(config.clone()),
        Content::Schema1(_) => Ok(None),
        Content::Index(_) => {
            let Some(first) = document.children().find(|child| child.attests().is_none()) else { return Ok(None) };
            let child = repository.child(first).await?;
            match child.document()?.content {
                Content::Image { config, .. } => Ok(config),
                Content::Schema1(_) | Content::Index(_) => Ok(None),
            }
        }
    }
}

/// Whether the repository could be pushed to, by beginning an upload and cancelling it.
pub(super) async fn push(context: &mut Context) -> Result<Outcome> {
    let Some(repository) = context.repository()? else {
        return Ok(Outcome::skipped("no repository specified"));
    };
    if context.lacks_credentials {
        return Ok(Outcome::skipped("skipped: the configured credentials cannot be read"));
    }
    let Err(error) = repository.probe_push().await else {
        return Ok(Outcome::passed("allowed"));
    };
    let finding = classify::finding(&error, &context.base);
    Ok(match error.kind() {
        Kind::Denied(denial) => {
            let permission = Some(Permission::on(repository.name(), Action::Push));
            let problem = Problem::MissingPermission { permission, identity: denial.identity.clone() };
            missing(context, Action::Push, &error, Finding { problem, ..finding })
        }
        Kind::Unauthenticated | Kind::Hidden => missing(context, Action::Push, &error, finding),
        _ if finding.problem == Problem::SchemeNotForwarded => {
            Outcome::failed("uploads are redirected to plain HTTP", scheme_not_forwarded(&error, &context.base))
        }
        _ => Outcome::failed(error.what(), finding),
    })
}

/// Whether the manifests of the repository could be deleted, by asking to delete one that does not exist.
pub(super) async fn delete(context: &mut Context) -> Result<Outcome> {
    let Some(repository) = context.repository()? else {
        return Ok(Outcome::skipped("no repository specified"));
    };
    if context.lacks_credentials {
        return Ok(Outcome::skipped("skipped: the configured credentials cannot be read"));
    }
    let Err(error) = repository.probe_deletion().await else {
        return Ok(Outcome::passed("allowed"));
    };
    let finding = classify::finding(&error, &context.base);
    Ok(match error.kind() {
        Kind::Unsupported(_) => missing(context, Action::Delete, &error, finding),
        Kind::Denied(denial) => {
            let permission = Some(Permission::on(repository.name(), Action::Delete));
            let problem = Problem::MissingPermission { permission, identity: denial.identity.clone() };
            missing(context, Action::Delete, &error, Finding { problem, ..finding })
        }
        Kind::Unauthenticated | Kind::Hidden => missing(context, Action::Delete, &error, finding),
        _ => Outcome::failed(error.what(), finding),
    })
}
