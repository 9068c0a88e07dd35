//! `/v2/<name>/blobs/uploads/`: pushing blobs, and whether they would be taken.

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderValue, LOCATION};
use url::Url;

use super::client::Client;
use super::endpoint::Endpoint;
use crate::error::{Error, Fault, Kind, Result};
use crate::http::{Request, Response, redirect_target};
use crate::name::{Algorithm, Digest, Repository};

impl Client {
    /// Whether the registry would take a push to this repository: an upload is begun and, without anything having been sent, given
    /// up again. A registry that does not know how to give one up forgets it after a while. GitLab makes a record of the repository.
    ///
    /// # Errors
    ///
    /// [`Kind::Denied`] when it is not allowed; [`Tls::Downgrade`](crate::error::Tls::Downgrade) when the upload is to go on by
    /// plain HTTP, [`Fault::Redirect`] when it is to go on where it cannot.
    pub async fn probe_push(&self, repository: &Repository) -> Result<()> {
        let response = self.transport.send(&self.request(Method::POST, Endpoint::Uploads(repository))).await?;
        let upload = self.upload(&response)?;
        if upload.origin() != response.url().origin() {
            return Ok(());
        }
        // To give it up is to delete in the eyes of the registry, and may need that right.
        let subject = self.request(Method::DELETE, Endpoint::Uploads(repository)).context;
        if let Err(error) = self.transport.send_once(&Request::new(Method::DELETE, upload, subject)).await {
            tracing::debug!("the upload could not be given up: {error}");
        }
        Ok(())
    }

    /// Pushes a small blob in one piece, unless the repository has it (OCI distribution specification, "Pushing blobs").
    ///
    /// # Errors
    ///
    /// [`Kind::Denied`] when it is not allowed; those of [`Client::probe_push`] for where the upload is to go on.
    pub async fn push_blob(&self, repository: &Repository, bytes: Bytes) -> Result<Digest> {
        let digest = Digest::of(Algorithm::Sha256, &bytes);
        match self.transport.send(&self.request(Method::HEAD, Endpoint::Blob(repository, &digest))).await {
            Ok(_) => return Ok(digest),
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error),
        }
        let begun = self.transport.send(&self.request(Method::POST, Endpoint::Uploads(repository))).await?;
        let mut upload = self.upload(&begun)?;
        upload.query_pairs_mut().append_pair("digest", digest.as_str());
        let subject = self.request(Method::PUT, Endpoint::Uploads(repository)).context;
        let request = Request::new(Method::PUT, upload, subject);
        let octets = HeaderValue::from_static("application/octet-stream");
        self.transport.send(&request.header(CONTENT_TYPE, octets).body(bytes)).await?;
        Ok(digest)
    }

    /// Where an upload goes on.
    fn upload(&self, response: &Response) -> Result<Url> {
        let location = response.headers().get(LOCATION).map(HeaderValue::as_bytes);
        let Some(location) = location else {
            let what = format!("{} does not say where the upload goes on", self.registry);
            return Err(Error::new(Kind::Protocol(Fault::Malformed), what).because("the reply has no Location header"));
        };
        // What holds for a redirect holds here: not to plain HTTP, not into a more private network.
        redirect_target(&Method::GET, response.url(), response.peer(), Some(location))
    }
}
