//! From a 401 to an `Authorization` header, without doing any input or output.

mod right;

pub use right::{Action, Right};
