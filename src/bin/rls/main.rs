//! rls: ls for container registries.

mod args;
mod config;
mod output;
mod sort;
mod usage;

fn main() {}
