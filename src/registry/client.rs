//! The client of one registry.

use std::sync::Arc;

use futures::{Stream, TryStreamExt};

use super::disk::Disk;
use super::filter::flatten_batches;
use crate::cache::Cache;
use crate::error::Result;
use crate::http::{Options, Stats, Transport};
use crate::keychain::{CredentialProvider, Keychain};
use crate::name::{Registry, Repository};
use crate::trust::{self, Trust};

/// A client of one registry. Creating one is cheap: it reads no file and opens no connection before the first request.
///
/// A clone shares everything with its original: connections, tokens and limits.
#[derive(Debug, Clone)]
pub struct Client {
    pub(super) registry: Arc<Registry>,
    pub(super) transport: Arc<Transport>,
    pub(super) cache: Option<Cache>,
    pub(super) disk: Disk,
    /// Whether requests take another connection than those of other clients that share this one's transport.
    pub(super) is_recheck: bool,
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

    /// Builds a client with other settings.
    pub fn builder(registry: Registry) -> ClientBuilder {
        ClientBuilder {
            registry,
            credentials: Arc::new(Keychain::anonymous()),
            trust: None,
            options: Options::default(),
            stats: Arc::default(),
            cache: None,
        }
    }

    /// The transport.
    pub(crate) fn transport(&self) -> &Transport {
        &self.transport
    }

    /// The registry.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Announces repositories that are going to be read next, in their order, so that one token can be fetched for
    /// several of them. That saves most of the time if each repository needs a token. Announcing one that is not read
    /// costs nothing.
    pub fn prefetch_tokens<'a>(&self, repositories: impl IntoIterator<Item = &'a Repository>) {
        self.transport.prefetch_tokens(repositories.into_iter().cloned());
    }

    /// Flattens batches of names, and announces each batch as [`Client::prefetch_tokens`] does.
    ///
    /// It does not poll for more names than have arrived: the request for the next page would hold its permit while
    /// nothing polls it, and with one job no other request could be sent.
    pub fn prefetching(
        &self,
        names: impl Stream<Item = Result<Vec<Repository>>>,
    ) -> impl Stream<Item = Result<Repository>> {
        flatten_batches(names.inspect_ok(|names| self.prefetch_tokens(names)))
    }

    /// The most requests that may be in flight at once.
    pub fn max_concurrency(&self) -> usize {
        self.transport.max_concurrency()
    }

    /// The number of requests that may be in flight at once now. It adapts to the registry, unless
    /// [`Jobs::Fixed`](crate::http::Jobs) was given.
    pub fn concurrency(&self) -> usize {
        self.transport.concurrency()
    }
}

/// Builds a [`Client`].
#[derive(Debug)]
pub struct ClientBuilder {
    registry: Registry,
    credentials: Arc<dyn CredentialProvider>,
    trust: Option<Trust>,
    options: Options,
    stats: Arc<Stats>,
    cache: Option<Cache>,
}

impl ClientBuilder {
    /// Where credentials are found; anonymous unless set.
    #[must_use]
    pub fn credentials(mut self, credentials: impl CredentialProvider + 'static) -> Self {
        self.credentials = Arc::new(credentials);
        self
    }

    /// Which certificates are trusted; the system's roots unless set.
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

    /// Where manifests and configs are kept between runs; nowhere unless set. Only reads for display and planning use
    /// it, and only after the registry has named a digest.
    #[must_use]
    pub fn cache(mut self, cache: Cache) -> Self {
        self.cache = Some(cache);
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
        let transport = Transport::new(&self.registry, self.credentials, trust, self.options, self.stats);
        let (registry, transport) = (Arc::new(self.registry), Arc::new(transport));
        Ok(Client { registry, transport, cache: self.cache, disk: Disk::default(), is_recheck: false })
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;
    use std::io;

    use futures::TryStreamExt;

    use super::*;
    use crate::Kind;
    use crate::error::Network;

    #[tokio::test]
    async fn the_source_of_an_error_leads_to_the_error_of_the_system() {
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .expect("a free port")
            .local_addr()
            .expect("the address of a bound socket")
            .port();
        let client = Client::new(format!("http://127.0.0.1:{port}").parse().expect("a registry")).expect("a client");
        let catalog = client.catalog(&Default::default()).try_collect::<Vec<_>>();
        let error = catalog.await.expect_err("the port is closed");
        assert_eq!(error.kind(), &Kind::Network(Network::Refused));
        let mut chain = std::iter::successors(error.source(), |&error| error.source());
        let is_refused = |error: &io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
        assert!(chain.any(|error| error.downcast_ref::<io::Error>().is_some_and(is_refused)), "{error:?}");
    }
}
