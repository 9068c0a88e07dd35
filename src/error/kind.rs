//! The facts of an error: its kind, and what is known about a reply, a denial, a certificate.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::auth::{Action, Permission};
use crate::name::{Digest, Tag};

/// The status and errors of a registry's reply
/// (OCI distribution specification, "Error Codes": `{"errors":[{"code","message","detail"}]}`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The errors in the body; empty when the body was not a registry's.
    pub errors: Vec<RegistryError>,
    /// Whether the body was neither JSON nor empty: a web page, of a proxy for instance.
    pub is_page: bool,
    /// Why it may not be the registry's current state, where a cache says so: "was in a cache for 30 s".
    pub staleness: Option<String>,
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

/// The category of an [`Error`](super::Error), with the facts that a hint can be made from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A name, digest or option value that does not parse. Nothing was sent.
    Invalid,
    /// A local file or setting that cannot be used.
    Config,
    /// The registry says that the object does not exist.
    NotFound(Missing),
    /// The registry wants credentials and none were found.
    Unauthenticated,
    /// The registry wants credentials, and offers no authentication scheme that can be answered.
    UnusableChallenge,
    /// The repository does not exist, or cannot be read anonymously: the registry does not say which.
    Hidden,
    /// Credentials are configured but cannot be obtained, and nothing is changed without them. Nothing was sent.
    CredentialsUnavailable(Action),
    /// The credentials were refused, or do not grant the required permission.
    Denied(Denial),
    /// The registry names a token server that must not receive credentials.
    UnsafeRealm,
    /// The registry does not support the operation, or its administrator disabled it.
    Unsupported(Operation),
    /// A reply that violates the protocol.
    Protocol(Fault),
    /// An incomplete listing, or a partly failed batch.
    Incomplete,
    /// An incomplete listing: its next page is linked on another host, where nothing is sent.
    ForeignPage {
        /// The host.
        host: String,
    },
    /// Too many requests; [`Reply::retry_after`] is how long to wait, if the registry said so.
    RateLimited,
    /// Continuing could delete or show something other than what was asked for. Nothing was changed.
    Safety(Danger),
    /// The registry could not be reached.
    Network(Network),
    /// The TLS handshake failed.
    Tls(Tls),
    /// A time limit was reached.
    TimedOut,
}

/// The object that does not exist.
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
    /// The image has no such file.
    File,
    /// The endpoint: the server does not know the path.
    Endpoint,
}

/// Why access was denied, as far as known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Denial {
    /// The permission that the request needs.
    pub permission: Option<Permission>,
    /// Who was denied; `None` if anonymous.
    pub identity: Option<Identity>,
    /// Whether the credentials themselves were accepted: a token server issued a token, or the registry answered 403.
    pub accepted: bool,
    /// Who refused.
    pub by: Refuser,
    /// What looks like a mistake in the user name or the password that was refused, without quoting either.
    pub oddity: Option<String>,
}

/// Who refused a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Refuser {
    /// The registry.
    #[default]
    Registry,
    /// The token server on this host, which refused the credentials themselves.
    TokenServer(String),
    /// Another server on this host, to which the registry redirected. It gets no credentials.
    OtherServer(String),
}

/// A server that an error is about, other than the registry that was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherServer {
    /// Its host, with the port unless that is the default of its scheme.
    pub place: String,
    /// Who named its address.
    pub named_by: NamedBy,
}

/// Who named the address of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamedBy {
    /// The registry's authentication challenge: it is the token server.
    Challenge,
    /// A redirect.
    Redirect,
}

/// A user name and where the credentials were found. Never a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The user name; `None` for a bare token.
    pub username: Option<String>,
    /// Where the credentials were found, for instance `docker config, ~/.docker/config.json`.
    pub source: String,
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.username.as_deref() {
            Some("") => write!(f, "\"\" ({})", self.source),
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

/// How a reply violates the protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// An unexpected status, or a 5xx after retries.
    Status(u16),
    /// An HTML page, such as a proxy's error or a login page.
    Html,
    /// JSON that cannot be parsed, or lacks a field.
    Malformed,
    /// A `Content-Encoding` that was not requested.
    Encoding,
    /// Larger than the limit for its kind.
    TooLarge,
    /// A layer that unpacks to more than the limit.
    Unpacked,
    /// A zstd frame whose window is larger than the limit.
    Window,
    /// A header that the HTTP client does not read: too large, or malformed.
    Header,
    /// It ended early.
    Truncated,
    /// A redirect that is not followed.
    Redirect,
    /// Every page size was refused.
    PageSize,
    /// Plain HTTP was sent to a TLS port.
    TlsPort,
    /// Not HTTP at all.
    NotHttp,
}

/// Why continuing would not be safe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Danger {
    /// The content does not match its digest.
    DigestMismatch,
    /// The manifest can be read as two types (CVE-2021-41190).
    Ambiguous,
    /// The tag was moved in the meantime.
    Moved {
        /// What it pointed to.
        from: Digest,
        /// What it points to now.
        to: Digest,
    },
    /// Other tags point to the same manifest and would be removed too.
    Siblings {
        /// The digest they share.
        digest: Digest,
        /// The other tags, sorted.
        tags: Arc<[Tag]>,
    },
    /// Tags point to the manifest.
    Tagged {
        /// The tags, sorted.
        tags: Arc<[Tag]>,
    },
    /// Indexes in the repository list the manifest as a child.
    InIndex {
        /// The digests of the indexes.
        indexes: Vec<Digest>,
    },
    /// The list of tags is not complete enough to rule out that other tags would be removed too.
    Unlisted,
    /// Manifests that could not be read may depend on what was to be removed.
    Unreadable {
        /// Names that lead to them, such as `team/app:broken`; at most ten.
        names: Vec<String>,
    },
    /// A tag that is to be restored exists again, and points to something else.
    TagExists {
        /// What it points to.
        digest: Digest,
    },
    /// The archived copy of a removed manifest is missing, or does not match its digest.
    DamagedCopy,
    /// The registry no longer has the blobs that a manifest refers to.
    MissingBlobs {
        /// The blobs and manifests that the registry names, perhaps none.
        digests: Vec<Digest>,
    },
    /// It is in use.
    InUse,
    /// A manifest that stays needs it: an index that lists it, or the subject it refers to.
    NeededByRest,
    /// Whether it is safe could not be determined.
    Unknown,
}

/// The way to a server, when a request to it failed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Route {
    /// Whether the server has answered a request with success before, and has not been silent for minutes since.
    pub has_answered: bool,
    /// The proxy that the request goes through.
    pub proxy: Option<ProxyRoute>,
}

/// A proxy that a request goes through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyRoute {
    /// Its URL, without credentials.
    pub url: String,
    /// The environment variable that names it.
    pub variable: &'static str,
    /// The entry of `NO_PROXY` that seems to be meant for the server, and does not count.
    pub near_exception: Option<String>,
}

impl fmt::Display for ProxyRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.url, self.variable)
    }
}

/// How a proxy fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyFault {
    /// It cannot be reached.
    Unreachable,
    /// It accepts the connection, and does not answer in time.
    Silent,
    /// It requires a login.
    Login {
        /// Whether it got a user name and a password, and refuses them.
        refused: bool,
    },
    /// It requires a login by a scheme that is not supported, such as NTLM.
    LoginScheme,
    /// Its rules do not allow the connection.
    Forbidden,
    /// It cannot reach the server.
    Upstream,
    /// It is not a proxy of the type that the scheme of its URL says.
    NotAProxy,
    /// It is reached by TLS, and the handshake with it fails.
    Tls,
}

/// Why a server could not be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// The name does not resolve.
    Dns,
    /// The resolver fails for the moment, or gives no answer: the name may exist.
    Resolver,
    /// The port is closed.
    Refused,
    /// The connection attempt timed out.
    ConnectTimeout,
    /// The TLS handshake timed out.
    HandshakeTimeout,
    /// The connection broke.
    Reset,
    /// The proxy fails or refuses.
    Proxy(ProxyFault),
    /// Anything else below HTTP.
    Other,
}

/// Why a TLS handshake failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tls {
    /// No trusted certificate issued the server's chain.
    UnknownIssuer {
        /// The issuer of the last certificate that the server sent: its common name, or else the whole distinguished
        /// name.
        issuer: String,
        /// The number of trusted root certificates.
        roots: usize,
        /// Whether the server sent a self-signed certificate.
        self_signed: bool,
        /// Whether the server sent its certificate without the chain.
        leaf_only: bool,
    },
    /// The certificate has expired.
    Expired {
        /// End of validity, RFC 3339 in UTC.
        not_after: String,
        /// The name of the issuer whose certificate it is; `None` for the server's own.
        issuer: Option<String>,
    },
    /// The certificate is not valid yet.
    NotYetValid {
        /// Begin of validity, RFC 3339 in UTC.
        not_before: String,
    },
    /// The certificate is for other host names.
    WrongName {
        /// DNS names and IP addresses in the certificate; empty when it has none and only a common name.
        names: Vec<String>,
    },
    /// The certificate cannot be used: X.509 v1, a broken signature, a wrong purpose.
    BadCertificate,
    /// The server speaks plain HTTP on this port.
    PlainHttp,
    /// The server requires a client certificate, or refuses the one it got.
    ClientCertificate {
        /// Whether one was sent.
        offered: bool,
    },
    /// No TLS version or cipher suite in common.
    Version,
    /// A redirect from https to http.
    Downgrade {
        /// The target: scheme, host and port.
        to: String,
    },
    /// Anything else in the handshake.
    Handshake,
}

impl Tls {
    /// Whether the server's certificate itself was refused, so that verification could be skipped.
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

/// Statuses that may pass: protocol errors of RFC 9110 and those of the proxies in front of registries (nginx,
/// Cloudflare).
pub(crate) fn is_transient_status(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 499 | 500 | 502 | 503 | 504 | 520..=524)
}
