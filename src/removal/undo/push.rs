//! Restores one tag or manifest: a check, the push, and the verification.

use std::time::Duration;

use crate::error::{Danger, Error, Kind, RegistryError, Result};
use crate::name::{Digest, Target};
use crate::registry::{Manifest, RepositoryHandle, media_types};
use crate::removal::archive::{Archive, Entry};

/// The waits between lookups until a push is visible: ten seconds in all. Some registries answer before they are done.
const WAITS: [Duration; 5] = [
    Duration::from_millis(250),
    Duration::from_millis(750),
    Duration::from_secs(2),
    Duration::from_secs(3),
    Duration::from_secs(4),
];

/// The codes by which a registry refuses a manifest because of blobs or manifests that it does not have (OCI
/// distribution specification, "Error Codes").
const UNKNOWN_BLOB: [&str; 2] = ["MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN"];

/// A code that may also be about the pushed manifest itself.
const UNKNOWN_MANIFEST: &str = "MANIFEST_UNKNOWN";

/// The result of restoring an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restored {
    /// It was restored, or would be.
    Back,
    /// It exists already.
    Unchanged,
}

/// Whether an entry needs to be pushed.
///
/// # Errors
///
/// [`Danger::TagExists`] when the tag points to another digest now.
pub(super) async fn inspect(repository: &RepositoryHandle, entry: &Entry) -> Result<Restored> {
    match surely_present(repository, entry).await? {
        None => Ok(Restored::Back),
        Some(now) if now == entry.digest => Ok(Restored::Unchanged),
        Some(now) => Err(exists(entry, now)),
    }
}

/// Pushes an entry back. Another client may push between the check and the push: the protocol has no conditional push.
///
/// # Errors
///
/// Those of [`inspect`]; [`Danger::DamagedCopy`] when the archived copy cannot be used; [`Danger::MissingBlobs`] when
/// the registry no longer has what the manifest needs; [`Kind::Incomplete`] when the registry accepted it and does not
/// have it.
pub(super) async fn restore(repository: &RepositoryHandle, archive: &Archive, entry: &Entry) -> Result<Restored> {
    if inspect(repository, entry).await? == Restored::Unchanged {
        return Ok(Restored::Unchanged);
    }
    let manifest = read(archive, entry).await?;
    push(repository, entry, &manifest).await?;
    verify(repository, entry, &manifest).await?;
    Ok(Restored::Back)
}

fn target(entry: &Entry) -> Target<'_> {
    entry.tag.as_ref().map_or(Target::Digest(&entry.digest), Target::Tag)
}

/// The digest of the target's content; `None` where it does not exist. A HEAD may be answered by a cache, so that the
/// content decides.
async fn present(repository: &RepositoryHandle, entry: &Entry) -> Result<Option<Digest>> {
    Ok(repository.resolve_by_content(target(entry)).await?.map(|now| now.digest))
}

/// As [`present`], before a push, which would overwrite what is there: "not found" counts when it is answered twice,
/// since a replica may lag behind.
async fn surely_present(repository: &RepositoryHandle, entry: &Entry) -> Result<Option<Digest>> {
    match present(repository, entry).await? {
        None => present(&repository.for_recheck(), entry).await,
        found => Ok(found),
    }
}

/// Reads the copy of a manifest off the runtime's thread.
async fn read(archive: &Archive, entry: &Entry) -> Result<Manifest> {
    let (archive, entry) = (archive.clone(), entry.clone());
    let name = entry.name();
    let read = tokio::task::spawn_blocking(move || archive.manifest(&entry)).await;
    read.unwrap_or_else(|error| Err(Error::config(format!("the copy of {name} cannot be read")).because(error)))
}

/// Pushes a manifest. Where the reply is lost, the state is checked.
async fn push(repository: &RepositoryHandle, entry: &Entry, manifest: &Manifest) -> Result<()> {
    let mut resend = true;
    loop {
        let Err(error) = repository.push_manifest(target(entry), manifest).await else { return Ok(()) };
        if error.reply().is_some_and(|reply| reply.status < 500) {
            return Err(refused(repository, entry, error));
        }
        match surely_present(repository, entry).await {
            Ok(Some(now)) if is_same(&now, manifest) => return Ok(()),
            Ok(Some(now)) => return Err(exists(entry, now)),
            Ok(None) if resend && error.reply().is_none() && !matches!(error.kind(), Kind::TimedOut) => resend = false,
            Ok(None) => return Err(error),
            Err(again) => {
                let what = format!("cannot determine whether {} was pushed", entry.name());
                return Err(error.within(what).because(again).with_kind(Kind::Incomplete));
            }
        }
    }
}

/// Verifies that the target resolves to the pushed manifest.
async fn verify(repository: &RepositoryHandle, entry: &Entry, manifest: &Manifest) -> Result<()> {
    let mut waits = WAITS.iter();
    loop {
        let now = present(repository, entry).await.map_err(|error| {
            let what = format!("pushed, but cannot verify that {} is restored", entry.name());
            error.within(what).with_kind(Kind::Incomplete)
        })?;
        let cause = match now {
            Some(now) if is_same(&now, manifest) => return Ok(()),
            Some(now) => format!("it points to {now}; {} was pushed", entry.digest),
            None => match waits.next() {
                Some(wait) => {
                    tokio::time::sleep(*wait).await;
                    continue;
                }
                None => format!("{} accepted it and does not have it", repository.registry()),
            },
        };
        return Err(Error::new(Kind::Incomplete, format!("{} was not restored", entry.name())).because(cause));
    }
}

/// Whether a digest is that of a manifest. A registry may compute it by another algorithm than the one it was known by.
fn is_same(now: &Digest, manifest: &Manifest) -> bool {
    *now == manifest.digest || (now.algorithm() != manifest.digest.algorithm() && now.matches(&manifest.bytes))
}

fn exists(entry: &Entry, now: Digest) -> Error {
    let cause = format!("it points to {now}; {} was removed", entry.digest);
    Error::new(Kind::Safety(Danger::TagExists { digest: now }), format!("{} exists again and stays", entry.name()))
        .because(cause)
}

/// The error for a refused manifest; missing blobs and children are named.
fn refused(repository: &RepositoryHandle, entry: &Entry, error: Error) -> Error {
    let Some(reply) = error.reply() else { return error };
    let mut is_for_blobs = false;
    let mut digests: Vec<Digest> = Vec::new();
    for refusal in &reply.errors {
        let others = named(refusal).into_iter().filter(|digest| *digest != entry.digest);
        let is_for_one = UNKNOWN_BLOB.contains(&refusal.code.as_str());
        if is_for_one || refusal.code == UNKNOWN_MANIFEST {
            let known = digests.len();
            digests.extend(others);
            is_for_blobs |= is_for_one || digests.len() > known;
        }
    }
    if !is_for_blobs {
        return error;
    }
    digests.sort();
    digests.dedup();
    let parts = if media_types::is_index(&entry.media_type) { "manifests" } else { "blobs" };
    let what = format!("cannot restore {}: {} no longer has its {parts}", entry.name(), repository.registry());
    let causes = match digests.iter().map(Digest::as_str).collect::<Vec<_>>()[..] {
        [] => error.causes().to_vec(),
        ref missing => vec![format!("missing: {}", missing.join(", "))],
    };
    let refused = Error::new(Kind::Safety(Danger::MissingBlobs { digests }), what).with_reply(reply.clone());
    causes.into_iter().fold(refused, Error::because)
}

/// The digests in a registry's error: distribution's detail is a digest, or an object with one.
fn named(error: &RegistryError) -> Vec<Digest> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == ':';
    let words =
        |text: &str| -> Vec<Digest> { text.split(|c| !is_part(c)).filter_map(|word| word.parse().ok()).collect() };
    let digests = words(&error.detail);
    if digests.is_empty() { words(&error.message) } else { digests }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_blobs_are_found_in_every_form() {
        let digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        for (message, detail) in [
            ("blob unknown to registry", digest.to_owned()),
            ("blob unknown to registry", format!(r#"{{"digest":"{digest}"}}"#)),
            ("blob unknown to registry", format!(r#"{{"Digest":"{digest}","name":"team/app","x":"sha256:00"}}"#)),
            (&format!("unknown blob \"{digest}\"."), String::new()),
        ] {
            let error = RegistryError { code: "MANIFEST_BLOB_UNKNOWN".to_owned(), message: message.to_owned(), detail };
            assert_eq!(named(&error), [digest.parse().expect("a valid name")], "{error:?}");
        }
        assert_eq!(named(&RegistryError::default()), []);
    }
}
