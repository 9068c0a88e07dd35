mod remedy;

use std::pin::pin;

use registry_ls::Kind;
use registry_ls::diagnosis::{Check, Plan, Status, examine};
use registry_ls::name::{Located, Registry, Repository};

use self::remedy::Remedies;
use super::{Context, next_or_flush};
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
    let parts = context.or_end(context.connector.parts(connection)).await??;
    let Parts { registry, keychain, trust, options, stats } = parts;
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
    let mut tally = Tally::default();
    let outcome = loop {
        match next_or_flush(context, &mut checks, &mut output).await {
            Ok(Some(check)) => {
                tally.add(&check);
                output.write(&record(check, &remedies))?;
            }
            Ok(None) => break Ok(()),
            Err(stop) => break Err(stop),
        }
    };
    super::close(output, outcome)?;
    if tally.failed > 0 {
        context.report.sum(&format!("{} of {} checks failed.", tally.failed, tally.all));
    }
    tally.first.map_or(Ok(()), |kind| Err(Stop::Told(kind)))
}

/// What the checks come to.
#[derive(Default)]
struct Tally {
    all: usize,
    failed: usize,
    /// The sort of error of the first that failed.
    first: Option<Kind>,
}

impl Tally {
    fn add(&mut self, check: &Check) {
        self.all += 1;
        if check.status == Status::Failed {
            self.failed += 1;
            let kind = check.finding.as_ref().map(|finding| finding.kind.clone());
            self.first = self.first.take().or(kind);
        }
    }
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
    let unverified =
        check.unobeyed.map(|file| format!("or without verifying it, as {} asks: --insecure", file.display()));
    CheckRecord {
        check: check.name.to_string(),
        status: match check.status {
            Status::Passed => CheckStatus::Ok,
            Status::Failed => CheckStatus::Failed,
            Status::Skipped => CheckStatus::Skipped,
        },
        detail: check.detail,
        cause: finding.map(|finding| finding.cause.clone()),
        remedy: finding.map(|finding| remedies.of(&finding.problem)).into_iter().flatten().chain(unverified).collect(),
        facts: check.facts.into_iter().map(|fact| FactRecord { depth: fact.depth, text: fact.text }).collect(),
        took: check.took,
    }
}
