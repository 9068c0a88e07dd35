use super::ConfigFile;

/// Forget credentials where docker keeps them
///
/// Takes away what `rls login` or `docker login` stored, in docker's config.json and in the credential helper that is
/// configured there; with --auth-file or REGISTRY_AUTH_FILE in that file. Having nothing to forget is no failure. What other
/// programs still keep for the registry is named.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rls logout registry.corp:5000
  rls logout --auth-file ~/auth.json registry.corp:5000")]
pub struct LogoutArgs {
    /// The registry; the usual one if none is named
    #[arg(value_name = "REGISTRY")]
    pub registry: Option<String>,

    /// `--config` after the command's name.
    #[command(flatten)]
    pub config: ConfigFile,
}
