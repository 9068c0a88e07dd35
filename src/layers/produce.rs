//! Streams whose items are produced by a future.

use futures::{FutureExt, Stream, stream};
use tokio::sync::mpsc;

use crate::error::{Error, Result};

/// How many items wait for their reader.
const QUEUED: usize = 4;

/// The items that the future sends, and then its error. It runs while the stream is polled.
pub(super) fn produce<T, F>(work: impl FnOnce(mpsc::Sender<T>) -> F) -> impl Stream<Item = Result<T>> + Send
where
    T: Send,
    F: Future<Output = Result<()>> + Send,
{
    let (sender, mut items) = mpsc::channel(QUEUED);
    let mut work = Some(Box::pin(work(sender)));
    let mut failure: Option<Error> = None;
    stream::poll_fn(move |context| {
        if let Some(running) = &mut work
            && let std::task::Poll::Ready(outcome) = running.poll_unpin(context)
        {
            failure = outcome.err();
            work = None;
        }
        items.poll_recv(context).map(|item| item.map(Ok).or_else(|| failure.take().map(Err)))
    })
}
