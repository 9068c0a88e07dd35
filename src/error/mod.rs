//! The one error type of the library: what failed, why, and the facts a program needs to suggest a remedy.
//!
//! An [`Error`] carries data, never advice. Its [`Kind`] holds the names in a certificate, the missing permission, the
//! tags that share a digest; a program matches on it to choose hints and exit codes.

mod file_form;
mod kind;
mod near_miss;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use file_form::{FileForm, UnusableFile};
pub(crate) use kind::is_transient_status;
pub use kind::{
    Danger, Denial, Fault, Identity, Kind, Missing, NamedBy, Network, Operation, OtherServer, ProxyFault, ProxyRoute,
    Refuser, RegistryError, Reply, Route, Tls,
};
pub use near_miss::{Mismatch, NearMiss};

/// How many near misses are causes of an error; all of them are in [`Error::near_misses`].
const SHOWN_NEAR_MISSES: usize = 3;

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What failed ([`Error::what`]), why ([`Error::causes`]), its category and facts ([`Error::kind`]), and the error of
/// another library behind it ([`source`](std::error::Error::source)).
///
/// Texts may contain what a server sent. They are not escaped: a program that prints them must do so.
#[derive(Debug, Clone)]
pub struct Error(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    kind: Kind,
    what: String,
    causes: Vec<String>,
    reply: Option<Reply>,
    during_login: bool,
    is_transient: bool,
    route: Route,
    other_server: Option<OtherServer>,
    ignored_skip_verify: Option<PathBuf>,
    near_misses: Vec<NearMiss>,
    unusable_file: Option<UnusableFile>,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of `kind`; `what` says what failed, in lower case and without a full stop.
    pub fn new(kind: Kind, what: impl Into<String>) -> Self {
        let (what, causes) = (what.into(), Vec::new());
        Self(Box::new(Inner {
            kind,
            what,
            causes,
            reply: None,
            during_login: false,
            is_transient: false,
            route: Route::default(),
            other_server: None,
            ignored_skip_verify: None,
            near_misses: Vec::new(),
            unusable_file: None,
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

    /// Adds a cause; the most specific comes first.
    #[must_use]
    pub fn because(mut self, cause: impl fmt::Display) -> Self {
        self.0.causes.push(without_os_error(cause.to_string()));
        self
    }

    /// Adds an error of another library as a cause, and as the [`source`](std::error::Error::source).
    #[must_use]
    pub fn caused_by(self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        let text = source.to_string();
        self.with_source(source).because(text)
    }

    /// Adds the error of another library as the [`source`](std::error::Error::source), where the causes say the same in
    /// other words.
    #[must_use]
    pub(crate) fn with_source(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.0.source = Some(Arc::new(source));
        self
    }

    /// Adds what the registry itself said.
    #[must_use]
    pub(crate) fn with_reply(mut self, reply: Reply) -> Self {
        self.0.reply = Some(reply);
        self
    }

    /// The same error with the secrets in its texts masked: for errors about what a server chose, which may echo one.
    #[must_use]
    pub(crate) fn masked(mut self, mask: &dyn Fn(&str) -> String) -> Self {
        self.0.what = mask(&self.0.what);
        if let Kind::ForeignPage { host } = &mut self.0.kind {
            *host = mask(host);
        }
        self.masked_causes(mask)
    }

    /// As [`Error::masked`], if only the causes quote a server.
    #[must_use]
    pub(crate) fn masked_causes(mut self, mask: &dyn Fn(&str) -> String) -> Self {
        self.0.causes.iter_mut().for_each(|cause| *cause = mask(cause));
        self
    }

    /// The same error in a wider context: `what` replaces the present text, which becomes the first cause.
    #[must_use]
    pub fn within(mut self, what: impl Into<String>) -> Self {
        let former = std::mem::replace(&mut self.0.what, what.into());
        self.0.causes.insert(0, former);
        self
    }

    /// Replaces what failed.
    #[must_use]
    pub fn called(mut self, what: impl Into<String>) -> Self {
        self.0.what = what.into();
        self
    }

    /// Replaces the kind.
    #[must_use]
    pub fn with_kind(mut self, kind: Kind) -> Self {
        self.0.kind = kind;
        self
    }

    /// Adds the file that says to skip verification of the certificate that was refused.
    #[must_use]
    pub(crate) fn with_ignored_skip_verify(self, file: PathBuf) -> Self {
        let mut error = self.because(format!("{} says to skip verification, which is ignored", file.display()));
        error.0.ignored_skip_verify = Some(file);
        error
    }

    /// Adds the way to the server.
    #[must_use]
    pub(crate) fn at_route(mut self, route: Route) -> Self {
        self.0.route = route;
        self
    }

    /// Marks a failure that may pass, although others of its kind do not.
    #[must_use]
    pub(crate) fn transient(mut self) -> Self {
        self.0.is_transient = true;
        self
    }

    /// Adds the settings that seem to be meant for the registry and do not count for it; the first of them are causes.
    #[must_use]
    pub(crate) fn with_near_misses(self, near_misses: Vec<NearMiss>) -> Self {
        let mut error = near_misses.iter().take(SHOWN_NEAR_MISSES).fold(self, Self::because);
        error.0.near_misses = near_misses;
        error
    }

    /// Adds the form of a file that cannot be used as it is, if it is known.
    #[must_use]
    pub(crate) fn in_form(mut self, file: impl fmt::Display, form: Option<FileForm>) -> Self {
        self.0.unusable_file = form.map(|form| UnusableFile { file: file.to_string(), form });
        self
    }

    /// Marks a failure to get a token. The request was not sent, and a retry would ask the token server again, which
    /// has been retried already.
    #[must_use]
    pub(crate) fn during_login(mut self) -> Self {
        self.0.during_login = true;
        self
    }

    /// Sets the server that the error is about, if it is not the registry.
    #[must_use]
    pub(crate) fn at(mut self, server: OtherServer) -> Self {
        self.0.other_server = Some(server);
        self
    }

    /// Whether no token could be obtained.
    pub(crate) fn is_during_login(&self) -> bool {
        self.0.during_login
    }

    /// The category, with its facts.
    pub fn kind(&self) -> &Kind {
        &self.0.kind
    }

    /// What failed, in one line.
    pub fn what(&self) -> &str {
        &self.0.what
    }

    /// Why, the most specific cause first.
    pub fn causes(&self) -> &[String] {
        &self.0.causes
    }

    /// The server that the error is about, if it is not the registry: a token server, or the target of a redirect.
    pub fn other_server(&self) -> Option<&OtherServer> {
        self.0.other_server.as_ref()
    }

    /// The registry's reply, if one arrived.
    pub fn reply(&self) -> Option<&Reply> {
        self.0.reply.as_ref()
    }

    /// The way to the server that the request was sent to.
    pub fn route(&self) -> &Route {
        &self.0.route
    }

    /// Whether a retry of the same request may succeed: after a rate limit, a broken or late connection, a transient
    /// status. A status counts whatever the body: proxies send an HTML page with a 502. A server that has answered
    /// before and now is silent or refuses connections may come back.
    pub fn is_retryable(&self) -> bool {
        use Network::{ConnectTimeout, HandshakeTimeout, Refused, Reset, Resolver};
        match self.kind() {
            _ if self.0.is_transient => true,
            Kind::RateLimited | Kind::Protocol(Fault::Truncated) => true,
            Kind::Network(Reset | Resolver | ConnectTimeout | HandshakeTimeout) => true,
            Kind::Network(Refused) | Kind::Tls(Tls::Handshake) | Kind::TimedOut => self.route().has_answered,
            Kind::Protocol(_) => self.reply().is_some_and(|reply| is_transient_status(reply.status)),
            _ => false,
        }
    }

    /// Whether there is no way to the server for the moment, which may last for some seconds: it restarts, or the
    /// network is down. Nothing was sent.
    pub(crate) fn is_outage(&self) -> bool {
        use Network::{ConnectTimeout, HandshakeTimeout, Refused, Resolver};
        match self.kind() {
            Kind::Network(Resolver | ConnectTimeout | HandshakeTimeout) => true,
            Kind::Network(Refused) | Kind::Tls(Tls::Handshake) => self.is_retryable(),
            _ => false,
        }
    }

    /// How long the registry asks to wait before the next request (`Retry-After`).
    pub fn retry_after(&self) -> Option<Duration> {
        self.reply().and_then(|reply| reply.retry_after)
    }

    /// The file that says to skip verification of the certificate that was refused, if there is one.
    pub fn ignored_skip_verify(&self) -> Option<&Path> {
        self.0.ignored_skip_verify.as_deref()
    }

    /// The settings that seem to be meant for the registry and do not count for it, if credentials were missing.
    pub fn near_misses(&self) -> &[NearMiss] {
        &self.0.near_misses
    }

    /// The file that has to be converted before it can be used, if its form is known.
    pub fn unusable_file(&self) -> Option<&UnusableFile> {
        self.0.unusable_file.as_ref()
    }

    /// Whether the registry's reply carries this error code.
    pub fn has_code(&self, code: &str) -> bool {
        self.reply().is_some_and(|reply| reply.errors.iter().any(|error| error.code == code))
    }

    /// Whether the requested object does not exist.
    pub fn is_not_found(&self) -> bool {
        matches!(self.kind(), Kind::NotFound(_))
    }

    /// The same error, but not "not found" where a web page says so: a proxy or gateway answered in the registry's
    /// place, so nothing is known about the object.
    #[must_use]
    pub fn unless_page(self) -> Self {
        let is_page = self.reply().is_some_and(|reply| reply.is_page);
        if is_page { self.unless("a page that is not a registry's") } else { self }
    }

    /// The same error, but not "not found" where a cache says so: the object may exist since.
    #[must_use]
    pub(crate) fn unless_stale(self) -> Self {
        match self.reply().and_then(|reply| reply.staleness.clone()) {
            Some(staleness) => self.unless(&format!("a reply that {staleness}")),
            None => self,
        }
    }

    /// The same error, but not "not found": `source` cannot know that.
    fn unless(self, source: &str) -> Self {
        match self.reply().filter(|_| self.is_not_found()) {
            Some(reply) => {
                let status = reply.status;
                let what = format!("{}, according to {source}", self.what());
                self.called(what).with_kind(Kind::Protocol(Fault::Status(status)))
            }
            None => self,
        }
    }
}

/// A text without the number that the standard library adds to the words of a system error: ` (os error 2)`.
pub fn without_os_error(mut text: String) -> String {
    const MARK: &str = " (os error ";
    if let Some(start) = text.rfind(MARK)
        && let Some(number) = text[start + MARK.len()..].strip_suffix(')')
        && number.bytes().all(|byte| byte.is_ascii_digit())
    {
        text.truncate(start);
    }
    text
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_of_another_library_is_a_cause_and_the_source() {
        let io = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
        let error = Error::config("cannot read the file").caused_by(io);
        assert_eq!(error.to_string(), "cannot read the file: permission denied");
        let source = std::error::Error::source(&error).and_then(|source| source.downcast_ref::<std::io::Error>());
        assert_eq!(source.map(std::io::Error::kind), Some(std::io::ErrorKind::PermissionDenied));
        assert!(size_of::<Error>() == size_of::<usize>(), "an error is one pointer");
    }

    #[test]
    fn an_error_of_the_system_has_no_number() {
        let absent = std::fs::read("/nowhere/at/all").expect_err("it is absent");
        assert_eq!(Error::config("x").because(absent).to_string(), "x: No such file or directory");
        for text in ["odd (os error 7) in the middle", "(os error", "x (os error y)"] {
            assert_eq!(without_os_error(text.to_owned()), text);
        }
    }
}
