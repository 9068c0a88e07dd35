//! docker-rm, by the rules of `rls rm`.

use std::io::stdout;
use std::sync::Arc;

use registry_ls::name::{Digest, Repository};
use registry_ls::registry::snapshot::SnapshotProgress;
use registry_ls::removal::{Method, Methods, Plan, PlanOptions, RemovalPolicy, RemovalRequest, Siblings, Target, plan};

use crate::command_line::rls;
use crate::commands::context::Context;
use crate::commands::removal::{RecordWriter, RemovalRunner};
use crate::output::{Action, OutputError, RemovalRecord, is_closed, some_of, write_raw};
use crate::report::CommandError;
use crate::usage::Usage;

/// What docker-rm prints when a manifest was deleted.
const DELETED: &str = "...Tag deleted successfully!\n";

/// `docker-rm REPO:DIGEST`: as `rls rm REPO@DIGEST --all-tags`, for a manifest with one tag at most.
pub async fn run(repository: &str, tag: &str, with_siblings: bool, context: &Context<'_>) -> Result<(), CommandError> {
    let repository: Repository = repository.parse().map_err(Usage::from)?;
    let Ok(digest) = tag.parse::<Digest>() else {
        return Err(Usage::new(format!("docker-rm deletes manifests by digest, and {tag:?} is not one"))
            .hint(format!("to remove the tag: {}", rls(format_args!("rm {repository}:{tag}"))))
            .into());
    };
    if is_closed() {
        return Err(OutputError::Nowhere.into());
    }
    let (registry, _) = context.place(None).await?;
    let handle = context.client(&registry).await?.repository(&repository);
    let mut runner = RemovalRunner::new(context, false, false);
    runner.keep_removed().await;
    runner.targets = 1;
    let mut policy = RemovalPolicy::default();
    (policy.siblings, policy.methods) = (Siblings::RemoveAll, Methods::Only(Method::Manifest));
    let request = RemovalRequest::new(Target::Manifest(digest)).with_policy(policy);
    let counts = Arc::new(SnapshotProgress::default());
    let mut options = PlanOptions::default();
    options.progress = Arc::clone(&counts);
    let plan = plan(&handle, vec![request.clone()], options);
    let plan = context.with_progress(&format!("inspecting {handle}"), &counts, plan).await?;
    let mut removed = Removed(false);
    let outcome = match plan {
        Err(error) => Ok(runner.unplanned(&handle, &[request], &error, &mut removed)?),
        Ok(plan) => {
            check_siblings(&plan, with_siblings)?;
            runner.execute(plan, &mut removed).await
        }
    };
    runner.end(&outcome);
    outcome?;
    if removed.0 {
        write_raw(stdout(), DELETED.as_bytes(), false)?;
    }
    Ok(())
}

/// The manifest goes with every tag on it, of which docker-rm's command line names none.
fn check_siblings(plan: &Plan, with_siblings: bool) -> Result<(), Usage> {
    let names: Vec<String> = plan.items().iter().flat_map(|item| item.also_removed()).map(str::to_owned).collect();
    if names.len() < 2 || with_siblings {
        return Ok(());
    }
    let repository = plan.repository();
    Err(Usage::new(format!("refusing to delete a manifest of {repository} with {} tags", names.len()))
        .because(format!("they all point to it: {}", some_of(&names)))
        .hint(format!("use --with-siblings to remove all of them, or {} to remove one", rls("rm REPOSITORY:TAG"))))
}

/// Whether the manifest was removed; docker-rm prints no records.
struct Removed(bool);

impl RecordWriter for Removed {
    fn write(&mut self, record: RemovalRecord) -> Result<(), OutputError> {
        self.0 |= record.action == Action::Removed;
        Ok(())
    }

    fn flush(&mut self) -> Result<(), OutputError> {
        Ok(())
    }
}
