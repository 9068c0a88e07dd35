use registry_ls::registry::Platform;

use super::Global;
use crate::output::Format;
use crate::usage::{Result, Usage};

/// Show what a reference is: digest, type, platforms, layers, config
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rls manifest alpine:3.20
  rls manifest registry.corp:5000/team/app:1.4.0 --platform linux/arm64
  rls manifest --raw team/app:1.4.0 | sha256sum
  rls manifest --config --raw team/app:1.4.0 | jq .config.Env")]
pub struct ManifestArgs {
    /// The reference
    #[arg(value_name = "REF")]
    pub reference: String,

    /// Print the exact bytes as stored, so that their hash is the digest
    #[arg(long, conflicts_with = "history")]
    pub raw: bool,

    /// Of an image index, the image for this platform; without it, --config and --history show this machine's
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    pub platform: Option<Platform>,

    /// Print the image config as indented JSON; with --raw its exact bytes
    ///
    /// The option for the configuration file, also --config, stands before the command's name: rls --config FILE manifest.
    #[arg(long = "config", conflicts_with = "history")]
    pub image_config: bool,

    /// Add the history of the image
    #[arg(long)]
    pub history: bool,
}

impl ManifestArgs {
    /// Exact bytes have no format, and an image config is JSON.
    pub(super) fn check(&self, global: &Global) -> Result<()> {
        let wanted = match (&global.format, global.output) {
            (Some(_), _) => "--format",
            (None, Some(Format::Json)) if !self.raw => return Ok(()),
            (None, Some(_)) => "--output",
            (None, None) => return Ok(()),
        };
        match (self.raw, self.image_config) {
            (true, _) => Err(Usage::new(format!("--raw and {wanted} contradict each other"))),
            (false, true) => Err(Usage::new(format!("--config and {wanted} contradict each other"))
                .because("the image config is shown as JSON")),
            (false, false) => Ok(()),
        }
    }
}
