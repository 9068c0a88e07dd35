use super::global::ConfigFile;

/// Log in to a registry
///
/// The credentials are verified with the registry, then stored where docker keeps them: in the configured credential
/// helper (credsStore, credHelpers in docker's config.json), else in config.json, mode 0600, without changing the rest
/// of that file. docker, podman, skopeo and rls find them there. If the registry issues an identity token, it is stored
/// instead of the password, as in docker.
///
/// With --auth-file or REGISTRY_AUTH_FILE they are stored in that file, in the format of podman's auth.json, for
/// `skopeo --authfile` and the like. Plain HTTP must be requested with --plain-http or http://.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rls login registry.corp:5000
  rls login -u ann --password-stdin registry.corp:5000 < password.txt
  rls login -u ann --auth-file ~/auth.json registry.corp:5000
  RLS_USERNAME=ann RLS_PASSWORD=... rls login registry.corp:5000")]
pub struct LoginArgs {
    /// The registry; the default registry if omitted, Docker Hub after a question
    #[arg(value_name = "REGISTRY")]
    pub named: Option<String>,

    /// `--config` after the command's name.
    #[command(flatten)]
    pub config: ConfigFile,
}
