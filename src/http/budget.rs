//! The budget for reply bodies in memory. It depends neither on the number of requests nor on what a registry sends.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The budget in bytes. The whole process is to stay under 128 MiB: bodies arrive in pieces, and what is parsed is a
/// copy.
const MAX: usize = 40 * 1024 * 1024;

/// The unit of accounting, in bytes.
const UNIT: usize = 1024;

/// The bytes that all bodies may take together.
#[derive(Debug)]
pub(super) struct ByteBudget(Arc<Semaphore>);

/// A share of the budget, returned on drop.
#[derive(Debug)]
pub struct HeldBytes {
    _permit: Option<OwnedSemaphorePermit>,
}

impl Default for ByteBudget {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MAX / UNIT)))
    }
}

impl ByteBudget {
    /// Waits until `bytes` fit. Waiters are served in order, so that a large body is not starved.
    pub(super) async fn hold(&self, bytes: usize) -> HeldBytes {
        let units = u32::try_from(bytes.clamp(1, MAX).div_ceil(UNIT)).unwrap_or(u32::MAX);
        // The semaphore is never closed, so this never fails.
        HeldBytes { _permit: Arc::clone(&self.0).acquire_many_owned(units).await.ok() }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn a_body_that_does_not_fit_waits() {
        let budget = ByteBudget::default();
        let first = budget.hold(MAX - UNIT).now_or_never().expect("the budget has space");
        assert!(budget.hold(UNIT + 1).now_or_never().is_none());
        let second = budget.hold(1).now_or_never().expect("the smallest body takes one unit");
        drop((first, second));
        assert!(budget.hold(usize::MAX).now_or_never().is_some(), "no body is larger than the budget");
    }
}
