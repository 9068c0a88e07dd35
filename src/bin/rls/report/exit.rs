//! Exit codes: what scripts rely on.

use std::process::ExitCode;

use registry_ls::Kind;
use registry_ls::error::{Fault, Network};

/// All codes, for the test of the documentation.
#[cfg(test)]
pub const CODES: [u8; 18] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 129, 130, 141, 143];

/// An exit code of the command line's contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit(u8);

impl Exit {
    /// Success, also for an empty list.
    pub const SUCCESS: Self = Self(0);
    /// A bug in rls.
    pub const BUG: Self = Self(1);
    /// The command line or local configuration.
    pub const USAGE: Self = Self(2);
    /// Some targets failed, or a listing was cut short.
    pub const INCOMPLETE: Self = Self(6);
    /// A time limit was reached.
    pub const TIMED_OUT: Self = Self(12);
    /// The output could not be written.
    pub const OUTPUT: Self = Self(13);
    /// SIGHUP.
    pub const HUNG_UP: Self = Self(129);
    /// SIGINT.
    pub const INTERRUPTED: Self = Self(130);
    /// The reader of the output is gone, as with SIGPIPE.
    pub const PIPE: Self = Self(141);
    /// SIGTERM.
    pub const TERMINATED: Self = Self(143);

    /// The number.
    pub fn code(self) -> i32 {
        self.0.into()
    }

    /// The code for a kind of error.
    pub fn of(kind: &Kind) -> Self {
        match kind {
            Kind::Invalid | Kind::Config => Self::USAGE,
            Kind::NotFound(_) => Self(3),
            Kind::Unauthenticated
            | Kind::UnusableChallenge
            | Kind::Hidden
            | Kind::CredentialsUnavailable(_)
            | Kind::Denied(_)
            | Kind::UnsafeRealm => Self(4),
            // Plain HTTP was sent where TLS was meant.
            Kind::Tls(_) | Kind::Protocol(Fault::TlsPort) => Self(11),
            Kind::Protocol(_) => Self(5),
            Kind::Incomplete | Kind::ForeignPage { .. } => Self::INCOMPLETE,
            Kind::Unsupported(_) => Self(7),
            Kind::RateLimited => Self(8),
            Kind::Safety(_) => Self(9),
            Kind::Network(Network::HandshakeTimeout) => Self::TIMED_OUT,
            Kind::Network(_) => Self(10),
            Kind::TimedOut => Self::TIMED_OUT,
            _ => Self::BUG,
        }
    }

    /// The code of docker-ls and docker-rm, which have one for every failure.
    #[must_use]
    pub fn of_docker_ls(self) -> Self {
        match self {
            Self::SUCCESS | Self::HUNG_UP | Self::INTERRUPTED | Self::PIPE | Self::TERMINATED => self,
            _ => Self::BUG,
        }
    }

    /// The code for several targets: that of all if they failed alike, 6 if the outcomes are mixed.
    pub fn of_batch(succeeded: usize, failed: &[Self]) -> Self {
        match failed {
            [] => Self::SUCCESS,
            [first, rest @ ..] if succeeded == 0 && rest.iter().all(|exit| exit == first) => *first,
            _ => Self::INCOMPLETE,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.0.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_targets_have_one_code() {
        let (not_found, denied) = (Exit(3), Exit(4));
        assert_eq!(Exit::of_batch(0, &[]), Exit::SUCCESS);
        assert_eq!(Exit::of_batch(2, &[]), Exit::SUCCESS);
        assert_eq!(Exit::of_batch(0, &[not_found, not_found]), not_found);
        assert_eq!(Exit::of_batch(0, &[not_found, denied]), Exit::INCOMPLETE);
        assert_eq!(Exit::of_batch(1, &[not_found]), Exit::INCOMPLETE);
    }
}
