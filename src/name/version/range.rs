//! Matches versions of tags against ranges. A tag in doubt is in the range, because a tag outside of it may be deleted.

use semver::{Comparator, Op, Prerelease, Version, VersionReq};

use super::read::{Reading, SEPARATORS, Stage};

/// Whether a range contains the version, as a pre-release where it is one.
pub(super) fn contains(range: &VersionReq, reading: &Reading<'_>) -> bool {
    let Stage::PreRelease(word, numbers) = &reading.stage else { return contains_release(range, reading) };
    // The written form `rc1` is compared with the range as text, and `rc.1` as a word and a number; one match suffices.
    // Of `rc1-alpine` the first part counts too, but `rc.1` is not `rc`.
    let mut parts = vec![(*word).to_owned()];
    parts.extend(numbers.iter().map(u64::to_string));
    let written = reading.pre_release.replace(SEPARATORS, ".");
    let first = reading.pre_release.split(SEPARATORS).next().unwrap_or_default();
    let first = (numbers.is_empty() || first != *word).then(|| first.to_owned());
    let named: Vec<_> = [parts.join("."), written].into_iter().chain(first).collect();
    let is_in =
        |pre: &String| Prerelease::new(pre).is_ok_and(|pre| range.matches(&Version { pre, ..first_of(reading) }));
    named.iter().any(is_in) || (reading.is_variant && contains_release(range, reading))
}

/// Whether a range contains the release, or any release that the tag may refer to: `1.4` may be any 1.4.x.
pub(super) fn contains_release(range: &VersionReq, reading: &Reading<'_>) -> bool {
    let Version { major, minor, patch, .. } = first_of(reading);
    let written = reading.numbers.len();
    // A range is one interval: if it contains any version of a series, it contains the first one or one next to a
    // bound.
    let next_to_bounds = |bound: fn(&Comparator) -> Option<u64>| {
        let bounds = range.comparators.iter().filter_map(bound);
        std::iter::once(0).chain(bounds.flat_map(|bound| [bound, bound.saturating_add(1)])).collect::<Vec<_>>()
    };
    let minors = if written < 2 { next_to_bounds(|comparator| comparator.minor) } else { vec![minor] };
    let patches = if written < 3 { next_to_bounds(|comparator| comparator.patch) } else { vec![patch] };
    let has_more = reading.numbers.iter().skip(3).any(|number| *number > 0);
    minors.iter().any(|minor| {
        patches.iter().any(|patch| {
            let version = Version::new(major, *minor, *patch);
            let matches = |comparator: &Comparator| {
                comparator.matches(&version) || (has_more && is_just_above(&version, comparator))
            };
            range.comparators.iter().all(matches)
        })
    })
}

/// Whether a comparator is satisfied by more than this version: 1.4.2.9 is more than 1.4.2.
fn is_just_above(version: &Version, comparator: &Comparator) -> bool {
    let bound = (comparator.major, comparator.minor, comparator.patch);
    comparator.op == Op::Greater && bound == (version.major, Some(version.minor), Some(version.patch))
}

/// The first three numbers; missing ones are zero.
fn first_of(reading: &Reading<'_>) -> Version {
    let number = |index: usize| reading.numbers.get(index).copied().unwrap_or(0);
    Version::new(number(0), number(1), number(2))
}
