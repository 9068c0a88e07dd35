use registry_ls::Error;
use registry_ls::keychain::{Keychain, Store};

use super::context::Context;
use crate::args::LogoutArgs;
use crate::connect::places;
use crate::output::{LogoutRecord, LogoutView};
use crate::report::CommandError;
use crate::usage::Usage;

/// `rls logout`
pub async fn run(args: &LogoutArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let registry = context.settings.named_registry(args.named.as_deref())?;
    let auth_file = context.settings.auth_file(&registry)?;
    let mut output = context.output(LogoutView)?;
    let places = places(context.settings, auth_file);
    let store = Store::open(&places).map_err(Usage::from)?;
    let forgotten = store.erase(&registry).await.map_err(Usage::from)?;
    let name = registry.authority();
    output.write(&LogoutRecord { registry: name.clone(), places: forgotten.places })?;
    output.finish()?;
    if let Some((first, rest)) = forgotten.failures.split_first() {
        let error = Error::config(format!("credentials for {name} may remain")).because(first);
        return Err(Usage::from(rest.iter().fold(error, Error::because)).into());
    }
    // Only what is left is of interest; whoever logs in next is told what cannot be read.
    let rest = Keychain::discover(places).credentials(&registry, None).await.unwrap_or_default();
    for found in rest {
        let source = found.identity.source;
        context.report.warning(&format!("{source} still has credentials for {name}, which rls will use"));
    }
    Ok(())
}
