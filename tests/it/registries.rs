//! Registries for tests: distribution 2.8, anonymous, over plain HTTP.

use registry_fixture::{Builder, Registry, Running};

/// Nothing in it yet.
pub fn empty() -> Running {
    Registry::builder().start()
}

/// Filled as the embedded registry's own names say: `demo`, `shared`, `kinds`, `2x3`.
pub fn seeded(name: &str) -> Running {
    with_seed(Registry::builder(), name).start()
}

/// The same for a registry that differs otherwise too.
pub fn with_seed(builder: Builder, name: &str) -> Builder {
    builder.seed(name.parse().expect("a seed"))
}
