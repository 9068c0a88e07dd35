//! The real program against the embedded registry: every command, every option, every way to fail, whole outputs.

mod commands;
mod concurrency;
mod custom_manifests;
mod doctor;
mod errors;
mod floors;
mod login;
mod naming;
mod options;
mod output;
mod personalities;
mod registries;
mod removing;
mod streams;
mod terminal;
mod tokens;
mod undo;
