use std::path::PathBuf;

use super::filter::FilterArgs;
use super::global::ConfigFile;

/// Remove tags or manifests
///
/// REPO:TAG removes that tag and no other: it is untagged where the registry can delete tags, otherwise its manifest is
/// deleted if no other tag points to it and no image index lists it. If neither is possible, nothing is changed and the
/// reason is given (exit 9); see --with-siblings and --placeholder.
///
/// REPO@DIGEST removes a manifest with every tag on it; if tags point to it, --all-tags is needed. REPO with --all-tags
/// removes all tags of a repository, REPO with --match those that match.
///
/// REPO:TAG is removed without confirmation; removing more than the named tags asks for confirmation on a terminal and
/// needs --yes elsewhere. rls undo restores what was removed, until the registry's garbage collection.
///
/// Where the registry can delete tags, a manifest stays after its last tag is removed; --purge deletes it, and what
/// only it needed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rls rm registry.corp:5000/team/app:1.3.9
  rls rm -n team/app:1.3.8 team/app:1.3.9
  rls rm team/app:1.3.9 --placeholder
  rls rm team/app:1.3.9 --with-siblings --yes
  rls rm team/app@sha256:9b1f... --all-tags --yes
  rls rm team/app --match 'pr-*' --yes
  rls rm team/app:1.3.9 --purge --with-referrers --yes
  rls tags team/app --match 'pr-*' --full | rls rm -
  rls tags -r registry.corp:5000 - < repositories.txt | rls rm -r registry.corp:5000 -
  rls rm team/app:1.3.9 --save-plan plan.json, and after a review: rls rm --apply plan.json")]
pub struct RmArgs {
    /// What to remove; `-` reads references from standard input, one per line
    ///
    /// With --registry each line is a path in that registry, otherwise a full reference, as printed by --full. Blank
    /// lines and lines starting with # are skipped. Lists and plans are limited to 64 MiB.
    #[arg(value_name = "REF", required_unless_present = "apply")]
    pub references: Vec<String>,

    /// Show what would be removed; change nothing
    #[arg(short = 'n', long, conflicts_with = "yes")]
    pub dry_run: bool,

    /// Do not ask for confirmation
    #[arg(short, long, conflicts_with = "dry_run")]
    pub yes: bool,

    /// Ignore tags and manifests that do not exist
    #[arg(long)]
    pub ignore_missing: bool,

    /// Remove the whole manifest of a tag, with all the tags on it
    #[arg(long, conflicts_with = "placeholder")]
    pub with_siblings: bool,

    /// Where a tag cannot be removed alone, push a tiny manifest to it and delete that; needs permission to push
    #[arg(long)]
    pub placeholder: bool,

    /// Remove REPO@DIGEST with all tags on it; with REPO alone, remove all its tags
    #[arg(long)]
    pub all_tags: bool,

    /// Remove a manifest even if this breaks an image index that lists it
    #[arg(long)]
    pub force: bool,

    /// Also delete what no tag needs any longer: the manifest, its platform manifests and their referrers
    ///
    /// Pulls by their digest then fail.
    #[arg(long)]
    pub purge: bool,

    /// Also remove the signatures, SBOMs and attestations of what is removed
    #[arg(long)]
    pub with_referrers: bool,

    /// Selects the tags of REPO to remove.
    #[command(flatten)]
    pub filter: FilterArgs,

    /// Keep the images that FILE names (`-` is standard input): pods, charts, compose files, or one reference per line
    #[arg(long, value_name = "FILE")]
    pub keep_used: Option<PathBuf>,

    /// Do not save a copy of what is removed for rls undo
    #[arg(long)]
    pub no_undo: bool,

    /// Save the plan to FILE; change nothing
    #[arg(long, value_name = "FILE")]
    pub save_plan: Option<PathBuf>,

    /// Apply a saved plan (`-` is standard input), except for what has changed since
    ///
    /// With --registry every entry must be of that registry.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = [
            "references", "save_plan", "with_siblings", "placeholder", "all_tags", "force", "purge", "with_referrers", "matches",
            "exclude", "keep_used",
        ]
    )]
    pub apply: Option<PathBuf>,

    /// `--config` after the command's name.
    #[command(flatten)]
    pub config: ConfigFile,
}

impl RmArgs {
    /// Whether the plan is only shown or saved.
    pub fn only_plans(&self) -> bool {
        self.dry_run || self.save_plan.is_some()
    }

    /// Whether missing targets are ignored. A partly applied plan can be applied again.
    pub fn ignores_missing(&self) -> bool {
        self.ignore_missing || self.apply.is_some()
    }
}
