//! Carries out the checks in their order.

use std::collections::HashSet;
use std::time::Instant;

use futures::{Stream, stream};

use super::check::{Check, Name, Outcome};
use super::clients::{self, ClientReport};
use super::context::{Context, Setup};
use super::{access, auth, classify, credentials, http, network, tls};
use crate::auth::Action;
use crate::error::Result;
use crate::trust::OtherClient;

/// A part of a diagnosis.
#[derive(Debug, Clone)]
pub enum Step {
    /// A check.
    Check(Box<Check>),
    /// What another client on this machine makes of the registry.
    Client(Box<ClientReport>),
}

/// Carries out the checks, each when the next item of the stream is requested. Yields every check of the setup, also
/// those that cannot be tried, and then a report on each client.
pub fn examine(setup: Setup) -> impl Stream<Item = Step> {
    let remaining = names(&setup).into_iter();
    let clients = if setup.clients.is_some() { OtherClient::ALL.to_vec() } else { Vec::new() }.into_iter();
    let examination = Examination { context: Context::new(setup), remaining, clients, blocking: HashSet::new() };
    stream::unfold(examination, |mut examination| async move {
        let step = match examination.next().await {
            Some(check) => Step::Check(Box::new(check)),
            None => Step::Client(Box::new(examination.next_client().await?)),
        };
        Some((step, examination))
    })
}

struct Examination {
    context: Context,
    remaining: std::vec::IntoIter<Name>,
    /// Clients that were not reported on yet.
    clients: std::vec::IntoIter<OtherClient>,
    /// Checks whose dependents are skipped.
    blocking: HashSet<Name>,
}

impl Examination {
    /// The report on the next client that is on this machine, or on the next one if all are wanted.
    async fn next_client(&mut self) -> Option<ClientReport> {
        let options = self.context.setup.clients.clone()?;
        loop {
            let report = clients::report(&self.context, &options, self.clients.next()?).await;
            if options.all || report.found.is_some() {
                return Some(report);
            }
        }
    }

    async fn next(&mut self) -> Option<Check> {
        let name = self.remaining.next()?;
        let begun = Instant::now();
        let blocked = prerequisite(name).is_some_and(|needed| self.blocking.contains(&needed));
        let outcome = if blocked {
            Outcome::skipped("skipped")
        } else {
            run(name, &mut self.context).await.unwrap_or_else(|error| classify::outcome(&error, &self.context.base))
        };
        if blocked || outcome.blocks_dependents {
            self.blocking.insert(name);
        }
        let took = outcome.is_timed.then(|| begun.elapsed());
        let Outcome { status, detail, mut facts, finding, ignored_skip_verify, .. } = outcome;
        facts.retain(|fact| finding.as_ref().is_none_or(|finding| finding.cause != fact.text));
        Some(Check { name, status, detail, facts, finding, ignored_skip_verify, took })
    }
}

async fn run(name: Name, context: &mut Context) -> Result<Outcome> {
    match name {
        Name::Proxy => Ok(network::proxy(context)),
        Name::Dns => Ok(network::dns(context).await),
        Name::Tcp => Ok(network::tcp(context).await),
        Name::Tls => tls::check(context).await,
        Name::Http => http::http(context).await,
        Name::Challenge => auth::challenge(context).await,
        Name::Credentials => credentials::credentials(context).await,
        Name::Token => auth::token(context).await,
        Name::Catalog => access::catalog(context).await,
        Name::Paging => access::paging(context).await,
        Name::Tags => access::tags(context).await,
        Name::Pull => access::pull(context).await,
        Name::Delete => access::delete(context).await,
        Name::Push => access::push(context).await,
        Name::Clock => Ok(http::clock(context)),
        Name::Limits => http::limits(context).await,
    }
}

/// The check that must pass before this one can be tried.
fn prerequisite(name: Name) -> Option<Name> {
    Some(match name {
        Name::Proxy => return None,
        Name::Dns => Name::Proxy,
        Name::Tcp => Name::Dns,
        Name::Tls => Name::Tcp,
        Name::Http => Name::Tls,
        Name::Challenge | Name::Clock | Name::Limits => Name::Http,
        Name::Credentials => Name::Challenge,
        Name::Token => Name::Credentials,
        Name::Catalog | Name::Tags | Name::Push => Name::Token,
        Name::Paging => Name::Catalog,
        Name::Pull | Name::Delete => Name::Tags,
    })
}

/// The checks of a setup, in their order.
fn names(setup: &Setup) -> Vec<Name> {
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
    if setup.repository.is_some() {
        names.extend([Name::Tags, Name::Pull, Name::Delete]);
        names.extend(setup.needs.contains(&Action::Push).then_some(Name::Push));
    }
    names.extend([Name::Clock, Name::Limits]);
    names
}
