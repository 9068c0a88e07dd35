use super::global::ConfigFile;
use super::layers::LayerArgs;

/// Show what differs between two images
///
/// Compares platforms, config, annotations, layers, size and history. For two indexes, compares the images for each
/// platform that both have, or only those for --platform.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rls diff team/app:1.3.0 team/app:1.4.0
  rls diff registry.corp:5000/team/app:1.4.0 mirror.corp/team/app:1.4.0 --exit-code
  rls diff alpine:3.19 alpine:3.20 --files --platform linux/amd64")]
pub struct DiffArgs {
    /// The image on the left
    #[arg(value_name = "REF")]
    pub left: String,

    /// The image on the right
    #[arg(value_name = "REF")]
    pub right: String,

    /// Also compare the files: reads all layers that are not shared
    #[arg(long)]
    pub files: bool,

    /// Exit with 6 if there are differences
    #[arg(long)]
    pub exit_code: bool,

    /// Platform and limits.
    #[command(flatten)]
    pub layers: LayerArgs,

    /// `--config` after the command's name.
    #[command(flatten)]
    pub config: ConfigFile,
}
