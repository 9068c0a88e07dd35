//! Tags that are versions: their order, and whether they are in a range.

use std::cmp::Ordering;

use lenient_semver::VersionBuilder;
use semver::{Prerelease, Version, VersionReq};

/// A tag's place among versions. The derived order is the rule: no version before every version, then release number by
/// number, then a pre-release before its release, then the name itself so that different tags are never equal.
///
/// ```
/// use registry_ls::name::VersionKey;
///
/// let mut tags = ["1.10", "latest", "v1.9", "1.10-rc1"];
/// tags.sort_by_key(|tag| VersionKey::new(tag));
/// assert_eq!(tags, ["latest", "v1.9", "1.10-rc1", "1.10"]);
/// ```
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

    /// Whether the tag is a version.
    pub fn is_version(&self) -> bool {
        self.release.is_some()
    }

    /// Whether the tag is a version within a range: what it leaves out is zero, and a fourth number does not count. A date as
    /// `2024-01-02` is in none. A pre-release is in a range only where one of its comparators names a pre-release of the same
    /// version, as everywhere in semantic versioning.
    pub fn is_in(&self, range: &VersionReq) -> bool {
        self.semantic().is_some_and(|version| range.matches(&version))
    }

    fn semantic(&self) -> Option<Version> {
        let release = self.release.as_ref().filter(|_| read_date(&self.name.0).is_none())?;
        let number = |index: usize| release.numbers.get(index).copied().unwrap_or(0);
        let mut version = Version::new(number(0), number(1), number(2));
        version.pre = Prerelease::new(&release.pre_release.0).ok()?;
        Some(version)
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
        shuffled.sort_by_key(|name| VersionKey::new(name));
        assert_eq!(shuffled, VERSIONS);
    }

    #[test]
    fn what_is_no_version_is_told_from_what_is() {
        let first = VERSIONS.iter().position(|name| VersionKey::new(name).is_version());
        assert_eq!(first, VERSIONS.iter().position(|name| *name == "0.9"));
    }

    #[test]
    fn a_range_holds_what_semantic_versioning_says() {
        for (tag, range, is_in) in [
            ("1.4.2", "^1.2", true),
            ("v1.4.2", ">=1.4, <1.5", true),
            ("1.4", ">=1.4, <1.5", true),
            ("1", "^1", true),
            ("2.0.0", "^1.2", false),
            ("1.4.2_build7", "=1.4.2", true),
            ("1.4.2.9", "=1.4.2", true),
            ("1.4.2-rc1", "^1.2", false),
            ("1.4.2-rc1", ">=1.4.2-alpha", true),
            ("1.4.2-rc1", ">=1.4.1-alpha", false),
            ("3.20-alpine", ">=3", false),
            ("2024-01-02", "*", false),
            ("2024-01-02-3", ">=1", false),
            ("2024.1.2", ">=2024", true),
            ("latest", "*", false),
            ("9b1f27c4", "*", false),
        ] {
            assert_eq!(VersionKey::new(tag).is_in(&range.parse().expect(range)), is_in, "{tag} in {range}");
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
            key.is_in(&VersionReq::STAR);
        }
    }
}
