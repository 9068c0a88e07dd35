//! What a secret looks like in a reading of a text.

use std::ops::Range;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use memchr::memmem::Finder;

use super::reading::Reading;

/// Shorter secrets are parts of ordinary words, and masked only where they stand alone.
const MIN_LENGTH: usize = 4;

/// How much of a long secret is looked for; what follows is compared.
const MAX_LENGTH: usize = 1024;

/// A secret in the form that is searched for: folded, see [`folded`].
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    finder: Finder<'static>,
    /// What follows in a secret longer than [`MAX_LENGTH`].
    rest: Vec<u8>,
    /// Whether it has to stand alone.
    whole: bool,
}

impl Pattern {
    /// The patterns of a secret: literal, and with what looks like escapes in it undone, since a reading does that too.
    pub fn all(secret: &str) -> Vec<Self> {
        let is_short = Reading::of(secret).bytes().len() < MIN_LENGTH;
        let mut written = vec![secret.to_owned()];
        // Forms have a plus sign for a blank.
        if secret.contains(char::is_whitespace) {
            written.push(secret.replace(char::is_whitespace, "+"));
        }
        // Decoded data would contain it by chance.
        if is_short {
            written.push(BASE64_STANDARD_NO_PAD.encode(secret));
        }
        let forms = written.iter().flat_map(|text| {
            let mut readings: Vec<_> = Reading::all(text).map(|reading| folded(reading.bytes())).collect();
            let last = readings.pop();
            readings.truncate(1);
            readings.into_iter().chain(last)
        });
        let mut forms: Vec<_> = forms.collect();
        forms.sort();
        forms.dedup();
        forms.retain(|form| !form.is_empty());
        forms.into_iter().map(|form| Self::new(&form, is_short)).collect()
    }

    fn new(form: &[u8], whole: bool) -> Self {
        let (start, rest) = form.split_at(form.len().min(MAX_LENGTH));
        Self { finder: Finder::new(start).into_owned(), rest: rest.to_owned(), whole: whole || form.len() < MIN_LENGTH }
    }
}

/// Where the secrets are in a reading; `short` ones too.
pub(super) fn found(patterns: &[&Pattern], reading: &Reading, short: bool) -> Vec<Range<usize>> {
    let text = folded(reading.bytes());
    let mut found = Vec::new();
    for pattern in patterns.iter().filter(|pattern| short || !pattern.whole) {
        let length = pattern.finder.needle().len();
        let mut at = 0;
        while let Some(next) = pattern.finder.find(&text[at..]) {
            let (start, end) = (at + next, at + next + length);
            let same = pattern.rest.iter().zip(&text[end..]).take_while(|(one, other)| one == other).count();
            at = end + same;
            if !pattern.whole || reading.is_whole_word(&(start..at)) {
                found.push(start..at);
            }
        }
    }
    found
}

/// A text without what an echo may change: capitals, and the alphabet of base64.
fn folded(text: &[u8]) -> Vec<u8> {
    let fold = |byte: &u8| match byte {
        b'+' => b'-',
        b'/' => b'_',
        byte => byte.to_ascii_lowercase(),
    };
    text.iter().map(fold).collect()
}
