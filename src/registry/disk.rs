//! Reads and writes files on another thread. A visit to that thread costs more than a small file: reads that are asked
//! for while it wakes up are done in one.

use std::fmt;
use std::mem::take;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

type Work = Box<dyn FnOnce() + Send>;

/// What waits for the next visit; one is on its way unless this is empty.
#[derive(Clone, Default)]
pub(super) struct Disk(Arc<Mutex<Vec<Work>>>);

impl Disk {
    /// Does blocking work, and returns what it returns; `None` where it panicked.
    pub async fn visit<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let (sender, result) = oneshot::channel();
        // If the caller has stopped waiting, the result is dropped.
        let is_first = self.add(Box::new(move || drop(sender.send(work()))));
        if is_first {
            let mut visit = Visit(Some(self.clone()));
            spawn_blocking(move || visit.begin().into_iter().for_each(|work| work()));
        }
        result.await.ok()
    }

    fn add(&self, work: Work) -> bool {
        let mut waiting = self.waiting();
        waiting.push(work);
        waiting.len() == 1
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Work>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disk").finish_non_exhaustive()
    }
}

/// A visit that is on its way. What waits for one that never begins, because its runtime is shut down, is dropped: the
/// next runtime makes one of its own.
struct Visit(Option<Disk>);

impl Visit {
    fn begin(&mut self) -> Vec<Work> {
        self.0.take().map(|disk| take(&mut *disk.waiting())).unwrap_or_default()
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        drop(self.begin());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use futures::FutureExt;
    use futures::future::join_all;
    use tokio::runtime::{Builder, Runtime};

    use super::*;

    fn runtime() -> Runtime {
        Builder::new_current_thread().build().expect("a runtime")
    }

    #[test]
    fn what_is_asked_for_before_a_visit_begins_is_done_in_it() {
        let disk = Disk::default();
        let (send, gate) = mpsc::channel::<()>();
        let runtime = Builder::new_current_thread().max_blocking_threads(1).build().expect("a runtime");
        runtime.spawn_blocking(move || gate.recv());
        let numbers = runtime.block_on(async {
            let mut works: Vec<_> = (0..100).map(|number| disk.visit(move || number).boxed()).collect();
            assert!(works.iter_mut().all(|work| work.now_or_never().is_none()), "the thread is busy");
            assert_eq!(disk.waiting().len(), 100);
            send.send(()).expect("the thread waits");
            join_all(works).await
        });
        assert_eq!(numbers, (0..100).map(Some).collect::<Vec<_>>());
    }

    #[test]
    fn a_panic_concerns_its_own_visit_alone() {
        let disk = Disk::default();
        let panicking = || -> i32 { std::panic::resume_unwind(Box::new(())) };
        assert_eq!(runtime().block_on(disk.visit(panicking)), None);
        assert_eq!(runtime().block_on(disk.visit(|| 2)), Some(2));
    }

    #[test]
    fn a_runtime_that_was_shut_down_does_not_hold_up_another() {
        let disk = Disk::default();
        let handle = {
            let first = runtime();
            first.handle().clone()
        };
        let entered = handle.enter();
        assert_eq!(disk.visit(|| 1).now_or_never(), Some(None), "nothing runs there any more");
        drop(entered);
        assert_eq!(runtime().block_on(disk.visit(|| 2)), Some(2));
    }
}
