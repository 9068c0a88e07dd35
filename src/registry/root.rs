//! The API's root, `GET /v2/`, which says whether there is a registry and whether one may talk to it.

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;

use super::client::Client;
use super::endpoint::Endpoint;
use crate::error::Result;
use crate::http::Verification;
use crate::keychain::CredentialMatch;

impl Client {
    /// Whether a registry answers here, by one request without credentials; `None` when the reply does not tell.
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

    /// Shows credentials to the registry, whatever the client's own are, and says what that proves. `is_token_wanted` is for
    /// those who keep an identity token in the place of the password: a token server may count those that it gives.
    ///
    /// # Errors
    ///
    /// [`Kind::Denied`](crate::Kind::Denied) when they are refused, and whatever keeps them from being judged.
    pub async fn verify_credentials(&self, found: &CredentialMatch, is_token_wanted: bool) -> Result<Verification> {
        self.transport.verify_credentials(&self.request(Method::GET, Endpoint::Base), found, is_token_wanted).await
    }
}
