use std::time::Duration;

use registry_ls::name::Digest;
use registry_ls::registry::Platform;

use super::duration::parse_duration;
use super::global::ConfigFile;

/// Wait until a reference exists, and print its digest
///
/// Waits forever unless --timeout limits it (exit 12). Continues after transient failures, such as a lost connection;
/// stops at permanent ones, such as a refused login.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rls wait registry.corp:5000/team/app:1.4.0 --timeout 10m
  rls wait team/app:latest --digest sha256:9b1f27c4… --timeout 5m
  rls wait team/app:1.4.0 --platform linux/arm64 --timeout 30m")]
pub struct WaitArgs {
    /// REPO:TAG, REPO@DIGEST, or REPO alone for its tag latest
    #[arg(value_name = "REF")]
    pub reference: String,

    /// Until it has this digest
    #[arg(long, value_name = "DIGEST")]
    pub digest: Option<Digest>,

    /// Until it has an image for this platform
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    pub platform: Option<Platform>,

    /// Time between two checks
    #[arg(long, value_name = "DUR", value_parser = parse_duration, default_value = "2s")]
    pub interval: Duration,

    /// `--config` after the command's name.
    #[command(flatten)]
    pub config: ConfigFile,
}
