//! Everything that can be wrong, as facts.

use std::path::PathBuf;

use crate::auth::Permission;
use crate::error::{Identity, NearMiss, ProxyFault, ProxyRoute, UnusableFile};
use crate::keychain::HelperFault;
use crate::trust::Unused;

/// What is wrong, with the facts that a remedy needs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    // --- the way to the registry ---
    /// The host name does not resolve.
    NoAddress {
        /// The host.
        host: String,
        /// Whether it is the proxy's.
        is_proxy: bool,
    },
    /// The resolver fails for the moment: whether the host name exists is not known.
    ResolverFails {
        /// The host.
        host: String,
        /// Whether it is the proxy's.
        is_proxy: bool,
    },
    /// The connection is refused: no program listens on the port.
    NothingListens {
        /// Whether it is the proxy.
        is_proxy: bool,
    },
    /// No connection for another reason, usually because nothing answers.
    NoConnection {
        /// Whether it is the proxy.
        is_proxy: bool,
    },
    /// The server accepts the connection and does not answer the TLS handshake.
    SilentHandshake,
    /// The proxy does not connect to the registry.
    Proxy {
        /// What it does instead.
        fault: ProxyFault,
        /// The proxy; `None` if no variable names one, and one answers all the same.
        proxy: Option<ProxyRoute>,
    },
    /// A web page was returned where a registry should have answered, perhaps by the proxy.
    ProxyPage {
        /// The proxy.
        proxy: ProxyRoute,
    },
    /// A proxy variable has a value that is not a proxy URL.
    ProxySetting {
        /// Its name.
        variable: &'static str,
    },

    // --- TLS: files ---
    /// A file or folder that was made for this registry is not used.
    FileNotUsed {
        /// Its path.
        path: PathBuf,
        /// Why not.
        why: Unused,
    },
    /// A `.cert` file in a `certs.d` folder, where that means a client certificate, cannot be used as one.
    ClientCertificateFile {
        /// The file.
        path: PathBuf,
        /// Whether it is the certificate of a CA.
        is_authority: bool,
    },
    /// A file that the user named cannot be used.
    NamedFile {
        /// The form that it has to be converted from, if known.
        unusable: Option<UnusableFile>,
    },

    // --- TLS: the server's certificate ---
    /// The server sends its certificate without the intermediate certificates up to a trusted one.
    ChainNotSent {
        /// Who issued the server's certificate.
        issuer: String,
    },
    /// No trusted CA issued the chain.
    UnknownIssuer {
        /// Who issued the last certificate of the chain.
        issuer: String,
        /// Whether the server sent its own certificate only, so that intermediate certificates may be missing.
        is_alone: bool,
    },
    /// The certificate is not trusted, and the connection goes through a proxy, which may present one of its own.
    Interception {
        /// The proxy.
        proxy: String,
    },
    /// The server's certificate is self-signed, and not trusted.
    SelfSigned,
    /// A server's certificate is configured in place of its CA's: trust ends when the server gets a new one.
    LeafAsAuthority {
        /// The file with it.
        path: PathBuf,
    },
    /// Another certificate of the same CA name is configured than the one that issued the server's.
    OtherAuthority {
        /// The file with it.
        path: PathBuf,
    },
    /// The configured certificate of the issuer is not marked as a CA's.
    NotAnAuthority {
        /// The file with it.
        path: PathBuf,
    },
    /// A certificate has expired.
    Expired {
        /// Whose certificate it is.
        part: Part,
    },
    /// A certificate is not valid yet.
    NotYetValid,
    /// The server's certificate is valid for other names.
    WrongName {
        /// The names in it.
        names: Vec<String>,
    },
    /// The registry is reached by an IP address that is not among the names of its certificate.
    AddressNotNamed {
        /// The names in it.
        names: Vec<String>,
    },
    /// The server's certificate has a common name only, which clients ignore.
    OnlyCommonName,
    /// It is an X.509 certificate of version 1, which has no names.
    OldCertificate,
    /// The server presents a CA certificate as its own.
    AuthorityAsServer,
    /// The server's private key does not belong to its certificate.
    ForeignKey,
    /// The certificate cannot be used for another reason.
    UnusableCertificate,

    // --- TLS: the rest ---
    /// The port speaks plain HTTP.
    SpeaksHttp,
    /// The port speaks neither TLS nor HTTP.
    SpeaksNeither,
    /// The server requires a client certificate and none is configured.
    ClientCertificateWanted {
        /// The issuers that the server accepts, as far as it lists them.
        authorities: Vec<String>,
    },
    /// The server refused the client certificate.
    ClientCertificateRefused {
        /// The issuers that the server accepts, as far as it lists them.
        authorities: Vec<String>,
        /// The file of the client certificate.
        path: Option<PathBuf>,
    },
    /// Client and server have no version or cipher suite in common.
    TlsVersion,
    /// The handshake failed for another reason.
    Handshake,

    // --- HTTP ---
    /// The port speaks TLS, and plain HTTP was requested.
    SpeaksTls,
    /// A web page was returned where a registry should have answered.
    Html,
    /// The server is not a registry.
    NotARegistry,
    /// The registry is behind a reverse proxy that terminates TLS, and does not know that it is reached by https.
    SchemeNotForwarded,
    /// It redirects to an address that is not followed.
    Redirect,
    /// The server reported an internal error.
    ServerError,
    /// Too many requests.
    RateLimited,

    // --- logging in ---
    /// The registry offers no authentication scheme that is supported.
    UnknownScheme,
    /// The registry's authentication challenge cannot be parsed, or not to its end.
    MalformedChallenge,
    /// The registry is reached by https, and names a token server with plain http.
    PlainRealm,
    /// The token server is at an address that no credentials are sent to.
    UnsafeRealm,
    /// A credential helper failed.
    Helper {
        /// The program.
        program: String,
        /// The server key that it was asked for.
        key: String,
        /// How it failed.
        fault: HelperFault,
    },
    /// The credentials store cannot be read.
    CredentialsNotRead {
        /// The form that its file has to be converted from, if known.
        unusable: Option<UnusableFile>,
    },
    /// Settings seem to be meant for the registry, and do not count for it.
    NearMiss(NearMiss),
    /// The credentials have expired.
    ExpiredCredentials {
        /// Their type.
        secret: Secret,
    },
    /// The registry requires credentials and there are none.
    NoCredentials,
    /// The repository does not exist, or requires login: the registry does not say which.
    HiddenRepository,
    /// The registry refused the user name and password, or the token.
    WrongCredentials {
        /// Whose.
        identity: Identity,
    },
    /// The credentials are valid and lack a permission.
    MissingPermission {
        /// Which.
        permission: Option<Permission>,
        /// The account; `None` when anonymous.
        identity: Option<Identity>,
    },
    /// The registry refuses tokens of its own token server.
    RefusedToken,
    /// The registry redirects to another server, which cannot be used.
    RedirectTarget {
        /// Its host and port.
        place: String,
        /// Why.
        problem: Box<Problem>,
    },
    /// The token server cannot be used.
    TokenServer {
        /// Its host and port.
        place: String,
        /// Why.
        problem: Box<Problem>,
    },

    // --- the API ---
    /// The registry does not list its repositories.
    NoCatalog,
    /// The registry lists its repositories, and not for this user.
    CatalogForbidden,
    /// Pages of its lists are missing or repeated.
    Paging,
    /// The repository does not exist.
    NoRepository,
    /// The repository has no such tag.
    NoTag,
    /// A manifest or blob that a tag refers to is missing.
    Incomplete,
    /// Deletion is disabled, which is the default of many registries.
    DeletionDisabled {
        /// Whether the reply is that of distribution in read-only mode, which has no error code; a proxy may answer so,
        /// too.
        is_read_only: bool,
    },
    /// The clocks of client and server differ.
    Clock,
    /// Anything else.
    Other,
}

/// Which certificate has expired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// The server's own.
    Server,
    /// An issuer's, which the server sends too.
    Issuer,
    /// A configured one, from this file.
    Trusted(PathBuf),
}

/// The type of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secret {
    /// A token.
    Token,
    /// A password of Amazon ECR, which is valid for twelve hours.
    EcrPassword,
}
