//! `rls compat`: docker-ls and docker-rm.

mod docker_ls;
mod docker_rm;

use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::context::Context;
use crate::args::CompatArgs;
use crate::command_line::rls;
use crate::compat::{Invocation, Operation};
use crate::input::{blocking, cannot_read};
use crate::report::CommandError;
use crate::usage::Usage;

/// `rls compat --install`
pub async fn install(args: &CompatArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let Some(folder) = args.install.clone() else {
        return Err(Usage::new("rls compat runs docker-ls or docker-rm").hint(rls("compat docker-ls --help")).into());
    };
    let made = context.until_shutdown(blocking(move || make_links(&folder))).await?;
    for (link, is_new) in made.map_err(cannot_read)?? {
        let change = if is_new { "created" } else { "unchanged" };
        context.report.summary(&format!("{change} {}", link.display()));
    }
    Ok(())
}

/// Makes the links; whether each is new.
fn make_links(folder: &Path) -> Result<Vec<(PathBuf, bool)>, Usage> {
    let program = std::env::current_exe().map_err(|error| Usage::new("cannot find the path of rls").because(error))?;
    let is_plugin = folder.file_name().is_some_and(|name| name == "cli-plugins");
    let names: &[&str] = if is_plugin { &["docker-tags"] } else { &["docker-ls", "docker-rm"] };
    let link = |name: &&str| {
        let link = folder.join(name);
        match symlink(&program, &link) {
            Ok(()) => Ok((link, true)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => match std::fs::read_link(&link) {
                Ok(target) if target == program => Ok((link, false)),
                _ => Err(Usage::new(format!("{} already exists", link.display()))
                    .because("it is not a link to rls")
                    .hint("remove it, or name another folder")),
            },
            Err(error) => Err(Usage::new(format!("cannot create {}", link.display())).because(error)),
        }
    };
    names.iter().map(link).collect()
}

/// docker-ls or docker-rm.
pub async fn run(invocation: &Invocation, context: &Context<'_>) -> Result<(), CommandError> {
    match &invocation.operation {
        Operation::Remove { repository, tag, with_siblings } => {
            docker_rm::run(repository, tag, *with_siblings, context).await
        }
        operation => docker_ls::run(operation, &invocation.encoding, context).await,
    }
}
