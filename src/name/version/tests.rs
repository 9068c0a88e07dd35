use proptest::prelude::*;

use super::*;

/// Each is before the next, where they are in one repository.
const VERSIONS: &[&str] = &[
    "1e3",
    "3f2a9c1",
    "9b1f27c4",
    "917005",
    "4095671",
    "20240102",
    "99999999999999999999999",
    "edge",
    "latest",
    "main-2",
    "main-10",
    "release-1.2",
    "sha-1a",
    "v",
    "0.9",
    "1",
    "1.0",
    "1.0.0",
    "v1.0.0",
    "1.0.1-alpha",
    "1.0.1-alpha.1",
    "1.0.1-beta.2",
    "1.0.1-beta.11",
    "1.0.1.dev1",
    "1.0.1-rc9",
    "1.0.1-rc10",
    "1.0.1-SNAPSHOT",
    "1.0.1",
    "1.0.1_build1",
    "1.0.1.4",
    "1.0.1.11",
    "1.2",
    "1.2-3-gfafafaf",
    "1.10",
    "V2",
    "2.0.0.1",
    "3.20",
    "3.20-alpine",
    "10",
    "18beta1",
    "18",
    "18-alpine",
    "2023-12-31",
    "2024-01",
    "2024-01-02",
    "2024-01-02-3",
    "2024-01-02T10-30-00Z",
    "2024.1.2",
    "2024-01-10",
    "2024.2",
];

fn order() -> VersionOrder {
    VersionOrder::of(VERSIONS.iter().copied())
}

#[test]
fn versions_are_ordered() {
    let mut shuffled = VERSIONS.to_vec();
    shuffled.sort_by_key(|name| name.chars().rev().collect::<String>());
    shuffled.sort_by_key(|name| order().key(name));
    assert_eq!(shuffled, VERSIONS);
}

#[test]
fn versions_rank_above_everything_else() {
    let first = VERSIONS.iter().position(|name| order().key(name).is_version());
    assert_eq!(first, VERSIONS.iter().position(|name| *name == "0.9"));
}

#[test]
fn bare_numbers_order_as_numbers_without_dotted_versions() {
    let tags =
        ["3f2a9c1", "latest", "99", "100", "12345", "917005", "20231231", "20240102", "20240102-3f2a9c1", "4095671000"];
    let order = VersionOrder::of(tags);
    let mut shuffled = tags.to_vec();
    shuffled.sort_unstable_by(|a, b| b.cmp(a));
    shuffled.sort_by_key(|name| order.key(name));
    assert_eq!(shuffled, tags);
    let versions = |tags: &[&'static str]| -> Vec<&'static str> {
        let order = VersionOrder::of(tags.iter().copied());
        tags.iter().copied().filter(|tag| order.key(tag).is_version()).collect()
    };
    assert_eq!(versions(&tags), tags[2..]);
    assert_eq!(versions(&["917005", "12345", "v20240102", "17", "1.2.0"]), ["12345", "17", "1.2.0"]);
    assert_eq!(versions(&["20240105", "2024-01-07"]), ["2024-01-07"]);
    // A UUID that happens to begin with digits is not a number.
    assert_eq!(versions(&["12345678-9012-4abc-8def-0123456789ab", "917005-alpine"]), [""; 0]);
}

#[test]
fn a_suffix_is_a_variant_unless_it_is_a_pre_release() {
    for (one, other, is_same) in [
        ("17.11", "17.11-alpine", true),
        ("17.11", "v17.11.0_alpine3.20", true),
        ("2.8.1", "2.8.1-11-gfafafaf", true),
        ("2.8.1-11-gfafafaf", "2.8.1-12-gbebebeb", true),
        ("17", "17-alpine", true),
        ("1.2.3", "1.2.3.Final", true),
        ("1.2.3", "1.2.3-devel", true),
        ("1.2.3", "1.2.3-prerelease", true),
        ("2024-01-07", "2024-01-07-alpine", true),
        ("2024-01-07", "2024.1.7", true),
        ("1.2.3-rc1", "1.2.3-RC.1", true),
        ("1.2.3-rc1", "1.2.3rc1-alpine", true),
        ("1.2.3-rc1", "1.2.3-alpine-rc1", true),
        ("1.2.3", "1.2.3-rc1", false),
        ("1.2.3", "1.2.3.dev", false),
        ("1.2.3", "1.2.3_nightly20240107", false),
        ("1.2.3-rc1", "1.2.3-rc2", false),
        ("1.2.3", "1.2.3.1", false),
        ("latest", "latest", false),
        ("917005", "917005", false),
    ] {
        assert_eq!(order().key(one).is_same_version(&order().key(other)), is_same, "{one} and {other}");
    }
}

#[test]
fn a_range_contains_doubtful_versions() {
    for (tag, range, is_in) in [
        ("1.4.2", "^1.2", true),
        ("v1.4.2", ">=1.4, <1.5", true),
        ("1.4", ">=1.4, <1.5", true),
        ("1", "^1", true),
        ("2.0.0", "^1.2", false),
        ("1.4.2_build7", "=1.4.2", true),
        ("1.4.2.9", "=1.4.2", true),
        ("1.4.2.9", ">1.4.2", true),
        ("1.4.2.9", ">1.4.3", false),
        ("1.4.2.0", ">1.4.2", false),
        ("1.4.2-rc1", "^1.2", false),
        ("1.4.2-rc1", ">=1.4.2-alpha", true),
        ("1.4.2-rc1", ">=1.4.2-rc1", true),
        ("1.4.2-rc1", ">=1.4.2-rc.1", true),
        ("1.4.2-rc1-alpine", "=1.4.2-rc1", true),
        ("1.4.2-rc1", ">=1.4.1-alpha", false),
        ("1.4.2-alpine-dev", "^1.2", true),
        ("3.20-alpine", ">=3", true),
        ("17.11-alpine", ">=17.10", true),
        ("17.9-alpine", ">=17.10", false),
        // A tag that leaves numbers out usually moves from release to release.
        ("1.4", ">=1.4.2", true),
        ("3.1.3-rc.3", "<3.1.3-rc.0", false),
        ("1", ">=1.4.2", true),
        ("1", ">=1.4.2, <1.4.3", true),
        ("1.4", ">1.4", false),
        ("1.4", ">=1.5", false),
        ("1", "^2", false),
        ("2024-01-02", "*", true),
        ("2024-01-02-3", ">=2024.1.2", true),
        ("2024-01-02", "<2024", false),
        ("2024.1.2", ">=2024", true),
        ("latest", "*", false),
        ("9b1f27c4", "*", false),
        ("917005", "*", false),
    ] {
        assert_eq!(order().key(tag).is_in(&range.parse().expect(range)), is_in, "{tag} in {range}");
    }
    assert!(VersionOrder::of(["917005"]).key("917005").is_in(&VersionReq::STAR));
}

#[test]
fn a_pre_release_is_outside_of_a_range() {
    for (tag, range, is_left_out) in [
        ("1.4.2-rc1", "^1.2", true),
        ("1.4.2-rc1", ">=1.4.2-alpha", false),
        ("1.4.2-rc1", "^2", false),
        ("18beta1", ">=17", true),
        ("1.4.2", "^1.2", false),
        ("latest", "*", false),
    ] {
        let range = range.parse().expect(range);
        assert_eq!(order().key(tag).is_pre_release_outside(&range), is_left_out, "{tag} in {range}");
    }
}

/// Everything a tag may be, and often something like a version.
fn any_tag() -> impl Strategy<Value = String> {
    prop_oneof![
        "[A-Za-z0-9_][A-Za-z0-9._-]{0,12}",
        "v?[0-9]{1,2}(\\.[0-9]{1,2}){0,3}([-._+]?(rc|alpha|alpine|[0-9]{1,3})){0,3}",
        "20[0-9]{2}[-_][01]?[0-9]([-_][0-3]?[0-9])?([-.][0-9a-z]{1,3})?",
        "0{0,3}[0-9]{0,2}[a-c]?0{0,2}[0-9]?",
        "[0-9]{5,14}",
    ]
}

proptest! {
    #[test]
    fn the_order_is_total(a in any_tag(), b in any_tag(), c in any_tag(), has_dotted: bool) {
        let order = VersionOrder { has_dotted };
        let [x, y, z] = [&a, &b, &c].map(|tag| order.key(tag));
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
    fn equal_versions_have_equal_rank(mut tags in prop::collection::vec(any_tag(), 0..30)) {
        let order = VersionOrder::of(tags.iter().map(String::as_str));
        tags.sort_by_key(|tag| order.key(tag));
        let keys: Vec<_> = tags.iter().map(|tag| order.key(tag)).collect();
        for (index, key) in keys.iter().enumerate() {
            let same: Vec<_> = (0..keys.len()).filter(|other| keys[*other].is_same_version(key)).collect();
            prop_assert!(same.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{tags:?}");
            prop_assert_eq!(same.contains(&index), key.is_version());
        }
    }

    #[test]
    fn the_order_of_the_tags_does_not_matter(tags in prop::collection::vec(any_tag(), 0..10)) {
        let of = |tags: &[String]| VersionOrder::of(tags.iter().map(String::as_str));
        let reversed: Vec<_> = tags.iter().rev().cloned().collect();
        prop_assert_eq!(of(&tags), of(&reversed));
    }

    /// Whatever semantic versioning says is in a range is in it here too.
    #[test]
    fn a_semantic_version_is_in_the_ranges_that_it_is_in(
        numbers in prop::array::uniform3(0u64..4), pre in prop::option::of("(alpha|rc)(\\.[0-9])?"),
        op in prop::sample::select(vec!["=", ">", ">=", "<", "<=", "~", "^"]), bound in "[0-3](\\.[0-3](\\.[0-3](-rc\\.[0-9])?)?)?",
    ) {
        let [major, minor, patch] = numbers;
        let tag = format!("{major}.{minor}.{patch}{}", pre.map(|pre| format!("-{pre}")).unwrap_or_default());
        let range: VersionReq = format!("{op}{bound}").parse().expect("a range");
        let is_in = range.matches(&tag.parse().expect("a version"));
        prop_assert_eq!(order().key(&tag).is_in(&range), is_in, "{} in {}", tag, range);
    }

    #[test]
    fn every_tag_has_a_rank(tag in ".{0,40}") {
        let key = order().key(&tag);
        prop_assert_eq!(key.cmp(&key), Ordering::Equal);
        key.is_in(&VersionReq::STAR);
        key.is_pre_release_outside(&VersionReq::STAR);
    }
}
