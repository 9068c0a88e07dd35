use super::global::ConfigFile;
use super::layers::LayerArgs;

/// List the files of an image without pulling it
///
/// Reads the layers as they arrive, from the topmost down, and applies whiteouts. Layers with a table of contents
/// (zstd:chunked, eStargz) are not downloaded. Nothing is written to disk. Directories that no layer has an entry for
/// are shown as container runtimes create them: mode 0755, owner 0:0, no time.
///
/// For an artifact whose layers are not archives, lists the layers themselves, by title or else by digest.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rls files alpine:3.20
  rls files alpine:3.20 /etc --depth 1 -l
  rls files registry.corp:5000/team/app:1.4.0 --sort size -o jsonl | tail -n 20
  rls files ghcr.io/org/app --platform linux/arm64 /usr/bin")]
pub struct FilesArgs {
    /// The image: REPO:TAG, REPO@DIGEST, or REPO alone for its tag latest
    #[arg(value_name = "REF")]
    pub reference: String,

    /// Only these files, and everything below these directories; follows symbolic links within the image
    #[arg(value_name = "PATH")]
    pub paths: Vec<String>,

    /// Show mode, owner, size and modification time like 'ls -l', in plain output too
    #[arg(short, long)]
    pub long: bool,

    /// Descend at most N levels; 1 lists a directory like ls
    #[arg(long, value_name = "N")]
    pub depth: Option<usize>,

    /// Sort order; none prints files as they are found, the topmost layer first
    #[arg(long, value_name = "ORDER", value_enum, default_value_t)]
    pub sort: FileOrder,

    /// Reverse the order
    #[arg(long)]
    pub reverse: bool,

    /// Platform and limits.
    #[command(flatten)]
    pub layers: LayerArgs,

    /// `--config` after the command's name.
    #[command(flatten)]
    pub config: ConfigFile,
}

/// The order of files.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum FileOrder {
    /// By path
    #[default]
    Path,
    /// By size, largest last
    Size,
    /// As they are found
    None,
}
