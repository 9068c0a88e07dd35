//! Mutations of known inputs, the same in every run.

use fastrand::Rng;

/// The longest input.
const LONGEST: usize = 4096;

/// Bytes at which readers turn.
const TURNS: &[u8] = b"\0\t\n\r \"'\\/:;,.=<>()[]{}@%?#&*+-_~|0129afzAZ\x1b\x7f\x80\xbf\xc2\xe2\xf0\xff";

/// The input of this number: one of the seeds, changed in one to eight places.
pub fn input(seeds: &[Vec<u8>], number: u64) -> Vec<u8> {
    let mut rng = Rng::with_seed(number);
    let mut input = rng.choice(seeds).cloned().unwrap_or_default();
    for _ in 0..rng.u8(1..=8) {
        change(&mut input, seeds, &mut rng);
    }
    input.truncate(LONGEST);
    input
}

fn change(input: &mut Vec<u8>, seeds: &[Vec<u8>], rng: &mut Rng) {
    let at = rng.usize(0..=input.len());
    match rng.u8(0..10) {
        0 if at < input.len() => input[at] ^= 1 << rng.u8(0..8),
        1 if at < input.len() => input[at] = rng.u8(..),
        2 if at < input.len() => input[at] = any(TURNS, rng),
        3 => input.insert(at, any(TURNS, rng)),
        4 => drop(input.drain(part(at, input.len(), rng))),
        // What stands there stands there again, now and then many times.
        5 => {
            let repeated =
                input[part(at, input.len(), rng)].repeat(if rng.u8(0..16) == 0 { rng.usize(1..256) } else { 1 });
            put(input, at, &repeated);
        }
        // A part of another.
        6 | 7 => {
            let other = rng.choice(seeds).map_or(&[][..], Vec::as_slice);
            let from = rng.usize(0..=other.len());
            put(input, at, &other[part(from, other.len(), rng)]);
        }
        // The rest is that of another.
        8 => {
            let other = rng.choice(seeds).map_or(&[][..], Vec::as_slice);
            input.truncate(at);
            input.extend_from_slice(&other[rng.usize(0..=other.len())..]);
        }
        _ => {
            let mut text = [0; 4];
            put(input, at, rng.char(..).encode_utf8(&mut text).as_bytes());
        }
    }
}

fn any(bytes: &[u8], rng: &mut Rng) -> u8 {
    bytes[rng.usize(0..bytes.len())]
}

/// From a place on, most often a few bytes.
fn part(from: usize, end: usize, rng: &mut Rng) -> std::ops::Range<usize> {
    let most = if rng.u8(0..4) == 0 { end - from } else { (end - from).min(12) };
    from..from + rng.usize(0..=most)
}

fn put(input: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    if input.len() + bytes.len() <= LONGEST {
        input.splice(at..at, bytes.iter().copied());
    }
}
