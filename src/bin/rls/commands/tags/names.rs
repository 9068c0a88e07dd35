//! Names of tags in compact form: a repository may have a million, and all are sorted before the first is printed.

use std::iter;
use std::panic::resume_unwind;

use futures::{Stream, StreamExt};
use registry_ls::error::{Error, Fault, Kind, Result};
use registry_ls::name::Tag;
use tokio::task::spawn_blocking;

use crate::sort::{Order, SortFacts, sort};

/// Separates names; no tag contains it.
const SEPARATOR: char = '\n';

/// Number of names from which they are sorted on another thread.
const MANY: usize = 20_000;

/// Maximum length of a name with its separator, in bytes.
const MAX_LENGTH: usize = 129;

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
    /// Collects names up to the first error, and returns that error.
    pub(super) async fn until_error(tags: impl Stream<Item = Result<Vec<Tag>>>) -> (Self, Option<Error>) {
        let mut tags = std::pin::pin!(tags);
        let mut names = Self::default();
        loop {
            let added = match tags.next().await {
                Some(tags) => tags.and_then(|tags| tags.iter().try_for_each(|tag| names.push(tag))),
                None => return (names, None),
            };
            if let Err(error) = added {
                return (names, Some(error));
            }
        }
    }

    fn push(&mut self, tag: &Tag) -> Result<()> {
        let start = u32::try_from(self.text.len()).map_err(|_| {
            Error::new(Kind::Protocol(Fault::TooLarge), "too many tags").because("their names take more than 4 GiB")
        })?;
        self.text.push_str(tag.as_str());
        self.text.push(SEPARATOR);
        self.starts.push(start);
        Ok(())
    }

    /// Number of names.
    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    /// Sorts the names and removes duplicates. Many are sorted on another thread, so that a signal can end the command.
    pub(super) async fn sorted(mut self, order: Order, reverse: bool) -> Self {
        if self.len() < MANY {
            self.sort(order, reverse);
            return self;
        }
        let sorting = spawn_blocking(move || {
            self.sort(order, reverse);
            self
        });
        sorting.await.unwrap_or_else(|error| resume_unwind(error.into_panic()))
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

    use super::*;

    async fn names(tags: &[&str]) -> Names {
        let tags = stream::iter([tags.iter().map(|tag| tag.parse()).collect()]);
        let (names, failed) = Names::until_error(tags).await;
        assert!(failed.is_none());
        names
    }

    fn listed(names: Names) -> Vec<String> {
        names.into_batches().flat_map(|tags| tags.unwrap()).map(|tag| tag.to_string()).collect()
    }

    #[tokio::test]
    async fn they_come_back_as_they_were_unless_they_are_sorted() {
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
    async fn each_is_there_once() {
        let tags = ["b", "a", "b", "c", "a", "b"];
        for (order, reverse, expected) in [
            (Order::Name, false, ["a", "b", "c"]),
            (Order::Name, true, ["c", "b", "a"]),
            (Order::Version, false, ["a", "b", "c"]),
            (Order::None, true, ["c", "a", "b"]),
        ] {
            let names = names(&tags).await.sorted(order, reverse).await;
            assert_eq!(names.len(), 3);
            assert_eq!(listed(names), expected, "{order:?}");
        }
    }

    #[tokio::test]
    async fn what_came_before_an_error_is_there() {
        let broken = Err(Error::new(Kind::Incomplete, "cut short"));
        let batch = |tags: &[&str]| tags.iter().map(|tag| tag.parse()).collect();
        let tags = vec![batch(&["b", "a"]), broken, batch(&["c"])];
        let (names, failed) = Names::until_error(stream::iter(tags)).await;
        assert_eq!(listed(names), ["b", "a"]);
        assert_eq!(failed.unwrap().what(), "cut short");
    }
}
