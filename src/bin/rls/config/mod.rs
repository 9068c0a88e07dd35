//! Settings: read from options, environment and configuration file, and merged.
//!
//! ```text
//! let environment = Environment::of_process()?;
//! let file = File::load(None).await?;
//! let settings = Settings::resolve(&cli, environment, file)?;
//! let (registry, reference) = settings.reference("app:1")?;   // also .repository(…) and .catalog(…)
//! let connection = settings.connection(&registry)?;           // everything about that registry
//! settings.layout, .header, .color, .progress, .quiet, .verbosity, .stats, .timeout
//! ```
//!
//! Order: option, environment, configuration file (first its table for the registry), default. The environment is not
//! left to clap, which treats a variable like an option: `RLS_OUTPUT=json rls tags app --format …` would be a conflict.

mod account;
mod environment;
mod file;
mod names;
mod partial;
mod reader;
mod settings;

pub use environment::Environment;
pub use file::File;
#[cfg(test)]
pub use file::keys;
pub use names::{Line, Place};
pub use settings::{Account, Connection, Password, Settings};
