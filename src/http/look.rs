//! Looking at how a registry and its token server treat us, for whoever explains it to people.

use std::sync::Arc;

use super::fault;
use super::request::{Request, Subject};
use super::response::Response;
use super::status;
use super::transport::Transport;
use crate::auth::Token;
use crate::error::{Identity, Result};

/// How a registry was told who asks.
#[derive(Debug, Clone, Default)]
pub struct Login {
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
    pub async fn look(&self, request: &Request) -> Result<Response> {
        fault::in_time(self.options.deadline, async {
            self.pause(&request.url).await;
            self.follow(request, &request.url, None, None).await
        })
        .await
    }

    /// The reply if its status is a success.
    ///
    /// # Errors
    ///
    /// What any other status means.
    pub async fn judge(&self, response: Response, subject: &Subject) -> Result<Response> {
        status::check(response, subject, &self.secrets).await
    }

    /// How the registry was told who asks, when a request like this one was last sent.
    pub fn login(&self, request: &Request) -> Login {
        let key = (request.url.origin(), request.subject.right.clone());
        let token = self.session.tokens.get_fresh(&key);
        Login { identity: self.session.remembered().identity(&key).cloned().flatten(), token }
    }
}
