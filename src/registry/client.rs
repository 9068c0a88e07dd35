//! The client of one registry.

use std::sync::Arc;

use crate::error::Result;
use crate::http::{Options, Stats, Transport};
use crate::keychain::Keychain;
use crate::name::Registry;
use crate::trust::{self, Trust};

/// A client of one registry. Cheap to make: no file is read and no connection opened before the first request.
///
/// It can be shared: every method takes `&self`, and concurrent requests share connections, tokens and limits.
#[derive(Debug)]
pub struct Client {
    pub(super) registry: Registry,
    pub(super) transport: Transport,
    jobs: usize,
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

    /// How many requests may be in flight at once: so many things are worth asking for at the same time.
    pub fn jobs(&self) -> usize {
        self.jobs
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
        let jobs = self.options.jobs.max(1);
        let transport = Transport::new(&self.registry, self.keychain, trust, self.options, self.stats);
        Ok(Client { registry: self.registry, transport, jobs })
    }
}
