//! What one check hands over: all of a [`Check`](super::Check) but its name and time.

use std::path::PathBuf;

use super::check::{Fact, Finding, Status};

/// The outcome of a check.
#[derive(Debug)]
pub(super) struct Outcome {
    pub status: Status,
    pub detail: String,
    pub facts: Vec<Fact>,
    pub finding: Option<Finding>,
    pub ignored_skip_verify: Option<PathBuf>,
    /// Whether something was waited for.
    pub is_timed: bool,
    /// Whether the checks that need this one are tried although it failed.
    pub blocks_dependents: bool,
}

impl Outcome {
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
        let (facts, finding, ignored_skip_verify) = (Vec::new(), None, None);
        let stands_in_the_way = status == Status::Failed;
        Self {
            status,
            detail,
            facts,
            finding,
            ignored_skip_verify: ignored_skip_verify,
            is_timed: true,
            blocks_dependents: stands_in_the_way,
        }
    }

    pub fn with(mut self, facts: impl IntoIterator<Item = Fact>) -> Self {
        self.facts.extend(facts);
        self
    }

    /// It passed, and yet there is something to be said.
    pub fn with_finding(self, finding: Option<Finding>) -> Self {
        Self { finding, ..self }
    }

    /// It failed although a file asks not to look.
    pub fn with_ignored_skip_verify(self, file: Option<PathBuf>) -> Self {
        Self { ignored_skip_verify: file, ..self }
    }

    pub fn untimed(self) -> Self {
        Self { is_timed: false, ..self }
    }

    /// It failed, and what comes after it may work nevertheless.
    pub fn without_blocking(self) -> Self {
        Self { blocks_dependents: false, ..self }
    }
}
