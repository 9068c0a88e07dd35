//! `GET /v2/`: whether a host is a registry, and whether it accepts credentials (OCI distribution specification,
//! "Determining Support").

use http::Method;
use http::header::CONTENT_TYPE;

use super::client::Client;
use super::endpoint::Endpoint;
use crate::error::Result;
use crate::http::Verification;
use crate::keychain::CredentialMatch;

impl Client {
    /// Whether the host is a registry, by one request without credentials; `None` when the reply is inconclusive.
    pub async fn is_registry(&self) -> Option<bool> {
        let response = self.transport.send_unauthenticated(&self.request(Method::GET, Endpoint::Base)).await.ok()?;
        let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let is_page = content_type.is_some_and(|value| value.trim_start().starts_with("text/html"));
        match response.status() {
            200 => Some(!is_page),
            401 => Some(true),
            404 | 405 => Some(false),
            _ => None,
        }
    }

    /// Connects to the registry and sends one request without credentials. Any reply will do.
    ///
    /// # Errors
    ///
    /// Those of connecting: an address that cannot be reached, a certificate that is not trusted.
    pub async fn check_connection(&self) -> Result<()> {
        self.transport.send_unauthenticated(&self.request(Method::GET, Endpoint::Base)).await.map(drop)
    }

    /// Verifies credentials with the registry, independently of the client's own. With `request_identity_token` an
    /// identity token is requested, to be stored instead of the password; token servers may limit their number.
    ///
    /// # Errors
    ///
    /// [`Kind::Denied`](crate::Kind::Denied) when they are refused; those of the transport.
    pub async fn verify_credentials(
        &self,
        credentials: &CredentialMatch,
        request_identity_token: bool,
    ) -> Result<Verification> {
        self.transport
            .verify_credentials(&self.request(Method::GET, Endpoint::Base), credentials, request_identity_token)
            .await
    }
}
