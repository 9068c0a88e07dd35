//! The checks one after the other, and what they know of each other.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use futures::{Stream, stream};
use reqwest::Method;
use url::Url;

use super::check::{Check, Name};
use super::http::AnonymousReply;
use super::outcome::Outcome;
use super::{
    catalog, challenge, classify, clock, credentials, delete, dns, http, limits, paging, proxy, pull, push, tags, tcp,
    tls, token,
};
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

/// Carries out the checks, each when the next one is asked for. Every check comes, also those that cannot be tried.
pub fn examine(plan: Plan) -> impl Stream<Item = Check> {
    stream::unfold(Context::new(plan), |mut context| async move {
        let check = context.next().await?;
        Some((check, context))
    })
}

/// What is known so far.
pub(super) struct Context {
    pub plan: Plan,
    pub base: Url,
    client: Result<Client>,
    remaining: std::vec::IntoIter<Name>,
    /// Checks that stand in the way of others.
    in_the_way: HashSet<Name>,
    /// The proxy that requests go through.
    pub proxy: Option<Url>,
    /// Where to connect: to the registry, or to the proxy.
    pub addresses: Vec<SocketAddr>,
    /// What a stranger is told by `/v2/`.
    pub look: Option<AnonymousReply>,
    /// What the registry wants to know.
    pub challenge: Option<Challenge>,
    /// Whether there should be credentials that could not be had.
    pub lacks_credentials: bool,
    /// A tag of the repository.
    pub tag: Option<Tag>,
}

impl Context {
    fn new(plan: Plan) -> Self {
        let client = plan.trust.clone().and_then(|trust| {
            let client = Client::builder(plan.registry.clone()).credentials(plan.keychain.clone()).trust(trust);
            client.options(plan.options.clone()).stats(Arc::clone(&plan.stats)).build()
        });
        Self {
            base: plan.registry.base(),
            client,
            remaining: names(&plan).into_iter(),
            plan,
            in_the_way: HashSet::new(),
            proxy: None,
            addresses: Vec::new(),
            look: None,
            challenge: None,
            lacks_credentials: false,
            tag: None,
        }
    }

    async fn next(&mut self) -> Option<Check> {
        let name = self.remaining.next()?;
        let begun = Instant::now();
        let blocked = name.needs().is_some_and(|needed| self.in_the_way.contains(&needed));
        let outcome = if blocked {
            Outcome::skipped("not tried")
        } else {
            self.run(name).await.unwrap_or_else(|error| classify::outcome(&error, &self.base))
        };
        if blocked || outcome.blocks_dependents {
            self.in_the_way.insert(name);
        }
        let took = outcome.is_timed.then(|| begun.elapsed());
        let Outcome { status, detail, mut facts, finding, ignored_skip_verify, .. } = outcome;
        facts.retain(|fact| finding.as_ref().is_none_or(|finding| finding.cause != fact.text));
        Some(Check { name, status, detail, facts, finding, ignored_skip_verify, took })
    }

    async fn run(&mut self, name: Name) -> Result<Outcome> {
        match name {
            Name::Proxy => Ok(proxy::check(self)),
            Name::Dns => Ok(dns::check(self).await),
            Name::Tcp => Ok(tcp::check(self).await),
            Name::Tls => tls::check(self).await,
            Name::Http => http::check(self).await,
            Name::Challenge => challenge::check(self).await,
            Name::Credentials => credentials::check(self).await,
            Name::Token => token::check(self).await,
            Name::Catalog => catalog::check(self).await,
            Name::Paging => paging::check(self).await,
            Name::Tags => tags::check(self).await,
            Name::Pull => pull::check(self).await,
            Name::Delete => delete::check(self).await,
            Name::Push => push::check(self).await,
            Name::Clock => Ok(clock::check(self)),
            Name::Limits => limits::check(self).await,
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

/// The checks to be made.
fn names(plan: &Plan) -> Vec<Name> {
    let mut names = vec![
        Name::Proxy,
        Name::Dns,
        Name::Tcp,
        Name::Tls,
        Name::Http,
        Name::Challenge,
        Name::Credentials,
        Name::Token,
        Name::Catalog,
        Name::Paging,
    ];
    if plan.repository.is_some() {
        names.extend([Name::Tags, Name::Pull, Name::Delete]);
        names.extend(plan.push.then_some(Name::Push));
    }
    names.extend([Name::Clock, Name::Limits]);
    names
}
