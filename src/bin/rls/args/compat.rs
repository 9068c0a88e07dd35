use std::ffi::OsString;
use std::path::PathBuf;

/// Run as docker-ls or docker-rm, or install links that do
///
/// The commands, options, environment variables (DOCKER_LS_...) and configuration files (~/.docker-ls.yaml, .json,
/// .toml) of docker-ls and docker-rm 0.5.1 work as they are, and so does their output on standard output; every failure
/// ends with exit code 1. A link named docker-ls or docker-rm to rls does the same.
///
/// In addition OCI images and indexes are read, --basic-auth is not needed, and the credentials and CAs of docker are
/// used. docker-rm stops if several tags point to the manifest; --with-siblings removes it with all of them.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rls compat docker-ls tags -r https://registry.corp:5000 team/app
  rls compat --install ~/.local/bin
  rls compat --install ~/.docker/cli-plugins, and then: docker tags registry.corp:5000/team/app")]
pub struct CompatArgs {
    /// Make links in DIR: docker-ls and docker-rm, or, if DIR is named cli-plugins, docker-tags
    #[arg(long, value_name = "DIR", conflicts_with = "words")]
    pub install: Option<PathBuf>,

    /// docker-ls or docker-rm, with its arguments
    #[arg(
        value_name = "COMMAND",
        trailing_var_arg = true,
        allow_hyphen_values = true,
        required_unless_present = "install"
    )]
    pub words: Vec<OsString>,
}
