use super::global::ConfigFile;
use super::walk::WalkArgs;

/// Show how much storage tags and repositories use
///
/// A blob counts once, however many platforms, tags and repositories share it. For a repository, each of its tags is
/// shown; for a registry, each of its repositories. Registries share nothing. Unique is what nothing else in the output
/// uses; for a tag, that is about what removing it frees. Only blobs that a tag reaches are counted: registries do not
/// list untagged manifests, and manifests themselves are not counted. One request per tag and one per distinct
/// manifest.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rls du team/app
  rls du registry.corp:5000 --sort size
  rls du -r registry.corp:5000 --all -o jsonl
  rls du registry.corp:5000 --resume du.notes
  rls du team/app team/web --summarize")]
pub struct DuArgs {
    /// The repositories.
    #[command(flatten)]
    pub walk: WalkArgs,

    /// Show the tags of every repository of a registry, too
    #[arg(short, long, conflicts_with = "summarize")]
    pub all: bool,

    /// Show only the totals of repositories and registries
    #[arg(short, long)]
    pub summarize: bool,

    /// Sort order
    #[arg(long, value_name = "ORDER", value_enum, default_value_t)]
    pub sort: UsageOrder,

    /// Reverse the order
    #[arg(long)]
    pub reverse: bool,

    /// `--config` after the command's name.
    #[command(flatten)]
    pub config: ConfigFile,
}

/// The order of `rls du`.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum UsageOrder {
    /// By name, bytewise
    #[default]
    Name,
    /// Largest first, unknown last
    Size,
    /// By what nothing else uses, largest first
    Unique,
}
