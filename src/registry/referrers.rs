//! `GET /v2/<name>/referrers/<digest>`: the referrers of a manifest, such as signatures and SBOMs (OCI distribution
//! specification, "Listing Referrers").

use http::Method;
use http::header::{ACCEPT, HeaderValue, LINK};

use super::descriptor::Descriptor;
use super::document::{Content, Manifest};
use super::endpoint::Endpoint;
use super::media_types::{self, malformed};
use super::repository::RepositoryHandle;
use crate::error::{Error, Kind, Result};
use crate::http::{NextPage, next_page};
use crate::name::{Algorithm, Digest, Tag};

/// The largest accepted page, in bytes: it is an index, with the limit of manifests.
const LARGEST_PAGE: usize = 4 * 1024 * 1024;

/// The most pages.
const MAX_PAGES: usize = 100;

impl RepositoryHandle {
    /// Lists the manifests that name a manifest as their subject. Where the registry has no referrers API, clients
    /// maintain an index of them under a tag made of the digest ([`referrers_tag`]).
    ///
    /// # Errors
    ///
    /// Those of the transport; [`Fault::Malformed`](crate::error::Fault::Malformed) for a reply that is no index.
    pub async fn referrers(&self, digest: &Digest) -> Result<Vec<Descriptor>> {
        match self.referrers_by_api(digest).await? {
            Some(referrers) => Ok(referrers),
            None => self.tagged(digest).await,
        }
    }

    /// Lists the referrers of a manifest by the referrers API; `None` where the registry has none.
    ///
    /// # Errors
    ///
    /// Those of [`RepositoryHandle::referrers`].
    pub async fn referrers_by_api(&self, digest: &Digest) -> Result<Option<Vec<Descriptor>>> {
        let mut request = self.client.request(Method::GET, Endpoint::Referrers(&self.name, digest));
        request = request.header(ACCEPT, HeaderValue::from_static(media_types::OCI_INDEX));
        let mut referrers = Vec::new();
        for _ in 0..MAX_PAGES {
            let (response, bytes) = match self.client.transport.fetch(&request, LARGEST_PAGE).await {
                Ok(fetched) => fetched,
                Err(error) if referrers.is_empty() && has_no_api(&error) => return Ok(None),
                Err(error) => return Err(error),
            };
            // A page has no digest of its own; `Manifest` needs one.
            let page = Manifest {
                digest: Digest::of(Algorithm::Sha256, &bytes),
                media_type: media_types::OCI_INDEX.to_owned(),
                bytes,
            };
            referrers.extend(listed(&page, &request.context.name)?);
            match next_page(&request.url, response.headers().get_all(LINK).iter().map(HeaderValue::as_bytes))? {
                NextPage::Last => return Ok(Some(referrers)),
                NextPage::At(url) => request.url = url,
            }
        }
        let what = format!("the list of {} does not end", request.context.name);
        Err(Error::new(Kind::Incomplete, what).because(format!("{MAX_PAGES} pages were read")))
    }

    async fn tagged(&self, digest: &Digest) -> Result<Vec<Descriptor>> {
        match self.manifest(&referrers_tag(digest)?).await {
            Ok(manifest) => listed(&manifest, &format!("referrers of {self}@{digest}")),
            Err(error) if error.is_not_found() => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
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
