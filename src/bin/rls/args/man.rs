use std::path::PathBuf;

/// Write man pages, one per command
///
/// Without DIR the page of rls itself is printed; man shows it: rls man | man -l -
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rls man ~/.local/share/man/man1
  rls man | man -l -")]
pub struct ManArgs {
    /// Where to write rls.1, rls-tags.1 and the others; it is created if it does not exist
    #[arg(value_name = "DIR")]
    pub folder: Option<PathBuf>,
}
