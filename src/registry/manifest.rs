//! `/v2/<name>/manifests/<reference>` and the blobs that a manifest names: what a reference is.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};

use super::client::Client;
use super::config::ImageConfig;
use super::delete::moved;
use super::document::{Descriptor, Manifest, malformed, media_type_of, media_types};
use super::endpoint::Endpoint;
use super::schema1;
use crate::error::{Danger, Error, Fault, Kind, Reply, Result};
use crate::http::{Request, Response, is_transient_status};
use crate::name::{Algorithm, Digest, Repository, Tag, Target};

/// Largest manifest, in bytes: what registries accept (distribution, "Manifest size").
const LARGEST_MANIFEST: usize = 4 * 1024 * 1024;

/// Largest config blob, in bytes.
const LARGEST_CONFIG: usize = 8 * 1024 * 1024;

/// The header by which a registry tells a digest.
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// What a reference points at, as the registry says without sending it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The digest.
    pub digest: Digest,
    /// The media type, where it was told.
    pub media_type: Option<String>,
    /// The size of the manifest in bytes, where it was told.
    pub size: Option<u64>,
}

/// A config blob.
#[derive(Debug, Clone)]
pub struct Config {
    /// Its digest.
    pub digest: Digest,
    /// The exact bytes.
    pub bytes: Bytes,
    /// What rls understands of it: nothing of an artifact's config.
    pub image: ImageConfig,
}

impl Client {
    /// Finds out what a tag or digest points at: by HEAD, and by GET where the registry does not answer HEAD or leaves out the digest
    /// (ECR, Nexus, some proxies).
    ///
    /// # Errors
    ///
    /// [`Kind::NotFound`] when there is no such tag or manifest; [`Danger::DigestMismatch`] when the registry answers for another
    /// digest than the one asked for.
    pub async fn resolve(&self, repository: &Repository, target: Target<'_>) -> Result<Resolved> {
        match self.head(repository, target).await? {
            Ok(resolved) => Ok(resolved),
            Err(refused) => self.resolve_by_get(repository, target, refused).await,
        }
    }

    /// What a tag or digest points at, if it is there: where HEAD is known to tell, it is not asked why not.
    ///
    /// # Errors
    ///
    /// Those of [`Client::resolve`] but "not found".
    pub async fn look_up(&self, repository: &Repository, target: Target<'_>) -> Result<Option<Resolved>> {
        let refused = match self.head(repository, target).await? {
            Ok(resolved) => return Ok(Some(resolved)),
            Err(Some(error)) if error.is_not_found() && self.heads_tell.load(Ordering::Relaxed) => return Ok(None),
            Err(refused) => refused,
        };
        match self.resolve_by_get(repository, target, refused).await {
            Ok(resolved) => Ok(Some(resolved)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What a HEAD tells. The inner error is that a GET may tell more, with why the HEAD failed if it did.
    async fn head(&self, repository: &Repository, target: Target<'_>) -> Result<Result<Resolved, Option<Error>>> {
        let response = match self.transport.send(&self.manifest_request(Method::HEAD, repository, target)).await {
            Ok(response) => response,
            Err(error) if is_worth_a_get(&error) => return Ok(Err(Some(error))),
            Err(error) => return Err(error),
        };
        let Some(digest) = told_digest(&response) else { return Ok(Err(None)) };
        same_as_asked(target, &digest)?;
        self.heads_tell.store(true, Ordering::Relaxed);
        Ok(Ok(Resolved { digest, media_type: response.media_type(), size: told_size(&response) }))
    }

    async fn resolve_by_get(
        &self,
        repository: &Repository,
        target: Target<'_>,
        refused: Option<Error>,
    ) -> Result<Resolved> {
        match (self.manifest(repository, target).await, refused) {
            (Ok(manifest), _) => Ok(Resolved {
                digest: manifest.digest,
                media_type: Some(manifest.media_type),
                size: Some(manifest.bytes.len() as u64),
            }),
            // The GET said nothing: what the HEAD said stands.
            (Err(error), Some(refused)) if matches!(error.kind(), Kind::Network(_) | Kind::Tls(_) | Kind::TimedOut) => {
                Err(refused)
            }
            (Err(error), _) => Err(error),
        }
    }

    /// Fetches a manifest and verifies it.
    ///
    /// # Errors
    ///
    /// [`Kind::NotFound`]; [`Danger::DigestMismatch`] when its bytes are not those of the digest that was asked for;
    /// [`Danger::Ambiguous`]; [`Fault::TooLarge`] above 4 MiB.
    pub async fn manifest(&self, repository: &Repository, target: Target<'_>) -> Result<Manifest> {
        let request = self.manifest_request(Method::GET, repository, target);
        let (response, bytes) = self.transport.fetch(&request, LARGEST_MANIFEST).await?;
        read_manifest(&response, bytes, &request, target)
    }

    /// Fetches what a tag points at, and makes sure that it is what `digest` says. That is due before anything is deleted by a digest:
    /// the one in a reply to HEAD is the registry's word alone.
    ///
    /// # Errors
    ///
    /// Those of [`Client::manifest`]; [`Danger::DigestMismatch`] when the registry tells this digest and sends something else;
    /// [`Danger::Moved`] when the tag points elsewhere.
    pub async fn verified(&self, repository: &Repository, tag: &Tag, digest: &Digest) -> Result<Manifest> {
        let target = Target::Tag(tag);
        let request = self.manifest_request(Method::GET, repository, target);
        let (response, bytes) = self.transport.fetch(&request, LARGEST_MANIFEST).await?;
        let manifest = read_manifest(&response, bytes, &request, target)?;
        if manifest.digest == *digest {
            return Ok(manifest);
        }
        let name = &request.subject.name;
        Err(match told_digest(&response) {
            Some(told) if told == *digest => mismatch(digest, &manifest.bytes, name),
            _ => moved(name, digest, &manifest.digest),
        })
    }

    /// Fetches a manifest that an index lists, and verifies its size too.
    ///
    /// # Errors
    ///
    /// Those of [`Client::manifest`]; [`Fault::Malformed`] when the size is another than the index says.
    pub async fn child(&self, repository: &Repository, descriptor: &Descriptor) -> Result<Manifest> {
        let manifest = self.manifest(repository, Target::Digest(&descriptor.digest)).await?;
        same_size(descriptor, manifest.bytes.len())?;
        Ok(manifest)
    }

    /// Fetches a config blob and verifies it.
    ///
    /// # Errors
    ///
    /// [`Kind::NotFound`]; [`Danger::DigestMismatch`]; [`Fault::TooLarge`] above 8 MiB; [`Fault::Malformed`] when its size is
    /// another than the manifest says.
    pub async fn config(&self, repository: &Repository, descriptor: &Descriptor) -> Result<Config> {
        let endpoint = Endpoint::Blob(repository, &descriptor.digest);
        let request = unencoded(self.request(Method::GET, endpoint));
        let what = format!("config {}", descriptor.digest);
        let (_, bytes) = self.transport.fetch(&request, LARGEST_CONFIG).await?;
        matches_digest(&descriptor.digest, &bytes, &what)?;
        same_size(descriptor, bytes.len())?;
        let image = ImageConfig::parse(&bytes).map_err(|error| malformed(&what).because(error))?;
        Ok(Config { digest: descriptor.digest.clone(), bytes, image })
    }

    /// Pushes a manifest, whose blobs the repository has, and puts a tag on it if `target` is one. The tag is taken off what it was on.
    ///
    /// # Errors
    ///
    /// [`Kind::Denied`] when it is not allowed. After one that leaves it open whether the registry got it, [`Client::resolve`] tells.
    pub async fn push_manifest(&self, repository: &Repository, target: Target<'_>, manifest: &Manifest) -> Result<()> {
        let media_type = HeaderValue::from_str(&manifest.media_type);
        let media_type = media_type.map_err(|error| malformed(manifest.digest.as_str()).because(error))?;
        let request = self.request(Method::PUT, Endpoint::Manifest(repository, target));
        self.transport.send(&request.header(CONTENT_TYPE, media_type).body(manifest.bytes.clone())).await?;
        Ok(())
    }

    fn manifest_request(&self, method: Method, repository: &Repository, target: Target<'_>) -> Request {
        let request = self.request(method, Endpoint::Manifest(repository, target));
        unencoded(request).header(ACCEPT, HeaderValue::from_static(media_types::ACCEPT))
    }
}

/// A digest is that of the bytes as stored, so they are asked for as they are.
fn unencoded(request: Request) -> Request {
    request.header(ACCEPT_ENCODING, HeaderValue::from_static("identity"))
}

fn read_manifest(response: &Response, bytes: Bytes, request: &Request, target: Target<'_>) -> Result<Manifest> {
    let what = &request.subject.name;
    if let Some(error) = response.not_json(&request.subject, &bytes) {
        return Err(error);
    }
    if bytes.is_empty() {
        return Err(malformed(what).because("empty reply"));
    }
    let media_type = media_type_of(response.media_type().as_deref(), &bytes, what)?;
    let signed = media_types::is_schema1(&media_type).then(|| schema1::payload(&bytes)).flatten();
    let content = signed.as_deref().unwrap_or(&bytes);
    let digest = match target {
        Target::Digest(digest) => {
            matches_digest(digest, content, what)?;
            digest.clone()
        }
        Target::Tag(_) => {
            let told = told_digest(response);
            let algorithm = told.as_ref().map_or(Algorithm::Sha256, Digest::algorithm);
            let digest = Digest::of(algorithm, content);
            if told.as_ref().is_some_and(|told| *told != digest) {
                tracing::warn!("the registry tells another digest for {what} than its bytes have; {digest} is theirs");
            }
            digest
        }
    };
    Ok(Manifest { digest, media_type, bytes })
}

/// Whether a GET may tell more than the HEAD that failed: a reply to HEAD has no body, and some servers do not know the method.
fn is_worth_a_get(error: &Error) -> bool {
    let said = |reply: &Reply| matches!(reply.status, 400..=499 | 501) && !is_transient_status(reply.status);
    !error.is_at_login() && error.reply().is_some_and(said)
}

/// The size in the head of a reply to HEAD; `None` also when there are several and they differ.
fn told_size(response: &Response) -> Option<u64> {
    let mut sizes = response.headers().get_all(CONTENT_LENGTH).iter();
    let size = sizes.next()?;
    if sizes.any(|other| other != size) {
        return None;
    }
    size.to_str().ok()?.trim().parse().ok()
}

/// The digest in the reply's head. One that does not parse is as if it were not there.
fn told_digest(response: &Response) -> Option<Digest> {
    response.header(&CONTENT_DIGEST)?.parse().ok()
}

fn same_as_asked(target: Target<'_>, told: &Digest) -> Result<()> {
    match target {
        Target::Digest(asked) if asked != told => {
            let what = format!("the registry's answer does not match {asked}");
            Err(Error::new(Kind::Safety(Danger::DigestMismatch), what).because(format!("it answered for {told}")))
        }
        _ => Ok(()),
    }
}

fn matches_digest(digest: &Digest, bytes: &[u8], what: &str) -> Result<()> {
    if digest.matches(bytes) { Ok(()) } else { Err(mismatch(digest, bytes, what)) }
}

fn mismatch(digest: &Digest, bytes: &[u8], what: &str) -> Error {
    let got = Digest::of(digest.algorithm(), bytes);
    let error =
        Error::new(Kind::Safety(Danger::DigestMismatch), format!("what the registry sent does not match {what}"));
    error.because(format!("its {} bytes have the digest {got}", bytes.len()))
}

fn same_size(descriptor: &Descriptor, size: usize) -> Result<()> {
    if descriptor.size == size as u64 {
        return Ok(());
    }
    let what = format!("{} has another size than the manifest says", descriptor.digest);
    Err(Error::new(Kind::Protocol(Fault::Malformed), what)
        .because(format!("{size} bytes instead of {}", descriptor.size)))
}
