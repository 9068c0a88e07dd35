//! Masks secrets in what servers say: those that were sent, in every form in which an echo can write them, and what is
//! a secret by its shape.
//!
//! An echo may be escaped for JSON, HTML or a URL, several times over, encoded in base64 (twice, too) or in hexadecimal
//! digits as part of something longer, in capitals, folded into lines, cut, or divided by punctuation. These forms
//! cannot be enumerated. So the text is decoded instead, with the position of each byte, and a secret in any reading of
//! it is masked in the text. The time is linear in the text, whatever a server sends.
//!
//! This is for echoes by mistake. A server that wants to be understood can always choose a form that is in no list
//! (base32, another alphabet, a cipher): it has the secret anyway. Not masked either are fragments of less than eight
//! bytes, and words of a passphrase: ordinary texts contain them.

mod escape;
mod fragment;
mod pattern;
mod reading;
mod shapes;

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use fragment::{Fragments, Run};
use pattern::{Pattern, folded};
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
pub(crate) struct Secrets(Mutex<Recent>);

#[derive(Debug, Default)]
struct Recent {
    known: VecDeque<Known>,
    /// Those of the known secrets that were searched for, and of some that are not known any more.
    fragments: Arc<Fragments>,
    /// How many these are.
    evicted: usize,
}

#[derive(Debug)]
struct Known {
    origin: Origin,
    secret: SecretString,
    /// Made for the first text that is masked: most tokens see none.
    search: Option<Arc<Search>>,
}

/// How a secret is searched for.
#[derive(Debug)]
struct Search {
    patterns: Vec<Pattern>,
    bare: Option<Pattern>,
}

impl Known {
    fn new(secret: &str, origin: Origin) -> Self {
        Self { origin, secret: secret.into(), search: None }
    }

    fn runs(&self) -> impl Iterator<Item = Run> {
        pattern::forms(self.secret.expose_secret()).into_iter().flat_map(|form| fragment::runs(&form))
    }
}

impl Recent {
    fn add(&mut self, new: Known) {
        let origin = new.origin;
        self.known.push_back(new);
        let is_alike = |known: &Known| known.origin == origin;
        if self.known.iter().filter(|known| is_alike(known)).count() > MAX
            && let Some(oldest) = self.known.iter().position(is_alike)
            && let Some(evicted) = self.known.remove(oldest)
        {
            self.evicted += usize::from(evicted.search.is_some());
        }
    }

    /// How the secrets are searched for now.
    fn search(&mut self) -> (Vec<Arc<Search>>, Arc<Fragments>) {
        // To collect the fragments anew for each secret would take long where each repository has a token.
        if self.evicted > MAX {
            self.evicted = 0;
            let searched = self.known.iter().filter(|known| known.search.is_some());
            self.fragments = Arc::new(searched.flat_map(Known::runs).collect());
        }
        for known in self.known.iter_mut().filter(|known| known.search.is_none()) {
            let secret = known.secret.expose_secret();
            known.search = Some(Arc::new(Search { patterns: Pattern::all(secret), bare: Pattern::bare(secret) }));
            Arc::make_mut(&mut self.fragments).extend(known.runs());
        }
        (self.known.iter().filter_map(|known| known.search.clone()).collect(), Arc::clone(&self.fragments))
    }
}

impl Secrets {
    /// Remembers a secret.
    pub fn remember(&self, secret: &str, origin: Origin) {
        let mut recent = self.recent();
        let is_same = |known: &Known| known.origin == origin && known.secret.expose_secret() == secret;
        if let Some(former) = recent.known.iter().position(is_same).and_then(|at| recent.known.remove(at)) {
            recent.known.push_back(former);
            return;
        }
        recent.add(Known::new(secret, origin));
    }

    fn recent(&self) -> MutexGuard<'_, Recent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
        let (searches, fragments) = self.recent().search();
        let patterns: Vec<_> = searches.iter().flat_map(|search| &search.patterns).collect();
        let bare: Vec<_> = searches.iter().filter_map(|search| search.bare.as_ref()).collect();
        let mut marks = Marks::of(text);
        let mut mark = |reading: &Reading, is_decoded: bool| {
            // Decoded data contains short words by chance.
            marks.mark(reading, pattern::found(&patterns, reading, !is_decoded));
            marks.mark(reading, fragments.found(&folded(reading.bytes())));
            if !is_decoded {
                marks.mark(reading, shaped(reading));
            }
        };
        let mut mark_all = |reading: Reading, is_decoded: bool| {
            let mut last = Reading::default();
            for reading in reading.and_unescaped() {
                mark(&reading, is_decoded);
                if let Some(bare) = reading.without_backslashes().filter(|_| !is_decoded) {
                    mark(&bare, false);
                }
                last = reading;
            }
            last
        };
        let last = mark_all(Reading::of(text), false);
        for offset in 0..4 {
            let decoded = mark_all(last.decoded(offset), true);
            // A pull secret has base64 in its base64.
            for offset in 0..4 {
                mark_all(decoded.decoded(offset), true);
            }
        }
        for offset in 0..2 {
            mark_all(last.hexadecimal(offset), true);
        }
        let divided = last.letters_and_digits();
        marks.mark(&divided, pattern::found(&bare, &divided, true));
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
