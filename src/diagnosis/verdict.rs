//! What one check hands over: all of a [`Check`](super::Check) but its name and time.

use std::path::PathBuf;

use super::check::{Fact, Finding, Status};

/// The outcome of a check.
#[derive(Debug)]
pub(super) struct Verdict {
    pub status: Status,
    pub detail: String,
    pub facts: Vec<Fact>,
    pub finding: Option<Finding>,
    pub unobeyed: Option<PathBuf>,
    /// Whether something was waited for.
    pub is_timed: bool,
    /// Whether the checks that need this one are tried although it failed.
    pub stands_in_the_way: bool,
}

impl Verdict {
    pub fn passed(detail: impl Into<String>) -> Self {
        Self::new(Status::Passed, detail.into())
    }

    pub fn failed(detail: impl Into<String>, finding: Finding) -> Self {
        Self { finding: Some(finding), ..Self::new(Status::Failed, detail.into()) }
    }

    /// There is nothing to check.
    pub fn skipped(detail: impl Into<String>) -> Self {
        Self { is_timed: false, ..Self::new(Status::Skipped, detail.into()) }
    }

    fn new(status: Status, detail: String) -> Self {
        let (facts, finding, unobeyed) = (Vec::new(), None, None);
        let stands_in_the_way = status == Status::Failed;
        Self { status, detail, facts, finding, unobeyed, is_timed: true, stands_in_the_way }
    }

    pub fn with(mut self, facts: impl IntoIterator<Item = Fact>) -> Self {
        self.facts.extend(facts);
        self
    }

    /// It passed, and yet there is something to be said.
    pub fn but(self, finding: Option<Finding>) -> Self {
        Self { finding, ..self }
    }

    /// It failed although a file asks not to look.
    pub fn in_spite_of(self, file: Option<PathBuf>) -> Self {
        Self { unobeyed: file, ..self }
    }

    pub fn in_no_time(self) -> Self {
        Self { is_timed: false, ..self }
    }

    /// It failed, and what comes after it may work nevertheless.
    pub fn not_in_the_way(self) -> Self {
        Self { stands_in_the_way: false, ..self }
    }
}
