//! What is known to answer the registry's challenge with: from where, whose, until when.

use jiff::Timestamp;

use super::blame;
use super::check::{Fact, Finding};
use super::examination::Examination;
use super::expiry;
use super::problem::{Problem, Secret};
use super::span::span;
use super::verdict::Verdict;
use crate::error::{Denial, Kind, Result};
use crate::keychain::{Found, Lookup};
use crate::trust::{Gives, Origin, Unused};

pub(super) async fn check(examination: &mut Examination) -> Result<Verdict> {
    if examination.challenge.is_none() {
        return Ok(Verdict::skipped("not asked for"));
    }
    let plan = &examination.plan;
    let lookup = match plan.keychain.look_up(&plan.registry, plan.repository.as_ref()).await {
        Ok(lookup) => lookup,
        Err(error) => {
            let finding = Finding { problem: Problem::CredentialsNotRead, ..blame::finding(&error, &examination.base) };
            return Ok(Verdict::failed(error.what(), finding));
        }
    };
    examination.lacks_credentials = lookup.found.is_empty() && !lookup.failures.is_empty();
    let now = Timestamp::now();
    let facts = facts(&lookup);
    if let Some((secret, ended)) = all_ended(&lookup.found, now) {
        let ago = span(u64::try_from(now.as_second() - ended.as_second()).unwrap_or_default());
        let whose = lookup.found.first().map(|found| found.identity.to_string()).unwrap_or_default();
        let cause = format!("those of {whose} say of themselves that they ended at {ended}, {ago} ago");
        let kind = Kind::Denied(Denial::default());
        let finding = Finding { problem: Problem::ExpiredCredentials { secret }, cause, kind };
        return Ok(Verdict::failed("expired", finding).with(facts));
    }
    let verdict = match (lookup.found.as_slice(), failure(&lookup)) {
        ([], Some(finding)) => Verdict::failed("none that can be had", finding).not_in_the_way(),
        ([], None) => match misplaced(examination) {
            Some(finding) => Verdict::failed("none that count", finding).not_in_the_way(),
            None => Verdict::passed("none found: anonymous"),
        },
        ([found, ..], failure) => Verdict::passed(described(found)).but(failure),
    };
    Ok(verdict.with(facts))
}

/// Whose credentials are, from where, and until when.
fn described(found: &Found) -> String {
    match expiry::ends(&found.credentials) {
        Some((_, time)) => format!("{}, until {time} by its own account", found.identity),
        None => found.identity.to_string(),
    }
}

/// What was found besides the first, and what was not, a line each.
fn facts(lookup: &Lookup) -> Vec<Fact> {
    let others = lookup.found.iter().skip(1).map(described);
    others.chain(lookup.failures.iter().chain(&lookup.notes).cloned()).map(|text| Fact::new(0, text)).collect()
}

/// When the last of them ended, if all have.
fn all_ended(found: &[Found], now: Timestamp) -> Option<(Secret, Timestamp)> {
    let ends: Option<Vec<_>> = found.iter().map(|found| expiry::ends(&found.credentials)).collect();
    let last = ends?.into_iter().max_by_key(|(_, time)| *time)?;
    Some(last).filter(|(_, time)| *time < now)
}

/// Why credentials that should be there could not be had.
fn failure(lookup: &Lookup) -> Option<Finding> {
    let problem = match lookup.helpers.first() {
        Some(helper) => {
            Problem::Helper { program: helper.program.clone(), key: helper.key.clone(), fault: helper.fault }
        }
        None => Problem::CredentialsNotRead,
    };
    let cause = lookup.failures.first()?.clone();
    Some(Finding { problem, cause, kind: Kind::Config })
}

/// Credentials may stand in a `registries.yaml` where nobody reads them.
fn misplaced(examination: &Examination) -> Option<Finding> {
    let trust = examination.plan.trust.as_ref().ok()?.for_registry(&examination.plan.registry);
    let (host, port) = examination.place();
    trust.sources(&host, port).into_iter().find_map(|source| match source.gives {
        Gives::Nothing(why @ (Unused::KeyWithScheme { .. } | Unused::Misplaced))
            if source.origin == Origin::Registries =>
        {
            let cause = format!("{} is not used: {why}", source.path.display());
            let problem = Problem::FileNotUsed { path: source.path, why };
            Some(Finding { problem, cause, kind: Kind::Unauthenticated })
        }
        _ => None,
    })
}
