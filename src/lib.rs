//! Talk to container registries: list, inspect, delete.

pub mod auth;
pub mod error;
pub mod http;
pub mod keychain;
pub mod name;
pub mod registry;
pub mod trust;

pub use error::{Error, Kind, Result};
