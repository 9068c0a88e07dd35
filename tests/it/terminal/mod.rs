//! rls in front of a person: on a terminal that the test reads and types on.

mod questions;
mod shown;
mod waiting;
