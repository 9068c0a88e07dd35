use std::num::NonZeroU64;

use super::filter::{FilterArgs, parse_limit};
use super::global::ConfigFile;

/// List repositories
///
/// Names are printed as they arrive. Some registries do not list their repositories, such as Docker Hub, GHCR and
/// GitLab.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rls repos registry.corp:5000
  rls repos registry.corp:5000/team --tags
  rls repos registry.corp:5000/team mirror.corp --full
  rls repos -r registry.corp:5000 --match 'team/*' --exclude '**/cache'")]
pub struct ReposArgs {
    /// Registries, each optionally with the first path components of the repositories to list
    ///
    /// With several registries, full names are printed.
    ///
    /// With --registry it is only a path. If RLS_REGISTRY or the configuration file sets a registry, it is also a path
    /// unless its first component looks like a host: contains a dot, a colon or an upper-case letter, or is localhost.
    #[arg(value_name = "REGISTRY[/PREFIX]")]
    pub roots: Vec<String>,

    /// Also list each repository's tags
    #[arg(long)]
    pub tags: bool,

    /// Only repositories whose name starts with PREFIX
    #[arg(long, value_name = "PREFIX")]
    pub prefix: Option<String>,

    /// Filters by name.
    #[command(flatten)]
    pub filter: FilterArgs,

    /// Stop after N repositories across all registries
    #[arg(long, value_name = "N", value_parser = parse_limit)]
    pub limit: Option<NonZeroU64>,

    /// Start after repository NAME, in the order of the registry
    #[arg(long, value_name = "NAME")]
    pub after: Option<String>,

    /// `--config` after the command's name.
    #[command(flatten)]
    pub config: ConfigFile,
}
