//! Looks at what the registry has now, by names and digests.

use futures::TryStreamExt;

use crate::error::Result;
use crate::name::{Digest, Repository, Tag, Target};
use crate::registry::{Client, Fetched};

/// What is looked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum NameOrDigest<'a> {
    /// A name in the list.
    Name(&'a str),
    Manifest(&'a Digest),
}

/// Fetches something. Where the answer is "not found" it is asked for once more: a replica may lag behind.
pub(super) async fn fetch_existing(
    client: &Client,
    repository: &Repository,
    wanted: NameOrDigest<'_>,
) -> Result<Option<Fetched>> {
    for _ in 0..2 {
        match fetch(client, repository, wanted).await {
            Ok(fetched) => return Ok(Some(fetched)),
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

pub(super) async fn fetch(client: &Client, repository: &Repository, wanted: NameOrDigest<'_>) -> Result<Fetched> {
    match wanted {
        NameOrDigest::Manifest(digest) => client.fetch_manifest(repository, Target::Digest(digest)).await,
        NameOrDigest::Name(name) => match name.parse::<Tag>() {
            Ok(tag) => client.fetch_manifest(repository, Target::Tag(&tag)).await,
            Err(_) => client.fetch_other_name(repository, name).await,
        },
    }
}

/// The names in the list, of whatever form. distribution 2 has no list where no tag is left.
pub(super) async fn list_names(client: &Client, repository: &Repository) -> Result<Vec<String>> {
    let names: Result<Vec<String>> = client.listed_names(repository).try_concat().await;
    names.or_else(|error| if error.is_not_found() { Ok(Vec::new()) } else { Err(error) })
}
