//! What is to be done with what options, environment and configuration file say.
//!
//! ```text
//! let settings = Settings::load(&cli)?;                       // the configuration file, the environment
//! let (registry, reference) = settings.reference("app:1")?;   // also .repository(…) and .catalog(…)
//! let connection = settings.connection(&registry)?;           // everything about talking to that registry
//! settings.layout, .header, .color, .progress, .quiet, .verbosity, .stats, .timeout
//! ```
//!
//! Order: option, environment, configuration file (first its table for the registry), default. The environment is not left
//! to clap, for which a variable is as good as an option: `RLS_OUTPUT=json rls tags app --format …` would be a contradiction.

mod environment;
mod file;
mod reader;
mod settings;

pub use environment::Environment;
pub use file::{File, Login};
pub use settings::{Account, Connection, Password, Settings};
