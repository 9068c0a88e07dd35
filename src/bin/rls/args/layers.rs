use registry_ls::layers::Limits;
use registry_ls::registry::Platform;

use super::size::parse_size;

/// Which image of an index, and how much its layers may cost.
#[derive(Debug, Default, Clone, clap::Args)]
pub struct LayerArgs {
    /// Select this platform in an image index [default: that of this machine, else the only one]
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    pub platform: Option<Platform>,

    /// Maximum unpacked size of a layer [default: 1 GiB, or 100 times its compressed size if that is more]
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub max_unpacked: Option<u64>,

    /// Maximum window of a zstd-compressed layer, which is held in memory [default: 8MiB]
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub max_window: Option<u64>,
}

impl LayerArgs {
    /// The limits for reading layers.
    pub fn limits(&self) -> Limits {
        Limits::default().with_unpacked(self.max_unpacked).with_window(self.max_window)
    }
}
