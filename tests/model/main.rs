//! Removal against a model: random interleavings of what we do with what others do to the same repository, with requests that fail,
//! replies that are lost and crashes; then it is checked request by request that nothing went which nobody named, and that what was
//! reported is so.
//!
//! Each interleaving follows from a number, which is told when it fails; `RLS_MODEL_SEED=N` runs that one alone.

mod library;
mod program;
#[path = "../it/runner.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod runner;
mod trace;
mod world;

use registry_fixture::Personality;

/// Runs the interleavings of one personality, or the one that is asked for.
#[track_caller]
fn all(personality: Personality, count: u64, one: impl Fn(Personality, u64) -> Result<(), String>) {
    let chosen: Option<u64> = std::env::var("RLS_MODEL_SEED").ok().map(|seed| seed.parse().expect("a number"));
    for seed in chosen.map_or(0..count, |seed| seed..seed + 1) {
        if let Err(error) = one(personality, seed) {
            panic!("RLS_MODEL_SEED={seed} {personality:?}:\n{error}");
        }
    }
}
