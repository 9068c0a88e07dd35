//! `rls man`: prints or writes the man pages.

use std::io::stdout;
use std::path::Path;

use super::context::Context;
use crate::args::ManArgs;
use crate::input::{blocking, cannot_read};
use crate::manual::{Page, pages};
use crate::output::{OutputError, is_closed, write_raw};
use crate::report::CommandError;
use crate::usage::Usage;

pub async fn run(args: &ManArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let pages = pages();
    let Some(folder) = args.folder.clone() else {
        if is_closed() {
            return Err(OutputError::Nowhere.into());
        }
        let (_, page) = pages.first().ok_or_else(|| Usage::new("there is no man page"))?;
        return Ok(write_raw(stdout(), page, false)?);
    };
    Ok(context.until_shutdown(blocking(move || write(&folder, &pages))).await?.map_err(cannot_read)??)
}

fn write(folder: &Path, pages: &[Page]) -> Result<(), Usage> {
    let failed =
        |path: &Path, error: &std::io::Error| Usage::new(format!("cannot write {}", path.display())).because(error);
    std::fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    pages.iter().try_for_each(|(name, page)| {
        let path = folder.join(name);
        std::fs::write(&path, page).map_err(|error| failed(&path, &error))
    })
}
