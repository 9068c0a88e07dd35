mod remedy;

use std::pin::pin;

use futures::StreamExt;
use registry_ls::diagnosis::{Check, Plan, Status, examine};
use registry_ls::name::{Located, Registry, Repository};

use self::remedy::Remedies;
use super::Context;
use crate::args::DoctorArgs;
use crate::connect::{Parts, not_verified};
use crate::output::{CheckRecord, CheckStatus, CheckView, FactRecord};
use crate::report::Stop;
use crate::usage::Usage;

/// `rls doctor`
pub async fn run(args: &DoctorArgs, context: &Context<'_>) -> Result<(), Stop> {
    let (registry, repository) = place(args, context)?;
    if args.push && repository.is_none() {
        return Err(Usage::new("--push needs a repository").hint("rls doctor REGISTRY/REPO --push").into());
    }
    let mut output = context.output(CheckView { everything: context.settings.verbosity > 0 })?;
    let connection = context.settings.connection(&registry)?;
    if connection.insecure {
        context.report.warning(&not_verified(&connection.registry));
    }
    let Parts { registry, keychain, trust, options, stats } = context.connector.parts(connection)?;
    let remedies = Remedies::new(&registry, repository.as_ref());
    let plan = Plan {
        registry: registry.clone(),
        repository: repository.clone(),
        push: args.push,
        keychain,
        trust,
        options,
        stats,
    };
    let mut checks = pin!(examine(plan));
    let (mut count, mut failed, mut first, mut ended) = (0, 0, None, None);
    loop {
        let check = tokio::select! {
            check = checks.next() => check,
            end = context.ending.clone() => {
                ended = Some(end);
                break;
            }
        };
        let Some(check) = check else { break };
        count += 1;
        if check.status == Status::Failed {
            failed += 1;
            first = first.or(check.finding.as_ref().map(|finding| finding.kind.clone()));
        }
        output.write(&record(check, &remedies))?;
        output.flush()?;
    }
    output.finish()?;
    if let Some(end) = ended {
        return Err(end.into());
    }
    if failed > 0 {
        context.report.sum(&format!("{failed} of {count} checks failed."));
    }
    first.map_or(Ok(()), |kind| Err(Stop::Told(kind)))
}

/// The registry that is meant, and the repository if there is one.
fn place(args: &DoctorArgs, context: &Context<'_>) -> Result<(Registry, Option<Repository>), Usage> {
    let (registry, path) = context.settings.catalog(args.place.as_deref())?;
    let Some(path) = path else { return Ok((registry, None)) };
    let located = Located::<Repository>::parse_in(&path, &registry)?;
    let (registry, repository) = located.within(&registry);
    Ok((registry, Some(repository)))
}

fn record(check: Check, remedies: &Remedies<'_>) -> CheckRecord {
    let finding = check.finding.as_ref();
    CheckRecord {
        check: check.name.to_string(),
        status: match check.status {
            Status::Passed => CheckStatus::Ok,
            Status::Failed => CheckStatus::Failed,
            Status::Skipped => CheckStatus::Skipped,
        },
        detail: check.detail,
        cause: finding.map(|finding| finding.cause.clone()),
        remedy: finding.map(|finding| remedies.of(&finding.problem)).unwrap_or_default(),
        facts: check.facts.into_iter().map(|fact| FactRecord { depth: fact.depth, text: fact.text }).collect(),
        took: check.took,
    }
}
