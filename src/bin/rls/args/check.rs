use std::path::PathBuf;

use registry_ls::registry::Platform;

use super::global::ConfigFile;
use super::walk::WalkArgs;

/// Check that repositories are complete, or that the images named in a file exist
///
/// Finds tags that do not resolve, indexes with missing manifests, manifests with missing blobs, signatures and other
/// referrers whose subject is gone. Exits with 6 if anything is missing.
///
/// With --refs, checks the images named in a file, in any number of registries. Exits with 6 if some are missing, with
/// 3 if all are.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rls check registry.corp:5000/team/app
  rls check registry.corp:5000 --skip-blobs
  helm template chart/ | rls check --refs - --platform linux/arm64
  rls check --refs docker-compose.yml -o json")]
pub struct CheckArgs {
    /// The repositories.
    #[command(flatten)]
    pub walk: WalkArgs,

    /// Check the images that FILE names; `-` is standard input
    ///
    /// FILE is YAML or JSON (manifests of Kubernetes, a rendered chart, a compose file, a list of pods), or has one
    /// reference per line.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["places", "resume"])]
    pub refs: Option<PathBuf>,

    /// With --refs: require each image for this platform
    #[arg(long, value_name = "OS/ARCH[/VARIANT]", requires = "refs")]
    pub platform: Option<Platform>,

    /// Do not check blobs, which costs one request each
    #[arg(long, conflicts_with = "refs")]
    pub skip_blobs: bool,

    /// `--config` after the command's name.
    #[command(flatten)]
    pub config: ConfigFile,
}
