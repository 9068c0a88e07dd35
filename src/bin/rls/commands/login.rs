use registry_ls::Error;
use registry_ls::auth::Credentials;
use registry_ls::http::Caveat;
use registry_ls::keychain::{CredentialMatch, Keychain, Stored};
use registry_ls::name::Registry;

use super::Context;
use crate::args::LoginArgs;
use crate::config::Password;
use crate::connect::places;
use crate::output::{LoginRecord, LoginView};
use crate::prompt;
use crate::report::CommandError;
use crate::usage::{self, Usage};

/// `rls login`
pub async fn run(args: &LoginArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let registry = context.settings.named_registry(args.named.as_deref())?;
    let login = context.settings.login(&registry)?;
    let mut output = context.output(LoginView)?;
    let places = places(context.settings, login.auth_file);
    let store = registry_ls::keychain::Store::open(&places).map_err(Usage::from)?;
    store.check(&registry).await.map_err(not_kept)?;
    let username = match login.username {
        Some(username) => username,
        None => ask_username(&registry, &login.password).await?,
    };
    let (client, found) = context.connector.applicant(context.settings, &registry, username, login.password).await?;
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
    let kept = store.store(&registry, &credentials).await.map_err(not_kept)?;
    warn(context, &registry, verification.caveat, &kept);
    warn_of_others(context, &registry, &Keychain::discover(places), &kept).await;
    output.write(&LoginRecord {
        registry: registry.authority(),
        username: found.identity.username.unwrap_or_default(),
        place: kept.place,
        proven: verification.caveat.is_none(),
    })?;
    Ok(output.finish()?)
}

fn not_kept(error: Error) -> Usage {
    Usage::from(error)
        .hint("--auth-file FILE keeps them in another file, which REGISTRY_AUTH_FILE names for later commands")
}

async fn ask_username(registry: &Registry, password: &Password) -> usage::Result<String> {
    // What is on standard input then is the password.
    if matches!(password, Password::Stdin) || !prompt::is_possible() {
        return Err(Usage::new("there is no user name, and no terminal to ask on").hint("-u NAME, or RLS_USERNAME"));
    }
    match prompt::ask(&format!("User name for {}:", registry.authority())).await? {
        name if name.is_empty() => Err(Usage::new("there is no user name")),
        name => Ok(name),
    }
}

fn warn(context: &Context<'_>, registry: &Registry, caveat: Option<Caveat>, kept: &Stored) {
    let registry = registry.authority();
    match caveat {
        None => {}
        Some(Caveat::NotRequired) => context
            .report
            .warning(&format!("{registry} asks nobody for credentials, so whether the password is right is not known")),
        Some(Caveat::SameTokenForAnonymous) => context.report.warning(&format!(
            "{registry} gives everybody the same token, so whether the password is right is not known"
        )),
    }
    if kept.in_plain_text {
        let place = &kept.place;
        context.report.hint(&format!(
            "the credentials are not encrypted in {place}; a credential helper (credsStore) would encrypt them"
        ));
    }
}

/// Names what is found before that which was just stored.
async fn warn_of_others(context: &Context<'_>, registry: &Registry, keychain: &Keychain, kept: &Stored) {
    let first: Option<CredentialMatch> =
        keychain.credentials(registry, None).await.ok().and_then(|found| found.into_iter().next());
    if let Some(first) = first.filter(|first| !first.identity.source.ends_with(&kept.place)) {
        let source = first.identity.source;
        context.report.warning(&format!("the credentials in {source} come first, so these are not used"));
    }
}
