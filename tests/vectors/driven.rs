//! A client of the library for scripted servers.

use std::sync::Arc;
use std::time::Duration;

use futures::{Stream, TryStreamExt as _};
use registry_ls::error::Network;
use registry_ls::http::{Options, Resolve, Stats};
use registry_ls::keychain::{self, AuthFile, Keychain};
use registry_ls::name::{Registry, Repository, Tag};
use registry_ls::registry::{CatalogOptions, Client, RepositoryHandle};
use registry_ls::trust::{self, Trust};
use registry_ls::{Error, Kind, Result};
use test_support::Server;

/// Runs one case to its end, in a runtime of its own.
pub fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(work)
}

/// Options without waits between retries; tests of the waits call the functions that compute them. The limits are long,
/// so that a busy machine does not reach them.
pub fn hasty() -> Options {
    Options {
        first_wait: Duration::from_micros(1),
        read_timeout: Duration::from_secs(60),
        connect_timeout: Duration::from_secs(60),
        ..Options::default()
    }
}

/// A client of the server, and what it counts.
pub struct Driven {
    pub client: Client,
    pub stats: Arc<Stats>,
}

/// An anonymous client.
pub fn anonymous(server: &Server) -> Driven {
    client(server, Keychain::anonymous(), hasty())
}

/// A client that knows a user name and a password.
pub fn as_user(server: &Server, username: &str, password: &str) -> Driven {
    client(server, Keychain::explicit(username, password, "the test"), hasty())
}

pub fn client(server: &Server, keychain: Keychain, options: Options) -> Driven {
    at(&server.url(), keychain, options)
}

/// A client of a registry by its URL.
pub fn at(registry: &str, keychain: Keychain, options: Options) -> Driven {
    trusting(Trust::load(trust::Options::default()).expect("a trust"), registry, keychain, options)
}

/// A client that trusts in another way.
pub fn trusting(trust: Trust, registry: &str, keychain: Keychain, options: Options) -> Driven {
    let registry: Registry = registry.parse().expect("a registry");
    let stats = Arc::<Stats>::default();
    let builder =
        Client::builder(registry).credentials(keychain).trust(trust).options(options).stats(Arc::clone(&stats));
    Driven { client: builder.build().expect("a client"), stats }
}

/// These names for the server's address.
pub fn names(server: &Server, hosts: &[&str]) -> Vec<Resolve> {
    let resolve = |host: &&str| Resolve {
        host: (*host).to_owned(),
        port: server.port(),
        address: std::net::Ipv4Addr::LOCALHOST.into(),
    };
    hosts.iter().map(resolve).collect()
}

/// A keychain with the text of a docker configuration or of pull secrets.
pub fn keychain(text: impl Into<String>) -> Keychain {
    let text = AuthFile::Text { text: text.into().into(), name: "the test".to_owned() };
    Keychain::discover(keychain::Options { auth_file: Some(text), ..keychain::Options::default() })
}

pub fn app() -> Repository {
    "team/app".parse().expect("a repository")
}

/// What came of a list: the names that arrived, and what ended it early.
#[derive(Debug)]
pub struct Listed {
    pub names: Vec<String>,
    pub error: Option<Error>,
}

impl Listed {
    /// The names of a list that came to its end.
    pub fn whole(self) -> Vec<String> {
        assert!(self.error.is_none(), "{:?}", self.error);
        self.names
    }

    /// What ended it early.
    pub fn failure(self) -> Error {
        self.error.unwrap_or_else(|| panic!("a whole list: {:?}", self.names))
    }
}

async fn listed<T: ToString>(stream: impl Stream<Item = Result<T>>) -> Listed {
    let mut stream = std::pin::pin!(stream);
    let mut names = Vec::new();
    loop {
        match stream.try_next().await {
            Ok(Some(name)) => names.push(name.to_string()),
            Ok(None) => return Listed { names, error: None },
            Err(error) => return Listed { names, error: Some(error) },
        }
    }
}

impl Driven {
    /// The repository of the tests, [`app`].
    pub fn app(&self) -> RepositoryHandle {
        self.client.repository(&app())
    }

    /// The tags of [`app`].
    pub async fn all_tags(&self) -> Listed {
        listed(self.app().tags()).await
    }

    pub async fn all_repositories(&self, page_size: usize) -> Listed {
        listed(self.client.catalog(&CatalogOptions::default().with_page_size(page_size))).await
    }

    /// Fetches the manifest of a tag of [`app`].
    pub async fn tagged(&self, tag: &str) -> Result<registry_ls::registry::Manifest> {
        let tag: Tag = tag.parse().expect("a tag");
        self.app().manifest(&tag).await
    }

    /// Resolves a tag of [`app`].
    pub async fn resolved(&self, tag: &str) -> Result<registry_ls::registry::Resolved> {
        let tag: Tag = tag.parse().expect("a tag");
        self.app().resolve(&tag).await
    }
}

/// The program's exit code for an error, which the vectors state.
pub fn exit_code(error: &Error) -> u8 {
    match error.kind() {
        Kind::Invalid | Kind::Config => 2,
        Kind::NotFound(_) => 3,
        Kind::Unauthenticated | Kind::UnusableChallenge | Kind::Hidden | Kind::Denied(_) | Kind::UnsafeRealm => 4,
        Kind::Protocol(_) => 5,
        Kind::Incomplete | Kind::ForeignPage { .. } => 6,
        Kind::Unsupported(_) => 7,
        Kind::RateLimited => 8,
        Kind::Safety(_) => 9,
        Kind::Network(Network::HandshakeTimeout) => 12,
        Kind::Network(_) => 10,
        Kind::Tls(_) => 11,
        Kind::TimedOut => 12,
        other => panic!("{other:?} has no exit code"),
    }
}
