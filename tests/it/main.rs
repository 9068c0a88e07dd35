//! The real program against the embedded registry: every command, every option, every way to fail, whole outputs.

mod commands;
mod doctor;
mod documents;
mod errors;
mod floors;
mod login;
mod naming;
mod options;
mod output;
mod pace;
mod personalities;
mod registries;
mod removing;
mod streams;
mod terminal;
mod tokens;
mod undo;
