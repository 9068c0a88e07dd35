//! What a check found out.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::problem::Problem;
use crate::error::Kind;

/// One check of a diagnosis.
///
/// Its texts may hold what a server or a file says: they are not escaped here, whoever prints them must.
#[derive(Debug, Clone)]
pub struct Check {
    /// What was looked at.
    pub name: Name,
    /// What came of it.
    pub status: Status,
    /// The result in a few words.
    pub detail: String,
    /// What else was seen.
    pub facts: Vec<Fact>,
    /// What is wrong: always there when the check failed. There may be one when it passed: what works will not work long, or
    /// not elsewhere.
    pub finding: Option<Finding>,
    /// The file that asks not to verify the server's certificate, which is not obeyed, where the check failed by that.
    pub ignored_skip_verify: Option<PathBuf>,
    /// How long it took, where something was waited for.
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
    /// What the registry wants to know.
    Challenge,
    /// What is known to answer it with.
    Credentials,
    /// The answer: a token, or the credentials themselves.
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
    /// The registry's clock and ours.
    Clock,
    /// How many requests are left.
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

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// All is well.
    Passed,
    /// Something is wrong.
    Failed,
    /// There is nothing to be checked, or an earlier failure stands in the way.
    Skipped,
}

/// Something that was seen, in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// How deep it is below what it belongs to: 0 for what belongs to the check itself.
    pub depth: usize,
    /// What it is.
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
    /// The facts, to find a remedy by.
    pub problem: Problem,
    /// Why it is so, in lower case and without a full stop.
    pub cause: String,
    /// The sort of error by which other requests fail for this reason.
    pub kind: Kind,
}

/// What one check hands over: all of a [`Check`] but its name and time.
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

/// How long something is, as people say it. `3 hours`: the largest unit of which there are at least two.
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
