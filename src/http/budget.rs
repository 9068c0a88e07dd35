//! How many bytes of replies are held at once: a bound that depends neither on the number of requests nor on what a registry sends.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Most bytes of all bodies together. The process may have 128 MiB: each body is read in pieces first, and what it says is a copy.
const MOST: usize = 40 * 1024 * 1024;

/// What is counted at a time, in bytes.
const UNIT: usize = 1024;

/// The bytes that bodies may take together.
#[derive(Debug)]
pub(super) struct ByteBudget(Arc<Semaphore>);

/// A share of the budget, given back when this is dropped.
#[derive(Debug)]
pub struct HeldBytes {
    _permit: Option<OwnedSemaphorePermit>,
}

impl Default for ByteBudget {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MOST / UNIT)))
    }
}

impl ByteBudget {
    /// Waits until there is room for so many bytes. Waiters are served in order, so that a large body is not starved.
    pub(super) async fn hold(&self, bytes: usize) -> HeldBytes {
        let units = u32::try_from(bytes.clamp(1, MOST).div_ceil(UNIT)).unwrap_or(u32::MAX);
        // The semaphore is never closed, so there is always room to come.
        HeldBytes { _permit: Arc::clone(&self.0).acquire_many_owned(units).await.ok() }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn what_does_not_fit_waits_for_what_is_given_back() {
        let budget = ByteBudget::default();
        let first = budget.hold(MOST - UNIT).now_or_never().expect("there is room");
        assert!(budget.hold(UNIT + 1).now_or_never().is_none());
        let second = budget.hold(1).now_or_never().expect("the smallest body takes one unit");
        drop((first, second));
        assert!(budget.hold(usize::MAX).now_or_never().is_some(), "no body is larger than the budget");
    }
}
