//! From what a list holds to names: what cannot be one is dropped, and said so.

use futures::{Stream, TryStreamExt, stream};

use super::listing::Listing;
use super::names::Entry;
use crate::error::Result;
use crate::name::FromText;

/// How many entries that were dropped are named.
const NAMED: usize = 5;

/// The entries of a list that are names, as many at a time as arrive together. Nexus lists `null`, Artifactory digests among the tags; some registries hold names that the
/// grammar does not allow, and which therefore cannot be asked for.
pub(super) fn valid_names<T: FromText>(
    listing: Listing,
    what: &'static str,
) -> impl Stream<Item = Result<Vec<T>>> + Send + use<T> {
    let mut dropped = SkippedNames { what, count: 0 };
    listing.into_stream().map_ok(move |entries| entries.into_iter().filter_map(|entry| dropped.name(entry)).collect())
}

/// One by one what comes some at a time, such as [`Client::tag_batches`](super::Client::tag_batches).
pub fn flatten_batches<T, S: Stream<Item = Result<Vec<T>>>>(names: S) -> impl Stream<Item = Result<T>> + use<T, S> {
    names.map_ok(|names| stream::iter(names.into_iter().map(Ok))).try_flatten()
}

/// Counts what was dropped, and says so when the list ends.
struct SkippedNames {
    what: &'static str,
    count: usize,
}

impl SkippedNames {
    fn name<T: FromText>(&mut self, entry: Entry) -> Option<T> {
        let text = match entry {
            Entry::Name(text) if text.is_empty() => "an empty name".to_owned(),
            Entry::Null => "null".to_owned(),
            Entry::Name(text) => match T::from_text(text) {
                Ok(name) => return Some(name),
                Err(text) => format!("{text:?}"),
            },
        };
        self.count += 1;
        if self.count <= NAMED {
            tracing::warn!("left out of the list: {text} is not a {}", self.what);
        }
        None
    }
}

impl Drop for SkippedNames {
    fn drop(&mut self) {
        if self.count > NAMED {
            tracing::warn!("left out of the list: {} more that are not a {}", self.count - NAMED, self.what);
        }
    }
}
