//! A manifest of the repository and a blob of it: storage may be elsewhere than the registry, and fail by itself.

use super::check::Fact;
use super::classify;
use super::context::Context;
use super::http::forgotten_scheme;
use super::outcome::Outcome;
use super::problem::Problem;
use crate::error::Result;
use crate::name::{Reference, Repository};
use crate::registry::{Client, Content, Descriptor, Manifest};

pub(super) async fn check(context: &mut Context) -> Result<Outcome> {
    let named = context.plan.reference.clone();
    let named = named.filter(|reference| reference.tag().is_some() || reference.digest().is_some());
    let found = || Some(Reference::tagged(context.plan.repository.clone()?, context.tag.clone()?));
    let Some(reference) = named.or_else(found) else { return Ok(Outcome::skipped("there is no tag to pull")) };
    let (repository, tag) = (reference.repository().clone(), reference.target());
    let client = context.client()?;
    let manifest = client.manifest(&repository, tag).await?;
    let fact = Fact::new(0, format!("{tag} is {}", manifest.digest));
    let config = match config(client, &repository, &manifest).await {
        Ok(Some(config)) => config,
        Ok(None) => return Ok(Outcome::passed(format!("{tag}, its manifest")).with([fact])),
        Err(error) => return Ok(classify::outcome(&error, &context.base)),
    };
    match client.config(&repository, &config).await {
        Ok(config) => {
            let blob = Fact::new(0, format!("blob {}, {} bytes", config.digest, config.bytes.len()));
            Ok(Outcome::passed(format!("{tag}, its manifest and a blob of it")).with([fact, blob]))
        }
        Err(error) => {
            let outcome = classify::outcome(&error, &context.base);
            let is_forgotten =
                outcome.finding.as_ref().is_some_and(|finding| finding.problem == Problem::ForgottenScheme);
            Ok(if is_forgotten {
                Outcome::failed("blobs are redirected to plain HTTP", forgotten_scheme(&error, context))
            } else {
                outcome
            })
        }
    }
}

/// The smallest blob of an image: its config, or that of the first image of an index. `None` where there is no such thing.
async fn config(client: &Client, repository: &Repository, manifest: &Manifest) -> Result<Option<Descriptor>> {
    let document = manifest.document()?;
    match &document.content {
        Content::Image { config, .. } => Ok(config.clone()),
        Content::Schema1(_) => Ok(None),
        Content::Index(_) => {
            let Some(first) = document.children().find(|child| child.attests().is_none()) else { return Ok(None) };
            let child = client.child(repository, first).await?;
            match child.document()?.content {
                Content::Image { config, .. } => Ok(config),
                Content::Schema1(_) | Content::Index(_) => Ok(None),
            }
        }
    }
}
