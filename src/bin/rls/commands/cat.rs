//! `rls cat`: prints a file of an image.

use std::io::{IsTerminal, stdout};

use futures::{StreamExt, TryStreamExt};
use registry_ls::layers::FilePath;

use super::context::Context;
use super::files::Image;
use crate::args::CatArgs;
use crate::output::{OutputError, is_closed, write_exact};
use crate::report::CommandError;
use crate::usage::Usage;

pub async fn run(args: &CatArgs, context: &Context<'_>) -> Result<(), CommandError> {
    if is_closed() {
        return Err(OutputError::Nowhere.into());
    }
    let image = Image::open(context, &args.reference, &args.layers).await?;
    let files = image.files.clone().with_verification(args.verify);
    let mut pieces = files.read(FilePath::new(&args.path)).boxed_local();
    let mut guards = stdout().is_terminal() && !args.binary;
    while let Some(piece) =
        context.until_shutdown(pieces.try_next()).await?.map_err(|error| image.failed(context, error))?
    {
        // As in curl: a zero byte near the start means that this is not text.
        if std::mem::take(&mut guards) && piece.contains(&0) {
            return Err(Usage::new(format!("not printing {} on a terminal", args.path))
                .because("it is a binary file")
                .hint("redirect it to a file, or use --binary")
                .into());
        }
        write_exact(stdout(), &piece)?;
    }
    Ok(())
}
