//! What `rm` and `prune` share: executing removal plans, and describing them in records and in lines for people.

mod describe;
mod runner;

pub(super) use describe::{describe, reason};
pub(super) use runner::{RecordWriter, RemovalRunner, save_plan};
