use std::path::PathBuf;

use super::ConfigFile;
use crate::usage::Usage;

/// Remove tags or manifests
///
/// REPO:TAG removes that tag and no other: by its name where the registry does that, else with its manifest where no
/// other tag is on that and no image index lists it. Otherwise nothing is changed and they are named (exit 9); then
/// --with-siblings and --placeholder are two ways out.
///
/// REPO@DIGEST removes a manifest and every tag on it; when tags point at it this needs --all-tags. With --all-tags,
/// REPO alone removes all tags of a repository.
///
/// An explicit REPO:TAG asks nothing; whatever removes more than the named tags asks on a terminal, and needs --yes
/// elsewhere. The space returns when the registry's operator runs its garbage collection.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rls rm registry.corp:5000/team/app:1.3.9
  rls rm -n team/app:1.3.8 team/app:1.3.9
  rls rm team/app:1.3.9 --placeholder
  rls rm team/app:1.3.9 --with-siblings --yes
  rls rm team/app@sha256:9b1f... --all-tags --yes
  rls tags team/app --match 'pr-*' --format '{{ repository }}:{{ tag }}' | rls rm -
  rls rm team/app:1.3.9 --save-plan plan.json, and after a review: rls rm --apply plan.json")]
pub struct RmArgs {
    /// What to remove; `-` reads references from standard input, one a line
    #[arg(value_name = "REF", required_unless_present = "apply")]
    pub references: Vec<String>,

    /// Show what would be removed, change nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,

    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,

    /// What does not exist is no error
    #[arg(long)]
    pub ignore_missing: bool,

    /// Remove the whole manifest of a tag, with all the tags on it
    #[arg(long, conflicts_with = "placeholder")]
    pub with_siblings: bool,

    /// Where a tag cannot go alone, push a tiny manifest of its own to it first and delete that; needs the right to push
    #[arg(long)]
    pub placeholder: bool,

    /// Remove the manifest REPO@DIGEST although tags point at it; of REPO alone, all tags
    #[arg(long)]
    pub all_tags: bool,

    /// Remove a manifest although an image index that stays lists it, and is broken then
    #[arg(long)]
    pub force: bool,

    /// Write what would be removed, and how, to FILE; change nothing
    #[arg(long, value_name = "FILE")]
    pub save_plan: Option<PathBuf>,

    /// Carry out the plan in FILE (`-` is standard input), where everything is still as it was when that was written
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["references", "save_plan", "with_siblings", "placeholder", "all_tags", "force"]
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

    /// Whether what does not exist is no error. A plan that was partly carried out can be carried out again.
    pub fn is_lenient(&self) -> bool {
        self.ignore_missing || self.apply.is_some()
    }

    /// Whether it reads references or a plan from standard input.
    pub fn reads_stdin(&self) -> Option<&'static str> {
        if self.references.iter().any(|reference| reference == "-") {
            return Some("-");
        }
        self.apply.as_ref().filter(|path| path.as_os_str() == "-").map(|_| "--apply -")
    }

    /// What clap cannot see.
    ///
    /// # Errors
    /// Standard input is read twice.
    pub fn check(&self) -> Result<(), Usage> {
        match self.references.iter().filter(|reference| *reference == "-").count() {
            0 | 1 => Ok(()),
            _ => Err(Usage::new("- stands for standard input, which can be read once")),
        }
    }
}
