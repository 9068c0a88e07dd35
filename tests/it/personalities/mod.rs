//! Every command against every registry that the embedded one imitates. What is expected of each is data
//! (`profile.rs`); the state of the registry afterwards is looked at in the registry itself, not through rls.

mod listing;
mod profile;
mod reading;
mod removal;
mod small;
