//! Looking at how a registry and its token server treat us, for whoever explains it to people.

use std::sync::Arc;

use super::fault;
use super::request::{Request, RequestContext};
use super::response::Response;
use super::status;
use super::transport::Transport;
use crate::auth::Token;
use crate::error::{Identity, Result};

/// How a registry was told who asks.
#[derive(Debug, Clone, Default)]
pub struct AuthOutcome {
    /// Whose credentials were used; `None` when none were.
    pub identity: Option<Identity>,
    /// The token that the token server gave; `None` when none was asked for, none was given, or it has ended.
    pub token: Option<Arc<Token>>,
}

impl Transport {
    /// Sends a request once and without credentials, and gives the reply whatever its status: what a registry says to a stranger.
    /// Redirects are followed as ever.
    ///
    /// # Errors
    ///
    /// Whatever keeps a reply from coming.
    pub async fn send_unauthenticated(&self, request: &Request) -> Result<Response> {
        fault::within_deadline(self.options.deadline, async {
            self.wait_for_origin(&request.url).await;
            self.follow_redirects(request, &request.url, None, None).await
        })
        .await
    }

    /// The reply if its status is a success.
    ///
    /// # Errors
    ///
    /// What any other status means.
    pub async fn check_status(&self, response: Response, context: &RequestContext) -> Result<Response> {
        status::check(response, context, &self.secrets).await
    }

    /// How the registry was told who asks, when a request like this one was last sent.
    pub fn auth_outcome(&self, request: &Request) -> AuthOutcome {
        let key = (request.url.origin(), request.context.permission.clone());
        let token = self.auth.tokens.get_fresh(&key);
        AuthOutcome { identity: self.auth.cache().identity(&key).cloned().flatten(), token }
    }
}
