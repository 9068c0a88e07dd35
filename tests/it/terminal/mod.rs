//! rls on a terminal that the test reads and types on.

mod progress;
mod prompts;
mod tables;
