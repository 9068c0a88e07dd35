//! Sorting of tags: `--sort` and `--reverse`.

use std::cmp::Ordering;

use jiff::Timestamp;
use registry_ls::name::{VersionKey, VersionOrder};

/// What tags are sorted by.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Order {
    /// By name, bytewise
    #[default]
    Name,
    /// By version, oldest first; 1.2-rc1 before 1.2, dates are versions, tags that are not versions come first
    Version,
    /// Newest first, unknown last
    Created,
    /// Largest first, unknown last
    Size,
    /// As listed by the registry, printed as they arrive
    None,
}

/// The sort keys of a tag.
#[derive(Debug, Clone, Copy)]
pub struct SortFacts<'a> {
    /// The tag.
    pub name: &'a str,
    /// Creation time of its image; needed by [`Order::Created`] only.
    pub created: Option<Timestamp>,
    /// Its bytes; needed by [`Order::Size`] only.
    pub size: Option<u64>,
}

/// Sorts `items`, equal ones by name. Items of unknown time or size are last, also with `reverse`. [`Order::None`]
/// keeps the order, or with `reverse` reverses it.
pub fn sort<T>(items: &mut Vec<T>, order: Order, reverse: bool, facts: impl Fn(&T) -> SortFacts<'_>) {
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
fn sort_by_version<T>(items: &mut Vec<T>, reverse: bool, facts: &impl Fn(&T) -> SortFacts<'_>) {
    let order = VersionOrder::of(items.iter().map(|item| facts(item).name));
    let mut keyed: Vec<(VersionKey, T)> = items.drain(..).map(|item| (order.key(facts(&item).name), item)).collect();
    keyed.sort_by(|(a, _), (b, _)| if reverse { b.cmp(a) } else { a.cmp(b) });
    items.extend(keyed.into_iter().map(|(_, item)| item));
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Tag(&'static str, Option<&'static str>, Option<u64>);

    fn sorted(mut tags: Vec<Tag>, order: Order, reverse: bool) -> Vec<&'static str> {
        sort(&mut tags, order, reverse, |tag| SortFacts {
            name: tag.0,
            created: tag.1.map(|time| time.parse().expect("a time")),
            size: tag.2,
        });
        tags.iter().map(|tag| tag.0).collect()
    }

    fn by_version(names: &[&'static str], reverse: bool) -> Vec<&'static str> {
        sorted(names.iter().map(|name| Tag(name, None, None)).collect(), Order::Version, reverse)
    }

    #[test]
    fn versions_are_in_their_order() {
        let order = ["4095671", "latest", "1.9", "1.10-rc1", "1.10", "2024-01-02"];
        assert_eq!(by_version(&["1.10", "latest", "2024-01-02", "1.9", "4095671", "1.10-rc1"], false), order);
        let reversed: Vec<_> = order.into_iter().rev().collect();
        assert_eq!(by_version(&order, true), reversed);
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
}
