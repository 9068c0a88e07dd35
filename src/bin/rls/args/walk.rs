use std::path::PathBuf;

use super::filter::FilterArgs;

/// Which repositories a command goes through.
#[derive(Debug, Clone, clap::Args)]
pub struct WalkArgs {
    /// Repositories, or registries with an optional prefix, which stand for all of their repositories; `-` reads
    /// repositories from standard input, one per line
    ///
    /// REGISTRY/PATH is a repository if it exists, else the prefix of repositories. Without an argument it is the
    /// registry of --registry, RLS_REGISTRY or the configuration file.
    #[arg(value_name = "REPO|REGISTRY")]
    pub places: Vec<String>,

    /// Only repositories that match
    #[command(flatten)]
    pub filter: FilterArgs,

    /// Record finished repositories in FILE and skip those recorded there, to continue an interrupted run
    ///
    /// FILE is removed when the run is complete. What find, check and snapshot print is added to what they printed
    /// before: use -o jsonl or plain, whose parts can be appended. du prints everything at its end, with the sizes
    /// noted in FILE.
    #[arg(long, value_name = "FILE")]
    pub resume: Option<PathBuf>,
}
