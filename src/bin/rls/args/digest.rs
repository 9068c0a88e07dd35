use registry_ls::registry::Platform;

use super::global::ConfigFile;

/// Print the digest of a reference
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rls digest alpine:3.20
  rls digest alpine:3.20 --platform linux/arm64
  test \"$(rls digest app:stable)\" = \"$(rls digest app:1.4.0)\"")]
pub struct DigestArgs {
    /// References; `-` reads them from standard input, one per line
    #[arg(value_name = "REF", required = true)]
    pub references: Vec<String>,

    /// The digest of the image for this platform in an image index
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    pub platform: Option<Platform>,

    /// `--config` after the command's name.
    #[command(flatten)]
    pub config: ConfigFile,
}
