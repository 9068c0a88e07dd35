//! `rls login`: verifies credentials, and stores them where docker does.

use registry_ls::Error;
use registry_ls::auth::Credentials;
use registry_ls::http::Caveat;
use registry_ls::keychain::{CredentialMatch, Keychain, Stored};
use registry_ls::name::Registry;

use super::context::Context;
use crate::args::LoginArgs;
use crate::config::Password;
use crate::connect::keychain_options;
use crate::output::{LoginRecord, LoginView};
use crate::prompt;
use crate::report::CommandError;
use crate::usage::{self, Usage};

pub async fn run(args: &LoginArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let registry = context.registry_or_default(args.named.as_deref(), "Log in to").await?;
    let login = context.settings.login(&registry)?;
    let mut output = context.output(LoginView)?;
    let places = keychain_options(context.settings, login.auth_file);
    let store = registry_ls::keychain::Store::open(&places).map_err(Usage::from)?;
    store.check(&registry).await.map_err(cannot_store)?;
    let client = context.connector.login_client(context.settings, &registry).await?;
    let is_asked = login.username.is_none() || matches!(login.password, Password::Prompt);
    if is_asked && prompt::is_possible() {
        // Otherwise a password would be typed for nothing.
        client.check_connection().await.map_err(|error| context.failed(&registry, error))?;
    }
    let username = match login.username {
        Some(username) => username,
        None => ask_username(&registry, &login.password).await?,
    };
    let found = context.connector.login_credentials(&registry, username, login.password).await?;
    let verification = client
        .verify_credentials(&found, store.takes_identity_tokens())
        .await
        .map_err(|error| context.failed(&registry, error))?;
    let credentials = match (verification.identity_token, &found.credentials) {
        (Some(token), Credentials::Basic { username, .. }) => {
            Credentials::IdentityToken { username: Some(username.clone()), token, password: None }
        }
        (_, credentials) => credentials.clone(),
    };
    let stored = store.store(&registry, &credentials).await.map_err(cannot_store)?;
    warn(context, &registry, verification.caveat, &stored);
    warn_if_shadowed(context, &registry, &Keychain::discover(places), &stored).await;
    output.write(&LoginRecord {
        registry: registry.authority(),
        username: found.identity.username.unwrap_or_default(),
        place: stored.place,
        proven: verification.caveat.is_none(),
    })?;
    Ok(output.finish()?)
}

fn cannot_store(error: Error) -> Usage {
    Usage::from(error)
        .hint("use --auth-file FILE to store them in another file, and set REGISTRY_AUTH_FILE=FILE for later commands")
}

async fn ask_username(registry: &Registry, password: &Password) -> usage::Result<String> {
    // Standard input is the password then.
    if matches!(password, Password::Stdin) || !prompt::is_possible() {
        return Err(Usage::new("no user name, and no terminal to ask on").hint("use -u NAME, or set RLS_USERNAME"));
    }
    match prompt::ask(&format!("User name for {}:", registry.authority())).await? {
        name if name.is_empty() => Err(Usage::new("no user name")),
        name => Ok(name),
    }
}

fn warn(context: &Context<'_>, registry: &Registry, caveat: Option<Caveat>, stored: &Stored) {
    let registry = registry.authority();
    match caveat {
        None => {}
        Some(Caveat::NotRequired) => {
            context.report.warning(&format!("{registry} does not require login, so the password could not be verified"))
        }
        Some(Caveat::SameTokenForAnonymous) => context.report.warning(&format!(
            "{registry} issues the same token without credentials, so the password could not be verified"
        )),
    }
    if stored.in_plain_text {
        let place = &stored.place;
        context.report.hint(&format!(
            "credentials are stored unencrypted in {place}; use a credential helper (credsStore) to encrypt them"
        ));
    }
}

/// Warns if other credentials take precedence over the stored ones.
async fn warn_if_shadowed(context: &Context<'_>, registry: &Registry, keychain: &Keychain, stored: &Stored) {
    let first: Option<CredentialMatch> =
        keychain.credentials(registry, None).await.ok().and_then(|found| found.into_iter().next());
    if let Some(first) = first.filter(|first| !first.identity.source.ends_with(&stored.place)) {
        let source = first.identity.source;
        context.report.warning(&format!("the credentials in {source} take precedence, so these are not used"));
    }
}
