use super::global::ConfigFile;
use super::layers::LayerArgs;

/// Print a file of an image without pulling it
///
/// Reads the layers from the topmost down, no further than needed, and follows links within the image. Prints the exact
/// bytes, like cat; on a terminal, a binary file needs --binary.
///
/// The digest of a layer can be verified only if the layer is read to its end: --verify does that.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rls cat alpine:3.20 /etc/os-release
  rls cat registry.corp:5000/team/app:1.4.0 /app/package.json | jq .version
  rls cat --verify --platform linux/arm64 ghcr.io/org/app /usr/bin/app > app")]
pub struct CatArgs {
    /// The image: REPO:TAG, REPO@DIGEST, or REPO alone for its tag latest
    #[arg(value_name = "REF")]
    pub reference: String,

    /// Path of the file in the image
    #[arg(value_name = "PATH")]
    pub path: String,

    /// Read the file's layer to its end and verify its digest
    #[arg(long)]
    pub verify: bool,

    /// Print a binary file on a terminal
    #[arg(long)]
    pub binary: bool,

    /// Platform and limits.
    #[command(flatten)]
    pub layers: LayerArgs,

    /// `--config` after the command's name.
    #[command(flatten)]
    pub config: ConfigFile,
}
