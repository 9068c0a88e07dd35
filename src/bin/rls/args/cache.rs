/// Show or clear the cache of manifests and configs
///
/// `rls tags -l`, `manifest`, `du` and `prune` keep what never changes in $XDG_CACHE_HOME/rls: manifests and configs,
/// by digest, at most 256 MiB. They are used only after the registry has named the digest in the same run, for the same
/// user and repository. --no-cache neither reads nor writes it. Names from shell completion are kept there for a
/// minute, too.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rls cache info
  rls cache clear")]
pub struct CacheArgs {
    /// What to do
    #[arg(value_name = "ACTION", value_enum)]
    pub action: CacheAction,
}

/// What to do with the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum CacheAction {
    /// Print its folder, number of entries, size and limit
    Info,
    /// Remove all entries
    Clear,
}
