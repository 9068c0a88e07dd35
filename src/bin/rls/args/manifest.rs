use registry_ls::registry::Platform;

use super::global::Global;
use crate::output::Format;
use crate::usage::{Result, Usage};

/// Show a manifest: digest, type, platforms, layers, config
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rls manifest alpine:3.20
  rls manifest registry.corp:5000/team/app:1.4.0 --platform linux/arm64
  rls manifest --raw team/app:1.4.0 | sha256sum
  rls manifest --config --raw team/app:1.4.0 | jq .config.Env")]
pub struct ManifestArgs {
    /// REPO:TAG, REPO@DIGEST, or REPO alone for its tag latest
    #[arg(value_name = "REF")]
    pub reference: String,

    /// Print the exact stored bytes, whose hash is the digest
    #[arg(long, conflicts_with = "history")]
    pub raw: bool,

    /// Select this platform in an image index; --config and --history default to that of this machine
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    pub platform: Option<Platform>,

    /// Print the image config as indented JSON; with --raw its exact bytes
    ///
    /// The global option --config for the configuration file goes before the command: rls --config FILE manifest.
    #[arg(long = "config", conflicts_with = "history")]
    pub image_config: bool,

    /// Include the history of the image
    #[arg(long)]
    pub history: bool,
}

impl ManifestArgs {
    /// Rejects formats for exact bytes, and formats other than JSON for an image config.
    pub(super) fn check(&self, global: &Global) -> Result<()> {
        let option = match (&global.format, global.output) {
            (Some(_), _) => "--format",
            (None, Some(Format::Json)) if !self.raw => return Ok(()),
            (None, Some(_)) => "--output",
            (None, None) => return Ok(()),
        };
        match (self.raw, self.image_config) {
            (true, _) => Err(Usage::new(format!("--raw cannot be used with {option}"))),
            (false, true) => Err(Usage::new(format!("--config cannot be used with {option}"))
                .because("the image config is shown as JSON")),
            (false, false) => Ok(()),
        }
    }
}
