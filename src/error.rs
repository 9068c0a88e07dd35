//! The one error of the library: what failed, why, and the facts a program needs to say what to do about it.
//!
//! An [`Error`] carries data, never advice: its [`Kind`] holds the names in a certificate, the right that is missing, the
//! tags that share a digest. The program at the edge turns these into hints and exit codes by matching on them.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::auth::{Action, Permission};
use crate::name::{Digest, Tag};

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What failed ([`Error::what`]), why ([`Error::causes`]), and of which sort it is ([`Error::kind`]).
///
/// Texts may hold what a server sent: they are not escaped here, whoever prints them must.
#[derive(Debug, Clone)]
pub struct Error(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    kind: Kind,
    what: String,
    causes: Vec<String>,
    reply: Option<Reply>,
    during_login: bool,
    ignored_skip_verify: Option<PathBuf>,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of `kind`; `what` names the thing that failed, in lower case and without a full stop.
    pub fn new(kind: Kind, what: impl Into<String>) -> Self {
        let (what, causes) = (what.into(), Vec::new());
        Self(Box::new(Inner {
            kind,
            what,
            causes,
            reply: None,
            during_login: false,
            ignored_skip_verify: None,
            source: None,
        }))
    }

    /// A name, digest or option value that does not parse.
    pub fn invalid(what: impl Into<String>) -> Self {
        Self::new(Kind::Invalid, what)
    }

    /// A local file or setting that cannot be used.
    pub fn config(what: impl Into<String>) -> Self {
        Self::new(Kind::Config, what)
    }

    /// Adds a reason; the first is the nearest to what failed.
    #[must_use]
    pub fn because(mut self, cause: impl fmt::Display) -> Self {
        self.0.causes.push(cause.to_string());
        self
    }

    /// Adds the error of another library that this one stands for; its text is not among the causes.
    #[must_use]
    pub fn with_source(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.0.source = Some(Arc::new(source));
        self
    }

    /// Adds what the registry itself said.
    #[must_use]
    pub fn with_reply(mut self, reply: Reply) -> Self {
        self.0.reply = Some(reply);
        self
    }

    /// The same error, seen as part of something larger: `what` is replaced, the former one becomes the first cause.
    #[must_use]
    pub fn within(mut self, what: impl Into<String>) -> Self {
        let former = std::mem::replace(&mut self.0.what, what.into());
        self.0.causes.insert(0, former);
        self
    }

    /// The same error by another name.
    #[must_use]
    pub fn called(mut self, what: impl Into<String>) -> Self {
        self.0.what = what.into();
        self
    }

    /// The same facts under another kind.
    #[must_use]
    pub fn with_kind(mut self, kind: Kind) -> Self {
        self.0.kind = kind;
        self
    }

    /// Adds the file that asks not to verify the certificate which was refused.
    #[must_use]
    pub(crate) fn with_ignored_skip_verify(self, file: PathBuf) -> Self {
        let mut error = self.because(format!("{} asks not to verify it, which is not obeyed", file.display()));
        error.0.ignored_skip_verify = Some(file);
        error
    }

    /// Marks what went wrong on the way to a token: the request itself was not carried out, and to send it again is to ask the
    /// token server again, which was done as often as it may be.
    #[must_use]
    pub(crate) fn during_login(mut self) -> Self {
        self.0.during_login = true;
        self
    }

    /// Whether it went wrong on the way to a token.
    pub(crate) fn is_during_login(&self) -> bool {
        self.0.during_login
    }

    /// The sort of error, with the facts that belong to it.
    pub fn kind(&self) -> &Kind {
        &self.0.kind
    }

    /// What failed, in one line.
    pub fn what(&self) -> &str {
        &self.0.what
    }

    /// Why, nearest reason first.
    pub fn causes(&self) -> &[String] {
        &self.0.causes
    }

    /// The registry's reply, where one arrived.
    pub fn reply(&self) -> Option<&Reply> {
        self.0.reply.as_ref()
    }

    /// How long the registry asks to wait before the next request (`Retry-After`).
    pub fn retry_after(&self) -> Option<Duration> {
        self.reply().and_then(|reply| reply.retry_after)
    }

    /// The file that asks not to verify the certificate which was refused, where there is one.
    pub fn ignored_skip_verify(&self) -> Option<&Path> {
        self.0.ignored_skip_verify.as_deref()
    }

    /// Whether the registry's reply carries this error code.
    pub fn has_code(&self, code: &str) -> bool {
        self.reply().is_some_and(|reply| reply.errors.iter().any(|error| error.code == code))
    }

    /// Whether the thing asked for does not exist.
    pub fn is_not_found(&self) -> bool {
        matches!(self.kind(), Kind::NotFound(_))
    }
}

impl Tls {
    /// Whether the server's certificate was refused, and would not have been if nobody had looked at it.
    pub(crate) fn is_of_certificate(&self) -> bool {
        matches!(
            self,
            Self::UnknownIssuer { .. }
                | Self::Expired { .. }
                | Self::NotYetValid { .. }
                | Self::WrongName { .. }
                | Self::BadCertificate
        )
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.what)?;
        self.0.causes.iter().try_for_each(|cause| write!(f, ": {cause}"))
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn std::error::Error + 'static))
    }
}

/// The status and the errors of a registry's reply
/// (OCI distribution specification, "Error Codes": `{"errors":[{"code","message","detail"}]}`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The errors in the body; empty when the body was not a registry's.
    pub errors: Vec<RegistryError>,
    /// Whether the body was something else: text or a page of a server in between.
    pub is_foreign: bool,
    /// How long the registry asks to wait (`Retry-After`).
    pub retry_after: Option<Duration>,
}

/// One entry of a registry's `errors`. Absent or wrongly typed members are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RegistryError {
    /// For instance `MANIFEST_UNKNOWN`.
    pub code: String,
    /// Text for people.
    pub message: String,
    /// Unstructured JSON, as compact text.
    pub detail: String,
}

/// The sort of an [`Error`]. Each carries the facts from which a hint can be made.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A name, digest or option value that does not parse. Nothing was sent.
    Invalid,
    /// A local file or setting that cannot be used.
    Config,
    /// The registry says that it does not exist.
    NotFound(Missing),
    /// The registry wants credentials and none were found.
    Unauthenticated,
    /// Credentials that should be there could not be had, and nothing is changed without them. Nothing was sent.
    CredentialsUnavailable(Action),
    /// The credentials were refused, or do not give the right that was needed.
    Denied(Denial),
    /// The registry names a token server to which no credentials may be sent.
    UnsafeRealm,
    /// The registry does not offer the operation, or its operator switched it off.
    Unsupported(Operation),
    /// A reply that is not what the protocol says.
    Protocol(Fault),
    /// A listing that was cut short, or a batch of which a part failed.
    Incomplete,
    /// Too many requests; [`Reply::retry_after`] says when to come back, if the registry did.
    RateLimited,
    /// Going on could destroy or show something else than what was asked for. Nothing was changed.
    Safety(Danger),
    /// The registry could not be reached.
    Network(Network),
    /// The TLS handshake failed.
    Tls(Tls),
    /// A time limit was reached.
    TimedOut,
}

/// What does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// No such repository.
    Repository,
    /// The repository has no such tag.
    Tag,
    /// The repository has no such manifest.
    Manifest,
    /// The repository has no such blob.
    Blob,
    /// The server does not know the path at all.
    Endpoint,
}

/// Why access was denied, as far as it can be known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Denial {
    /// The right that was needed, when the request needs a certain one.
    pub permission: Option<Permission>,
    /// Who asked: user name and where the credentials came from. `None` when anonymous.
    pub identity: Option<Identity>,
    /// Whether the credentials themselves were accepted: a token server gave a token for them, or the registry answered 403.
    pub accepted: bool,
    /// Who refused.
    pub by: Refuser,
}

/// Who refused a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Refuser {
    /// The registry, of a request that was authenticated as well as it could be.
    #[default]
    Registry,
    /// The token server, named by host, of the credentials themselves.
    TokenServer(String),
    /// Another server, named by host, to which the registry led. It is sent no credentials.
    OtherServer(String),
}

/// A user name and the source of the credentials. Never a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The user name; `None` for a bare token.
    pub username: Option<String>,
    /// Where the credentials were found, for instance `docker config, ~/.docker/config.json`.
    pub source: String,
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.username {
            Some(username) => write!(f, "{username} ({})", self.source),
            None => f.write_str(&self.source),
        }
    }
}

/// An operation that a registry may not support.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Listing repositories.
    Catalog,
    /// Listing tags.
    Tags,
    /// Deleting a tag.
    DeleteTag,
    /// Deleting a manifest.
    DeleteManifest,
    /// Anything else.
    Other,
}

/// How a reply broke the protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// A status that the request cannot have, or a 5xx after retries.
    Status(u16),
    /// An HTML page, such as a proxy's error or a login page.
    Html,
    /// JSON that cannot be read, or lacks a field.
    Malformed,
    /// Larger than the limit for its kind.
    TooLarge,
    /// It ended before it was whole.
    Truncated,
    /// A redirect that is not followed.
    Redirect,
    /// The page size was refused, whatever was asked.
    PageSize,
    /// The server wants TLS on this port and was spoken to in plain HTTP.
    TlsPort,
    /// Not HTTP at all.
    NotHttp,
}

/// Why going on would not be safe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Danger {
    /// A body that is not what its digest says.
    DigestMismatch,
    /// A manifest that can be read in two ways (CVE-2021-41190).
    Ambiguous,
    /// The tag points elsewhere than it did a moment ago.
    Moved {
        /// What it pointed at.
        from: Digest,
        /// What it points at now.
        to: Digest,
    },
    /// Other tags would go too.
    Siblings {
        /// The digest they share.
        digest: Digest,
        /// The other tags, sorted.
        tags: Arc<[Tag]>,
    },
    /// Tags point at the manifest.
    Tagged {
        /// These, sorted.
        tags: Arc<[Tag]>,
    },
    /// Indexes in the repository list the manifest.
    InIndex {
        /// Digests of these indexes.
        indexes: Vec<Digest>,
    },
    /// The list of tags cannot rule out that other tags would go too.
    Unlisted,
    /// What these point at could not be read, and may depend on what was to be removed.
    Unreadable {
        /// Their names, as people write them: `team/app:broken`; the first ten where there are more.
        names: Vec<String>,
    },
    /// A tag that is to be put back exists again, and points to something else.
    TagExists {
        /// What it points to.
        digest: Digest,
    },
    /// The copy of a removed manifest that was kept on disk is gone, or is not what its digest says.
    DamagedCopy,
    /// The registry no longer has what a manifest refers to.
    MissingBlobs {
        /// The blobs and manifests that the registry names; it may name none.
        digests: Vec<Digest>,
    },
    /// It is in use.
    InUse,
    /// What it belongs to stays: an index that lists it, a manifest that it refers to.
    NeededByRest,
    /// It was not possible to find out whether it is safe.
    Unknown,
}

/// Why a server could not be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// The name does not resolve.
    Dns,
    /// Nobody listens.
    Refused,
    /// No answer to the connection attempt in time.
    ConnectTimeout,
    /// The connection stands, and the TLS handshake came to no end in time.
    HandshakeTimeout,
    /// The connection broke.
    Reset,
    /// The proxy failed or refused.
    Proxy,
    /// Anything else below HTTP.
    Other,
}

/// Why a TLS handshake failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tls {
    /// No trusted certificate issued the server's chain.
    UnknownIssuer {
        /// Issuer of the last certificate that the server sent, as a distinguished name's common name or whole text.
        issuer: String,
        /// Number of trusted roots that were considered.
        roots: usize,
        /// Whether the server sent a certificate that is its own issuer.
        self_signed: bool,
        /// Whether the server sent its own certificate alone, although another one issued it.
        leaf_only: bool,
    },
    /// The certificate is past its time.
    Expired {
        /// End of validity, RFC 3339 in UTC.
        not_after: String,
    },
    /// The certificate is before its time.
    NotYetValid {
        /// Begin of validity, RFC 3339 in UTC.
        not_before: String,
    },
    /// The certificate is for other names.
    WrongName {
        /// DNS names and IP addresses in the certificate; empty when it has none and only a common name.
        names: Vec<String>,
    },
    /// The certificate cannot be used: X.509 v1, a broken signature, a wrong purpose.
    BadCertificate,
    /// The server speaks plain HTTP on this port.
    PlainHttp,
    /// The server wants a client certificate, or refuses the one it got.
    ClientCertificate {
        /// Whether one was offered.
        offered: bool,
    },
    /// No TLS version or cipher suite in common.
    Version,
    /// A redirect from https to http.
    Downgrade {
        /// Where it leads: scheme, host and port.
        to: String,
    },
    /// Anything else in the handshake.
    Handshake,
}
