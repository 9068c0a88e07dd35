//! What options, environment and configuration file do, and which of them wins.

mod blank_values;
mod config_file;
mod connection;
mod helpers;
mod login;
mod precedence;
mod proxies;
mod registry;
mod sources;
