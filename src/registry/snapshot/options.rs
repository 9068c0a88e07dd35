//! What to read of a repository, and how far that has come.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::name::{Digest, Tag};

/// What a snapshot is to hold besides what its tags point at.
#[derive(Debug, Clone, Default)]
pub struct SnapshotOptions {
    /// Whether the configs are read that say when an image was made.
    pub dates: bool,
    /// Tags that are looked at even where the list lacks them.
    pub also: Vec<Tag>,
    /// Manifests that are read even where no tag leads to them.
    pub manifests: Vec<Digest>,
    /// Counts what was read, to be shown as progress.
    pub progress: Arc<SnapshotProgress>,
}

/// How far a snapshot has come. Each count grows while the one before it may still grow.
#[derive(Debug, Default)]
pub struct SnapshotProgress {
    /// Requests that are known to be needed.
    pub expected: AtomicUsize,
    /// Those of them that were answered.
    pub done: AtomicUsize,
}

impl SnapshotProgress {
    pub(super) fn expect(&self, count: usize) {
        self.expected.fetch_add(count, Ordering::Relaxed);
    }

    pub(super) fn tick(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }
}
