//! What can be wrong, as facts.

use std::path::PathBuf;

use crate::auth::Permission;
use crate::error::Identity;
use crate::keychain::HelperFault;
use crate::trust::Unused;

/// What is wrong, with the facts that a remedy needs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    // --- the way to the registry ---
    /// The resolver knows no address.
    NoAddress {
        /// The host.
        host: String,
        /// Whether it is the proxy's.
        is_proxy: bool,
    },
    /// Nobody listens.
    NothingListens {
        /// Whether it is the proxy that should.
        is_proxy: bool,
    },
    /// No connection came about for another reason, mostly because there was no answer at all.
    NoConnection {
        /// Whether it is the proxy that should have answered.
        is_proxy: bool,
    },
    /// The proxy does not let the request through.
    ProxyRefuses,

    /// The variable that should name a proxy holds something else.
    ProxySetting {
        /// Which.
        variable: &'static str,
    },

    // --- TLS: files ---
    /// A file or folder that somebody made for this registry is not used.
    FileNotUsed {
        /// Which.
        path: PathBuf,
        /// Why not.
        why: Unused,
    },
    /// A `.cert` file in a `certs.d` folder, where it means a client certificate, cannot be used as one.
    ClientCertificateFile {
        /// The file.
        path: PathBuf,
        /// Whether it is the certificate of a CA.
        is_authority: bool,
    },
    /// A file that was named cannot be used.
    NamedFile,

    // --- TLS: the server's certificate ---
    /// Only the server's own certificate was sent, although another one is needed to get to those that are trusted.
    ChainNotSent {
        /// Who issued the server's certificate.
        issuer: String,
    },
    /// Nobody trusted issued the chain.
    UnknownIssuer {
        /// Who issued the last certificate of the chain.
        issuer: String,
        /// Whether the server sent its own certificate alone, so that something may be missing.
        is_alone: bool,
    },
    /// The server's certificate is its own issuer, and is not among those that are trusted.
    SelfSigned,
    /// What is trusted is a server's certificate instead of the one that issued it: it ends when the server gets a new one.
    LeafAsAuthority {
        /// The file with it.
        path: PathBuf,
    },
    /// What is trusted is another certificate of the authority than the one that issued the server's.
    OtherAuthority {
        /// The file with it.
        path: PathBuf,
    },
    /// A certificate is past its time.
    Expired {
        /// Which.
        part: Part,
    },
    /// A certificate is before its time.
    NotYetValid,
    /// The server's certificate is for other names.
    WrongName {
        /// These.
        names: Vec<String>,
    },
    /// The registry is called by an address, which is not among the names of the certificate.
    AddressNotNamed {
        /// These.
        names: Vec<String>,
    },
    /// The server's certificate has a common name and no other, which no client looks at.
    OnlyCommonName,
    /// It is an X.509 certificate of version 1, which has no names.
    OldCertificate,
    /// The server shows a certificate authority's certificate as its own.
    AuthorityAsServer,
    /// The server has another private key than its certificate.
    ForeignKey,
    /// The certificate cannot be used for another reason.
    UnusableCertificate,

    // --- TLS: the rest ---
    /// The port speaks plain HTTP.
    SpeaksHttp,
    /// The port speaks neither TLS nor HTTP.
    SpeaksNeither,
    /// The server wants a client certificate and there is none.
    ClientCertificateWanted {
        /// By whom it has to be issued, as far as the server says.
        authorities: Vec<String>,
    },
    /// The server does not accept the client certificate.
    ClientCertificateRefused {
        /// By whom it has to be issued, as far as the server says.
        authorities: Vec<String>,
        /// The file of the one that was shown.
        path: Option<PathBuf>,
    },
    /// Client and server have no version or cipher suite in common.
    OldTls,
    /// The handshake failed for another reason.
    Handshake,

    // --- HTTP ---
    /// The port speaks TLS and was spoken to in plain HTTP.
    SpeaksTls,
    /// A page for people came where a registry should have answered.
    Html,
    /// Something else than a registry answers.
    NotARegistry,
    /// The registry stands behind a proxy that ends TLS, and does not know that it is reached by https.
    ForgottenScheme,
    /// It leads elsewhere, where nobody follows.
    Redirect,
    /// The server failed.
    ServerError,
    /// Too many requests.
    RateLimited,

    // --- logging in ---
    /// The registry asks in a way that is not spoken here.
    UnknownScheme,
    /// The token server is named by http although the registry is reached by https.
    PlainRealm,
    /// The token server is at a place where no credentials are sent.
    RefusedRealm,
    /// A credential helper gave no answer.
    Helper {
        /// The program.
        program: String,
        /// What it was asked for.
        key: String,
        /// How it failed.
        fault: HelperFault,
    },
    /// Credentials cannot be read where they are kept.
    CredentialsNotRead,
    /// Credentials are past their time.
    ExpiredCredentials {
        /// Of which sort they are.
        secret: Secret,
    },
    /// Credentials are wanted and there are none.
    NoCredentials,
    /// User name and password are wrong, or the token is.
    WrongCredentials {
        /// Whose.
        identity: Identity,
    },
    /// They are right, and do not give the right that is needed.
    MissingRight {
        /// Which.
        right: Option<Permission>,
        /// Whose they are; `None` when anonymous.
        identity: Option<Identity>,
    },
    /// The registry does not take what its own token server issues.
    RefusedToken,
    /// Something is wrong with the token server.
    TokenServer {
        /// Its host and port.
        place: String,
        /// What.
        problem: Box<Problem>,
    },

    // --- the API ---
    /// The registry does not list its repositories.
    NoCatalog,
    /// It does, and not to this user.
    CatalogForbidden,
    /// Its lists break off or lead in a circle.
    Paging,
    /// There is no such repository.
    NoRepository,
    /// Something that a tag needs is gone.
    Incomplete,
    /// The registry deletes nothing, mostly because its operator has not switched it on.
    DeletionDisabled,
    /// The clocks differ.
    Clock,
    /// Anything else.
    Other,
}

/// Which certificate it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// The server's own.
    Server,
    /// That of an issuer, which the server sends too.
    Issuer,
    /// One of this machine's, from a file.
    Trusted(PathBuf),
}

/// What credentials are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secret {
    /// A token.
    Token,
    /// The password that Amazon gives for twelve hours.
    EcrPassword,
}
