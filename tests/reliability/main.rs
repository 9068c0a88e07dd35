//! What rls promises however a registry behaves, for however long: complete lists or errors, as few tokens
//! as possible, constant memory and descriptors, files that many processes write, and no dependency without
//! a reason.
//!
//! Long tests run small here, and in full by `make soak`.

mod concurrent_writes;
mod dependencies;
mod scale;
mod slow_reader;
mod soak;
mod tokens;
mod walks;
