//! `/v2/<name>/blobs/uploads/`: pushing blobs (OCI distribution specification, "Pushing Blobs"), and probing whether
//! that is permitted.

use bytes::Bytes;
use http::Method;
use http::header::{CONTENT_TYPE, HeaderValue, LOCATION};
use url::Url;

use super::endpoint::Endpoint;
use super::repository::RepositoryHandle;
use crate::error::{Error, Fault, Kind, Result};
use crate::http::{Request, Response, redirect_target};
use crate::name::{Algorithm, Digest};

impl RepositoryHandle {
    /// Probes whether the registry accepts pushes to this repository: begins an upload and cancels it without sending
    /// anything. A registry that cannot cancel it drops it after a while. GitLab creates a record of the repository.
    ///
    /// # Errors
    ///
    /// [`Kind::Denied`] when it is not permitted; [`Tls::Downgrade`](crate::error::Tls::Downgrade) when the upload
    /// would continue over plain HTTP; [`Fault::Redirect`] when its location cannot be used.
    pub(crate) async fn probe_push(&self) -> Result<()> {
        let response =
            self.client.transport.send(&self.client.request(Method::POST, Endpoint::Uploads(&self.name))).await?;
        let upload = self.upload(&response)?;
        if upload.origin() != response.url().origin() {
            return Ok(());
        }
        // Cancelling is a DELETE, which may need another permission.
        let context = self.client.request(Method::DELETE, Endpoint::Uploads(&self.name)).context;
        if let Err(error) = self.client.transport.send_once(&Request::new(Method::DELETE, upload, context)).await {
            tracing::debug!("the upload could not be cancelled: {error}");
        }
        Ok(())
    }

    /// Pushes a small blob in one request, unless the repository has it.
    ///
    /// # Errors
    ///
    /// [`Kind::Denied`] when it is not permitted; [`Tls::Downgrade`](crate::error::Tls::Downgrade) when the upload
    /// would continue over plain HTTP; [`Fault::Redirect`] when its location cannot be used.
    pub async fn push_blob(&self, bytes: Bytes) -> Result<Digest> {
        let digest = Digest::of(Algorithm::Sha256, &bytes);
        if self.has_blob(&digest).await? {
            return Ok(digest);
        }
        let begun =
            self.client.transport.send(&self.client.request(Method::POST, Endpoint::Uploads(&self.name))).await?;
        let mut upload = self.upload(&begun)?;
        upload.query_pairs_mut().append_pair("digest", digest.as_str());
        let context = self.client.request(Method::PUT, Endpoint::Uploads(&self.name)).context;
        let request = Request::new(Method::PUT, upload, context);
        let octets = HeaderValue::from_static("application/octet-stream");
        self.client.transport.send(&request.header(CONTENT_TYPE, octets).body(bytes)).await?;
        Ok(digest)
    }

    /// The location of a begun upload.
    fn upload(&self, response: &Response) -> Result<Url> {
        let location = response.headers().get(LOCATION).map(HeaderValue::as_bytes);
        let Some(location) = location else {
            let what = format!("{} sent no location for the upload", self.registry());
            return Err(Error::new(Kind::Protocol(Fault::Malformed), what).because("the reply has no Location header"));
        };
        // The rules for redirects apply: not to plain HTTP, not into a more private network.
        let target = redirect_target(&Method::GET, response.url(), response.peer(), Some(location));
        target.map_err(|error| response.mask(error))
    }
}
