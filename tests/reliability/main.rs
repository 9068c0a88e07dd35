//! What is promised whatever a registry does, for however long: a list that is whole or said not to be, as few tokens
//! as can be, memory and descriptors that do not grow, files that many write at once, and nothing built in that was not
//! looked at.
//!
//! What takes long is done in small here; `make soak` has it done in full.

mod concurrent_writes;
mod dependencies;
mod scale;
mod slow_reader;
mod soak;
mod tokens;
mod walks;
