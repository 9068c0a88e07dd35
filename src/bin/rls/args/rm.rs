use super::ConfigFile;

/// Remove tags or manifests
///
/// REPO:TAG removes that tag and no other. Where the registry cannot remove one tag without the others on the same
/// manifest, nothing is changed and they are named (exit 9).
///
/// REPO@DIGEST removes a manifest and every tag on it; when tags point at it this needs --all-tags.
///
/// An explicit REPO:TAG asks nothing; whatever removes more than the named tags asks on a terminal, and needs --yes
/// elsewhere. The space returns when the registry's operator runs its garbage collection.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rls rm registry.corp:5000/team/app:1.3.9
  rls rm -n team/app:1.3.8 team/app:1.3.9
  rls rm team/app:1.3.9 --with-siblings --yes
  rls rm team/app@sha256:9b1f... --all-tags --yes")]
pub struct RmArgs {
    /// What to remove
    #[arg(value_name = "REF", required = true)]
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
    #[arg(long)]
    pub with_siblings: bool,

    /// Remove the manifest REPO@DIGEST although tags point at it
    #[arg(long)]
    pub all_tags: bool,

    /// `--config` after the command's name.
    #[command(flatten)]
    pub config: ConfigFile,
}
