//! Streams of results: limited, and written to the output as they arrive.

use std::io::{IsTerminal, Write, stdout};

use futures::stream::LocalBoxStream;
use futures::{FutureExt, Stream, StreamExt, stream};
use registry_ls::error::Error;
use tokio::task::yield_now;

use super::context::Context;
use crate::output::{Output, View};
use crate::report::CommandError;

/// Maximum number of lookups that a command has pending. The transport limits the requests; this limits what waits for
/// them.
pub(super) const MAX_PENDING: usize = 64;

/// Ends a stream of batches after `limit` items; later batches are not requested.
pub(super) fn limit_items<'a, T: 'a, S>(limit: usize, batches: S) -> LocalBoxStream<'a, Result<Vec<T>, Error>>
where
    S: Stream<Item = Result<Vec<T>, Error>> + Unpin + 'a,
{
    let next = |(mut batches, left): (S, usize)| async move {
        if left == 0 {
            return None;
        }
        let mut batch = batches.next().await?;
        let count = batch.as_mut().map_or(0, |batch| {
            batch.truncate(left);
            batch.len()
        });
        Some((batch, (batches, left - count)))
    };
    stream::unfold((batches, limit), next).boxed_local()
}

/// The next item, unless the command must end first. Before it waits, it flushes the output.
pub(super) async fn next_or_flush<S, V, W>(
    context: &Context<'_>,
    stream: &mut S,
    output: &mut Output<V, W>,
) -> Result<Option<S::Item>, CommandError>
where
    S: Stream + Unpin,
    V: View,
    W: Write,
{
    // A stream that is always ready would never let a signal be noticed.
    context.until_shutdown(yield_now()).await?;
    if let Some(item) = stream.next().now_or_never() {
        return Ok(item);
    }
    output.flush()?;
    context.until_shutdown(stream.next()).await
}

/// Finishes the output of a command that may have failed. If it failed before the first record, nothing is printed: an
/// empty list would be an answer.
pub(super) fn close<V: View, W: Write>(
    output: Output<V, W>,
    outcome: Result<(), CommandError>,
) -> Result<(), CommandError> {
    if outcome.is_ok() || output.has_records() {
        output.finish()?;
    }
    outcome
}

/// As [`close`]; then says on a terminal that a list is empty, where people see nothing or only a header.
pub(super) fn close_list<V: View, W: Write>(
    context: &Context<'_>,
    output: Output<V, W>,
    outcome: Result<(), CommandError>,
    empty: impl FnOnce() -> String,
) -> Result<(), CommandError> {
    let is_blank = !output.has_records() && output.is_silent() && stdout().is_terminal();
    close(output, outcome)?;
    if is_blank {
        context.report.summary(&empty());
    }
    Ok(())
}
