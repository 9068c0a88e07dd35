//! The real program against the embedded registry: every command, option and failure, with whole outputs.

mod commands;
mod concurrency;
mod custom_manifests;
mod doctor;
mod errors;
mod examples;
mod layers;
mod links;
mod login;
mod naming;
mod options;
mod output;
mod personalities;
mod registries;
mod removal;
mod streams;
mod terminal;
mod tokens;
mod undo;
mod whole_registry;
