//! Fragments of secrets: an echo may be cut anywhere, or spread over fields and lines.

use std::collections::HashMap;
use std::ops::Range;

/// The length of the shortest fragment that is masked, in bytes. A shorter one may be a part of anything.
const LENGTH: usize = 8;

/// Secrets from this length on are masked in fragments. A fragment of a shorter one is most of it.
const MIN_SECRET: usize = 16;

/// A secret of more bytes is a token. Of its runs every fourth is kept, for there may be many: where it is cut, three
/// bytes may be left.
const MAX_PASSWORD: usize = 256;
const TOKEN_STEP: usize = 4;

/// Runs of [`LENGTH`] bytes of a secret, and whether one is certainly of it.
pub(super) type Run = (u64, bool);

/// The runs of a secret in this form.
pub(super) fn runs(form: &[u8]) -> Vec<Run> {
    if form.len() < MIN_SECRET {
        return Vec::new();
    }
    let step = if form.len() > MAX_PASSWORD { TOKEN_STEP } else { 1 };
    let runs = windows(form).step_by(step);
    runs.map(|run| (u64::from_be_bytes(run), !run.iter().all(is_of_words))).collect()
}

/// Whether it may be a byte of words: a passphrase consists of words that texts contain, too. Then only halves of it
/// are masked.
fn is_of_words(byte: &u8) -> bool {
    byte.is_ascii_alphabetic() || b"-_.:".contains(byte)
}

fn windows(text: &[u8]) -> impl Iterator<Item = [u8; LENGTH]> {
    text.windows(LENGTH).filter_map(|window| window.try_into().ok())
}

/// The runs of all secrets.
#[derive(Debug, Clone, Default)]
pub(super) struct Fragments(HashMap<u64, bool>);

impl FromIterator<Run> for Fragments {
    fn from_iter<T: IntoIterator<Item = Run>>(runs: T) -> Self {
        Self(runs.into_iter().collect())
    }
}

impl Extend<Run> for Fragments {
    fn extend<T: IntoIterator<Item = Run>>(&mut self, runs: T) {
        self.0.extend(runs);
    }
}

impl Fragments {
    /// Where fragments of the secrets are in a text, which is folded as their forms are.
    pub fn found(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut found: Vec<(Range<usize>, bool)> = Vec::new();
        for (at, window) in windows(text).enumerate().filter(|_| !self.0.is_empty()) {
            let Some(is_certain) = self.0.get(&u64::from_be_bytes(window)) else { continue };
            match found.last_mut().filter(|(last, _)| at <= last.end) {
                Some((last, was_certain)) => {
                    last.end = at + LENGTH;
                    *was_certain |= is_certain;
                }
                None => found.push((at..at + LENGTH, *is_certain)),
            }
        }
        found.into_iter().filter(|(_, is_certain)| *is_certain).map(|(place, _)| place).collect()
    }
}
