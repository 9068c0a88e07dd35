//! What `rm` and `prune` share: executing removal plans, describing them in records and in lines for people, and saving
//! them.

mod describe;
mod runner;

use std::path::Path;
use std::sync::Arc;

use registry_ls::error::Error;
use registry_ls::removal::SavedPlan;

pub(super) use self::describe::{describe, reason};
pub(super) use self::runner::{RecordWriter, RemovalRunner};
use super::context::Context;
use crate::command_line::rls;
use crate::report::CommandError;
use crate::usage::Usage;

/// Saves a plan to a file, and reports how to apply it.
pub(super) async fn save_plan(plan: SavedPlan, file: &Path, context: &Context<'_>) -> Result<(), CommandError> {
    let removals = match plan.items.len() {
        1 => "1 removal".to_owned(),
        count => format!("{count} removals"),
    };
    let (plan, path) = (Arc::new(plan), file.to_owned());
    let written = context.until_shutdown(tokio::task::spawn_blocking(move || plan.write(&path))).await?;
    written.unwrap_or_else(|error| Err(Error::config(error.to_string()))).map_err(Usage::from)?;
    let file = file.display();
    context.report.summary(&format!(
        "wrote {removals} to {file}; run '{}' to apply the plan",
        rls(format_args!("rm --apply {file}"))
    ));
    Ok(())
}
