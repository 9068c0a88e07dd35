//! `/v2/<name>/manifests/<reference>` and the blobs that a manifest names: what a reference is.

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};

use super::client::Client;
use super::config::ImageConfig;
use super::delete::moved;
use super::descriptor::Descriptor;
use super::document::{Manifest, malformed, media_types};
use super::endpoint::Endpoint;
use crate::error::{Danger, Error, Fault, Kind, Reply, Result};
use crate::http::{HeldBytes, Request, Response, is_transient_status};
use crate::name::{Algorithm, Digest, Repository, Tag, Target};

/// Largest manifest, in bytes: what registries accept (distribution, "Manifest size").
const LARGEST_MANIFEST: usize = 4 * 1024 * 1024;

/// Largest config blob, in bytes.
pub(super) const LARGEST_CONFIG: usize = 8 * 1024 * 1024;

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

/// What was fetched for a tag or digest.
#[derive(Debug)]
pub(crate) struct Fetched {
    /// The digest of the bytes.
    pub digest: Digest,
    /// The digest that the registry told with them.
    pub header_digest: Option<Digest>,
    /// The `Content-Type` that came with them.
    pub media_type: Option<String>,
    /// Their number.
    pub size: u64,
    /// The manifest, or why it cannot be read.
    pub manifest: Result<Manifest>,
    /// The bytes' share of what all replies may hold.
    pub held: HeldBytes,
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
    /// Why nothing of it could be understood: it is no object in JSON.
    pub unreadable: Option<String>,
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

    /// What a tag or digest points at, if it is there. That it is not is told by GET only: some registries answer HEAD with 404 for
    /// what they have.
    ///
    /// # Errors
    ///
    /// Those of [`Client::resolve`] but "not found".
    pub async fn try_resolve(&self, repository: &Repository, target: Target<'_>) -> Result<Option<Resolved>> {
        match self.resolve(repository, target).await {
            Ok(resolved) => Ok(Some(resolved)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What a tag or digest is by its bytes: a GET, read and hashed, since a HEAD may be answered by a cache or by another rule.
    /// `None` for "not found".
    pub(crate) async fn resolve_by_content(
        &self,
        repository: &Repository,
        target: Target<'_>,
    ) -> Result<Option<Resolved>> {
        match self.fetch_manifest(repository, target).await {
            Ok(Fetched { digest, media_type, size, .. }) => Ok(Some(Resolved { digest, media_type, size: Some(size) })),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Fetches what a tag or digest is, though it may be no manifest that can be read.
    ///
    /// # Errors
    ///
    /// That nothing came, or a page that no registry writes; [`Danger::DigestMismatch`] when the bytes are not those of the digest
    /// that was asked for.
    pub(crate) async fn fetch_manifest(&self, repository: &Repository, target: Target<'_>) -> Result<Fetched> {
        let request = self.manifest_request(Method::GET, Endpoint::Manifest(repository, target));
        self.fetch_and_hash(request, target.digest()).await
    }

    /// As [`Client::fetch_manifest`], by a name that the grammar of tags forbids.
    pub(crate) async fn fetch_other_name(&self, repository: &Repository, name: &str) -> Result<Fetched> {
        self.fetch_and_hash(self.manifest_request(Method::GET, Endpoint::OtherName(repository, name)), None).await
    }

    async fn fetch_and_hash(&self, request: Request, asked: Option<&Digest>) -> Result<Fetched> {
        let (response, bytes, held) = self.transport.fetch_held(&request, LARGEST_MANIFEST).await?;
        let told = content_digest(&response);
        let media_type = response.media_type();
        let size = bytes.len() as u64;
        let manifest = read_manifest(&response, bytes.clone(), &request, asked);
        let digest = match &manifest {
            Ok(manifest) => manifest.digest.clone(),
            Err(error)
                if matches!(error.kind(), Kind::Safety(Danger::DigestMismatch) | Kind::Protocol(Fault::Html)) =>
            {
                return Err(error.clone());
            }
            Err(_) => {
                let algorithm = asked.or(told.as_ref()).map_or(Algorithm::Sha256, Digest::algorithm);
                let digest = Digest::of(algorithm, &bytes);
                if let Some(asked) = asked {
                    matches_digest(asked, &bytes, &request.context.name)?;
                }
                digest
            }
        };
        Ok(Fetched { digest, header_digest: told, media_type, size, manifest, held })
    }

    /// What a HEAD tells. The inner error is that a GET may tell more, with why the HEAD failed if it did.
    pub(super) async fn head(
        &self,
        repository: &Repository,
        target: Target<'_>,
    ) -> Result<Result<Resolved, Option<Error>>> {
        let request = self.manifest_request(Method::HEAD, Endpoint::Manifest(repository, target));
        let mut retries = self.transport.retries(&request);
        let response = loop {
            match self.transport.send_once(&request).await {
                Ok(response) => break response,
                Err(error) if is_worth_a_get(&error) => return Ok(Err(Some(error))),
                Err(error) => self.transport.wait_or_fail(&mut retries, error).await?,
            }
        };
        // A digest of another algorithm than the one asked for says nothing about it; the bytes do.
        let digest = content_digest(&response).filter(|told| can_be_compared(target, told));
        let Some(digest) = digest else { return Ok(Err(None)) };
        same_as_asked(target, &digest)?;
        Ok(Ok(Resolved { digest, media_type: response.media_type(), size: content_length(&response) }))
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
        self.manifest_and_header_digest(repository, target).await.map(|(manifest, _)| manifest)
    }

    /// As [`Client::manifest`], with the digest that the head of the reply tells.
    pub(super) async fn manifest_and_header_digest(
        &self,
        repository: &Repository,
        target: Target<'_>,
    ) -> Result<(Manifest, Option<Digest>)> {
        let request = self.manifest_request(Method::GET, Endpoint::Manifest(repository, target));
        let (response, bytes) = self.transport.fetch(&request, LARGEST_MANIFEST).await?;
        let manifest = read_manifest(&response, bytes, &request, target.digest())?;
        Ok((manifest, content_digest(&response)))
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
        let request = self.manifest_request(Method::GET, Endpoint::Manifest(repository, target));
        let (response, bytes) = self.transport.fetch(&request, LARGEST_MANIFEST).await?;
        let manifest = read_manifest(&response, bytes, &request, None)?;
        if manifest.digest == *digest {
            return Ok(manifest);
        }
        let name = &request.context.name;
        Err(match content_digest(&response) {
            Some(told) if told == *digest => mismatch(&manifest.bytes, &manifest.digest, name),
            _ => moved(name, digest, &manifest.digest),
        })
    }

    /// Fetches a manifest that an index lists, and verifies its size too.
    ///
    /// # Errors
    ///
    /// Those of [`Client::manifest`]; [`Fault::Malformed`] when the size is another than the index says, and for a digest that cannot be
    /// verified.
    pub async fn child(&self, repository: &Repository, descriptor: &Descriptor) -> Result<Manifest> {
        let manifest = self.manifest(repository, Target::Digest(descriptor.digest.fetchable()?)).await?;
        same_size(descriptor, manifest.bytes.len())?;
        Ok(manifest)
    }

    /// Fetches a config blob and verifies it. What is in it may be anything.
    ///
    /// # Errors
    ///
    /// [`Kind::NotFound`]; [`Danger::DigestMismatch`]; [`Fault::TooLarge`] above 8 MiB; [`Fault::Malformed`] when its size is
    /// another than the manifest says, and for a digest that cannot be verified.
    pub async fn config(&self, repository: &Repository, descriptor: &Descriptor) -> Result<Config> {
        let digest = descriptor.digest.fetchable()?;
        let request = unencoded(self.request(Method::GET, Endpoint::Blob(repository, digest)));
        let what = format!("config {digest}");
        let (response, bytes) = self.transport.fetch(&request, LARGEST_CONFIG).await?;
        matches_digest(digest, &bytes, &what)?;
        same_size(descriptor, bytes.len())?;
        warn_of_contradiction(&response, digest, &what);
        let (image, unreadable) = match ImageConfig::parse(&bytes) {
            Ok(image) => (image, None),
            Err(error) if error.is_data() => (ImageConfig::default(), Some(error.to_string())),
            Err(error) => (ImageConfig::default(), Some(format!("not JSON, {error}"))),
        };
        Ok(Config { digest: digest.clone(), bytes, image, unreadable })
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

    fn manifest_request(&self, method: Method, endpoint: Endpoint<'_>) -> Request {
        let request = self.request(method, endpoint);
        unencoded(request).header(ACCEPT, HeaderValue::from_static(media_types::ACCEPT))
    }
}

/// A digest is that of the bytes as stored, so they are asked for as they are.
fn unencoded(request: Request) -> Request {
    request.header(ACCEPT_ENCODING, HeaderValue::from_static("identity"))
}

fn read_manifest(response: &Response, bytes: Bytes, request: &Request, asked: Option<&Digest>) -> Result<Manifest> {
    let what = &request.context.name;
    let told = content_digest(response);
    let algorithm = asked.or(told.as_ref()).map_or(Algorithm::Sha256, Digest::algorithm);
    let read = match bytes.is_empty() {
        true => Err(malformed(what).because("empty reply")),
        false => Manifest::read(bytes.clone(), response.media_type().as_deref(), algorithm, what),
    };
    // A page is one only where there is no manifest in it: servers of static files call a manifest text/html.
    let manifest = read.map_err(|error| match error.kind() {
        Kind::Protocol(_) => response.not_json(&request.context, &bytes).unwrap_or(error),
        _ => error,
    })?;
    let digest = &manifest.digest;
    match asked {
        Some(asked) if asked != digest => return Err(mismatch(&manifest.bytes, digest, what)),
        Some(_) | None => warn_of_contradiction(response, digest, what),
    }
    Ok(manifest)
}

/// Says that the head of a reply tells another digest than its bytes have, which count.
fn warn_of_contradiction(response: &Response, digest: &Digest, what: &str) {
    let told = content_digest(response).filter(|told| told.algorithm() == digest.algorithm() && told != digest);
    if let Some(told) = told {
        tracing::warn!("Docker-Content-Digest of {what} is {told}, but the digest of its content is {digest}");
    }
}

/// Whether a GET may tell more than the HEAD that failed: a reply to HEAD has no body, and some servers do not know the method or fail
/// at it.
fn is_worth_a_get(error: &Error) -> bool {
    let said = |reply: &Reply| reply.status == 500 || (reply.status >= 400 && !is_transient_status(reply.status));
    !error.is_during_login() && error.reply().is_some_and(said)
}

/// The size in the head of a reply to HEAD; `None` also when there are several and they differ.
fn content_length(response: &Response) -> Option<u64> {
    let mut sizes = response.headers().get_all(CONTENT_LENGTH).iter();
    let size = sizes.next()?;
    if sizes.any(|other| other != size) {
        return None;
    }
    size.to_str().ok()?.trim().parse().ok()
}

/// The digest in the reply's head. One that does not parse is as if it were not there.
fn content_digest(response: &Response) -> Option<Digest> {
    response.header(&CONTENT_DIGEST)?.parse().ok()
}

/// Whether a digest says something about the one that was asked for: the same bytes have others by other algorithms.
fn can_be_compared(target: Target<'_>, told: &Digest) -> bool {
    match target {
        Target::Digest(asked) => asked.algorithm() == told.algorithm(),
        Target::Tag(_) => true,
    }
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
    let got = Digest::of(digest.algorithm(), bytes);
    if got == *digest { Ok(()) } else { Err(mismatch(bytes, &got, what)) }
}

fn mismatch(bytes: &[u8], got: &Digest, what: &str) -> Error {
    let error =
        Error::new(Kind::Safety(Danger::DigestMismatch), format!("what the registry sent does not match {what}"));
    error.because(format!("its {} bytes have the digest {got}", bytes.len()))
}

/// A size of 0 is one that is not said.
pub(super) fn same_size(descriptor: &Descriptor, size: usize) -> Result<()> {
    if [0, size as u64].contains(&descriptor.size) {
        return Ok(());
    }
    let what = format!("{} has another size than the manifest says", descriptor.digest);
    Err(Error::new(Kind::Protocol(Fault::Malformed), what)
        .because(format!("{size} bytes instead of {}", descriptor.size)))
}
