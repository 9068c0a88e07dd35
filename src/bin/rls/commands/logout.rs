//! `rls logout`: erases stored credentials.

use registry_ls::Error;
use registry_ls::keychain::{Keychain, Store};

use super::context::Context;
use crate::args::LogoutArgs;
use crate::connect::keychain_options;
use crate::output::{LogoutRecord, LogoutView};
use crate::report::CommandError;
use crate::usage::Usage;

pub async fn run(args: &LogoutArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let registry = context.registry_or_default(args.named.as_deref(), "Log out of").await?;
    let auth_file = context.settings.auth_file(&registry)?;
    let mut output = context.output(LogoutView)?;
    let places = keychain_options(context.settings, auth_file);
    let store = Store::open(&places).map_err(Usage::from)?;
    let erased = store.erase(&registry).await.map_err(Usage::from)?;
    let name = registry.authority();
    output.write(&LogoutRecord { registry: name.clone(), places: erased.places })?;
    output.finish()?;
    if let Some((first, rest)) = erased.failures.split_first() {
        let error = Error::config(format!("credentials for {name} may remain")).because(first);
        return Err(Usage::from(rest.iter().fold(error, Error::because)).into());
    }
    // Only remaining credentials matter here; unreadable files are reported at the next login.
    let remaining = Keychain::discover(places).credentials(&registry, None).await.unwrap_or_default();
    for found in remaining {
        let source = found.identity.source;
        context.report.warning(&format!("{source} still has credentials for {name}, which rls will use"));
    }
    Ok(())
}
