//! rls in front of a person: on a terminal that the test reads and types on.

mod questions;
mod screen;
mod shown;
mod waiting;

pub use screen::Screen;
