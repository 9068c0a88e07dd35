//! A manifest of the repository and a blob of it: storage may be elsewhere than the registry, and fail by itself.

use super::blame;
use super::check::Fact;
use super::examination::Examination;
use super::http::forgotten_scheme;
use super::problem::Problem;
use super::verdict::Verdict;
use crate::error::Result;
use crate::name::{Reference, Repository};
use crate::registry::{Client, Content, Descriptor, Manifest};

pub(super) async fn check(examination: &mut Examination) -> Result<Verdict> {
    let named = examination.plan.reference.clone();
    let named = named.filter(|reference| reference.tag().is_some() || reference.digest().is_some());
    let found = || Some(Reference::tagged(examination.plan.repository.clone()?, examination.tag.clone()?));
    let Some(reference) = named.or_else(found) else { return Ok(Verdict::skipped("there is no tag to pull")) };
    let (repository, tag) = (reference.repository().clone(), reference.target());
    let client = examination.client()?;
    let manifest = client.manifest(&repository, tag).await?;
    let fact = Fact::new(0, format!("{tag} is {}", manifest.digest));
    let config = match config(client, &repository, &manifest).await {
        Ok(Some(config)) => config,
        Ok(None) => return Ok(Verdict::passed(format!("{tag}, its manifest")).with([fact])),
        Err(error) => return Ok(blame::verdict(&error, &examination.base)),
    };
    match client.config(&repository, &config).await {
        Ok(config) => {
            let blob = Fact::new(0, format!("blob {}, {} bytes", config.digest, config.bytes.len()));
            Ok(Verdict::passed(format!("{tag}, its manifest and a blob of it")).with([fact, blob]))
        }
        Err(error) => {
            let verdict = blame::verdict(&error, &examination.base);
            let is_forgotten =
                verdict.finding.as_ref().is_some_and(|finding| finding.problem == Problem::ForgottenScheme);
            Ok(if is_forgotten {
                Verdict::failed("blobs are redirected to plain HTTP", forgotten_scheme(&error, examination))
            } else {
                verdict
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
