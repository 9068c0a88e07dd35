//! Masks secrets in what servers say: those that were sent, in every form in which an echo can write them, and what is
//! a secret by its shape.
//!
//! An echo may be escaped for JSON, HTML or a URL, several times over, encoded in base64 or in hexadecimal digits as
//! part of something longer, in capitals, folded into lines, or cut. These forms cannot be enumerated. So the text is
//! decoded instead, with the position of each byte, and a secret in any reading of it is masked in the text. The time
//! is linear in the text, whatever a server sends.

mod escape;
mod pattern;
mod reading;
mod shapes;

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use pattern::Pattern;
use reading::Reading;
use shapes::{is_signing, shaped};

pub(crate) use shapes::is_harmless;

/// What stands for a secret.
pub(crate) const MASK: &str = "REDACTED";

/// Where a secret comes from. Each kind has a bound of its own, so that none can push out those of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The user's own settings: a proxy's password.
    Settings,
    /// Credentials, and the tokens that were issued for them; each repository may have its own.
    Credentials,
    /// URLs that a server gave.
    Server,
}

/// How many secrets of each kind are known at once; the least recently used go first.
const MAX: usize = 64;

/// The secrets used most recently.
#[derive(Debug, Default)]
pub(crate) struct Secrets(Mutex<VecDeque<Known>>);

#[derive(Debug, Clone)]
struct Known {
    origin: Origin,
    secret: SecretString,
    patterns: Arc<[Pattern]>,
}

impl Secrets {
    /// Remembers a secret.
    pub fn remember(&self, secret: &str, origin: Origin) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = |known: &Known| known.origin == origin && known.secret.expose_secret() == secret;
        let former = known.iter().position(is_same).and_then(|at| known.remove(at));
        let new =
            former.unwrap_or_else(|| Known { origin, secret: secret.into(), patterns: Pattern::all(secret).into() });
        known.push_back(new);
        let is_alike = |known: &&Known| known.origin == origin;
        if known.iter().filter(is_alike).count() > MAX
            && let Some(oldest) = known.iter().position(|known| known.origin == origin)
        {
            known.remove(oldest);
        }
    }

    /// Remembers what follows the scheme in the value of an `Authorization` header.
    pub fn remember_header(&self, header: &SecretString) {
        if let Some((_, secret)) = header.expose_secret().split_once(' ') {
            self.remember(secret, Origin::Credentials);
        }
    }

    /// Remembers the signature in a URL that a server gave. A short value, such as Azure's permissions
    /// (`sp=r`), is masked in URLs only.
    pub fn remember_url(&self, url: &Url) {
        const MIN_SIGNATURE: usize = 6;
        const MIN_UNKNOWN: usize = 20;
        for (name, value) in url.query_pairs().filter(|(name, _)| !is_harmless(name)) {
            if value.len() >= if is_signing(&name) { MIN_SIGNATURE } else { MIN_UNKNOWN } {
                self.remember(&value, Origin::Server);
            }
        }
    }

    /// Masks the secrets in a server's text.
    pub fn masked(&self, text: &str) -> String {
        let known: Vec<_> = {
            let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            known.iter().map(|known| Arc::clone(&known.patterns)).collect()
        };
        let patterns: Vec<_> = known.iter().flat_map(|patterns| patterns.iter()).collect();
        let mut marks = Marks::of(text);
        let mut last = Reading::default();
        for reading in Reading::all(text) {
            marks.mark(&reading, shaped(&reading));
            marks.mark(&reading, pattern::found(&patterns, &reading, true));
            if let Some(bare) = reading.without_backslashes() {
                marks.mark(&bare, pattern::found(&patterns, &bare, true));
            }
            last = reading;
        }
        for offset in 0..4 {
            for reading in last.decoded(offset).and_unescaped() {
                // Decoded data contains short words by chance.
                marks.mark(&reading, pattern::found(&patterns, &reading, false));
            }
        }
        for offset in 0..2 {
            for reading in last.hexadecimal(offset).and_unescaped() {
                marks.mark(&reading, pattern::found(&patterns, &reading, false));
            }
        }
        marks.masked()
    }
}

/// Which parts of a text are masked.
struct Marks<'a> {
    text: &'a str,
    /// For each byte, how many marked parts begin there less how many end there.
    changes: Vec<i32>,
}

impl<'a> Marks<'a> {
    fn of(text: &'a str) -> Self {
        Self { text, changes: vec![0; text.len() + 1] }
    }

    fn mark(&mut self, reading: &Reading, found: impl IntoIterator<Item = Range<usize>>) {
        for place in found.into_iter().map(|found| reading.place(found)) {
            self.changes[place.start] += 1;
            self.changes[place.end] -= 1;
        }
    }

    fn masked(&self) -> String {
        let mut masked = String::with_capacity(self.text.len());
        let mut depth = 0;
        for (at, c) in self.text.char_indices() {
            let before = depth;
            // Marks begin and end between characters.
            depth += self.changes[at];
            match (before, depth) {
                (_, 0) => masked.push(c),
                (0, _) => masked.push_str(MASK),
                _ => {}
            }
        }
        masked
    }
}

#[cfg(test)]
mod tests;
