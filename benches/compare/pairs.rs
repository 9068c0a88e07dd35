//! Times two commands alternately: medians, and the ratio of each pair.

use std::time::{Duration, Instant};

use crate::run::{Cost, Plan};

/// Pairs are timed until this many are done,
const MOST: usize = 21;
/// or, after this many,
const LEAST: usize = 3;
/// until they took this long.
const PATIENCE: Duration = Duration::from_secs(3);

/// The result of timing pairs.
#[derive(Debug, Clone, Copy)]
pub struct Outcome {
    pub ours: Cost,
    pub theirs: Cost,
    /// The median of the ratios, the least and the largest.
    pub ratio: f64,
    pub from: f64,
    pub to: f64,
    /// The median of the differences, in milliseconds.
    pub more: f64,
}

impl Outcome {
    /// For commands that can run only once.
    pub fn once(ours: Cost, theirs: Cost) -> Self {
        let ratio = ours.time.as_secs_f64() / theirs.time.as_secs_f64();
        let more = (ours.time.as_secs_f64() - theirs.time.as_secs_f64()) * 1000.0;
        Self { ours, theirs, ratio, from: ratio, to: ratio, more }
    }
}

/// Runs both alternately, after one pair that is not counted.
pub fn compare(ours: &Plan, theirs: &Plan) -> Outcome {
    let mut pairs = Vec::new();
    let _ = (ours.run(), theirs.run());
    let begin = Instant::now();
    while pairs.len() < LEAST || (pairs.len() < MOST && begin.elapsed() < PATIENCE) {
        pairs.push((ours.run(), theirs.run()));
    }
    let milliseconds = |cost: &Cost| cost.time.as_secs_f64() * 1000.0;
    let ratios = sorted(pairs.iter().map(|(our, their)| milliseconds(our) / milliseconds(their)));
    Outcome {
        ours: typical(pairs.iter().map(|(our, _)| *our)),
        theirs: typical(pairs.iter().map(|(_, their)| *their)),
        ratio: median(&ratios),
        from: ratios[0],
        to: ratios[ratios.len() - 1],
        more: median(&sorted(pairs.iter().map(|(our, their)| milliseconds(our) - milliseconds(their)))),
    }
}

/// The median time and the maximum memory.
fn typical(costs: impl Iterator<Item = Cost> + Clone) -> Cost {
    let seconds = median(&sorted(costs.clone().map(|cost| cost.time.as_secs_f64())));
    Cost { time: Duration::from_secs_f64(seconds), memory: costs.map(|cost| cost.memory).fold(0.0, f64::max) }
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { f64::midpoint(sorted[middle - 1], sorted[middle]) }
}
