//! The client of one registry.

use std::sync::Arc;

use futures::{Stream, TryStreamExt};

use super::filter::flatten_batches;
use crate::error::Result;
use crate::http::{Options, Stats, Transport};
use crate::keychain::Keychain;
use crate::name::{Registry, Repository};
use crate::trust::{self, Trust};

/// A client of one registry. Cheap to make: no file is read and no connection opened before the first request.
///
/// A clone shares everything with its original: connections, tokens and limits.
#[derive(Debug, Clone)]
pub struct Client {
    pub(super) registry: Arc<Registry>,
    pub(super) transport: Arc<Transport>,
}

impl Client {
    /// A client with the defaults of [`ClientBuilder`]: anonymous, trusting the system's roots.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`](crate::Kind::Config) when TLS cannot be set up.
    pub fn new(registry: Registry) -> Result<Self> {
        Self::builder(registry).build()
    }

    /// Sets up a client.
    pub fn builder(registry: Registry) -> ClientBuilder {
        ClientBuilder {
            registry,
            keychain: Keychain::anonymous(),
            trust: None,
            options: Options::default(),
            stats: Arc::default(),
        }
    }

    /// What everything is sent through.
    pub(crate) fn transport(&self) -> &Transport {
        &self.transport
    }

    /// The registry that is talked to.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Says which repositories are going to be read next, in which order. Rights for them are then asked for together, which saves
    /// most of the time where each repository needs a token; what is said in vain costs nothing.
    pub fn prefetch_tokens<'a>(&self, repositories: impl IntoIterator<Item = &'a Repository>) {
        self.transport.prefetch_tokens(repositories.into_iter().cloned());
    }

    /// Passes names on one by one, saying ahead which come next, as [`Client::expect`] does: for names that are read as they come.
    ///
    /// It does not look for more of them than are there: the request for the next would keep its turn while it waits to be looked at
    /// again, and with one job nobody else would have one.
    pub fn prefetching(
        &self,
        names: impl Stream<Item = Result<Vec<Repository>>>,
    ) -> impl Stream<Item = Result<Repository>> {
        flatten_batches(names.inspect_ok(|names| self.prefetch_tokens(names)))
    }

    /// How many requests may be in flight at once, at most: so many things are worth asking for at the same time.
    pub fn max_concurrency(&self) -> usize {
        self.transport.max_concurrency()
    }
}

/// What a [`Client`] is made of.
#[derive(Debug)]
pub struct ClientBuilder {
    registry: Registry,
    keychain: Keychain,
    trust: Option<Trust>,
    options: Options,
    stats: Arc<Stats>,
}

impl ClientBuilder {
    /// Where credentials are found; anonymous unless set.
    #[must_use]
    pub fn keychain(mut self, keychain: Keychain) -> Self {
        self.keychain = keychain;
        self
    }

    /// Who is trusted; the system's roots unless set.
    #[must_use]
    pub fn trust(mut self, trust: Trust) -> Self {
        self.trust = Some(trust);
        self
    }

    /// Limits, retries, addresses.
    #[must_use]
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// Counters to add to.
    #[must_use]
    pub fn stats(mut self, stats: Arc<Stats>) -> Self {
        self.stats = stats;
        self
    }

    /// The client.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`](crate::Kind::Config) when TLS cannot be set up.
    pub fn build(self) -> Result<Client> {
        let trust = match self.trust {
            Some(trust) => trust,
            None => Trust::load(trust::Options::default())?,
        };
        let transport = Transport::new(&self.registry, self.keychain, trust, self.options, self.stats);
        Ok(Client { registry: Arc::new(self.registry), transport: Arc::new(transport) })
    }
}
