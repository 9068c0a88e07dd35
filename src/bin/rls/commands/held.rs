//! What a command holds in memory: lists that it sorts, and lists that wait for their turn to be printed.
//!
//! A registry decides how long its lists are, so what is held of them is counted. A list that does not fit beside those
//! that are printed before it is read again in its turn; one that does not fit by itself is refused.

use std::cell::Cell;
use std::fmt::Display;
use std::rc::Rc;

use registry_ls::error::{Error, Fault, Kind, Result};
use tokio::sync::watch;

/// The most bytes that the list may take whose turn it is.
const MAX: usize = 128 << 20;

/// The same with the keys that it is sorted by.
const MAX_WITH_KEYS: usize = 192 << 20;

/// The most bytes that the lists may take together that are read before their turn.
const MAX_AHEAD: usize = 32 << 20;

/// How many bytes of memory may be held.
#[derive(Debug)]
pub(super) struct Budget {
    most: usize,
    used: Cell<usize>,
}

/// A share of a budget, returned on drop.
#[derive(Debug)]
pub(super) struct Held {
    budget: Rc<Budget>,
    bytes: usize,
    /// The repository, for errors.
    repository: String,
}

/// Whose turn it is among lists that are read concurrently and printed in order.
#[derive(Debug, Default)]
pub(super) struct Turns {
    current: watch::Sender<usize>,
}

impl Budget {
    /// For one list.
    pub(super) fn of_one() -> Rc<Self> {
        Self::of(MAX)
    }

    /// For one list with keys to sort it by.
    pub(super) fn with_keys() -> Rc<Self> {
        Self::of(MAX_WITH_KEYS)
    }

    /// For all lists that are read before their turn.
    pub(super) fn ahead() -> Rc<Self> {
        Self::of(MAX_AHEAD)
    }

    fn of(most: usize) -> Rc<Self> {
        Rc::new(Self { most, used: Cell::new(0) })
    }
}

impl Held {
    /// Nothing of this repository's list yet.
    pub(super) fn none(budget: &Rc<Budget>, repository: impl Display) -> Self {
        Self { budget: Rc::clone(budget), bytes: 0, repository: repository.to_string() }
    }

    /// How many bytes are counted.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Counts some more.
    ///
    /// # Errors
    ///
    /// [`Fault::TooLarge`] when they do not fit.
    pub(super) fn add(&mut self, bytes: usize) -> Result<()> {
        let used = self.budget.used.get() + bytes;
        if used > self.budget.most {
            let what = format!("the list of tags of {} is too large", self.repository);
            let error = Error::new(Kind::Protocol(Fault::TooLarge), what);
            return Err(error.because(format!("it takes more than {} MiB of memory", self.budget.most >> 20)));
        }
        self.budget.used.set(used);
        self.bytes += bytes;
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.budget.used.set(self.budget.used.get() - self.bytes);
    }
}

impl Turns {
    /// Reads the list of this number: before its turn as long as it fits in `ahead`, otherwise in its turn with the
    /// budget `alone`.
    pub(super) async fn read<T>(
        &self,
        number: usize,
        ahead: &Rc<Budget>,
        alone: impl Fn() -> Rc<Budget>,
        read: impl AsyncFn(Rc<Budget>) -> T,
        error: impl Fn(&T) -> Option<&Error>,
    ) -> T {
        if *self.current.borrow() < number {
            let list = read(Rc::clone(ahead)).await;
            if !error(&list).is_some_and(is_too_large) {
                return list;
            }
            drop(list);
            // The sender is in `self`, so that it is not gone before.
            drop(self.current.subscribe().wait_for(|current| *current >= number).await);
        }
        read(alone()).await
    }

    /// Ends the turn of a list.
    pub(super) fn end(&self) {
        self.current.send_modify(|current| *current += 1);
    }
}

/// Whether a list does not fit.
pub(super) fn is_too_large(error: &Error) -> bool {
    matches!(error.kind(), Kind::Protocol(Fault::TooLarge))
}

#[cfg(test)]
mod tests {
    use futures::{StreamExt, stream};

    use super::*;

    /// A list that takes so many bytes.
    async fn list(bytes: usize, budget: Rc<Budget>) -> Result<Held> {
        let mut held = Held::none(&budget, "team/app");
        for _ in 0..bytes >> 20 {
            held.add(1 << 20)?;
            tokio::task::yield_now().await;
        }
        Ok(held)
    }

    #[test]
    fn a_share_is_returned() {
        let budget = Budget::of_one();
        let mut first = Held::none(&budget, "team/app");
        first.add(MAX).expect("it fits");
        let mut second = Held::none(&budget, "team/app");
        let error = second.add(1).expect_err("it is full");
        assert!(is_too_large(&error) && error.to_string().contains("128 MiB"), "{error}");
        drop(first);
        second.add(MAX).expect("it fits");
    }

    #[tokio::test]
    async fn lists_that_do_not_fit_together_are_read_in_their_turn() {
        let (turns, ahead, reads) = (Turns::default(), Budget::ahead(), Cell::new(0));
        let sizes = [100, 20, 100, 20, 200, 1].map(|size| size << 20);
        let lists = stream::iter(sizes.iter().enumerate()).map(|(number, bytes)| {
            let read = async |budget| {
                reads.set(reads.get() + 1);
                list(*bytes, budget).await
            };
            turns.read(number, &ahead, Budget::of_one, read, |list| list.as_ref().err())
        });
        let mut lists = std::pin::pin!(lists.buffered(sizes.len()));
        let mut fit = Vec::new();
        while let Some(list) = lists.next().await {
            fit.push(list.is_ok());
            turns.end();
        }
        assert_eq!(fit, [true, true, true, true, false, true]);
        assert!(reads.get() > sizes.len() && reads.get() <= 2 * sizes.len(), "{}", reads.get());
        assert_eq!(ahead.used.get(), 0);
    }
}
