use std::time::Duration;

use registry_ls::name::Digest;
use registry_ls::registry::Platform;

use super::duration::parse_duration;
use super::global::ConfigFile;

/// Wait until a reference exists, and print its digest
///
/// Waits forever unless --timeout limits it (exit 12). A failure that may pass, such as a lost connection, does not
/// end it; one that does not, such as a refused login, does.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rls wait registry.corp:5000/team/app:1.4.0 --timeout 10m
  rls wait team/app:latest --digest sha256:9b1f27c4… --timeout 5m
  rls wait team/app:1.4.0 --platform linux/arm64 --timeout 30m")]
pub struct WaitArgs {
    /// The reference
    #[arg(value_name = "REF")]
    pub reference: String,

    /// Until it has this digest
    #[arg(long, value_name = "DIGEST")]
    pub digest: Option<Digest>,

    /// Until it has an image for this platform
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    pub platform: Option<Platform>,

    /// Pause between two looks
    #[arg(long, value_name = "DUR", value_parser = parse_duration, default_value = "2s")]
    pub interval: Duration,

    /// `--config` after the command's name.
    #[command(flatten)]
    pub config: ConfigFile,
}
