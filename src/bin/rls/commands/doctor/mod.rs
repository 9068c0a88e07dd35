//! `rls doctor`: runs the checks of a diagnosis, and words what fails and what to do about it.

mod clients;
mod explain;
mod known_errors;
mod remedy;

use std::pin::pin;

use registry_ls::Kind;
use registry_ls::auth::Action;
use registry_ls::diagnosis::{Check, ClientOptions, Setup, Status, Step, examine};
use registry_ls::keychain;
use registry_ls::name::{Reference, Registry};

use self::remedy::{Subject, remedies};
use super::context::Context;
use super::stream::{close, next_or_flush};
use super::trust::host_paths;
use crate::args::{DoctorArgs, Need};
use crate::command_line::rls;
use crate::connect::{Parts, not_verified};
use crate::output::{CheckRecord, CheckStatus, CheckView, FactRecord};
use crate::report::CommandError;
use crate::usage::Usage;

pub async fn run(args: &DoctorArgs, context: &Context<'_>) -> Result<(), CommandError> {
    if let Some(text) = &args.explain {
        return explain::run(text, context).await;
    }
    let (registry, reference) = place(args.place.as_deref(), context).await?;
    let repository = reference.as_ref().map(|reference| reference.repository().clone());
    let subject_name = reference.as_ref().map_or_else(|| registry.to_string(), |reference| registry.qualify(reference));
    let needs = needs(args, repository.is_some())?;
    let everything = context.settings.verbosity > 0;
    let mut output = context.output_for_people(CheckView { everything, heading: Some(subject_name) })?;
    let connection = context.settings.connection(&registry)?;
    if connection.insecure {
        context.report.warning(&not_verified(&connection.registry));
    }
    let ca_files = connection.ca_files.clone();
    let parts = context.until_shutdown(context.connector.parts(connection)).await??;
    let Parts { registry, keychain, trust, options, stats } = parts;
    let hints = context.hint_context(&registry);
    let subject = Subject { registry: &registry, repository: repository.as_ref(), hints: &hints };
    let places = keychain::Options { root: Some(context.settings.root()), ..keychain::Options::from_env() };
    let mut clients = ClientOptions::new(host_paths(context), places, std::env::var_os("PATH"));
    clients.all = everything;
    let mut setup = Setup::new(registry.clone(), keychain, trust);
    setup.repository = repository.clone();
    setup.reference = reference.clone();
    setup.needs = needs;
    setup.clients = Some(clients);
    setup.options = options;
    setup.stats = stats;
    let setting = clients::Setting { registry: &registry, paths: &host_paths(context), ca_files: &ca_files };
    let mut steps = pin!(examine(setup));
    let (mut summary, mut has_clients) = (Summary::default(), false);
    let outcome = loop {
        match next_or_flush(context, &mut steps, &mut output).await {
            Ok(Some(step)) => {
                let record = match step {
                    Step::Check(check) => {
                        summary.add(&check);
                        record(*check, &subject)
                    }
                    Step::Client(report) => clients::record(*report, &setting),
                };
                if record.client.is_some() && !std::mem::replace(&mut has_clients, true) {
                    output.view_mut().heading = Some(" clients".to_owned());
                }
                output.write(&CheckRecord {
                    registry: registry.to_string(),
                    reference: reference.as_ref().map(|reference| registry.qualify(reference)),
                    ..record
                })?;
                output.view_mut().heading = None;
            }
            Ok(None) => break Ok(()),
            Err(stop) => break Err(stop),
        }
    };
    close(output, outcome)?;
    if summary.failed > 0 {
        context.report.summary(&format!("{} of {} checks failed.", summary.failed, summary.all));
    }
    summary.first_failure.map_or(Ok(()), |kind| Err(CommandError::Reported(Box::new(kind))))
}

/// The registry, and what is checked in it. A name without a host is an image of Docker Hub, as in other commands.
async fn place(text: Option<&str>, context: &Context<'_>) -> Result<(Registry, Option<Reference>), CommandError> {
    let Some(image) = text.filter(|text| context.settings.is_image_of_hub(text)) else {
        return context.place(text).await;
    };
    context.report.hint(&format!(
        "reading {image} as an image of Docker Hub; to check a host of that name: {}",
        rls(format_args!("doctor https://{image}"))
    ));
    context.place(Some(&format!("docker.io/{image}"))).await
}

/// What must be permitted: to pull, unless options say more.
///
/// # Errors
///
/// A permission on a repository, and none is named.
fn needs(args: &DoctorArgs, has_repository: bool) -> Result<Vec<Action>, Usage> {
    let push = args.push.then_some(Need::Push);
    let needs: Vec<_> = args.need.iter().copied().chain(push).map(Action::from).collect();
    if let Some(action) = needs.iter().find(|action| !has_repository && **action != Action::Catalog) {
        let option = if args.need.is_empty() { "--push".to_owned() } else { format!("--need {action}") };
        let usage = Usage::new(format!("{option} needs a repository"));
        return Err(usage.hint(rls(format_args!("doctor REGISTRY/REPO {option}"))));
    }
    Ok(needs)
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
        client: None,
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
