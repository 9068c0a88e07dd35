use std::num::NonZeroU64;

use registry_ls::name::{Digest, Tag};
use registry_ls::{Error, Result};
use semver::VersionReq;

use super::filter::{FilterArgs, parse_limit};
use super::global::ConfigFile;
use super::prune::parse_range;
use crate::sort::Order;

/// List tags
///
/// With several repositories, each tag is printed with its repository.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rls tags registry.corp:5000/team/app
  rls tags -r registry.corp:5000 team/app -l --sort created
  rls tags alpine --match '3.*' --sort version --reverse --limit 5
  rls repos registry.corp:5000 | rls tags -r registry.corp:5000 -d -")]
pub struct TagsArgs {
    /// Repositories; `-` reads them from standard input, one per line
    ///
    /// With --registry each line is a path in that registry. Blank lines and lines starting with # are skipped. A list
    /// is limited to 64 MiB, a line to 4 KiB. For the tags of a whole registry, rls snapshot continues where it was
    /// interrupted, with --resume.
    #[arg(value_name = "REPO", required = true)]
    pub repositories: Vec<String>,

    /// Add the digest: one extra request per tag
    #[arg(short, long)]
    pub digests: bool,

    /// Add digest, type, platforms, size and creation time: one extra request per tag, and a few per digest
    ///
    /// The type is what the tag is: an image, an index, or an artifact such as a Helm chart, model, SBOM or signature.
    /// Charts and models have their version. The size is the sum of the distinct blobs of all platforms, as stored. The
    /// creation time comes from the image config (for an index, that of its newest image), else from the annotation
    /// org.opencontainers.image.created. Dates before 2000 or in the future, as set by reproducible builds, count as
    /// unknown.
    #[arg(short, long)]
    pub long: bool,

    /// Filters by name.
    #[command(flatten)]
    pub filter: FilterArgs,

    /// At most N tags of each repository, after sorting
    #[arg(long, value_name = "N", value_parser = parse_limit)]
    pub limit: Option<NonZeroU64>,

    /// Sort order
    #[arg(long, value_name = "ORDER", value_enum, default_value_t)]
    pub sort: Order,

    /// Reverse the order
    #[arg(long)]
    pub reverse: bool,

    /// Only tags that point to the same manifest as TAG: one extra request per tag
    #[arg(long, value_name = "TAG|DIGEST")]
    pub same_as: Option<SameAs>,

    /// Only versions in RANGE, such as '>=1.4, <2'
    ///
    /// A variant such as 1.4.2-alpine counts as its version, and 1.4 is in the range if any 1.4.x is. A pre-release is
    /// in the range only if that names a pre-release of the same version.
    #[arg(long, value_name = "RANGE", value_parser = parse_range)]
    pub semver: Option<VersionReq>,

    /// One row per digest, with all its tags: one extra request per tag
    #[arg(long)]
    pub group: bool,

    /// Show tags of signatures, attestations and SBOMs in tables, too
    ///
    /// These tags are named after a digest: sha256-…, with .sig, .att or .sbom. Other formats always have them, and so
    /// do tables with --match or --same-as.
    #[arg(long)]
    pub all: bool,

    /// `--config` after the command's name.
    #[command(flatten)]
    pub config: ConfigFile,
}

/// The manifest of `--same-as`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SameAs {
    /// What a tag points to.
    Tag(Tag),
    /// The manifest with this digest.
    Digest(Digest),
}

impl std::str::FromStr for SameAs {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        // A tag has no colon, a digest has one.
        if text.contains(':') { text.parse().map(Self::Digest) } else { text.parse().map(Self::Tag) }
    }
}
