use super::ConfigFile;

/// Store credentials where docker keeps them
///
/// The password is shown to the registry first, and stored only if it is taken. Where a credential helper is configured
/// (credsStore, credHelpers in docker's config.json) it keeps the credentials; otherwise they are put into config.json,
/// mode 0600, and the rest of that file stays as it is. Docker, podman, skopeo and rls find them there. Where the registry
/// gives an identity token for the password, that is what is stored, as by docker.
///
/// With --auth-file or REGISTRY_AUTH_FILE they are put into that file, podman's auth.json, for `skopeo --authfile` and the
/// like. Nothing is sent in plain HTTP unless --plain-http or http:// asks for it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rls login registry.corp:5000
  rls login -u ann --password-stdin registry.corp:5000 < password.txt
  rls login -u ann --auth-file ~/auth.json registry.corp:5000
  RLS_USERNAME=ann RLS_PASSWORD=... rls login registry.corp:5000")]
pub struct LoginArgs {
    /// The registry; the usual one if none is named
    #[arg(value_name = "REGISTRY")]
    pub named: Option<String>,

    /// `--config` after the command's name.
    #[command(flatten)]
    pub config: ConfigFile,
}
