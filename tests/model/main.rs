//! Removal against a model: random interleavings of our requests with other clients' changes to the same repository,
//! with failing requests, lost and untrue replies, and crashes. Then each request is checked: nothing was removed that
//! was not named, the report is true, undo restores what was removed, and the registry's garbage collection takes
//! nothing that a tag needs.
//!
//! Each interleaving follows from a number, which a failure prints. `RLS_MODEL_SEED=N` runs that one alone,
//! `RLS_MODEL_COUNT=N` runs that many of each kind.

/// A test for each personality, which runs this many of the module's interleavings.
macro_rules! per_personality {
    ($($name:ident: $personality:ident, $count:expr;)*) => {
        $(
            #[test]
            fn $name() {
                crate::all(registry_fixture::Personality::$personality, $count, interleaving);
            }
        )*
    };
}

mod allowed;
mod disturbances;
mod follow_up;
mod graph;
mod library;
mod outcomes;
mod program;
mod trace;
mod world;

use registry_fixture::Personality;

/// Runs the interleavings of one personality, or the one of `RLS_MODEL_SEED`.
#[track_caller]
fn all(personality: Personality, count: u64, one: impl Fn(Personality, u64) -> Result<(), String>) {
    let number = |name: &str| std::env::var(name).ok().map(|number| number.parse().expect("a number"));
    let seeds = match number("RLS_MODEL_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("RLS_MODEL_COUNT").unwrap_or(count),
    };
    for seed in seeds {
        if let Err(error) = one(personality, seed) {
            panic!("RLS_MODEL_SEED={seed} {personality:?}:\n{error}");
        }
    }
}
