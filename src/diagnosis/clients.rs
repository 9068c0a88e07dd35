//! Whether other clients on this machine could use the registry: by the trust and the credentials that each reads
//! itself.

use std::path::PathBuf;

use super::context::{ClientOptions, Context};
use crate::error::Identity;
use crate::keychain::Keychain;
use crate::trust::{ClientTrust, OtherClient};

/// What another client on this machine makes of the registry.
///
/// Its texts may contain text from a server or a file, as those of a [`Check`](super::Check).
#[derive(Debug, Clone)]
pub struct ClientReport {
    /// The client.
    pub client: OtherClient,
    /// The program or settings that show that it is on this machine; `None` if there is neither.
    pub found: Option<PathBuf>,
    /// What it makes of the server; `None` if the registry was not reached, or the client is not on this machine.
    pub trust: Option<ClientTrust>,
    /// What it has to log in with; `None` if the registry requires no login, or was not reached.
    pub credentials: Option<ClientCredentials>,
}

/// What a client has to log in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientCredentials {
    /// These.
    Found(Identity),
    /// None, and the registry requires a login.
    Missing,
    /// None, and the registry admits clients without a login, although perhaps not to every repository.
    Anonymous,
    /// Some that cannot be read; the reason.
    Unreadable(String),
    /// It takes them from elsewhere: Kubernetes passes pull secrets to containerd.
    Elsewhere,
}

/// Reports on one client.
pub(super) async fn report(context: &Context, options: &ClientOptions, client: OtherClient) -> ClientReport {
    let found = client.found_in(&options.paths, options.path.as_deref());
    if found.is_none() {
        return ClientReport { client, found, trust: None, credentials: None };
    }
    let is_needed = context.challenge.is_some() && !(context.is_anonymous && context.has_pulled);
    let credentials = match is_needed {
        true => Some(credentials(context, options, client).await),
        false => None,
    };
    ClientReport { client, found, trust: trust(context, options, client).await, credentials }
}

async fn trust(context: &Context, options: &ClientOptions, client: OtherClient) -> Option<ClientTrust> {
    let registry = context.setup.registry.clone();
    let chain = match &context.presented {
        Some(chain) => chain.clone(),
        None if registry.is_plain_http() && context.base_reply.is_some() => Vec::new(),
        None => return None,
    };
    let (trust, paths) = (context.setup.trust.clone().ok()?, options.paths.clone());
    // Files may be on a slow disk.
    tokio::task::spawn_blocking(move || trust.as_client(client, &paths, &registry, &chain)).await.ok()
}

async fn credentials(context: &Context, options: &ClientOptions, client: OtherClient) -> ClientCredentials {
    if client == OtherClient::Containerd {
        return ClientCredentials::Elsewhere;
    }
    let keychain = Keychain::of_client(options.keychain.clone(), client);
    match keychain.lookup(&context.setup.registry, context.setup.repository.as_ref()).await {
        Err(error) => ClientCredentials::Unreadable(error.to_string()),
        Ok(lookup) => match (lookup.found.into_iter().next(), lookup.failures.into_iter().next()) {
            (Some(found), _) => ClientCredentials::Found(found.identity),
            (None, Some(why)) => ClientCredentials::Unreadable(why),
            (None, None) if context.requires_login().await => ClientCredentials::Missing,
            (None, None) => ClientCredentials::Anonymous,
        },
    }
}
