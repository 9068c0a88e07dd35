use super::global::ConfigFile;

/// Print the digest of a reference
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rls digest alpine:3.20
  test \"$(rls digest app:stable)\" = \"$(rls digest app:1.4.0)\"")]
pub struct DigestArgs {
    /// References; `-` reads them from standard input, one per line
    #[arg(value_name = "REF", required = true)]
    pub references: Vec<String>,

    /// `--config` after the command's name.
    #[command(flatten)]
    pub config: ConfigFile,
}
