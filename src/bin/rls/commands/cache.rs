//! `rls cache`: shows and clears the cache of manifests and configs.

use registry_ls::cache::{Cache, DEFAULT_LIMIT};

use super::context::Context;
use crate::args::{CacheAction, CacheArgs};
use crate::connect::cache_folder;
use crate::input;
use crate::output::{CacheRecord, CacheView};
use crate::report::CommandError;
use crate::usage::Usage;

pub async fn run(args: &CacheArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let action = args.action;
    let mut output = context.output(CacheView)?;
    let Some(folder) = cache_folder() else {
        return Err(Usage::new("no folder for the cache").hint("set HOME or XDG_CACHE_HOME").into());
    };
    let cache = Cache::new(folder.clone(), DEFAULT_LIMIT);
    let work = move || match action {
        CacheAction::Info => cache.info(),
        CacheAction::Clear => cache.clear(),
    };
    let done = context.until_shutdown(input::blocking(work)).await?.and_then(|done| done);
    let info = done.map_err(|error| {
        let verb = if action == CacheAction::Clear { "clear" } else { "read" };
        Usage::new(format!("cannot {verb} the cache {}", folder.display())).because(error)
    })?;
    output.write(&CacheRecord {
        folder: info.folder.display().to_string(),
        entries: info.entries,
        size: info.size,
        limit: info.limit,
        cleared: action == CacheAction::Clear,
    })?;
    output.finish()?;
    Ok(())
}
