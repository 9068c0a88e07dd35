//! What options, environment and configuration file do, and which of them wins.

mod config_file;
mod connection;
mod empty;
mod helpers;
mod login;
mod naming;
mod precedence;
mod proxies;
mod sources;
