//! `DELETE /v2/<name>/manifests/<reference>`: removing tags and manifests.
//!
//! Registries differ (OCI distribution specification, "Content Management"): some delete a tag by its name and keep the
//! manifest and its other tags, some delete only manifests, with every tag on them, some neither. The probes find out
//! which.
//!
//! No reply to a DELETE proves anything: a 202 may take effect later, and a 404 may come from a gateway that lets no
//! DELETE through. Something counts as deleted once a GET no longer finds it.

use std::time::Duration;

use futures::TryFutureExt;
use http::Method;
use tokio::time::Instant;

use super::endpoint::Endpoint;
use super::manifest::moved;
use super::repository::RepositoryHandle;
use super::resolve::Resolved;
use crate::error::{Error, Fault, Kind, Network, Operation, RegistryError, Result};
use crate::http::{Request, registry_errors};
use crate::name::{Algorithm, Digest, Registry, Tag, Target};

/// The most bytes that are read of the reply to a DELETE.
const BODY_LIMIT: usize = 64 * 1024;

/// How long an accepted deletion may take to become visible. Pulp needs a second.
pub(crate) const SETTLE_TIME: Duration = Duration::from_secs(10);

/// How a deletion ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// It existed, and was deleted.
    Deleted,
    /// It did not exist any more.
    AlreadyGone,
}

/// The reply to a DELETE.
enum DeleteReply {
    /// Success, with the errors in its body.
    Accepted(Vec<RegistryError>),
    /// 404.
    NotFound(Error),
    /// The reply was lost, a server error or unexpected: the deletion may have taken effect or not.
    Lost(Error),
}

impl RepositoryHandle {
    /// Deletes a tag by its name, and nothing else. `digest` is what it points to, where that is known.
    ///
    /// # Errors
    ///
    /// [`Operation::DeleteTag`] where the registry does not delete tags by name, or answers 404 and still has the tag:
    /// nothing was changed then. [`Danger::Moved`](crate::error::Danger::Moved) when the reply was lost and the tag
    /// points elsewhere. [`Kind::Incomplete`] when the registry accepted the request and the tag is still there ten
    /// seconds later.
    pub async fn delete_tag(&self, tag: &Tag, digest: Option<&Digest>) -> Result<Deletion> {
        self.send_tag_deletion(tag, digest).await?.confirm().await
    }

    /// Deletes a manifest and every tag on it.
    ///
    /// # Errors
    ///
    /// [`Operation::DeleteManifest`] where deletion is disabled, or answered with 404 while the manifest is there;
    /// [`Kind::Incomplete`] as for [`RepositoryHandle::delete_tag`].
    pub async fn delete_manifest(&self, digest: &Digest) -> Result<Deletion> {
        self.send_manifest_deletion(digest).await?.confirm().await
    }

    /// The first half of [`RepositoryHandle::delete_tag`]: until the DELETE is answered.
    ///
    /// # Errors
    ///
    /// Those of [`RepositoryHandle::delete_tag`] where the answer is a refusal.
    pub(crate) async fn send_tag_deletion<'a>(
        &'a self,
        tag: &'a Tag,
        digest: Option<&'a Digest>,
    ) -> Result<PendingDeletion<'a>> {
        PendingDeletion::send(self, Target::Tag(tag), digest).await
    }

    /// The first half of [`RepositoryHandle::delete_manifest`]: until the DELETE is answered.
    ///
    /// # Errors
    ///
    /// Those of [`RepositoryHandle::delete_manifest`] where the answer is a refusal.
    pub(crate) async fn send_manifest_deletion<'a>(&'a self, digest: &'a Digest) -> Result<PendingDeletion<'a>> {
        PendingDeletion::send(self, Target::Digest(digest), Some(digest)).await
    }

    /// Probes whether the registry deletes manifests of this repository, by a request that changes nothing: it deletes
    /// a digest of zeros.
    ///
    /// # Errors
    ///
    /// [`Operation::DeleteManifest`] when deletion is disabled, or a gateway answers; [`Kind::Denied`] when it is not
    /// allowed.
    pub async fn probe_deletion(&self) -> Result<()> {
        let nothing = Digest::zero(Algorithm::Sha256);
        self.probe(Target::Digest(&nothing)).await
    }

    /// Probes whether the registry deletes tags of this repository by name, by a request that changes nothing: it
    /// deletes a tag that does not exist.
    ///
    /// # Errors
    ///
    /// [`Operation::DeleteTag`] when it does not; [`Kind::Denied`] when it is not allowed.
    pub async fn probe_tag_deletion(&self) -> Result<()> {
        let name = format!("registry-ls-probe-{:016x}", fastrand::u64(..));
        let nothing: Tag = name.parse()?;
        self.probe(Target::Tag(&nothing)).map_err(|error| by_name_unsupported(error, self.registry())).await
    }

    async fn probe(&self, nothing: Target<'_>) -> Result<()> {
        let mut request = self.client.request(Method::DELETE, Endpoint::Manifest(&self.name, nothing));
        let operation = request.context.operation;
        // The probed name would mean nothing in a message.
        request.context.name = format!("a deletion in {self}");
        match self.client.transport.send(&request).await {
            Ok(_) => Ok(()),
            // No registry sends such a page: a gateway answers, which lets no DELETE through.
            Err(error) if error.is_not_found() && error.reply().is_some_and(|reply| reply.is_page) => Err(error
                .within(format!("{} does not allow deletion", self.registry()))
                .with_kind(Kind::Unsupported(operation))),
            Err(error) if error.is_not_found() => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Sends one DELETE.
    async fn send_deletion(&self, request: &Request) -> Result<DeleteReply> {
        match self.client.transport.send(request).await {
            Ok(mut response) => {
                let mut errors = registry_errors(&response.start(BODY_LIMIT).await);
                for text in errors.iter_mut().flat_map(|error| [&mut error.code, &mut error.message]) {
                    *text = response.masked(text);
                }
                Ok(DeleteReply::Accepted(errors))
            }
            Err(error) if error.is_not_found() => Ok(DeleteReply::NotFound(error)),
            Err(error) if may_have_taken_effect(&error) => Ok(DeleteReply::Lost(error)),
            Err(error) => Err(error),
        }
    }

    /// Waits until the target no longer resolves to `digest`, at most for `patience`. Returns what it resolves to at
    /// the end; `None` when it does not exist.
    pub(crate) async fn await_absence(
        &self,
        target: Target<'_>,
        digest: Option<&Digest>,
        patience: Duration,
    ) -> Result<Option<Resolved>> {
        const FIRST: Duration = Duration::from_millis(50);
        let until = Instant::now() + patience;
        let mut wait = FIRST;
        loop {
            let now = self.resolve_by_content(target).await?;
            let is_there = |now: &Resolved| digest.is_none_or(|digest| now.digest == *digest);
            if !now.as_ref().is_some_and(is_there) || Instant::now() + wait > until {
                return Ok(now);
            }
            tokio::time::sleep(wait).await;
            wait *= 2;
        }
    }
}

/// A DELETE that was answered. Whether it took effect is still to be verified.
#[must_use]
pub(crate) struct PendingDeletion<'a> {
    repository: &'a RepositoryHandle,
    target: Target<'a>,
    /// What the target pointed to, where that is known.
    digest: Option<&'a Digest>,
    request: Request,
    answer: DeleteReply,
}

impl<'a> PendingDeletion<'a> {
    async fn send(repository: &'a RepositoryHandle, target: Target<'a>, digest: Option<&'a Digest>) -> Result<Self> {
        let request = repository.client.request(Method::DELETE, Endpoint::Manifest(&repository.name, target));
        match repository.send_deletion(&request).await {
            Ok(answer) => Ok(Self { repository, target, digest, request, answer }),
            Err(error) => Err(unsupported(error, target, repository.registry())),
        }
    }

    /// Whether the DELETE may have to be sent again: its reply was lost.
    pub(crate) fn may_be_resent(&self) -> bool {
        matches!(self.answer, DeleteReply::Lost(_))
    }

    /// The second half of [`RepositoryHandle::delete_tag`] and [`RepositoryHandle::delete_manifest`]: verifies that the
    /// target is gone. A request whose reply was lost is sent once more.
    ///
    /// # Errors
    ///
    /// Those of the two.
    pub(crate) async fn confirm(self) -> Result<Deletion> {
        let (target, registry) = (self.target, self.repository.registry());
        self.find_outcome().map_err(|error| unsupported(error, target, registry)).await
    }

    async fn find_outcome(self) -> Result<Deletion> {
        let Self { repository, target, digest, request, mut answer } = self;
        let (registry, name) = (repository.registry(), &request.context.name);
        let mut was_lost = false;
        loop {
            // A success with errors will not take effect later.
            let may_be_late = matches!(&answer, DeleteReply::Accepted(errors) if errors.is_empty());
            let patience = if may_be_late { SETTLE_TIME } else { Duration::ZERO };
            let mut now = repository.await_absence(target, digest, patience).await;
            if !may_be_late && matches!(now, Ok(None)) {
                // There is no other evidence that it is gone, and a replica may lag behind.
                now = repository.for_recheck().resolve_by_content(target).await;
                if let (Ok(Some(_)), DeleteReply::Lost(error)) = (&now, &answer) {
                    let what = format!("cannot determine whether {name} is gone");
                    let error = error.clone().within(what).with_kind(Kind::Incomplete);
                    return Err(error.because(format!("{registry} has it again")));
                }
            }
            let now = match now {
                Ok(now) => now,
                Err(again) => return Err(undetermined(name, answer, again)),
            };
            let Some(now) = now else {
                return match answer {
                    DeleteReply::Accepted(errors) => match errors.first() {
                        None => Ok(Deletion::Deleted),
                        Some(error) => {
                            let what = format!("{registry} accepted the deletion of {name} with errors");
                            let cause = format!("{}: {}", error.code, error.message);
                            Err(Error::new(Kind::Incomplete, what).because(cause))
                        }
                    },
                    DeleteReply::NotFound(_) if !was_lost => Ok(Deletion::AlreadyGone),
                    // After a lost reply, "not found" means that the first request took effect.
                    DeleteReply::NotFound(_) | DeleteReply::Lost(_) => Ok(Deletion::Deleted),
                };
            };
            if let Some(from) = digest.filter(|digest| now.digest != **digest) {
                return match answer {
                    // Another client pushed the tag again after the deletion.
                    DeleteReply::Accepted(_) => Ok(Deletion::Deleted),
                    DeleteReply::NotFound(_) | DeleteReply::Lost(_) => Err(moved(name, from, &now.digest)),
                };
            }
            match answer {
                DeleteReply::Accepted(errors) => {
                    let with = if errors.is_empty() { "" } else { " with errors" };
                    let cause = format!("{registry} accepted the deletion{with} and did not carry it out");
                    let error = Error::new(Kind::Incomplete, format!("{name} is still present")).because(cause);
                    let reported = errors.iter().map(|error| format!("{}: {}", error.code, error.message));
                    return Err(reported.fold(error, Error::because));
                }
                DeleteReply::NotFound(error) => {
                    let what = format!("{registry} answers 404 to DELETE and still has {name}");
                    return Err(error.called(what).with_kind(Kind::Unsupported(request.context.operation)));
                }
                DeleteReply::Lost(_) if !was_lost => {
                    was_lost = true;
                    answer = repository.send_deletion(&request).await?;
                }
                DeleteReply::Lost(error) => return Err(error),
            }
        }
    }
}

/// The error where the state after a deletion cannot be found out because of `again`.
fn undetermined(name: &str, answer: DeleteReply, again: Error) -> Error {
    match answer {
        DeleteReply::Accepted(_) => {
            again.within(format!("deleted, but cannot verify that {name} is gone")).with_kind(Kind::Incomplete)
        }
        DeleteReply::NotFound(error) | DeleteReply::Lost(error) => {
            let again = again.to_string();
            let error = error.within(format!("cannot determine whether {name} is gone")).with_kind(Kind::Incomplete);
            // A time limit ends both alike.
            if error.causes().contains(&again) { error } else { error.because(again) }
        }
    }
}

/// Whether a request that failed with this error may have taken effect.
fn may_have_taken_effect(error: &Error) -> bool {
    match error.kind() {
        _ if error.is_during_login() => false,
        Kind::Network(network) => *network == Network::Reset,
        Kind::Protocol(Fault::Truncated) | Kind::TimedOut => true,
        // A status of success that no registry answers with, 207 for one, says nothing, nor does 408, a time-out.
        Kind::Protocol(_) => error.reply().is_some_and(|reply| matches!(reply.status, ..300 | 408 | 500..)),
        _ => false,
    }
}

/// The error of a deletion, for its target.
fn unsupported(error: Error, target: Target<'_>, registry: &Registry) -> Error {
    match target {
        Target::Tag(_) => by_name_unsupported(error, registry),
        Target::Digest(_) => error,
    }
}

/// Recognises that tags are not deleted by name: distribution 2 answers 400 `DIGEST_INVALID`, Harbor 400 `UNSUPPORTED`,
/// others 400 with codes of their own.
fn by_name_unsupported(error: Error, registry: &Registry) -> Error {
    let refused = matches!(error.kind(), Kind::Unsupported(_) | Kind::Protocol(Fault::Status(400)));
    if !refused {
        return error;
    }
    let what = format!("{registry} does not delete tags by name");
    error.within(what).with_kind(Kind::Unsupported(Operation::DeleteTag))
}
