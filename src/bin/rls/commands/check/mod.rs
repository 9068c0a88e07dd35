//! `rls check`: finds what is missing in repositories, or which images that a file names do not exist.

mod named;
mod repository;

use super::context::Context;
use crate::args::CheckArgs;
use crate::report::CommandError;

pub async fn run(args: &CheckArgs, context: &Context<'_>) -> Result<(), CommandError> {
    match &args.refs {
        Some(file) => named::run(file, args.platform.as_ref(), context).await,
        None => repository::run(args, context).await,
    }
}
