//! Parses the version in a tag.

/// The separators in a suffix. No valid tag has a `+`, but a list may contain anything.
pub(super) const SEPARATORS: [char; 4] = ['.', '-', '_', '+'];

/// The words that make a suffix a pre-release, in alphabetical order, which is also their order as versions.
const PRE_RELEASES: [&str; 8] = ["alpha", "beta", "canary", "dev", "nightly", "pre", "rc", "snapshot"];

/// The largest number of digits of a number that is always a version. Abbreviated commits have seven or more, and dates
/// without separators eight.
const SHORT: usize = 5;

/// A version in its order: number by number, a pre-release before its release.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version {
    /// Without trailing zeros: 1.2 and 1.2.0 are the same.
    numbers: Vec<u64>,
    stage: Stage,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// The word and the numbers after it.
    PreRelease(&'static str, Vec<u64>),
    Release,
}

/// The parsed parts of a tag.
#[derive(Debug)]
pub(super) struct Reading<'a> {
    pub form: Form,
    /// The numbers as written, at least one.
    pub numbers: Vec<u64>,
    pub stage: Stage,
    /// The suffix of a pre-release, from its word on.
    pub pre_release: &'a str,
    /// Whether there is another word before it: `1.2-alpine-rc1`.
    pub is_variant: bool,
}

/// The notation of the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `1.2`, `2024-01-07`: with dots or as a date.
    Dotted,
    /// `17`
    ShortNumber,
    /// `4095671`, `20240107`
    LongNumber,
}

impl Reading<'_> {
    pub(super) fn version(mut self) -> Version {
        while self.numbers.last() == Some(&0) {
            self.numbers.pop();
        }
        Version { numbers: self.numbers, stage: self.stage }
    }
}

/// Parses a tag; `None` when it is not a version in any repository.
pub(super) fn read(tag: &str) -> Option<Reading<'_>> {
    let text = tag.strip_prefix(['v', 'V']).unwrap_or(tag);
    let (form, numbers, suffix) = calendar(text).or_else(|| dotted(text)).or_else(|| bare(text))?;
    let (stage, at) = stage(suffix);
    let is_variant = suffix[..at].contains(|c| !SEPARATORS.contains(&c));
    Some(Reading { form, numbers, stage, pre_release: &suffix[at..], is_variant })
}

type Parts<'a> = (Form, Vec<u64>, &'a str);

/// Parses `2024-01-07` and `2024-01`, and returns the rest.
fn calendar(text: &str) -> Option<Parts<'_>> {
    let (year, after_year) = number(text).filter(|(year, _)| (1900..2200).contains(year))?;
    let separator = ['-', '_'].into_iter().find(|separator| after_year.starts_with(*separator))?;
    let next = |text, most| part(text, separator).filter(|(number, _)| (1..=most).contains(number));
    let (month, mut rest) = next(after_year, 12)?;
    let mut numbers = vec![year, month];
    if let Some((day, after_day)) = next(rest, 31) {
        numbers.push(day);
        rest = after_day;
    }
    let rest = more(&mut numbers, rest);
    Some((Form::Dotted, numbers, rest))
}

/// Parses `1.2` and `1.2.3.4`, and returns the rest.
fn dotted(text: &str) -> Option<Parts<'_>> {
    let (first, rest) = number(text)?;
    let mut numbers = vec![first];
    let rest = more(&mut numbers, rest);
    (numbers.len() > 1).then_some((Form::Dotted, numbers, rest))
}

/// Parses a number without dots, and returns the rest: `17-alpine` and `18beta1`, but not `3f2a9c1`.
fn bare(text: &str) -> Option<Parts<'_>> {
    let (value, rest) = number(text)?;
    let digits = text.len() - rest.len();
    let is_separate =
        rest.is_empty() || rest.starts_with(SEPARATORS) || matches!(stage(rest), (Stage::PreRelease(..), 0));
    let form = if digits <= SHORT { Form::ShortNumber } else { Form::LongNumber };
    // 12345678-0000-… is a UUID.
    let is_plain = form == Form::ShortNumber || rest.is_empty() || is_date(value, digits);
    (is_separate && is_plain).then_some((form, vec![value], rest))
}

/// Whether a number begins with a year, a month and a day.
fn is_date(value: u64, digits: usize) -> bool {
    let Some(times) = digits.checked_sub(8).filter(|more| more % 2 == 0 && *more <= 6) else { return false };
    let day = value / 10_u64.pow(u32::try_from(times).unwrap_or(0));
    (1900..2200).contains(&(day / 10_000)) && (1..=12).contains(&(day / 100 % 100)) && (1..=31).contains(&(day % 100))
}

/// Parses further numbers after dots.
fn more<'a>(numbers: &mut Vec<u64>, mut rest: &'a str) -> &'a str {
    while let Some((next, after)) = part(rest, '.') {
        numbers.push(next);
        rest = after;
    }
    rest
}

fn part(text: &str, separator: char) -> Option<(u64, &str)> {
    number(text.strip_prefix(separator)?)
}

/// Parses a leading number, and returns the rest.
fn number(text: &str) -> Option<(u64, &str)> {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let value = text[..text.len() - rest.len()].parse().ok()?;
    Some((value, rest))
}

/// Whether a suffix makes a version a pre-release, and the position of its word, or the end of the suffix.
fn stage(suffix: &str) -> (Stage, usize) {
    let mut at = 0;
    for part in suffix.split(SEPARATORS) {
        if let Some((word, first)) = pre_release(part) {
            let after = suffix[at + part.len()..].split(SEPARATORS).skip(1);
            let numbers = first.into_iter().chain(after.map_while(all_digits)).collect();
            return (Stage::PreRelease(word, numbers), at);
        }
        at += part.len() + 1;
    }
    (Stage::Release, suffix.len())
}

/// `rc`, `RC1`: the word, and the number that follows directly.
fn pre_release(part: &str) -> Option<(&'static str, Option<u64>)> {
    PRE_RELEASES.into_iter().find_map(|word| {
        let start = part.get(..word.len())?;
        let rest = &part[word.len()..];
        let number = all_digits(rest);
        (start.eq_ignore_ascii_case(word) && (rest.is_empty() || number.is_some())).then_some((word, number))
    })
}

fn all_digits(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { text.parse().ok() } else { None }
}
