use std::path::PathBuf;

use super::global::ConfigFile;

/// Show which tags moved or vanished since a snapshot
///
/// Exits with 6 if there are any. One request per tag.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rls drift app.snapshot
  rls drift --added app.snapshot -o json
  rls snapshot registry.corp:5000/team/app | ssh other rls drift -")]
pub struct DriftArgs {
    /// Output of 'rls snapshot', as lines, JSON or JSON lines; `-` reads standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// Also show new tags in the repositories of the snapshot
    #[arg(long)]
    pub added: bool,

    /// `--config` after the command's name.
    #[command(flatten)]
    pub config: ConfigFile,
}
