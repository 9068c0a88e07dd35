//! Names of tags in compact form: a repository may have a million, and all are sorted before the first is printed.

use std::iter;
use std::panic::resume_unwind;

use futures::{Stream, StreamExt};
use registry_ls::error::{Error, Result};
use registry_ls::name::{Tag, VersionKey, VersionOrder};
use semver::VersionReq;
use tokio::task::spawn_blocking;

use crate::commands::held::{Held, is_too_large};
use crate::sort::{Order, SortFacts, sort};

/// Separates names; no tag contains it.
const SEPARATOR: char = '\n';

/// Number of names from which they are sorted on another thread.
const MANY: usize = 20_000;

/// Maximum length of a name with its separator, in bytes.
const MAX_LENGTH: usize = 129;

/// What an allocation takes besides its content, in bytes.
pub(super) const ALLOCATION: usize = 16;

/// Number of tags that are parsed at a time.
const BATCH_SIZE: usize = 1000;

/// Tags, concatenated in one string.
#[derive(Debug, Default)]
pub(super) struct Names {
    text: String,
    /// The offset of each, in the order of the tags.
    starts: Vec<u32>,
}

impl Names {
    /// Collects names up to the first error, and returns that error. They count as `held`, with the keys of their
    /// `order`. Of a list that is too large none are returned.
    pub(super) async fn until_error(
        tags: impl Stream<Item = Result<Vec<Tag>>>,
        order: Order,
        held: &mut Held,
    ) -> (Self, Option<Error>) {
        let mut tags = std::pin::pin!(tags);
        let mut names = Self::default();
        loop {
            let added = match tags.next().await {
                Some(tags) => tags.and_then(|tags| {
                    held.add(tags.iter().map(|tag| memory(tag, order)).sum())?;
                    tags.iter().for_each(|tag| names.push(tag));
                    Ok(())
                }),
                None => return (names, None),
            };
            match added {
                Ok(()) => {}
                Err(error) if is_too_large(&error) => return (Self::default(), Some(error)),
                Err(error) => return (names, Some(error)),
            }
        }
    }

    fn push(&mut self, tag: &Tag) {
        // What is held is far less than 4 GiB.
        let Ok(start) = u32::try_from(self.text.len()) else { return };
        self.text.push_str(tag.as_str());
        self.text.push(SEPARATOR);
        self.starts.push(start);
    }

    /// Number of names.
    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    /// Sorts the names, removes duplicates, and of a range leaves only the versions in it. Many are sorted on another
    /// thread, so that a signal can end the command.
    pub(super) async fn sorted(mut self, order: Order, reverse: bool, range: Option<VersionReq>) -> Self {
        let is_short = self.len() < MANY;
        let work = move || {
            if let Some(range) = range {
                self.retain_versions(&range);
            }
            self.sort(order, reverse);
            self
        };
        if is_short {
            return work();
        }
        let sorting = spawn_blocking(work);
        sorting.await.unwrap_or_else(|error| resume_unwind(error.into_panic()))
    }

    /// Leaves only the versions in a range.
    fn retain_versions(&mut self, range: &VersionReq) {
        let text = &self.text;
        let order = VersionOrder::of(self.starts.iter().map(|start| name(text, *start)));
        self.starts.retain(|start| order.key(name(text, *start)).is_in(range));
    }

    fn sort(&mut self, order: Order, reverse: bool) {
        let text = &self.text;
        // The default order needs no extra memory.
        self.starts.sort_unstable_by_key(|start| beginning(text, *start));
        self.starts.dedup_by(|again, first| {
            let is_same = name(text, *again) == name(text, *first);
            *first = if is_same { *again.min(first) } else { *first };
            is_same
        });
        match order {
            Order::Name if reverse => self.starts.reverse(),
            Order::Name => {}
            // These are sorted after the manifests were read.
            Order::Created | Order::Size => {}
            Order::None => {
                self.starts.sort_unstable();
                if reverse {
                    self.starts.reverse();
                }
            }
            Order::Version => {
                let mut named: Vec<_> = self.starts.iter().map(|start| (*start, name(text, *start))).collect();
                sort(&mut named, order, reverse, |(_, name)| SortFacts { name, created: None, size: None });
                self.starts = named.into_iter().map(|(start, _)| start).collect();
            }
        }
    }

    /// The tags in order, in batches.
    pub(super) fn into_batches(self) -> impl Iterator<Item = Result<Vec<Tag>>> {
        let mut tags = self.starts.into_iter().map(move |start| name(&self.text, start).parse()).peekable();
        iter::from_fn(move || tags.peek().is_some().then(|| tags.by_ref().take(BATCH_SIZE).collect()))
    }
}

/// How much memory a name takes until the list is printed, in bytes.
fn memory(tag: &Tag, order: Order) -> usize {
    let name = tag.as_str();
    let text = name.len() + SEPARATOR.len_utf8() + size_of::<u32>();
    if order != Order::Version {
        return text;
    }
    // The key has the name and its numbers, each in an allocation of its own.
    let numbers = 1 + name.bytes().filter(|byte| !byte.is_ascii_alphanumeric()).count();
    let entry = size_of::<(VersionKey, (u32, &str))>() + size_of::<(u32, &str)>();
    text + entry + name.len() + numbers * size_of::<u64>() + 2 * ALLOCATION
}

/// The name at an offset and what follows: comparing these is comparing the names, since the separator sorts before
/// every character of a tag.
fn beginning(text: &str, start: u32) -> &[u8] {
    let rest = text.as_bytes().get(start as usize..).unwrap_or_default();
    rest.get(..MAX_LENGTH).unwrap_or(rest)
}

fn name(text: &str, start: u32) -> &str {
    let rest = text.get(start as usize..).unwrap_or_default();
    rest.split(SEPARATOR).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use futures::stream;
    use registry_ls::Kind;

    use super::*;
    use crate::commands::held::Budget;

    async fn names(tags: &[&str]) -> Names {
        let tags = stream::iter([tags.iter().map(|tag| tag.parse()).collect()]);
        let (names, failed) =
            Names::until_error(tags, Order::Name, &mut Held::none(&Budget::of_one(), "team/app")).await;
        assert!(failed.is_none());
        names
    }

    fn listed(names: Names) -> Vec<String> {
        names.into_batches().flat_map(|tags| tags.expect("a batch")).map(|tag| tag.to_string()).collect()
    }

    #[tokio::test]
    async fn the_order_is_kept_unless_sorted() {
        let tags = ["1.10", "latest", "1.9", "1", "1.1"];
        assert_eq!(listed(names(&tags).await), tags);
        for (order, reverse, expected) in [
            (Order::Name, false, ["1", "1.1", "1.10", "1.9", "latest"]),
            (Order::Name, true, ["latest", "1.9", "1.10", "1.1", "1"]),
            (Order::Version, false, ["latest", "1", "1.1", "1.9", "1.10"]),
            (Order::None, true, ["1.1", "1", "1.9", "latest", "1.10"]),
        ] {
            let mut names = names(&tags).await;
            assert_eq!(names.len(), 5);
            names.sort(order, reverse);
            assert_eq!(listed(names), expected, "{order:?}");
        }
    }

    #[tokio::test]
    async fn duplicates_are_dropped() {
        let tags = ["b", "a", "b", "c", "a", "b"];
        for (order, reverse, expected) in [
            (Order::Name, false, ["a", "b", "c"]),
            (Order::Name, true, ["c", "b", "a"]),
            (Order::Version, false, ["a", "b", "c"]),
            (Order::None, true, ["c", "a", "b"]),
        ] {
            let names = names(&tags).await.sorted(order, reverse, None).await;
            assert_eq!(names.len(), 3);
            assert_eq!(listed(names), expected, "{order:?}");
        }
    }

    #[tokio::test]
    async fn names_before_an_error_are_kept() {
        let broken = Err(Error::new(Kind::Incomplete, "cut short"));
        let batch = |tags: &[&str]| tags.iter().map(|tag| tag.parse()).collect();
        let tags = vec![batch(&["b", "a"]), broken, batch(&["c"])];
        let mut held = Held::none(&Budget::of_one(), "team/app");
        let (names, failed) = Names::until_error(stream::iter(tags), Order::Name, &mut held).await;
        assert_eq!(listed(names), ["b", "a"]);
        assert_eq!(failed.expect("an error").what(), "cut short");
    }

    #[tokio::test]
    async fn a_list_that_is_too_large_is_refused_as_a_whole() {
        let long = "a".repeat(100);
        let batch = || Ok((0..1000).map(|number| format!("{long}{number}").parse().expect("a tag")).collect());
        for (order, batches) in [(Order::Name, 1300), (Order::Version, 700)] {
            let mut held = Held::none(&Budget::of_one(), "team/app");
            let tags = stream::iter(iter::repeat_with(batch).take(batches));
            let (names, failed) = Names::until_error(tags, order, &mut held).await;
            assert!(is_too_large(&failed.expect("too large")) && names.len() == 0, "{order:?}");
        }
    }
}
