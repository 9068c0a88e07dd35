use std::num::NonZeroU64;

use super::{ConfigFile, FilterArgs, parse_limit};

/// List repositories
///
/// The names appear as they arrive. A registry may refuse to list its repositories; Docker Hub, GHCR and GitLab do.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rls repos registry.corp:5000
  rls repos registry.corp:5000/team --tags
  rls repos registry.corp:5000/team mirror.corp --full
  rls repos -r registry.corp:5000 --match 'team/*' --exclude '**/cache'")]
pub struct ReposArgs {
    /// The registries, each with the first path components of the repositories to list
    ///
    /// The repositories of several registries are shown by their full names.
    ///
    /// With --registry it is a path alone. Where RLS_REGISTRY or the configuration file names a registry, it is a path too
    /// unless its first component looks like a host: one with a dot, a colon or an upper-case letter, or localhost.
    #[arg(value_name = "REGISTRY[/PREFIX]")]
    pub roots: Vec<String>,

    /// Also list each repository's tags
    #[arg(long)]
    pub tags: bool,

    /// Only repositories whose name begins with PREFIX
    #[arg(long, value_name = "PREFIX")]
    pub prefix: Option<String>,

    /// Which repositories.
    #[command(flatten)]
    pub filter: FilterArgs,

    /// Stop after N repositories, of all registries together
    #[arg(long, value_name = "N", value_parser = parse_limit)]
    pub limit: Option<NonZeroU64>,

    /// Start after the repository NAME, in the registry's order
    #[arg(long, value_name = "NAME")]
    pub after: Option<String>,

    /// `--config` after the command's name.
    #[command(flatten)]
    pub config: ConfigFile,
}
