//! What a check found.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::problem::Problem;
use crate::error::Kind;

/// One check of a diagnosis.
///
/// Its texts may contain text from a server or a file. They are not escaped here; a program that prints them must do
/// so.
#[derive(Debug, Clone)]
pub struct Check {
    /// Which check it is.
    pub name: Name,
    /// The result.
    pub status: Status,
    /// The result in a few words.
    pub detail: String,
    /// More that was observed.
    pub facts: Vec<Fact>,
    /// What is wrong. Always present when the check failed. A check that passed has one where something works now and
    /// will not for long, or works only here.
    pub finding: Option<Finding>,
    /// The file that asks to skip verification of the server's certificate, which is ignored, where the check failed
    /// because of the certificate.
    pub ignored_skip_verify: Option<PathBuf>,
    /// How long it took; `None` where nothing had to be waited for.
    pub took: Option<Duration>,
}

/// The checks, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Name {
    /// The proxy settings.
    Proxy,
    /// The addresses of the registry, or of the proxy.
    Dns,
    /// Connections to these addresses.
    Tcp,
    /// The TLS handshake.
    Tls,
    /// `/v2/`: whether it is a registry.
    Http,
    /// What the registry asks for: its authentication challenge.
    Challenge,
    /// The credentials that were found for it.
    Credentials,
    /// The answer to the challenge: a token, or the credentials themselves.
    Token,
    /// The list of repositories.
    Catalog,
    /// The pages of that list.
    Paging,
    /// The list of the repository's tags.
    Tags,
    /// A manifest and a blob of the repository.
    Pull,
    /// Whether its manifests could be deleted.
    Delete,
    /// Whether it could be pushed to.
    Push,
    /// The registry's clock compared with this machine's.
    Clock,
    /// The rate limit.
    Limits,
}

impl Name {
    /// The name in one word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proxy => "proxy",
            Self::Dns => "dns",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Http => "http",
            Self::Challenge => "challenge",
            Self::Credentials => "credentials",
            Self::Token => "token",
            Self::Catalog => "catalog",
            Self::Paging => "paging",
            Self::Tags => "tags",
            Self::Pull => "pull",
            Self::Delete => "delete",
            Self::Push => "push",
            Self::Clock => "clock",
            Self::Limits => "limits",
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Nothing is wrong.
    Passed,
    /// Something is wrong.
    Failed,
    /// Nothing to check, or a check that this one depends on failed; with a finding, a permission that is missing and
    /// not needed.
    Skipped,
}

/// An observation, in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Its indentation level below the check: 0 for what belongs to the check itself.
    pub depth: usize,
    /// The text.
    pub text: String,
}

impl Fact {
    pub(super) fn new(depth: usize, text: impl Into<String>) -> Self {
        Self { depth, text: text.into() }
    }
}

/// What is wrong.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The facts from which a program chooses a remedy.
    pub problem: Problem,
    /// The cause, in lower case and without a full stop.
    pub cause: String,
    /// The kind of error with which other requests fail for this reason.
    pub kind: Kind,
}

/// What one check returns: all of a [`Check`] but its name and duration.
#[derive(Debug)]
pub(super) struct Outcome {
    pub status: Status,
    pub detail: String,
    pub facts: Vec<Fact>,
    pub finding: Option<Finding>,
    pub ignored_skip_verify: Option<PathBuf>,
    /// Whether the duration is worth reporting: something was waited for.
    pub is_timed: bool,
    /// Whether dependent checks are skipped.
    pub blocks_dependents: bool,
}

impl Outcome {
    pub fn passed(detail: impl Into<String>) -> Self {
        Self::new(Status::Passed, detail.into())
    }

    pub fn failed(detail: impl Into<String>, finding: Finding) -> Self {
        Self { finding: Some(finding), ..Self::new(Status::Failed, detail.into()) }
    }

    /// A permission that is missing, and not needed.
    pub fn unneeded(detail: &str, finding: Finding) -> Self {
        let detail = format!("{detail} (not needed to pull)");
        Self { finding: Some(finding), blocks_dependents: true, ..Self::new(Status::Skipped, detail) }
    }

    /// Nothing to check.
    pub fn skipped(detail: impl Into<String>) -> Self {
        Self { is_timed: false, ..Self::new(Status::Skipped, detail.into()) }
    }

    fn new(status: Status, detail: String) -> Self {
        let (facts, finding, ignored_skip_verify) = (Vec::new(), None, None);
        Self {
            status,
            detail,
            facts,
            finding,
            ignored_skip_verify,
            is_timed: true,
            blocks_dependents: status == Status::Failed,
        }
    }

    pub fn with(mut self, facts: impl IntoIterator<Item = Fact>) -> Self {
        self.facts.extend(facts);
        self
    }

    /// Adds a finding to a check that passed.
    pub fn with_finding(self, finding: Option<Finding>) -> Self {
        Self { finding, ..self }
    }

    /// Adds the file whose request to skip verification is ignored.
    pub fn with_ignored_skip_verify(self, file: Option<PathBuf>) -> Self {
        Self { ignored_skip_verify: file, ..self }
    }

    pub fn untimed(self) -> Self {
        Self { is_timed: false, ..self }
    }

    /// Lets dependent checks run although this one failed.
    pub fn without_blocking(self) -> Self {
        Self { blocks_dependents: false, ..self }
    }
}

/// A duration in words, such as `3 hours`: in the largest unit of which there are at least two.
pub(super) fn span(seconds: u64) -> String {
    let (count, unit) = match seconds {
        ..120 => (seconds, "second"),
        120..7200 => (seconds / 60, "minute"),
        7200..172_800 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_is_the_largest_that_fits_twice() {
        for (seconds, expected) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (119, "119 seconds"),
            (120, "2 minutes"),
            (7199, "119 minutes"),
            (7200, "2 hours"),
            (172_800, "2 days"),
        ] {
            assert_eq!(span(seconds), expected);
        }
    }
}
