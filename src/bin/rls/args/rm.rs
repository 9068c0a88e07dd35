use std::path::PathBuf;

use super::{ConfigFile, FilterArgs};

/// Remove tags or manifests
///
/// REPO:TAG removes that tag and no other: by its name where the registry deletes tags, otherwise with its manifest where
/// no other tag points to that and no image index lists it. Where that is not possible nothing is changed and the reason
/// is named (exit 9); --with-siblings and --placeholder are two ways out.
///
/// REPO@DIGEST removes a manifest and every tag on it; when tags point to it this needs --all-tags. REPO with --all-tags
/// removes all tags of a repository, REPO with --match those that match.
///
/// An explicit REPO:TAG asks nothing; whatever removes more than the named tags asks on a terminal, and needs --yes
/// elsewhere. rls undo puts back what was removed, until the registry's garbage collection.
///
/// Where the registry deletes tags, the manifest stays after its last tag; --purge deletes it, and what only it needed.
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
    /// With --registry each line is a path in that registry, otherwise a full reference, as --full prints it. Blank lines and lines
    /// that begin with # are skipped. Lists and plans may have 64 MiB.
    #[arg(value_name = "REF", required_unless_present = "apply")]
    pub references: Vec<String>,

    /// Show what would be removed, change nothing
    #[arg(short = 'n', long, conflicts_with = "yes")]
    pub dry_run: bool,

    /// Do not ask
    #[arg(short, long, conflicts_with = "dry_run")]
    pub yes: bool,

    /// Ignore tags and manifests that do not exist
    #[arg(long)]
    pub ignore_missing: bool,

    /// Remove the whole manifest of a tag, with all the tags on it
    #[arg(long, conflicts_with = "placeholder")]
    pub with_siblings: bool,

    /// Where a tag cannot be removed alone, push a tiny manifest to it first and delete that; needs permission to push
    #[arg(long)]
    pub placeholder: bool,

    /// Remove the manifest REPO@DIGEST although tags point to it; with REPO alone, all tags
    #[arg(long)]
    pub all_tags: bool,

    /// Remove a manifest although an image index that stays lists it and breaks
    #[arg(long)]
    pub force: bool,

    /// Also delete by digest what no tag needs any longer: the manifest, an index's platform manifests, what refers to them
    ///
    /// Pulls pinned to such a digest then fail.
    #[arg(long)]
    pub purge: bool,

    /// Also remove the signatures, SBOMs and attestations of what is removed
    #[arg(long)]
    pub with_referrers: bool,

    /// Which tags of REPO to remove.
    #[command(flatten)]
    pub filter: FilterArgs,

    /// Keep what FILE names as used (`-` is standard input): pods, charts, compose files, or one reference per line
    #[arg(long, value_name = "FILE")]
    pub keep_used: Option<PathBuf>,

    /// Do not keep a copy of what is removed for rls undo
    #[arg(long)]
    pub no_undo: bool,

    /// Write the plan to FILE; change nothing
    #[arg(long, value_name = "FILE")]
    pub save_plan: Option<PathBuf>,

    /// Apply the plan in FILE (`-` is standard input), as far as everything is still as it was
    ///
    /// With --registry every entry has to be of that registry.
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
    /// Whether nothing is to be changed.
    pub fn only_plans(&self) -> bool {
        self.dry_run || self.save_plan.is_some()
    }

    /// Whether what does not exist is ignored. A plan that was partly applied can be applied again.
    pub fn ignores_missing(&self) -> bool {
        self.ignore_missing || self.apply.is_some()
    }
}
