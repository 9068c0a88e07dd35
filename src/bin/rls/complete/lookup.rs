//! Names in one registry: those of the last minute, else what the registry answers in time. Failures are silent.

use std::sync::Arc;

use futures::{Stream, StreamExt, stream};
use jiff::Timestamp;
use registry_ls::cache::Scope;
use registry_ls::http::Stats;
use registry_ls::keychain::Keychain;
use registry_ls::name::{Reference, Registry, Repository, Tag};
use registry_ls::registry::{CatalogOptions, Client, RepositoryHandle, Summaries};
use tokio::time::{Instant, timeout_at};

use super::name::Name;
use super::recent::{Entry, Recent};
use crate::config::{Account, Password, Settings};
use crate::connect::Connector;
use crate::output::{ColorChoice, Human, Styles, Time};

/// Maximum number of names that are offered: a shell cannot show more.
const MAX_NAMES: usize = 1000;
/// Maximum number of names that are kept for the next key press.
const MAX_KEPT: usize = 10_000;
/// Maximum number of tags that are described: each may need three requests.
const MAX_DESCRIBED: usize = 16;
/// How many of them are asked for at once.
const CONCURRENCY: usize = 8;

/// One registry, and who asks.
#[derive(Debug)]
pub struct Lookup<'a> {
    settings: &'a Settings,
    registry: Registry,
    keychain: Keychain,
    connector: Connector,
    recent: Option<Recent>,
    deadline: Instant,
}

/// The names of a list that were received.
struct Received {
    names: Vec<Name>,
    /// Whether these are all of them.
    is_whole: bool,
}

impl<'a> Lookup<'a> {
    /// `None` where a password would be asked for, or read from standard input.
    pub async fn open(
        settings: &'a Settings,
        registry: Registry,
        recent: Option<Recent>,
        deadline: Instant,
    ) -> Option<Self> {
        let connection = settings.connection(&registry).ok()?;
        match &connection.account {
            Account::User { password: Password::Prompt | Password::Stdin, .. } => return None,
            Account::AuthFile(file) if file.as_os_str() == "-" => return None,
            _ => {}
        }
        let recent = recent.filter(|_| connection.cache);
        let connector = Connector::new(Some(deadline.into_std()), Arc::new(Stats::default()));
        let keychain = connector.parts(connection).await.ok()?.keychain;
        Some(Self { settings, registry, keychain, connector, recent, deadline })
    }

    async fn client(&self) -> Option<Client> {
        self.connector.client(self.settings, &self.registry).await.ok()
    }

    /// The scope of a list that this user may read.
    async fn scope(&self, repository: Option<&Repository>, list: &str) -> Scope {
        let found = self.keychain.credentials(&self.registry, repository).await.unwrap_or_default();
        let users = found.iter().map(|found| {
            let identity = &found.identity;
            format!("{}\0{}\0", identity.username.as_deref().unwrap_or_default(), identity.source)
        });
        Scope::new(&self.registry.with_scheme(), list, &users.collect::<String>())
    }

    async fn known(&self, scope: &Scope) -> Option<Vec<Name>> {
        self.recent.as_ref()?.get(scope).await
    }

    async fn keep(&self, scope: &Scope, repository: Option<&Repository>, names: &[Name]) {
        let Some(recent) = &self.recent else { return };
        let repository = repository.map(ToString::to_string);
        let entry = Entry { registry: self.registry.to_string(), repository, names: names.to_vec() };
        recent.put(scope, entry).await;
    }

    /// Repositories whose names begin with `start`; if not `listed`, only those that were named before.
    pub async fn repositories(&self, start: &str, listed: bool) -> Vec<Name> {
        if !listed {
            return self.repositories_before(start).await;
        }
        let whole = self.scope(None, "repositories").await;
        // What was received in time of a list that is too long for it.
        let part = self.scope(None, &format!("repositories {start}")).await;
        for scope in [&whole, &part] {
            if let Some(names) = self.known(scope).await {
                return beginning(names, start);
            }
        }
        let Some(client) = self.client().await else { return Vec::new() };
        let listed = client.catalog(&CatalogOptions::default()).map(|name| name.ok().map(|name| name.to_string()));
        let Received { names, is_whole } = self.receive(listed, start).await;
        if names.is_empty() {
            return self.repositories_before(start).await;
        }
        self.keep(if is_whole { &whole } else { &part }, None, &names).await;
        beginning(names, start)
    }

    /// Repositories that were named before, of a registry that does not list them.
    async fn repositories_before(&self, start: &str) -> Vec<Name> {
        let Some(recent) = &self.recent else { return Vec::new() };
        let registry = self.registry.to_string();
        let entries = recent.entries().await.into_iter().filter(|entry| entry.registry == registry);
        let mut names: Vec<_> =
            entries.filter_map(|entry| Some(Name::with(entry.repository?, "used before"))).collect();
        names.sort();
        names.dedup();
        beginning(names, start)
    }

    /// Tags that begin with `start`; with descriptions if they are wanted and few.
    pub async fn tags(&self, repository: &Repository, start: &str, described: bool) -> Vec<Name> {
        let scope = self.scope(Some(repository), &format!("tags {repository}")).await;
        let known = self.known(&scope).await;
        let is_known = known.is_some();
        let (mut names, is_whole) = match known {
            Some(names) => (names, true),
            None => {
                let Some(client) = self.client().await else { return Vec::new() };
                let listed = client.repository(repository).tags().map(|tag| tag.ok().map(|tag| tag.to_string()));
                let Received { mut names, is_whole } = self.receive(listed, start).await;
                names.sort();
                names.dedup();
                (names, is_whole)
            }
        };
        let has_described = described && self.describe(repository, start, &mut names).await;
        if is_whole && !names.is_empty() && (has_described || !is_known) {
            self.keep(&scope, Some(repository), &names).await;
        }
        // Signatures and attestations have digests as their names.
        names.retain(|name| start.starts_with("sha") || !name.text.starts_with("sha256-"));
        beginning(names, start)
    }

    /// The platforms of an image.
    pub async fn platforms(&self, reference: &Reference) -> Vec<Name> {
        let repository = reference.repository();
        let scope = self.scope(Some(repository), &format!("platforms {reference}")).await;
        if let Some(names) = self.known(&scope).await {
            return names;
        }
        let Some(client) = self.client().await else { return Vec::new() };
        let handle = client.repository(repository);
        let read = async {
            let manifest = handle.manifest(reference.target()).await.ok()?;
            Summaries::new(&handle, Timestamp::now()).of(manifest).await.platforms.clone()
        };
        let platforms = timeout_at(self.deadline, read).await.ok().flatten().unwrap_or_default();
        let names: Vec<_> = platforms.iter().map(|platform| Name::new(platform.to_string())).collect();
        if !names.is_empty() {
            self.keep(&scope, Some(repository), &names).await;
        }
        names
    }

    /// Receives names until there are enough, or the time is over.
    async fn receive(&self, listed: impl Stream<Item = Option<String>>, start: &str) -> Received {
        let mut listed = std::pin::pin!(listed);
        let (mut names, mut matching, mut is_whole) = (Vec::new(), 0, false);
        while let Ok(next) = timeout_at(self.deadline, listed.next()).await {
            let Some(name) = next else {
                is_whole = true;
                break;
            };
            // An error ends the list.
            let Some(name) = name else { break };
            let is_matching = name.starts_with(start);
            matching += usize::from(is_matching);
            if is_matching || names.len() < MAX_KEPT {
                names.push(Name::new(name));
            }
            if matching == MAX_NAMES {
                break;
            }
        }
        is_whole &= names.len() < MAX_KEPT;
        if !is_whole {
            names.retain(|name| name.text.starts_with(start));
        }
        Received { names, is_whole }
    }

    /// Describes the tags that begin with `start` by age and digest, as far as the time goes; returns whether any was.
    async fn describe(&self, repository: &Repository, start: &str, names: &mut [Name]) -> bool {
        let mut wanted: Vec<_> = names.iter_mut().filter(|name| name.text.starts_with(start)).collect();
        if wanted.is_empty() || wanted.len() > MAX_DESCRIBED {
            return false;
        }
        wanted.retain(|name| name.about.is_empty());
        let Some(client) = self.client().await else { return false };
        let repository = client.repository(repository);
        let summaries = Summaries::new(&repository, Timestamp::now());
        let about = wanted.into_iter().map(|name| {
            let (repository, summaries) = (&repository, &summaries);
            async move {
                let about = describe(repository, summaries, &name.text).await;
                let has_about = about.is_some();
                name.about = about.unwrap_or_default();
                has_about
            }
        });
        let mut done = stream::iter(about).buffer_unordered(CONCURRENCY);
        let mut has_described = false;
        while let Ok(Some(has_about)) = timeout_at(self.deadline, done.next()).await {
            has_described |= has_about;
        }
        has_described
    }
}

/// `3 days ago, sha256:9b1f27c4a0d1`: what is known of it. Docker Hub counts each manifest that is read as a pull:
/// there it is the digest alone.
async fn describe(repository: &RepositoryHandle, summaries: &Summaries<'_>, tag: &str) -> Option<String> {
    let tag: Tag = tag.parse().ok()?;
    let human = Human { now: Timestamp::now(), styles: Styles::for_stdout(ColorChoice::Never), whole: false };
    if repository.registry().is_docker_hub() {
        return Some(human.short(repository.resolve(&tag).await.ok()?.digest.as_str()));
    }
    let summary = summaries.of_tag(&tag).await.ok()?;
    let age = summary.created.and_then(Time::new).map(|created| human.ago(created));
    let digest = human.short(summary.digest.as_str());
    Some(age.map_or_else(|| digest.clone(), |age| format!("{age}, {digest}")))
}

fn beginning(names: Vec<Name>, start: &str) -> Vec<Name> {
    names.into_iter().filter(|name| name.text.starts_with(start)).take(MAX_NAMES).collect()
}
