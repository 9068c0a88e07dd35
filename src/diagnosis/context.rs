//! The input of a diagnosis, and what its checks know of each other.

use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::SystemTime;

use http::Method;
use http::header::HeaderMap;
use tokio::sync::OnceCell;
use url::Url;

use crate::auth::{Action, Challenge};
use crate::error::{Error, Kind, Result};
use crate::http::{Options, Proxy, Request, Stats};
use crate::keychain::{self, Keychain};
use crate::name::{Reference, Registry, Repository, Tag};
use crate::registry::{Client, Endpoint, RepositoryHandle};
use crate::trust::{HostPaths, PresentedCertificate, Trust};

/// What to examine, and with what.
#[derive(Debug)]
#[non_exhaustive]
pub struct Setup {
    /// The registry.
    pub registry: Registry,
    /// One of its repositories, to find out what may be done with it.
    pub repository: Option<Repository>,
    /// What to pull from it. Any tag of the repository is pulled where this has neither tag nor digest.
    pub reference: Option<Reference>,
    /// What must be permitted. Anything else but to pull is reported and not a failure; whether the repository could be
    /// pushed to is checked only if it is needed.
    pub needs: Vec<Action>,
    /// Where other clients are looked for, to report on them; `None` reports on none.
    pub clients: Option<ClientOptions>,
    /// Where credentials are found.
    pub keychain: Keychain,
    /// The trust configuration, or why it cannot be loaded.
    pub trust: Result<Trust>,
    /// Time limits and fixed addresses.
    pub options: Options,
    /// Counters that the requests are added to.
    pub stats: Arc<Stats>,
}

impl Setup {
    /// A registry, without a repository in it and without other clients.
    pub fn new(registry: Registry, keychain: Keychain, trust: Result<Trust>) -> Self {
        Self {
            registry,
            repository: None,
            reference: None,
            needs: Vec::new(),
            clients: None,
            keychain,
            trust,
            options: Options::default(),
            stats: Arc::default(),
        }
    }
}

/// Where other clients are looked for.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ClientOptions {
    /// The folders of their settings.
    pub paths: HostPaths,
    /// Where they find credentials.
    pub keychain: keychain::Options,
    /// `PATH`, to find their programs; none is found without it.
    pub path: Option<OsString>,
    /// Whether those that are not on this machine are reported, too.
    pub all: bool,
}

impl ClientOptions {
    /// Clients with these settings, where they are in this `PATH`.
    pub fn new(paths: HostPaths, keychain: keychain::Options, path: Option<OsString>) -> Self {
        Self { paths, keychain, path, all: false }
    }
}

/// What the checks have found so far.
pub(super) struct Context {
    pub setup: Setup,
    pub base: Url,
    client: Result<Client>,
    /// The proxy that requests go through; `None` without one.
    pub proxy: Option<Proxy>,
    /// Where to connect: to the registry, or to the proxy.
    pub addresses: Vec<SocketAddr>,
    /// The certificates that the server presents.
    pub presented: Option<Vec<PresentedCertificate>>,
    /// The reply of `/v2/` to a request without credentials.
    pub base_reply: Option<AnonymousReply>,
    /// The registry's authentication challenge.
    pub challenge: Option<Challenge>,
    /// Whether credentials are configured and could not be read.
    pub lacks_credentials: bool,
    /// Whether the registry was used without credentials, as far as that is known.
    pub is_anonymous: bool,
    /// Whether something was pulled.
    pub has_pulled: bool,
    requires_login: OnceCell<bool>,
    /// A tag of the repository.
    pub tag: Option<Tag>,
}

impl Context {
    pub fn new(setup: Setup) -> Self {
        Self {
            base: setup.registry.base(),
            client: client(&setup, setup.keychain.clone()),
            setup,
            proxy: None,
            addresses: Vec::new(),
            presented: None,
            base_reply: None,
            challenge: None,
            lacks_credentials: false,
            is_anonymous: false,
            has_pulled: false,
            requires_login: OnceCell::new(),
            tag: None,
        }
    }

    /// Whether the first request is refused without credentials.
    pub async fn requires_login(&self) -> bool {
        let ask = async || -> Result<()> {
            let client = client(&self.setup, Keychain::anonymous())?;
            client.transport().send(&self.first_request()?).await.map(drop)
        };
        let is_refused = |error: &Error| matches!(error.kind(), Kind::Unauthenticated | Kind::Denied(_) | Kind::Hidden);
        *self.requires_login.get_or_init(async || ask().await.is_err_and(|error| is_refused(&error))).await
    }

    /// Whether a permission counts.
    pub fn needs(&self, action: Action) -> bool {
        self.setup.needs.contains(&action)
    }

    /// A client with the same configuration as that of every other command.
    pub fn client(&self) -> Result<&Client> {
        self.client.as_ref().map_err(Clone::clone)
    }

    /// The repository; `None` when the registry alone is examined.
    pub fn repository(&self) -> Result<Option<RepositoryHandle>> {
        self.setup.repository.as_ref().map(|name| Ok(self.client()?.repository(name))).transpose()
    }

    /// The request that authentication is tried with: for the tags of the repository or, without one, for `/v2/`.
    pub fn first_request(&self) -> Result<Request> {
        let endpoint = self.setup.repository.as_ref().map_or(Endpoint::Base, Endpoint::Tags);
        Ok(self.client()?.request(Method::GET, endpoint))
    }

    /// The registry's host as in its URL, and its port.
    pub fn place(&self) -> (String, u16) {
        (self.base.host_str().unwrap_or_default().to_owned(), self.setup.registry.effective_port())
    }
}

/// A client with the configuration of a setup, and these credentials.
fn client(setup: &Setup, keychain: Keychain) -> Result<Client> {
    let builder = Client::builder(setup.registry.clone()).credentials(keychain).trust(setup.trust.clone()?);
    builder.options(setup.options.clone()).stats(Arc::clone(&setup.stats)).build()
}

/// The reply of `/v2/` to a request without credentials.
#[derive(Debug)]
pub(super) struct AnonymousReply {
    pub status: u16,
    pub headers: HeaderMap,
    pub url: Url,
    pub peer: Option<IpAddr>,
    /// When it arrived, by this machine's clock.
    pub seen: SystemTime,
}
