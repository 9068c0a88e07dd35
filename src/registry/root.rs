//! The API's root, `GET /v2/`, which says whether there is a registry and whether one may talk to it.

use reqwest::Method;

use super::client::Client;
use super::endpoint::Endpoint;
use crate::error::Result;
use crate::http::Proof;
use crate::keychain::Found;

impl Client {
    /// Shows credentials to the registry, whatever the client's own are, and says what that proves. `is_token_wanted` is for
    /// those who keep an identity token in the place of the password: a token server may count those that it gives.
    ///
    /// # Errors
    ///
    /// [`Kind::Denied`](crate::Kind::Denied) when they are refused, and whatever keeps them from being judged.
    pub async fn prove(&self, found: &Found, is_token_wanted: bool) -> Result<Proof> {
        self.transport.prove(&self.request(Method::GET, Endpoint::Base), found, is_token_wanted).await
    }
}
