//! Does work for the items of a stream, many at a time, and returns the results in their order.
//!
//! A buffer that is as wide as the number of requests in flight would let one slow request stop all others: those
//! behind it finish, and nothing new begins until it has finished too. So the buffer is several times as wide, and the
//! transport alone decides how many requests are in flight. It is bounded by the number of items, and by the bytes of
//! the results that wait for an earlier one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use futures::stream::FuturesOrdered;
use futures::{FutureExt, Stream, StreamExt, stream};

/// How many items may be begun for each request that may be in flight.
const BEGUN_PER_REQUEST: usize = 8;

/// How many of them may be unfinished: those that wait for a retry need no request, nor do those that wait for another
/// item that reads the same.
const UNFINISHED_PER_REQUEST: usize = 2;

/// The bytes of waiting results above which nothing new is begun.
const MAX_WAITING_BYTES: usize = 4 * 1024 * 1024;

/// Results that wait for an earlier one.
#[derive(Default)]
struct Waiting {
    count: AtomicUsize,
    bytes: AtomicUsize,
}

/// Runs the futures of `works`, enough of them to keep `requests` requests in flight, and returns their results in
/// order. `requests` is read anew for each work, since the number that a registry is sent at once changes, and each
/// unfinished work takes memory. `size` is the size of a result in memory, in bytes.
pub fn reorder<S, R>(
    works: S,
    requests: R,
    size: fn(&<S::Item as Future>::Output) -> usize,
) -> impl Stream<Item = <S::Item as Future>::Output> + use<S, R>
where
    S: Stream<Item: Future>,
    R: Fn() -> usize,
{
    let mut works = Box::pin(works.fuse());
    let waiting = Arc::new(Waiting::default());
    let mut begun = FuturesOrdered::new();
    let mut is_pending = false;
    stream::poll_fn(move |cx| {
        loop {
            let (count, requests) = (waiting.count.load(Ordering::Relaxed), requests());
            let has_room = begun.len() < requests.saturating_mul(BEGUN_PER_REQUEST)
                && begun.len() - count < requests.saturating_mul(UNFINISHED_PER_REQUEST)
                && waiting.bytes.load(Ordering::Relaxed) < MAX_WAITING_BYTES;
            // A page of names that has been requested may occupy the only request that is allowed: it must be read.
            let next = if has_room || is_pending { works.poll_next_unpin(cx) } else { Poll::Pending };
            is_pending = (has_room || is_pending) && next.is_pending();
            if let Poll::Ready(Some(work)) = next {
                let waiting = Arc::clone(&waiting);
                begun.push_back(work.inspect(move |result| {
                    waiting.count.fetch_add(1, Ordering::Relaxed);
                    waiting.bytes.fetch_add(size(result), Ordering::Relaxed);
                }));
                continue;
            }
            match begun.poll_next_unpin(cx) {
                Poll::Ready(Some(result)) => {
                    waiting.count.fetch_sub(1, Ordering::Relaxed);
                    waiting.bytes.fetch_sub(size(&result), Ordering::Relaxed);
                    return Poll::Ready(Some(result));
                }
                Poll::Ready(None) if works.is_done() => return Poll::Ready(None),
                // Those that finished just now have left the buffer.
                _ if !has_room && waiting.count.load(Ordering::Relaxed) > count => {}
                _ => return Poll::Pending,
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::rc::Rc;

    use futures::channel::oneshot;

    use super::*;

    type Sender = oneshot::Sender<Vec<u8>>;

    /// Works that finish when the test lets them.
    #[derive(Default, Clone)]
    struct Works {
        senders: Rc<RefCell<Vec<Option<Sender>>>>,
    }

    impl Works {
        fn stream(&self, count: usize) -> impl Stream<Item = impl Future<Output = Vec<u8>> + use<>> + use<> {
            let senders = Rc::clone(&self.senders);
            stream::iter(0..count).map(move |_| {
                let (sender, receiver) = oneshot::channel();
                senders.borrow_mut().push(Some(sender));
                receiver.map(|result| result.expect("the sender is not dropped"))
            })
        }

        fn begun(&self) -> usize {
            self.senders.borrow().len()
        }

        fn finish(&self, at: usize, result: &[u8]) {
            let sender = self.senders.borrow_mut()[at].take().expect("it is finished once");
            sender.send(result.to_vec()).expect("it is waited for");
        }
    }

    #[test]
    fn a_slow_one_does_not_stop_the_others_until_the_buffer_is_full() {
        let works = Works::default();
        let mut results = Box::pin(reorder(works.stream(100), || 2, Vec::len));
        assert_eq!((results.next().now_or_never(), works.begun()), (None, 4));
        for at in 1..16 {
            works.finish(at, &[at as u8]);
            assert_eq!((results.next().now_or_never(), works.begun()), (None, 16.min(4 + at)));
        }
        works.finish(0, &[0]);
        for at in 0..16 {
            assert_eq!(results.next().now_or_never().flatten(), Some(vec![at]), "in order");
        }
        assert_eq!(works.begun(), 20, "as many as may be unfinished, after those that were returned");
    }

    #[test]
    fn large_results_that_wait_hold_up_new_ones() {
        let works = Works::default();
        let mut results = Box::pin(reorder(works.stream(100), || 2, Vec::len));
        assert_eq!(results.next().now_or_never(), None);
        works.finish(1, &vec![0; MAX_WAITING_BYTES]);
        assert_eq!((results.next().now_or_never(), works.begun()), (None, 4));
        works.finish(2, &[]);
        assert_eq!((results.next().now_or_never(), works.begun()), (None, 4));
        works.finish(0, &[]);
        assert!(results.next().now_or_never().is_some() && results.next().now_or_never().is_some());
        assert_eq!((results.next().now_or_never(), works.begun()), (Some(Some(Vec::new())), 7));
    }

    #[test]
    fn a_source_that_was_asked_is_asked_again_even_when_nothing_new_may_begin() {
        let works = Works::default();
        let polls = Rc::new(Cell::new(0));
        let polled = Rc::clone(&polls);
        let stalled = stream::poll_fn(move |_| {
            polled.set(polled.get() + 1);
            Poll::Pending
        });
        let source = works.stream(1).left_stream::<stream::Empty<_>>();
        let source = source.chain(stalled);
        let mut results = Box::pin(reorder(source, || 1, Vec::len));
        for expected in 1..4 {
            assert_eq!((results.next().now_or_never(), polls.get()), (None, expected));
        }
    }

    #[test]
    fn it_ends_with_its_source() {
        let mut results = Box::pin(reorder(Works::default().stream(0), || 2, Vec::len));
        assert_eq!(results.next().now_or_never(), Some(None));
    }
}
