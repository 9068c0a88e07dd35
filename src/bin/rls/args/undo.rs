use std::num::NonZeroU64;

use super::{ConfigFile, parse_limit};

/// Put back what was removed
///
/// Pushes back what the last `rls rm` or `rls prune` removed: manifests byte for byte, then their tags. `rls rm` and
/// `rls prune` keep a copy of every manifest before they remove it, for 90 days or 64 MiB, in
/// $XDG_STATE_HOME/rls/removed (~/.local/state/rls/removed).
///
/// This works until the registry has collected its garbage; what it no longer has is then named (exit 9). Nothing is
/// overwritten: a tag that exists again stays as it is (exit 9). What is there already is left alone, so that a second run
/// does no harm.
///
/// -u, RLS_USERNAME and RLS_PASSWORD are sent only to the registry of -r, RLS_REGISTRY or the configuration file; other
/// registries get the credentials that are found for them.
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
    /// What to put back, instead of the last run: runs by their ID, or REFs and REPOs as they were last removed
    #[arg(value_name = "LIST")]
    pub lists: Vec<String>,

    /// List the runs that can be undone
    #[arg(long, conflicts_with_all = ["lists", "dry_run"])]
    pub list: bool,

    /// Put back the last N runs; with --list, show no more than these
    #[arg(long, value_name = "N", value_parser = parse_limit, conflicts_with = "lists")]
    pub last: Option<NonZeroU64>,

    /// Show what would be put back, change nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,

    /// `--config` after the command's name.
    #[command(flatten)]
    pub config: ConfigFile,
}
