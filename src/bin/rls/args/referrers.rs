use registry_ls::registry::{MAX_REFERRER_LEVELS, ManifestKind};

use super::global::ConfigFile;
use crate::spelling::nearest;

/// Show what refers to an image: signatures, SBOMs, attestations
///
/// Looks everywhere that tools put them: the referrers API, the tag `sha256-<hex>` if the registry has no such API,
/// cosign's tags `.sig`, `.att` and `.sbom`, and the attestations of BuildKit in an index. The manifests that an index
/// lists are looked at too, and so is what refers to a referrer. Five requests per manifest and one per referrer.
/// Signatures are not verified.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rls referrers registry.corp:5000/team/app:1.4.0
  rls referrers team/app:1.4.0 --type signature
  rls referrers team/app:1.4.0 --type sbom --format '{{ digest }}' | xargs -I{} rls manifest team/app@{}")]
pub struct ReferrersArgs {
    /// REPO:TAG, REPO@DIGEST, or REPO alone for its tag latest
    #[arg(value_name = "REF")]
    pub reference: String,

    /// At most N levels: 1 leaves out what refers to referrers
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=MAX_REFERRER_LEVELS as i64))]
    pub depth: Option<u8>,

    /// Only this artifact type, or kind: signature, attestation, sbom, end-of-life, …; repeatable
    #[arg(long = "type", value_name = "TYPE", value_parser = TypeFilter::parse)]
    pub types: Vec<TypeFilter>,

    /// `--config` after the command's name.
    #[command(flatten)]
    pub config: ConfigFile,
}

/// What `--type` selects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypeFilter {
    /// A kind.
    Kind(ManifestKind),
    /// An artifact type.
    ArtifactType(String),
}

impl TypeFilter {
    /// Parses a kind's name or a media type.
    fn parse(text: &str) -> Result<Self, String> {
        if text.contains('/') {
            return Ok(Self::ArtifactType(text.to_owned()));
        }
        let names = ManifestKind::ALL.map(ManifestKind::as_str);
        match ManifestKind::ALL.into_iter().find(|kind| kind.as_str() == text) {
            Some(kind) => Ok(Self::Kind(kind)),
            None => Err(match nearest(text, names.iter().copied()) {
                Some(near) => format!("unknown kind; did you mean {near}?"),
                None => {
                    format!("expected an artifact type such as application/spdx+json, or one of {}", names.join(", "))
                }
            }),
        }
    }

    /// Whether it selects a referrer. One that could not be read may be anything.
    pub fn selects(&self, kind: Option<ManifestKind>, artifact_type: Option<&str>) -> bool {
        match self {
            _ if kind.is_none() => true,
            Self::Kind(wanted) => kind == Some(*wanted),
            Self::ArtifactType(wanted) => artifact_type == Some(wanted),
        }
    }
}
