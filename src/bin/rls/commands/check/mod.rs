mod named;
mod repository;

use super::context::Context;
use crate::args::CheckArgs;
use crate::report::CommandError;

/// `rls check`
pub async fn run(args: &CheckArgs, context: &Context<'_>) -> Result<(), CommandError> {
    match &args.refs {
        Some(file) => named::run(file, args.platform.as_ref(), context).await,
        None => repository::run(args, context).await,
    }
}
