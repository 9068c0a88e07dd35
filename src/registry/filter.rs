//! Parses listed names; invalid ones are skipped with a warning. Nexus lists `null`, Artifactory digests among the
//! tags, and some registries hold names that the grammar does not allow, and that therefore cannot be requested.

use std::sync::Arc;

use futures::{Stream, TryStreamExt, stream};

use super::names::Entry;
use crate::error::Result;
use crate::http::Transport;
use crate::name::FromText;

/// The most skipped entries that are named; the number of the others follows.
const NAMED: usize = 5;

/// Flattens a stream of batches, such as [`Client::catalog_batches`](super::Client::catalog_batches).
pub fn flatten_batches<T, S: Stream<Item = Result<Vec<T>>>>(names: S) -> impl Stream<Item = Result<T>> + use<T, S> {
    names.map_ok(|names| stream::iter(names.into_iter().map(Ok))).try_flatten()
}

/// Counts skipped entries, and warns about them at the end of the list.
pub(super) struct SkippedNames {
    what: &'static str,
    count: usize,
    /// Knows the secrets that a name may echo.
    transport: Arc<Transport>,
}

impl SkippedNames {
    /// `what` the names are, for the warnings.
    pub(super) fn new(what: &'static str, transport: Arc<Transport>) -> Self {
        Self { what, count: 0, transport }
    }

    /// The name of an entry, if it is valid.
    pub(super) fn name<T: FromText>(&mut self, entry: Entry) -> Option<T> {
        let text = match entry {
            Entry::Name(text) if text.is_empty() => "an empty name".to_owned(),
            Entry::Null => "null".to_owned(),
            Entry::Name(text) => match T::from_text(text) {
                Ok(name) => return Some(name),
                Err(text) => format!("{:?}", self.transport.masked(&text)),
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
