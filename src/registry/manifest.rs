//! `/v2/<name>/manifests/<reference>`, and the configs that manifests name: fetching, verifying and pushing.

use bytes::Bytes;
use http::Method;
use http::header::{ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};

use super::config::{Config, ImageConfig};
use super::descriptor::Descriptor;
use super::document::Manifest;
use super::endpoint::Endpoint;
use super::media_types::{self, malformed};
use super::repository::RepositoryHandle;
use crate::error::{Danger, Error, Fault, Kind, Result};
use crate::http::{HeldBytes, Request, Response};
use crate::name::{Algorithm, Digest, Tag, Target};

/// The largest accepted manifest, in bytes: the limit of registries (OCI distribution specification, "Pushing
/// Manifests").
const LARGEST_MANIFEST: usize = 4 * 1024 * 1024;

/// The largest accepted config, in bytes.
pub(super) const LARGEST_CONFIG: usize = 8 * 1024 * 1024;

/// The header with the digest.
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// The content that was fetched for a tag or digest.
#[derive(Debug)]
pub(crate) struct Fetched {
    /// The digest of the bytes.
    pub digest: Digest,
    /// The sha256 digest of the bytes, where `digest` is of another algorithm.
    pub sha256: Option<Digest>,
    /// The digest in the header of the reply: of several, one that contradicts the bytes.
    pub header_digest: Option<Digest>,
    /// Why the reply may not be the current state ([`Response::staleness`]).
    pub staleness: Option<String>,
    /// The `Content-Type`.
    pub media_type: Option<String>,
    /// Their number, in bytes.
    pub size: u64,
    /// The manifest, or why it cannot be parsed.
    pub manifest: Result<Manifest>,
    /// The bytes' share of the memory for all replies.
    pub held: HeldBytes,
}

impl RepositoryHandle {
    /// Fetches the content of a tag or digest, which need not be a valid manifest.
    ///
    /// # Errors
    ///
    /// Those of the transport; [`Fault::Html`] or [`Fault::Status`] for a web page, and for a "not found" that a cache
    /// kept; [`Danger::DigestMismatch`] when the bytes do not match the requested digest.
    pub(crate) async fn fetch_manifest(&self, target: Target<'_>) -> Result<Fetched> {
        let request = self.manifest_request(Method::GET, Endpoint::Manifest(&self.name, target));
        // What a tag points to may change.
        let request = if target.digest().is_none() { uncached(request) } else { request };
        self.fetch_and_hash(request, target.digest()).await
    }

    /// As [`RepositoryHandle::fetch_manifest`], for a listed name that is no valid tag.
    pub(crate) async fn fetch_other_name(&self, name: &str) -> Result<Fetched> {
        let request = self.manifest_request(Method::GET, Endpoint::OtherName(&self.name, name));
        self.fetch_and_hash(uncached(request), None).await
    }

    async fn fetch_and_hash(&self, request: Request, asked: Option<&Digest>) -> Result<Fetched> {
        let mut fetched = self.client.transport.fetch_held(&request, LARGEST_MANIFEST).await;
        if let Err(error) = &fetched
            && error.is_not_found()
            && error.reply().is_some_and(|reply| reply.is_page || reply.staleness.is_some())
        {
            // The registry itself may answer again.
            fetched = self.client.transport.fetch_held(&request, LARGEST_MANIFEST).await;
        }
        let (response, bytes, held) = fetched.map_err(|error| error.unless_page().unless_stale())?;
        let (header, staleness) = (content_digest(&response), response.staleness());
        let media_type = response.media_type();
        let size = bytes.len() as u64;
        let manifest = self.read_manifest(&response, bytes.clone(), &request, asked);
        let digest = match &manifest {
            Ok(manifest) => manifest.digest.clone(),
            Err(error)
                if matches!(error.kind(), Kind::Safety(Danger::DigestMismatch) | Kind::Protocol(Fault::Html)) =>
            {
                return Err(error.clone());
            }
            Err(_) => {
                let algorithm = asked.or(header.as_ref()).map_or(Algorithm::Sha256, Digest::algorithm);
                let digest = Digest::of(algorithm, &bytes);
                if let Some(asked) = asked {
                    matches_digest(asked, &bytes, &request.context.name)?;
                }
                digest
            }
        };
        let sha256 = (digest.algorithm() != Algorithm::Sha256).then(|| Digest::of(Algorithm::Sha256, &bytes));
        let header_digest = contradicting_digest(&response, &digest).or(header);
        Ok(Fetched { digest, sha256, header_digest, staleness, media_type, size, manifest, held })
    }

    /// Fetches a manifest and verifies it.
    ///
    /// # Errors
    ///
    /// [`Kind::NotFound`]; [`Danger::DigestMismatch`] when its bytes do not match the requested digest;
    /// [`Danger::Ambiguous`]; [`Fault::TooLarge`] above 4 MiB.
    pub async fn manifest(&self, target: impl Into<Target<'_>>) -> Result<Manifest> {
        self.manifest_and_header_digest(target.into()).await.map(|(manifest, _)| manifest)
    }

    /// As [`RepositoryHandle::manifest`], with the digest in the header of the reply.
    pub(super) async fn manifest_and_header_digest(&self, target: Target<'_>) -> Result<(Manifest, Option<Digest>)> {
        let request = self.manifest_request(Method::GET, Endpoint::Manifest(&self.name, target));
        let (response, bytes) = self.client.transport.fetch(&request, LARGEST_MANIFEST).await?;
        let manifest = self.read_manifest(&response, bytes, &request, target.digest())?;
        Ok((manifest, content_digest(&response)))
    }

    /// Fetches the manifest of a tag, and verifies that its bytes have this digest. A digest in a reply to HEAD is only
    /// the registry's claim.
    ///
    /// # Errors
    ///
    /// Those of [`RepositoryHandle::manifest`]; [`Danger::DigestMismatch`] when the registry announces this digest and
    /// sends other bytes; [`Danger::Moved`] when the tag points elsewhere.
    pub async fn verified(&self, tag: &Tag, digest: &Digest) -> Result<Manifest> {
        let request = self.manifest_request(Method::GET, Endpoint::Manifest(&self.name, Target::Tag(tag)));
        let (response, bytes) = self.client.transport.fetch(&request, LARGEST_MANIFEST).await?;
        let manifest = self.read_manifest(&response, bytes, &request, None)?;
        if manifest.digest == *digest {
            return Ok(manifest);
        }
        let name = &request.context.name;
        Err(match content_digest(&response) {
            Some(header) if header == *digest => mismatch(&manifest.bytes, &manifest.digest, name),
            _ => moved(name, digest, &manifest.digest),
        })
    }

    /// Fetches a manifest that an index lists, and also verifies its size.
    ///
    /// # Errors
    ///
    /// Those of [`RepositoryHandle::manifest`]; [`Fault::Malformed`] when the size differs from the index, and for a
    /// digest that cannot be verified.
    pub async fn child(&self, descriptor: &Descriptor) -> Result<Manifest> {
        let manifest = self.manifest(descriptor.digest.fetchable()?).await?;
        same_size(descriptor, manifest.bytes.len())?;
        Ok(manifest)
    }

    /// Fetches a config blob and verifies its digest. Its content may be anything.
    ///
    /// # Errors
    ///
    /// [`Kind::NotFound`]; [`Danger::DigestMismatch`]; [`Fault::TooLarge`] above 8 MiB; [`Fault::Malformed`] when its
    /// size differs from the manifest, and for a digest that cannot be verified.
    pub async fn config(&self, descriptor: &Descriptor) -> Result<Config> {
        let digest = descriptor.digest.fetchable()?;
        let request = unencoded(self.client.request(Method::GET, Endpoint::Blob(&self.name, digest)));
        let what = format!("config {digest}");
        let fetched = self.client.transport.fetch(&request, LARGEST_CONFIG).await;
        let (response, bytes) = fetched.map_err(Error::unless_page)?;
        matches_digest(digest, &bytes, &what)?;
        same_size(descriptor, bytes.len())?;
        warn_of_contradiction(&response, digest, &what);
        let (image, unreadable) = ImageConfig::read(&bytes);
        let unreadable = unreadable.map(|cause| response.masked(&cause));
        Ok(Config { digest: digest.clone(), bytes, image, unreadable })
    }

    /// Pushes a manifest whose blobs the repository has. If `target` is a tag, the tag then points to the manifest.
    ///
    /// # Errors
    ///
    /// [`Kind::Denied`] when it is not permitted. After an error that leaves open whether the push arrived,
    /// [`RepositoryHandle::resolve`] shows it.
    pub async fn push_manifest(&self, target: impl Into<Target<'_>>, manifest: &Manifest) -> Result<()> {
        let media_type = HeaderValue::from_str(&manifest.media_type);
        let media_type = media_type.map_err(|error| malformed(manifest.digest.as_str()).because(error))?;
        let request = self.client.request(Method::PUT, Endpoint::Manifest(&self.name, target.into()));
        let request = request.header(CONTENT_TYPE, media_type).body(manifest.bytes.clone());
        let response = self.client.transport.send(&request).await?;
        warn_of_contradiction(&response, &manifest.digest, &request.context.name);
        Ok(())
    }

    /// Reads a manifest from a reply of success, and verifies that it is the one that was `asked` for.
    fn read_manifest(
        &self,
        response: &Response,
        bytes: Bytes,
        request: &Request,
        asked: Option<&Digest>,
    ) -> Result<Manifest> {
        let what = &request.context.name;
        let header = content_digest(response);
        let algorithm = asked.or(header.as_ref()).map_or(Algorithm::Sha256, Digest::algorithm);
        let read = match bytes.is_empty() {
            true => Err(malformed(what).because("empty reply")),
            false => Manifest::read(bytes.clone(), response.media_type().as_deref(), algorithm, what)
                .map(|manifest| manifest.masked_by(response.masker())),
        };
        // Only a body without a manifest counts as a page: static file servers send manifests as text/html.
        let manifest = read.map_err(|error| match error.kind() {
            Kind::Protocol(_) => {
                let page = || response.not_a_document(&request.context, &bytes);
                let said = self.client.transport.error_in_success(response, &request.context, &bytes);
                said.or_else(page).unwrap_or(error)
            }
            _ => error,
        });
        let manifest = manifest.map_err(|error| error.masked_causes(&|text| response.masked(text)))?;
        let digest = &manifest.digest;
        match asked {
            Some(asked) if asked != digest => return Err(mismatch(&manifest.bytes, digest, what)),
            Some(_) | None => warn_of_contradiction(response, digest, what),
        }
        Ok(manifest)
    }

    pub(super) fn manifest_request(&self, method: Method, endpoint: Endpoint<'_>) -> Request {
        let request = self.client.request(method, endpoint);
        unencoded(request).header(ACCEPT, HeaderValue::from_static(media_types::ACCEPT))
    }
}

/// Requests the bytes as stored, since the digest is theirs.
fn unencoded(request: Request) -> Request {
    request.header(ACCEPT_ENCODING, HeaderValue::from_static("identity"))
}

/// Asks caches on the way for the current state (RFC 9111, "no-cache").
pub(super) fn uncached(request: Request) -> Request {
    request.header(CACHE_CONTROL, HeaderValue::from_static("no-cache"))
}

/// Warns where the header of a reply has another digest than its bytes. The bytes count.
fn warn_of_contradiction(response: &Response, digest: &Digest, what: &str) {
    if let Some(header) = contradicting_digest(response, digest) {
        tracing::warn!("Docker-Content-Digest of {what} is {header}, but the digest of its content is {digest}");
    }
}

/// The digest in the header of a reply; `None` also where several differ.
pub(super) fn content_digest(response: &Response) -> Option<Digest> {
    let mut stated = stated_digests(response);
    let first = stated.next()?;
    stated.all(|other| other == first).then_some(first)
}

/// A digest in the header of a reply that is not the one of its bytes, though of the same algorithm.
fn contradicting_digest(response: &Response, digest: &Digest) -> Option<Digest> {
    stated_digests(response).find(|stated| stated.algorithm() == digest.algorithm() && stated != digest)
}

/// The digests in the header of a reply, to which a proxy may have added its own. Invalid ones are ignored.
fn stated_digests(response: &Response) -> impl Iterator<Item = Digest> + '_ {
    let values = response.headers().get_all(CONTENT_DIGEST).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).filter_map(|digest| digest.trim().parse().ok())
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

/// The error for a tag that points to another digest than before.
pub(crate) fn moved(name: &str, from: &Digest, to: &Digest) -> Error {
    let danger = Danger::Moved { from: from.clone(), to: to.clone() };
    Error::new(Kind::Safety(danger), format!("{name} has moved meanwhile")).because(format!("from {from} to {to}"))
}

/// Verifies the size of what a descriptor names; a size of 0 is not stated.
pub(super) fn same_size(descriptor: &Descriptor, size: usize) -> Result<()> {
    if [0, size as u64].contains(&descriptor.size) {
        return Ok(());
    }
    let what = format!("{} has another size than the manifest states", descriptor.digest);
    Err(Error::new(Kind::Protocol(Fault::Malformed), what)
        .because(format!("{size} bytes instead of {}", descriptor.size)))
}
