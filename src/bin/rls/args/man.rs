use std::path::PathBuf;

/// Write man pages, one per command
///
/// Without DIR, prints the page of rls itself: rls man | man -l -
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rls man ~/.local/share/man/man1
  rls man | man -l -")]
pub struct ManArgs {
    /// Directory for rls.1, rls-tags.1 and the others; created if it does not exist
    #[arg(value_name = "DIR")]
    pub folder: Option<PathBuf>,
}
