//! Resolves tags and digests to what they point to, and decides when "not found" counts: by HEAD where the registry
//! answers it with the digest, else by the content of a GET.

use http::Method;
use http::header::CONTENT_LENGTH;

use super::absence::is_page;
use super::document::Manifest;
use super::endpoint::Endpoint;
use super::manifest::{Fetched, content_digest};
use super::repository::RepositoryHandle;
use crate::error::{Danger, Error, Fault, Kind, Network, Reply, Result, is_transient_status};
use crate::http::Response;
use crate::name::{Algorithm, Digest, Target};

/// What a reference points to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resolved {
    /// The digest.
    pub digest: Digest,
    /// The media type, where it is known.
    pub media_type: Option<String>,
    /// The size of the manifest in bytes, where it is known.
    pub size: Option<u64>,
    /// Whether a cache answered, so that a tag may point elsewhere by now.
    pub(crate) is_stale: bool,
}

impl RepositoryHandle {
    /// Resolves a tag or digest: by HEAD, and by GET where the registry does not answer HEAD or leaves out the digest
    /// (ECR, Nexus, some proxies).
    ///
    /// # Errors
    ///
    /// [`Kind::NotFound`] when there is no such tag or manifest; [`Danger::DigestMismatch`] when the registry answers
    /// for another digest than the requested one.
    pub async fn resolve(&self, target: impl Into<Target<'_>>) -> Result<Resolved> {
        let target = target.into();
        match self.head(target).await? {
            Ok(resolved) => Ok(resolved),
            Err(refused) => self.resolve_by_get(target, refused).await,
        }
    }

    /// Resolves a tag or digest; `None` where it does not exist. That is decided by GET: some registries answer HEAD
    /// with 404 for what they have.
    ///
    /// # Errors
    ///
    /// Those of [`RepositoryHandle::resolve`] but "not found";
    /// [`Fault::Status`] for "not found" in a web page.
    pub async fn try_resolve(&self, target: impl Into<Target<'_>>) -> Result<Option<Resolved>> {
        match self.resolve(target).await.map_err(Error::unless_page) {
            Ok(resolved) => Ok(Some(resolved)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// As [`RepositoryHandle::try_resolve`], for what is expected to exist: "not found" counts when GET answers so
    /// twice, since a replica may lag behind. In a page it counts where the registry has no other way to say it.
    ///
    /// # Errors
    ///
    /// Those of [`RepositoryHandle::try_resolve`].
    pub async fn find(&self, target: impl Into<Target<'_>>) -> Result<Option<Resolved>> {
        let target = target.into();
        let found = match self.try_resolve(target).await {
            Ok(None) => self.for_recheck().resolve_by_content(target).await,
            found => found,
        };
        match found {
            // A cache has kept what the first reply said.
            Err(error) if error.reply().is_some_and(|reply| reply.status == 404 && reply.staleness.is_some()) => {
                Ok(None)
            }
            Err(error) if is_page(&error) && self.is_manifest_absent(target).await => Ok(None),
            found => found,
        }
    }

    /// As [`RepositoryHandle::find`], with a digest of this algorithm, whichever the registry uses.
    ///
    /// # Errors
    ///
    /// Those of [`RepositoryHandle::find`] and [`RepositoryHandle::manifest`].
    pub async fn find_by(&self, target: impl Into<Target<'_>>, algorithm: Algorithm) -> Result<Option<Resolved>> {
        let target = target.into();
        match self.find(target).await? {
            Some(found) if found.digest.algorithm() != algorithm => {
                let bytes = self.manifest(target).await?.bytes;
                Ok(Some(Resolved { digest: Digest::of(algorithm, &bytes), ..found }))
            }
            found => Ok(found),
        }
    }

    /// Resolves a tag or digest by its content: a GET, whose bytes are hashed, since a HEAD may be answered by a cache.
    /// `None` where it does not exist.
    pub(crate) async fn resolve_by_content(&self, target: Target<'_>) -> Result<Option<Resolved>> {
        match self.fetch_manifest(target).await {
            Ok(Fetched { digest, media_type, size, staleness, .. }) => {
                Ok(Some(Resolved { digest, media_type, size: Some(size), is_stale: staleness.is_some() }))
            }
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// As [`RepositoryHandle::manifest`], for what is expected to exist: `None` where GET answers "not found" twice, in
    /// a page where the registry has no other way to say it.
    ///
    /// # Errors
    ///
    /// Those of [`RepositoryHandle::manifest`] but "not found";
    /// [`Fault::Status`] for "not found" in a web page.
    pub async fn find_manifest(&self, digest: &Digest) -> Result<Option<Manifest>> {
        for repository in [self, &self.for_recheck()] {
            match repository.manifest(digest).await.map_err(Error::unless_page) {
                Ok(manifest) => return Ok(Some(manifest)),
                Err(error) if error.is_not_found() => {}
                Err(error) if is_page(&error) && self.is_manifest_absent(digest.into()).await => break,
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Resolves by HEAD. The inner error means that a GET may know more, with the error of the HEAD if it failed.
    pub(super) async fn head(&self, target: Target<'_>) -> Result<Result<Resolved, Option<Error>>> {
        let request = self.manifest_request(Method::HEAD, Endpoint::Manifest(&self.name, target));
        let mut retries = self.client.transport.retries(&request);
        let response = loop {
            match self.client.transport.send_once(&request).await {
                Ok(response) => break response,
                Err(error) if is_worth_a_get(&error) => return Ok(Err(Some(error))),
                Err(error) => match self.client.transport.wait_or_fail(&mut retries, error).await {
                    Ok(()) => {}
                    Err(error) if may_concern_head_alone(&error) => return Ok(Err(Some(error))),
                    Err(error) => return Err(error),
                },
            }
        };
        let Some(digest) = content_digest(&response) else { return Ok(Err(None)) };
        // Another digest than the requested one, perhaps of another algorithm, is settled by the bytes.
        match target.digest() {
            Some(asked) if asked.algorithm() != digest.algorithm() => return Ok(Err(None)),
            Some(asked) if *asked != digest => return Ok(Err(Some(other_digest(asked, &digest)))),
            _ => {}
        }
        let (media_type, size) = (response.media_type(), content_length(&response));
        Ok(Ok(Resolved { digest, media_type, size, is_stale: response.staleness().is_some() }))
    }

    async fn resolve_by_get(&self, target: Target<'_>, refused: Option<Error>) -> Result<Resolved> {
        match (self.manifest_and_header_digest(target).await, refused) {
            (Ok((manifest, header)), refused) => {
                // There was a warning already about a header that contradicts the bytes.
                if let Some(refused) =
                    refused.filter(|error| is_mismatch(error) && header == Some(manifest.digest.clone()))
                {
                    tracing::warn!("{refused}; the content of its reply to GET does");
                }
                Ok(Resolved {
                    digest: manifest.digest,
                    media_type: Some(manifest.media_type),
                    size: Some(manifest.bytes.len() as u64),
                    is_stale: false,
                })
            }
            // The GET got no reply, so that the reply to HEAD counts.
            (Err(error), Some(refused)) if matches!(error.kind(), Kind::Network(_) | Kind::Tls(_) | Kind::TimedOut) => {
                Err(refused)
            }
            (Err(error), _) => Err(error),
        }
    }
}

/// Whether a GET may know more than the failed HEAD: a reply to HEAD has no body, and some servers do not support the
/// method.
fn is_worth_a_get(error: &Error) -> bool {
    let is_answered = |reply: &Reply| reply.status == 500 || !is_transient_status(reply.status);
    !error.is_during_login() && error.reply().is_some_and(is_answered)
}

/// Whether a HEAD that still fails after all retries may fail for its method: the server or the proxy in front of it
/// answers with any status but a rate limit, closes the connection, or redirects where no request may go. The GET may
/// work, and otherwise brings the registry's words, which a reply to HEAD does not have.
pub(super) fn may_concern_head_alone(error: &Error) -> bool {
    let is_of_request = match error.kind() {
        Kind::RateLimited => false,
        Kind::Network(Network::Reset) | Kind::Protocol(Fault::Truncated | Fault::Redirect) => true,
        _ => error.reply().is_some(),
    };
    !error.is_during_login() && is_of_request
}

/// The size in the header of a reply to HEAD; `None` also where several differ.
fn content_length(response: &Response) -> Option<u64> {
    let mut sizes = response.headers().get_all(CONTENT_LENGTH).iter();
    let size = sizes.next()?;
    if sizes.any(|other| other != size) {
        return None;
    }
    size.to_str().ok()?.trim().parse().ok()
}

/// The error for a reply to HEAD about another digest than the requested one.
fn other_digest(asked: &Digest, digest: &Digest) -> Error {
    let what = format!("the registry's answer does not match {asked}");
    Error::new(Kind::Safety(Danger::DigestMismatch), what).because(format!("it answered for {digest}"))
}

fn is_mismatch(error: &Error) -> bool {
    matches!(error.kind(), Kind::Safety(Danger::DigestMismatch))
}
