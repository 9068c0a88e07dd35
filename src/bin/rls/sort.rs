//! The order of tags: `--sort` and `--reverse`.

use std::cmp::Ordering;

use jiff::Timestamp;
use lenient_semver::VersionBuilder;

/// What tags are sorted by.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Order {
    /// By name, as bytes
    #[default]
    Name,
    /// Tags that are no versions first, then versions from the oldest to the newest; dates are versions, 1.2-rc1 is before 1.2
    Version,
    /// The newest first, the unknown last
    Created,
    /// The largest first, the unknown last
    Size,
    /// As the registry lists them: shown while they arrive
    None,
}

/// What is known of one tag for the purpose of sorting it.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The tag.
    pub name: &'a str,
    /// When its image was made; needed by [`Order::Created`] only.
    pub created: Option<Timestamp>,
    /// Its bytes; needed by [`Order::Size`] only.
    pub size: Option<u64>,
}

/// Sorts `items`; equal ones are sorted by name, and what has no time or size stays last when `reverse` is set.
/// With [`Order::None`] nothing is moved, unless `reverse` turns the listing round.
pub fn sort<T>(items: &mut Vec<T>, order: Order, reverse: bool, facts: impl Fn(&T) -> Facts<'_>) {
    let direct = |ordering: Ordering| if reverse { ordering.reverse() } else { ordering };
    match order {
        Order::None if reverse => items.reverse(),
        Order::None => {}
        Order::Name => items.sort_by(|a, b| direct(facts(a).name.cmp(facts(b).name))),
        Order::Version => sort_by_version(items, reverse, &facts),
        Order::Created => items.sort_by(|a, b| {
            let (a, b) = (facts(a), facts(b));
            greatest_first(a.created, b.created, reverse).then_with(|| direct(a.name.cmp(b.name)))
        }),
        Order::Size => items.sort_by(|a, b| {
            let (a, b) = (facts(a), facts(b));
            greatest_first(a.size, b.size, reverse).then_with(|| direct(a.name.cmp(b.name)))
        }),
    }
}

fn greatest_first<K: Ord>(a: Option<K>, b: Option<K>, reverse: bool) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) if reverse => a.cmp(&b),
        (Some(a), Some(b)) => b.cmp(&a),
        (a, b) => a.is_none().cmp(&b.is_none()),
    }
}

/// Parses every name once: a listing may have a hundred thousand.
fn sort_by_version<T>(items: &mut Vec<T>, reverse: bool, facts: &impl Fn(&T) -> Facts<'_>) {
    let mut keyed: Vec<(VersionKey, T)> =
        items.drain(..).map(|item| (VersionKey::new(facts(&item).name), item)).collect();
    keyed.sort_by(|(a, _), (b, _)| if reverse { b.cmp(a) } else { a.cmp(b) });
    items.extend(keyed.into_iter().map(|(_, item)| item));
}

/// A tag's place among versions. The derived order is the rule: no version before every version, then release number by
/// number, then a pre-release before its release, then the name itself so that different tags are never equal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct VersionKey {
    release: Option<Release>,
    name: Natural,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Release {
    numbers: Vec<u64>,
    is_final: bool,
    pre_release: Natural,
    build: Natural,
}

impl VersionKey {
    /// Reads a tag. A version is an optional `v` and numbers separated by dots, at least one, with what may follow them;
    /// a date like `2024-01-02` counts as the version 2024.1.2. What only begins with digits, as a hash does, is none.
    pub fn new(tag: &str) -> Self {
        let release = read_date(tag).or_else(|| read_version(tag));
        Self { release, name: Natural(tag.to_owned()) }
    }
}

fn read_version(tag: &str) -> Option<Release> {
    let digits = tag.strip_prefix(['v', 'V']).unwrap_or(tag);
    let after = digits.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_number = after.len() < digits.len() && (after.is_empty() || after.starts_with(['.', '-', '+', '_']));
    // An underscore is the separator of those who want a `+`, which no tag may hold.
    let spelled = digits.replacen('_', "+", usize::from(!digits.contains('+')));
    if is_number { lenient_semver::parse_into::<ReleaseBuilder>(&spelled).ok() } else { None }
}

/// `2024-01-02`, also with something after another dash: without this the month would be a pre-release.
fn read_date(tag: &str) -> Option<Release> {
    let mut parts = tag.splitn(4, '-');
    let mut number = |width: usize| {
        let part = parts.next()?;
        if part.len() == width && part.bytes().all(|byte| byte.is_ascii_digit()) { part.parse().ok() } else { None }
    };
    let mut numbers: Vec<u64> = vec![number(4)?, number(2)?, number(2)?];
    trim_zeros(&mut numbers);
    let build = Natural(parts.next().unwrap_or_default().to_owned());
    Some(Release { numbers, is_final: true, pre_release: Natural::default(), build })
}

/// 1.2 and 1.2.0 are the same release.
fn trim_zeros(numbers: &mut Vec<u64>) {
    while numbers.last() == Some(&0) {
        numbers.pop();
    }
}

/// Text in which digits count as numbers: `rc9` is before `rc10`.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Natural(String);

impl Ord for Natural {
    fn cmp(&self, other: &Self) -> Ordering {
        alphanumeric_sort::compare_str(&self.0, &other.0).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Natural {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Collects what the lenient parser finds; unlike `semver::Version` it keeps a fourth number and compares `rc10` naturally.
#[derive(Debug, Default)]
struct ReleaseBuilder {
    numbers: Vec<u64>,
    pre_release: Vec<String>,
    build: Vec<String>,
}

impl VersionBuilder<'_> for ReleaseBuilder {
    type Out = Release;

    fn new() -> Self {
        Self::default()
    }

    fn set_major(&mut self, major: u64) {
        self.numbers.push(major);
    }

    fn set_minor(&mut self, minor: u64) {
        self.numbers.push(minor);
    }

    fn set_patch(&mut self, patch: u64) {
        self.numbers.push(patch);
    }

    fn add_additional(&mut self, number: u64) {
        self.numbers.push(number);
    }

    fn add_pre_release(&mut self, pre_release: &str) {
        self.pre_release.push(pre_release.to_owned());
    }

    fn add_build(&mut self, build: &str) {
        self.build.push(build.to_owned());
    }

    fn build(mut self) -> Release {
        trim_zeros(&mut self.numbers);
        Release {
            numbers: self.numbers,
            is_final: self.pre_release.is_empty(),
            pre_release: Natural(self.pre_release.join(".")),
            build: Natural(self.build.join(".")),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    struct Tag(&'static str, Option<&'static str>, Option<u64>);

    fn sorted(mut tags: Vec<Tag>, order: Order, reverse: bool) -> Vec<&'static str> {
        sort(&mut tags, order, reverse, |tag| Facts {
            name: tag.0,
            created: tag.1.map(|time| time.parse().unwrap()),
            size: tag.2,
        });
        tags.iter().map(|tag| tag.0).collect()
    }

    fn by_version(names: &[&'static str], reverse: bool) -> Vec<&'static str> {
        sorted(names.iter().map(|name| Tag(name, None, None)).collect(), Order::Version, reverse)
    }

    /// Each is before the next.
    const VERSIONS: &[&str] = &[
        "1e3",
        "3f2a9c1",
        "9b1f27c4",
        "99999999999999999999999",
        "edge",
        "latest",
        "main-2",
        "main-10",
        "sha-1a",
        "0.9",
        "1",
        "1.0",
        "1.0.0",
        "v1.0.0",
        "1.0.1-alpha",
        "1.0.1-alpha.1",
        "1.0.1-beta.2",
        "1.0.1-beta.11",
        "1.0.1-rc9",
        "1.0.1-rc10",
        "1.0.1",
        "1.0.1_build1",
        "1.0.1.4",
        "1.0.1.11",
        "1.2",
        "1.10",
        "V2",
        "2.0.0.1",
        "3.20-alpine",
        "3.20",
        "10",
        "2023-12-31",
        "2024-01-02",
        "2024.1.2",
        "2024-01-02-3",
        "2024-01-02-20",
        "2024-01-10",
        "20240102",
    ];

    #[test]
    fn versions_are_in_their_order() {
        let mut shuffled = VERSIONS.to_vec();
        shuffled.sort_by_key(|name| name.chars().rev().collect::<String>());
        assert_eq!(by_version(&shuffled, false), VERSIONS);
        let reversed: Vec<_> = VERSIONS.iter().rev().copied().collect();
        assert_eq!(by_version(&shuffled, true), reversed);
    }

    #[test]
    fn names_are_sorted_as_bytes() {
        let tags = || ["b", "B", "a10", "a9", "é"].map(|name| Tag(name, None, None)).into();
        assert_eq!(sorted(tags(), Order::Name, false), ["B", "a10", "a9", "b", "é"]);
        assert_eq!(sorted(tags(), Order::Name, true), ["é", "b", "a9", "a10", "B"]);
        assert_eq!(sorted(tags(), Order::None, false), ["b", "B", "a10", "a9", "é"]);
        assert_eq!(sorted(tags(), Order::None, true), ["é", "a9", "a10", "B", "b"]);
    }

    #[test]
    fn the_unknown_is_last_in_both_directions() {
        let tags = || {
            vec![
                Tag("unknown-b", None, None),
                Tag("old", Some("2024-01-01T00:00:00Z"), Some(1)),
                Tag("new", Some("2026-01-01T00:00:00Z"), Some(3)),
                Tag("same", Some("2026-01-01T00:00:00Z"), Some(3)),
                Tag("unknown-a", None, None),
            ]
        };
        for order in [Order::Created, Order::Size] {
            assert_eq!(sorted(tags(), order, false), ["new", "same", "old", "unknown-a", "unknown-b"]);
            assert_eq!(sorted(tags(), order, true), ["old", "same", "new", "unknown-b", "unknown-a"]);
        }
    }

    /// Everything a tag may be, and often something like a version.
    fn any_tag() -> impl Strategy<Value = String> {
        prop_oneof![
            "[A-Za-z0-9_][A-Za-z0-9._-]{0,12}",
            "v?[0-9]{1,2}(\\.[0-9]{1,2}){0,3}([-._+](rc|alpha|[0-9]{1,3})){0,2}",
            "20[0-9]{2}-[01][0-9]-[0-3][0-9](-[0-9a-z]{1,3})?",
            "0{0,3}[0-9]{0,2}[a-c]?0{0,2}[0-9]?",
        ]
    }

    proptest! {
        #[test]
        fn the_order_is_total(a in any_tag(), b in any_tag(), c in any_tag()) {
            let [x, y, z] = [&a, &b, &c].map(|tag| VersionKey::new(tag));
            prop_assert_eq!(x.cmp(&y), y.cmp(&x).reverse());
            prop_assert_eq!(x.cmp(&y) == Ordering::Equal, a == b);
            if x <= y && y <= z {
                prop_assert!(x <= z, "{} {} {}", a, b, c);
            }
            if x >= y && y >= z {
                prop_assert!(x >= z, "{} {} {}", a, b, c);
            }
        }

        #[test]
        fn no_tag_panics(tag in ".{0,40}") {
            let key = VersionKey::new(&tag);
            prop_assert_eq!(key.cmp(&key), Ordering::Equal);
        }
    }
}
