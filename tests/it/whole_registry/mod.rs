//! Commands over many repositories: `find`, `check`, `snapshot`, `drift`; and `wait`.

mod check;
mod check_refs;
mod drift;
mod find;
mod resume;
mod snapshot;
mod wait;
