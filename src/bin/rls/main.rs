//! rls: ls for container registries.

mod args;
mod output;
mod sort;
mod usage;

fn main() {}
