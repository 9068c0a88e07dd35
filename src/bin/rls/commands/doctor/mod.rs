mod remedy;

use std::pin::pin;

use registry_ls::Kind;
use registry_ls::diagnosis::{Check, Plan, Status, examine};

use self::remedy::{Subject, remedies};
use super::context::Context;
use super::stream::{close, next_or_flush};
use crate::args::DoctorArgs;
use crate::connect::{Parts, not_verified};
use crate::output::{CheckRecord, CheckStatus, CheckView, FactRecord};
use crate::report::CommandError;
use crate::usage::Usage;

/// `rls doctor`
pub async fn run(args: &DoctorArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let (registry, reference) = context.place(args.place.as_deref()).await?;
    let repository = reference.as_ref().map(|reference| reference.repository().clone());
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
    let subject = Subject { registry: &registry, repository: repository.as_ref() };
    let plan = Plan {
        registry: registry.clone(),
        repository: repository.clone(),
        reference: reference.clone(),
        push: args.push,
        keychain,
        trust,
        options,
        stats,
    };
    let mut checks = pin!(examine(plan));
    let mut summary = Summary::default();
    let outcome = loop {
        match next_or_flush(context, &mut checks, &mut output).await {
            Ok(Some(check)) => {
                summary.add(&check);
                output.write(&CheckRecord {
                    registry: registry.to_string(),
                    reference: reference.as_ref().map(|reference| registry.qualify(reference)),
                    ..record(check, &subject)
                })?;
            }
            Ok(None) => break Ok(()),
            Err(stop) => break Err(stop),
        }
    };
    close(output, outcome)?;
    if summary.failed > 0 {
        context.report.summary(&format!("{} of {} checks failed.", summary.failed, summary.all));
    }
    summary.first_failure.map_or(Ok(()), |kind| Err(CommandError::Reported(kind)))
}

/// Counts the checks.
#[derive(Default)]
struct Summary {
    all: usize,
    failed: usize,
    /// The kind of the first failure, which decides the exit code.
    first_failure: Option<Kind>,
}

impl Summary {
    fn add(&mut self, check: &Check) {
        self.all += 1;
        if check.status == Status::Failed {
            self.failed += 1;
            let kind = check.finding.as_ref().map(|finding| finding.kind.clone());
            self.first_failure = self.first_failure.take().or(kind);
        }
    }
}

fn record(check: Check, subject: &Subject<'_>) -> CheckRecord {
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
        remedy: finding
            .map(|finding| remedies(subject, &finding.problem))
            .into_iter()
            .flatten()
            .chain(unverified)
            .collect(),
        facts: check.facts.into_iter().map(|fact| FactRecord { depth: fact.depth, text: fact.text }).collect(),
        took: check.took,
    }
}
