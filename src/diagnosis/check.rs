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

    /// The check without which this one cannot be tried.
    pub(super) fn needs(self) -> Option<Self> {
        Some(match self {
            Self::Proxy | Self::Dns => return None,
            Self::Tcp => Self::Dns,
            Self::Tls => Self::Tcp,
            Self::Http => Self::Tls,
            Self::Challenge | Self::Clock | Self::Limits => Self::Http,
            Self::Credentials => Self::Challenge,
            Self::Token => Self::Credentials,
            Self::Catalog | Self::Tags | Self::Push => Self::Token,
            Self::Paging => Self::Catalog,
            Self::Pull | Self::Delete => Self::Tags,
        })
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
