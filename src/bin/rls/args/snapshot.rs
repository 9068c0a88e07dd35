use super::global::ConfigFile;
use super::walk::WalkArgs;

/// Print what every tag points to, for a later 'rls drift'
///
/// One request per tag.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rls snapshot registry.corp:5000/team/app > app.snapshot
  rls snapshot registry.corp:5000 -o jsonl > all.jsonl
  rls snapshot registry.corp:5000 --resume done.txt >> all.snapshot")]
pub struct SnapshotArgs {
    /// The repositories.
    #[command(flatten)]
    pub walk: WalkArgs,

    /// `--config` after the command's name.
    #[command(flatten)]
    pub config: ConfigFile,
}
