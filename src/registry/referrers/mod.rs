//! `GET /v2/<name>/referrers/<digest>`: the referrers of a manifest, such as signatures and SBOMs (OCI distribution
//! specification, "Listing Referrers").

mod tree;

use http::Method;
use http::header::{ACCEPT, HeaderName, HeaderValue, LINK};

use super::descriptor::Descriptor;
use super::document::{Content, Manifest};
use super::endpoint::Endpoint;
use super::media_types::{self, malformed};
use super::repository::RepositoryHandle;
use crate::error::{Error, Fault, Kind, Result};
use crate::http::next_page;
use crate::name::{Algorithm, Digest, Tag};

/// The largest accepted page, in bytes: it is an index, with the limit of manifests.
const LARGEST_PAGE: usize = 4 * 1024 * 1024;

/// The most pages.
const MAX_PAGES: usize = 100;

/// The most referrers of one manifest, beyond those on the page where they become too many.
const MAX_REFERRERS: usize = 10_000;

/// The header that names the filters that the registry applied.
const FILTERS_APPLIED: HeaderName = HeaderName::from_static("oci-filters-applied");

pub use tree::{MAX_LEVELS, Referrer, ReferrerOptions, ReferrerTree, Subject};

impl RepositoryHandle {
    /// Lists the manifests that name a manifest as their subject. Where the registry has no referrers API, clients
    /// maintain an index of them under the digest's tag, `sha256-…`.
    ///
    /// # Errors
    ///
    /// Those of the transport; [`Fault::Malformed`](crate::error::Fault::Malformed) for a reply that is no index.
    pub async fn referrers(&self, digest: &Digest) -> Result<Vec<Descriptor>> {
        match self.referrers_by_api(digest, None).await? {
            Some(referrers) => Ok(referrers),
            None => list_tag(self, digest).await,
        }
    }

    /// Lists the referrers of a manifest by the referrers API, only those of an artifact type if one is given; `None`
    /// where the registry has no such API.
    ///
    /// # Errors
    ///
    /// Those of [`RepositoryHandle::referrers`]; [`Fault::TooLarge`] when the list goes on after 10,000 referrers.
    pub async fn referrers_by_api(
        &self,
        digest: &Digest,
        artifact_type: Option<&str>,
    ) -> Result<Option<Vec<Descriptor>>> {
        let mut request = self.client.request(Method::GET, Endpoint::Referrers(&self.name, digest));
        request = request.header(ACCEPT, HeaderValue::from_static(media_types::OCI_INDEX));
        if let Some(artifact_type) = artifact_type {
            request.url.query_pairs_mut().append_pair("artifactType", artifact_type);
        }
        let mut referrers = Vec::new();
        let mut warned = false;
        for page in 0..MAX_PAGES {
            let (response, bytes) = match self.client.transport.fetch(&request, LARGEST_PAGE).await {
                Ok(fetched) => fetched,
                Err(error) if page == 0 && has_no_api(&error) => return Ok(None),
                Err(error) => return Err(error),
            };
            let name = &request.context.name;
            let page = Manifest::read(bytes, response.media_type().as_deref(), Algorithm::Sha256, name);
            let page = page.map_err(|error| response.mask(error))?.masked_by(response.masker());
            let is_filtered = response.headers().get_all(FILTERS_APPLIED).iter().any(names_artifact_type);
            let fits = |referrer: &Descriptor| match (artifact_type, &referrer.artifact_type) {
                (Some(wanted), Some(stated)) => is_filtered || stated == wanted,
                // One without a type in the list may have one in its manifest.
                _ => true,
            };
            referrers.extend(listed(&page, &request.context.name)?.into_iter().filter(fits));
            let lines = response.headers().get_all(LINK).iter().map(HeaderValue::as_bytes);
            let next = next_page(&request.url, lines).map_err(|error| response.mask(error))?;
            match next.into_url(&mut warned)? {
                None => return Ok(Some(referrers)),
                Some(_) if referrers.len() > MAX_REFERRERS => {
                    let what = format!("the list of {} is too large", request.context.name);
                    let error = Error::new(Kind::Protocol(Fault::TooLarge), what);
                    return Err(error.because(format!("more than {MAX_REFERRERS}")));
                }
                Some(url) => request.url = url,
            }
        }
        let what = format!("the list of {} does not end", request.context.name);
        Err(Error::new(Kind::Incomplete, what).because(format!("{MAX_PAGES} pages were read")))
    }
}

/// Lists the referrers of a manifest by the index under its tag; none where there is no such tag.
///
/// # Errors
///
/// Those of [`RepositoryHandle::referrers`].
async fn list_tag(repository: &RepositoryHandle, digest: &Digest) -> Result<Vec<Descriptor>> {
    match repository.manifest(&referrers_tag(digest)?).await {
        Ok(manifest) => listed(&manifest, &format!("referrers of {repository}@{digest}")),
        Err(error) if error.is_not_found() => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Whether the registry says that it applied the filter by artifact type.
fn names_artifact_type(filters: &HeaderValue) -> bool {
    filters.to_str().is_ok_and(|filters| filters.split(',').any(|filter| filter.trim() == "artifactType"))
}

/// The tag of the index of a manifest's referrers, where the registry has no referrers API (OCI distribution
/// specification, "Referrers Tag Schema": at most 64 digits are used); cosign adds `.sig`, `.att` or `.sbom` to it.
///
/// # Errors
///
/// None with the supported algorithms: the result is always a valid tag.
pub fn referrers_tag(digest: &Digest) -> Result<Tag> {
    const MAX_DIGITS: usize = 64;
    format!("{}-{}", digest.algorithm(), &digest.encoded()[..MAX_DIGITS]).parse()
}

/// Whether the registry has no referrers API: it answers 404, older ones 405, and proxies send pages of their own.
fn has_no_api(error: &Error) -> bool {
    error.is_not_found() || matches!(error.kind(), Kind::Unsupported(_))
}

fn listed(page: &Manifest, what: &str) -> Result<Vec<Descriptor>> {
    match page.document()?.content {
        Content::Index(listed) => Ok(listed),
        Content::Image { .. } | Content::Schema1(_) => Err(malformed(what).because("it is not an index")),
    }
}
