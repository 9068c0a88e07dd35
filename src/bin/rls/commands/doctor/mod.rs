mod remedy;

use std::pin::pin;

use registry_ls::Kind;
use registry_ls::diagnosis::{Check, Plan, Status, examine};

use self::remedy::Remedies;
use super::{Context, next_or_flush};
use crate::args::DoctorArgs;
use crate::connect::{Parts, not_verified};
use crate::output::{CheckRecord, CheckStatus, CheckView, FactRecord};
use crate::report::CommandError;
use crate::usage::Usage;

/// `rls doctor`
pub async fn run(args: &DoctorArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let (registry, named) = context.place(args.place.as_deref()).await?;
    let repository = named.as_ref().map(|reference| reference.repository().clone());
    if args.push && repository.is_none() {
        return Err(Usage::new("--push needs a repository").hint("rls doctor REGISTRY/REPO --push").into());
    }
    let mut output = context.output(CheckView { everything: context.settings.verbosity > 0 })?;
    let connection = context.settings.connection(&registry)?;
    if connection.insecure {
        context.report.warning(&not_verified(&connection.registry));
    }
    let parts = context.until_shutdown(context.connector.parts(connection)).await??;
    let Parts { registry, keychain, trust, options, stats } = parts;
    let remedies = Remedies::new(&registry, repository.as_ref());
    let plan = Plan {
        registry: registry.clone(),
        repository: repository.clone(),
        reference: named.clone(),
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
                output.write(&CheckRecord {
                    registry: registry.to_string(),
                    reference: named.as_ref().map(|named| registry.qualify(named)),
                    ..record(check, &remedies)
                })?;
            }
            Ok(None) => break Ok(()),
            Err(stop) => break Err(stop),
        }
    };
    super::close(output, outcome)?;
    if tally.failed > 0 {
        context.report.summary(&format!("{} of {} checks failed.", tally.failed, tally.all));
    }
    tally.first.map_or(Ok(()), |kind| Err(CommandError::Reported(kind)))
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

fn record(check: Check, remedies: &Remedies<'_>) -> CheckRecord {
    let finding = check.finding.as_ref();
    let unverified = check
        .ignored_skip_verify
        .map(|file| format!("or use --insecure to skip verification, as {} asks", file.display()));
    CheckRecord {
        registry: String::new(),
        reference: None,
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
