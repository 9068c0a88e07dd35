//! What a secret looks like in a reading of a text.

use std::ops::Range;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use memchr::memmem::Finder;

use super::reading::Reading;

/// Shorter secrets are parts of ordinary words, and masked only where they stand alone.
const MIN_LENGTH: usize = 4;

/// How much of a long secret is looked for; what is beside it is compared.
const MAX_LENGTH: usize = 1024;

/// From this length on, each half of a secret is masked too: an echo may be cut, or spread over two texts. Half of a
/// shorter one may be a word.
const MIN_HALVED: usize = 16;

/// A secret, or a half of one, in the form that is searched for: folded, see [`folded`].
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    finder: Finder<'static>,
    /// What precedes it in the secret, from its end to its start.
    before: Vec<u8>,
    /// What follows it in the secret.
    rest: Vec<u8>,
    /// Whether it has to stand alone.
    whole: bool,
}

impl Pattern {
    /// The patterns of a secret.
    pub fn all(secret: &str) -> Vec<Self> {
        let is_short = is_short(secret);
        forms(secret).iter().flat_map(|form| Self::of_form(form, is_short)).collect()
    }

    /// The pattern of a secret for texts that are reduced to letters and digits; none if too little of it would be
    /// left.
    pub fn bare(secret: &str) -> Option<Self> {
        const MIN_BARE: usize = 8;
        let reading = Reading::all(secret).last()?.letters_and_digits();
        let form = folded(reading.bytes());
        (form.len() >= MIN_BARE).then(|| Self::new(&form, 0..form.len(), false))
    }

    fn of_form(form: &[u8], whole: bool) -> Vec<Self> {
        let whole = whole || form.len() < MIN_LENGTH;
        if form.len() < MIN_HALVED {
            return vec![Self::new(form, 0..form.len(), whole)];
        }
        let length = (form.len() / 2).min(MAX_LENGTH);
        vec![Self::new(form, 0..length, whole), Self::new(form, form.len() - length..form.len(), whole)]
    }

    /// Looks for this part of a form.
    fn new(form: &[u8], part: Range<usize>, whole: bool) -> Self {
        let before = form[..part.start].iter().rev().copied().collect();
        let rest = form[part.end..].to_owned();
        Self { finder: Finder::new(&form[part]).into_owned(), before, rest, whole }
    }
}

/// Whether a secret is masked only where it stands alone.
fn is_short(secret: &str) -> bool {
    Reading::of(secret).bytes().len() < MIN_LENGTH
}

/// The forms in which a secret is searched for: literal, and with what looks like escapes in it undone, since a reading
/// does that too.
pub(super) fn forms(secret: &str) -> Vec<Vec<u8>> {
    let mut written = vec![secret.to_owned()];
    // Forms have a plus sign for a blank.
    if secret.contains(char::is_whitespace) {
        written.push(secret.replace(char::is_whitespace, "+"));
    }
    // Decoded data would contain it by chance.
    if is_short(secret) {
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
    forms
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
            let same = pattern.before.iter().zip(text[at..start].iter().rev()).take_while(|(one, other)| one == other);
            let start = start - same.count();
            let same = pattern.rest.iter().zip(&text[end..]).take_while(|(one, other)| one == other);
            at = end + same.count();
            if !pattern.whole || reading.is_whole_word(&(start..at)) {
                found.push(start..at);
            }
        }
    }
    found
}

/// A text without what an echo may change: capitals, and the alphabet of base64.
pub(super) fn folded(text: &[u8]) -> Vec<u8> {
    let fold = |byte: &u8| match byte {
        b'+' => b'-',
        b'/' => b'_',
        byte => byte.to_ascii_lowercase(),
    };
    text.iter().map(fold).collect()
}
