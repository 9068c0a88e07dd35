//! `DELETE /v2/<name>/manifests/<reference>`: removing tags and manifests.
//!
//! Registries differ (OCI distribution specification, "Content Management"): some delete a tag by its name and leave the manifest
//! and its other tags, some delete manifests only, with every tag on them, some neither. Nothing here decides for the one or the
//! other; it says which of them the registry does.

use futures::TryFutureExt;
use reqwest::Method;

use super::client::Client;
use super::endpoint::Endpoint;
use crate::error::{Danger, Error, Fault, Kind, Network, Operation, Result};
use crate::http::registry_errors;
use crate::name::{Algorithm, Digest, Repository, Tag, Target};

/// As much of the reply to a DELETE as is read.
const BODY_LIMIT: usize = 64 * 1024;

/// How a deletion ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// It is gone, and was there before.
    Deleted,
    /// It was gone already.
    AlreadyGone,
}

impl Client {
    /// Deletes a tag by its name: that tag and nothing else. `digest` is what it points at, for the case that the reply is lost.
    ///
    /// # Errors
    ///
    /// [`Operation::DeleteTag`] where the registry does not delete tags by name: nothing was changed then.
    /// [`Danger::Moved`] when the reply was lost and the tag points elsewhere. [`Kind::Incomplete`] when the registry accepted the
    /// request and the tag is still there.
    pub async fn delete_tag(&self, repository: &Repository, tag: &Tag, digest: &Digest) -> Result<Deletion> {
        self.delete(repository, Target::Tag(tag), digest).map_err(|error| by_name_unsupported(error, self)).await
    }

    /// Deletes a manifest, and with it every tag on it.
    ///
    /// # Errors
    ///
    /// [`Operation::DeleteManifest`] where deletion is disabled; [`Kind::Incomplete`] as for [`Client::delete_tag`].
    pub async fn delete_manifest(&self, repository: &Repository, digest: &Digest) -> Result<Deletion> {
        self.delete(repository, Target::Digest(digest), digest).await
    }

    /// Whether the registry would delete manifests of this repository, found out by a request that changes nothing: to delete a
    /// manifest with a digest of zeros.
    ///
    /// # Errors
    ///
    /// [`Operation::DeleteManifest`] when it is disabled; [`Kind::Denied`] when it is not allowed.
    pub async fn probe_deletion(&self, repository: &Repository) -> Result<()> {
        let nothing = Digest::zero(Algorithm::Sha256);
        self.probe(repository, Target::Digest(&nothing)).await
    }

    /// Whether the registry would delete tags of this repository by name, found out by a request that changes nothing: to delete a
    /// tag that does not exist.
    ///
    /// # Errors
    ///
    /// [`Operation::DeleteTag`] when it does not; [`Kind::Denied`] when it is not allowed.
    pub async fn probe_tag_deletion(&self, repository: &Repository) -> Result<()> {
        let name = format!("rls-probe-{:016x}", fastrand::u64(..));
        let nothing: Tag = name.parse()?;
        self.probe(repository, Target::Tag(&nothing)).map_err(|error| by_name_unsupported(error, self)).await
    }

    async fn probe(&self, repository: &Repository, nothing: Target<'_>) -> Result<()> {
        let mut request = self.request(Method::DELETE, Endpoint::Manifest(repository, nothing));
        // Nobody knows the name that is asked for.
        request.subject.name = format!("a deletion in {repository}");
        match self.transport.send(&request).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_not_found() => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn delete(&self, repository: &Repository, target: Target<'_>, digest: &Digest) -> Result<Deletion> {
        let request = self.request(Method::DELETE, Endpoint::Manifest(repository, target));
        let mut resend = true;
        loop {
            let error = match self.transport.send(&request).await {
                Ok(mut response) => {
                    // What is wrong with the body does not matter: the proof is whether it is gone.
                    let errors = registry_errors(&response.start(BODY_LIMIT).await);
                    if let Some(error) = errors.first() {
                        let what = format!("{} accepted to delete {} with errors", self.registry, request.subject.name);
                        return Err(
                            Error::new(Kind::Incomplete, what).because(format!("{}: {}", error.code, error.message))
                        );
                    }
                    return self.prove_gone(repository, target, digest).await.map(|()| Deletion::Deleted);
                }
                Err(error) if error.is_not_found() && resend => return Ok(Deletion::AlreadyGone),
                // It was there a moment ago: the first request has arrived after all.
                Err(error) if error.is_not_found() => return Ok(Deletion::Deleted),
                Err(error) if may_have_happened(&error) => error,
                Err(error) => return Err(error),
            };
            // The reply was lost: what is there now tells whether the request arrived.
            match self.look_up(repository, target).await {
                Ok(None) => return Ok(Deletion::Deleted),
                Err(again) => {
                    let what = format!("cannot find out whether {} is gone", request.subject.name);
                    let (error, again) = (error.within(what).with_kind(Kind::Incomplete), again.to_string());
                    // A time limit ends both alike.
                    return Err(if error.causes().contains(&again) { error } else { error.because(again) });
                }
                Ok(Some(now)) if now.digest != *digest => {
                    return Err(moved(&request.subject.name, digest, &now.digest));
                }
                Ok(Some(_)) if resend => resend = false,
                Ok(Some(_)) => return Err(error),
            }
        }
    }

    /// A registry that accepts a deletion may not have carried it out.
    async fn prove_gone(&self, repository: &Repository, target: Target<'_>, digest: &Digest) -> Result<()> {
        match self.look_up(repository, target).await {
            Ok(None) => Ok(()),
            Err(error) => {
                let what = format!("deleted, but cannot verify that {repository} has no {target} any more");
                Err(error.within(what).with_kind(Kind::Incomplete))
            }
            // Somebody pushed the tag anew: what was asked to go is gone from it.
            Ok(Some(now)) if now.digest != *digest => Ok(()),
            Ok(Some(_)) => {
                let what = format!("{target} of {repository} is still present");
                let cause = format!("{} accepted the deletion and did not carry it out", self.registry);
                Err(Error::new(Kind::Incomplete, what).because(cause))
            }
        }
    }
}

/// The error for a tag that points elsewhere than it did.
pub fn moved(name: &str, from: &Digest, to: &Digest) -> Error {
    let danger = Danger::Moved { from: from.clone(), to: to.clone() };
    Error::new(Kind::Safety(danger), format!("{name} has moved meanwhile")).because(format!("from {from} to {to}"))
}

/// Whether a request that failed in this way may have been carried out.
fn may_have_happened(error: &Error) -> bool {
    match error.kind() {
        _ if error.is_at_login() => false,
        Kind::Network(network) => *network == Network::Reset,
        Kind::Protocol(Fault::Truncated) | Kind::TimedOut => true,
        Kind::Protocol(_) => error.reply().is_some_and(|reply| reply.status >= 500),
        _ => false,
    }
}

/// distribution 2 answers 400 `DIGEST_INVALID`, Harbor 400 `UNSUPPORTED`, others 400 with codes of their own.
fn by_name_unsupported(error: Error, client: &Client) -> Error {
    let refused = matches!(error.kind(), Kind::Unsupported(_) | Kind::Protocol(Fault::Status(400)));
    if !refused {
        return error;
    }
    let what = format!("{} does not delete tags by name", client.registry);
    error.within(what).with_kind(Kind::Unsupported(Operation::DeleteTag))
}
