use super::global::ConfigFile;
use super::layers::LayerArgs;

/// Print a file of an image without pulling it
///
/// Reads the layers from the topmost down, and no further than needed; links are followed within the image. The exact
/// bytes are printed, on a terminal too, as by cat. A binary file is not printed on a terminal without --binary.
///
/// A layer's digest covers all of it, so that it is verified only where the layer is read to its end: use --verify.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rls cat alpine:3.20 /etc/os-release
  rls cat registry.corp:5000/team/app:1.4.0 /app/package.json | jq .version
  rls cat --verify --platform linux/arm64 ghcr.io/org/app /usr/bin/app > app")]
pub struct CatArgs {
    /// The image
    #[arg(value_name = "REF")]
    pub reference: String,

    /// The file
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
