use super::global::ConfigFile;

/// Log out of a registry
///
/// Removes what `rls login` or `docker login` stored, from docker's config.json and the credential helper configured
/// there; with --auth-file or REGISTRY_AUTH_FILE, from that file. Not being logged in is not an error. Credentials that
/// other programs still store for the registry are named.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rls logout registry.corp:5000
  rls logout --auth-file ~/auth.json registry.corp:5000")]
pub struct LogoutArgs {
    /// The registry; the default registry if omitted, Docker Hub after a question
    #[arg(value_name = "REGISTRY")]
    pub named: Option<String>,

    /// `--config` after the command's name.
    #[command(flatten)]
    pub config: ConfigFile,
}
