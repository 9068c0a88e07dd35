//! The input of a diagnosis, and what its checks know of each other.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::SystemTime;

use reqwest::Method;
use reqwest::header::HeaderMap;
use url::Url;

use crate::auth::Challenge;
use crate::error::Result;
use crate::http::{Options, Request, Stats};
use crate::keychain::Keychain;
use crate::name::{Reference, Registry, Repository, Tag};
use crate::registry::{Client, Endpoint};
use crate::trust::Trust;

/// What to examine, and with what.
#[derive(Debug)]
pub struct Plan {
    /// The registry.
    pub registry: Registry,
    /// One of its repositories, to see what may be done to it.
    pub repository: Option<Repository>,
    /// What to pull from it; one of its tags unless it has a tag or a digest.
    pub reference: Option<Reference>,
    /// Whether to find out if the repository could be pushed to.
    pub push: bool,
    /// Where credentials are found.
    pub keychain: Keychain,
    /// Who is trusted, or why this cannot be known.
    pub trust: Result<Trust>,
    /// Limits and addresses.
    pub options: Options,
    /// Counters to add to.
    pub stats: Arc<Stats>,
}

/// What is known so far.
pub(super) struct Context {
    pub plan: Plan,
    pub base: Url,
    client: Result<Client>,
    /// The proxy that requests go through.
    pub proxy: Option<Url>,
    /// Where to connect: to the registry, or to the proxy.
    pub addresses: Vec<SocketAddr>,
    /// What a stranger is told by `/v2/`.
    pub base_reply: Option<AnonymousReply>,
    /// What the registry wants to know.
    pub challenge: Option<Challenge>,
    /// Whether there should be credentials that could not be had.
    pub lacks_credentials: bool,
    /// A tag of the repository.
    pub tag: Option<Tag>,
}

impl Context {
    pub fn new(plan: Plan) -> Self {
        let client = plan.trust.clone().and_then(|trust| {
            let client = Client::builder(plan.registry.clone()).credentials(plan.keychain.clone()).trust(trust);
            client.options(plan.options.clone()).stats(Arc::clone(&plan.stats)).build()
        });
        Self {
            base: plan.registry.base(),
            client,
            plan,
            proxy: None,
            addresses: Vec::new(),
            base_reply: None,
            challenge: None,
            lacks_credentials: false,
            tag: None,
        }
    }

    /// The client for requests as every command makes them.
    pub fn client(&self) -> Result<&Client> {
        self.client.as_ref().map_err(Clone::clone)
    }

    /// The repository; `None` when it is about the registry alone.
    pub fn repository(&self) -> Option<&Repository> {
        self.plan.repository.as_ref()
    }

    /// The request by which logging in is tried: for the tags of the repository or, without one, for `/v2/`.
    pub fn first_request(&self) -> Result<Request> {
        let endpoint = self.repository().map_or(Endpoint::Base, Endpoint::Tags);
        Ok(self.client()?.request(Method::GET, endpoint))
    }

    /// The registry's host as it stands in its URL, and its port.
    pub fn place(&self) -> (String, u16) {
        (self.base.host_str().unwrap_or_default().to_owned(), self.plan.registry.effective_port())
    }
}

/// What a stranger is told by `/v2/`.
#[derive(Debug)]
pub(super) struct AnonymousReply {
    pub status: u16,
    pub headers: HeaderMap,
    pub url: Url,
    pub peer: Option<IpAddr>,
    /// When it came, by this machine's clock.
    pub seen: SystemTime,
}
