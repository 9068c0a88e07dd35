use std::num::NonZeroU64;

use super::filter::parse_limit;
use super::global::ConfigFile;

/// Restore what was removed
///
/// Restores what the last `rls rm` or `rls prune` removed: pushes the manifests byte for byte, then their tags. `rls
/// rm` and `rls prune` save a copy of every manifest before they remove it, for 90 days or up to 64 MiB, in
/// $XDG_STATE_HOME/rls/removed (~/.local/state/rls/removed).
///
/// This works until the registry's garbage collection; missing blobs are named then (exit 9). Nothing is overwritten: a
/// tag that exists again stays as it is (exit 9). What already exists is left alone, so running it twice is safe.
///
/// -u, RLS_USERNAME and RLS_PASSWORD are sent only to the registry of -r, RLS_REGISTRY or the configuration file; other
/// registries get the credentials found for them.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rls undo
  rls undo --list
  rls undo -n --last 3
  rls undo 20261130T015018-4f2a9c
  rls undo registry.corp:5000/team/app:1.3.9
  rls undo -r registry.corp:5000 -u ann")]
pub struct UndoArgs {
    /// What to restore instead of the last run: run IDs, or REFs and REPOs as last removed
    #[arg(value_name = "LIST")]
    pub lists: Vec<String>,

    /// List the runs that can be undone
    #[arg(long, conflicts_with_all = ["lists", "dry_run"])]
    pub list: bool,

    /// Restore the last N runs; with --list, show only the last N
    #[arg(long, value_name = "N", value_parser = parse_limit, conflicts_with = "lists")]
    pub last: Option<NonZeroU64>,

    /// Show what would be restored; change nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,

    /// `--config` after the command's name.
    #[command(flatten)]
    pub config: ConfigFile,
}
