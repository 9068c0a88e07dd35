//! Options, environment and configuration file, and their precedence.

mod blank_values;
mod config_file;
mod connection;
mod encodings;
mod helpers;
mod login;
mod precedence;
mod proxies;
mod registry;
mod sources;
