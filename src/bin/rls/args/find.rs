use registry_ls::name::Digest;

use super::global::ConfigFile;
use super::walk::WalkArgs;

/// Find tags by digest, label, annotation or base image
///
/// Several conditions must all hold; in an index, for the same image.
///
/// Requests: one per tag, one per distinct manifest, and with --label one per distinct image config.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("conditions").required(true).multiple(true))]
#[command(after_help = "\
Examples:
  rls find registry.corp:5000 --label org.opencontainers.image.revision=4f2a91c
  rls find registry.corp:5000/team --digest sha256:9b1f27c4…
  rls find registry.corp:5000/team --base alpine:3.20")]
pub struct FindArgs {
    /// The repositories.
    #[command(flatten)]
    pub walk: WalkArgs,

    /// Tags that reach this manifest, config (image ID) or layer
    #[arg(long, value_name = "DIGEST", group = "conditions")]
    pub digest: Vec<Digest>,

    /// Images with this label, and this value if one is given
    #[arg(long, value_name = "KEY[=VALUE]", group = "conditions")]
    pub label: Vec<String>,

    /// Manifests with this annotation, and this value if one is given
    #[arg(long, value_name = "KEY[=VALUE]", group = "conditions")]
    pub annotation: Vec<String>,

    /// Images that begin with all layers of this image, or name its digest in org.opencontainers.image.base.digest
    #[arg(long, value_name = "REF", group = "conditions")]
    pub base: Option<String>,

    /// `--config` after the command's name.
    #[command(flatten)]
    pub config: ConfigFile,
}
