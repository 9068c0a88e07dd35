//! The settings of one source, and how those of several are merged: option, environment, the table of a registry in the
//! configuration file, the rest of that file.

use std::path::PathBuf;
use std::time::Duration;

use crate::args::Global;
use crate::input::without_line_end;
use crate::output::{ColorChoice, Format, Layout, ProgressChoice};
use crate::usage::{Result, Usage};

/// The settings of one source; `None` and empty mean not set.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct PartialSettings {
    /// Time limit for the whole command.
    pub timeout: Option<Duration>,
    /// `output` or `format`.
    pub layout: Option<Layout>,
    /// When to use colours.
    pub color: Option<ColorChoice>,
    /// When to show progress.
    pub progress: Option<ProgressChoice>,
    /// 1 for requests, 2 for their headers too.
    pub verbosity: Option<u8>,
    /// How to connect to a registry.
    pub connection: PartialConnection,
}

/// The part of the settings that may differ by registry.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct PartialConnection {
    /// User name, credentials file, or neither.
    pub login: PartialLogin,
    /// CA certificates to trust.
    pub ca_files: Vec<PathBuf>,
    /// Client certificate and private key.
    pub client_identity: Option<PartialIdentity>,
    /// Whether certificates are not verified.
    pub insecure: Option<bool>,
    /// Whether to use plain HTTP.
    pub plain_http: Option<bool>,
    /// Maximum number of concurrent requests.
    pub jobs: Option<u16>,
    /// Time limit for connecting.
    pub connect_timeout: Option<Duration>,
    /// Time limit for a silent server.
    pub read_timeout: Option<Duration>,
    /// Retries for transient failures.
    pub retries: Option<u32>,
}

/// Who to log in as. The password has sources of its own.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct PartialLogin {
    /// The user name.
    pub username: Option<String>,
    /// A file with credentials; `-` is standard input.
    pub auth_file: Option<PathBuf>,
    /// Whether no credentials are sent.
    pub anonymous: bool,
}

/// Client certificate and private key of one source, so that neither is paired with that of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartialIdentity {
    /// The certificate.
    pub cert: Option<PathBuf>,
    /// The private key.
    pub key: Option<PathBuf>,
    /// The names of both settings in their source.
    pub names: [&'static str; 2],
}

impl PartialSettings {
    /// Fills in what is not set from a source of lower precedence.
    #[must_use]
    pub fn or(self, lower: &Self) -> Self {
        Self {
            timeout: self.timeout.or(lower.timeout),
            layout: self.layout.or_else(|| lower.layout.clone()),
            color: self.color.or(lower.color),
            progress: self.progress.or(lower.progress),
            verbosity: self.verbosity.or(lower.verbosity),
            connection: self.connection.or(&lower.connection),
        }
    }
}

impl PartialConnection {
    /// Fills in what is not set from a source of lower precedence. Logins are not merged: which source counts depends
    /// on the registry.
    #[must_use]
    pub fn or(self, lower: &Self) -> Self {
        Self {
            login: self.login,
            ca_files: if self.ca_files.is_empty() { lower.ca_files.clone() } else { self.ca_files },
            client_identity: self.client_identity.or_else(|| lower.client_identity.clone()),
            insecure: self.insecure.or(lower.insecure),
            plain_http: self.plain_http.or(lower.plain_http),
            jobs: self.jobs.or(lower.jobs),
            connect_timeout: self.connect_timeout.or(lower.connect_timeout),
            read_timeout: self.read_timeout.or(lower.read_timeout),
            retries: self.retries.or(lower.retries),
        }
    }
}

impl PartialLogin {
    /// Whether anything is set.
    pub fn is_set(&self) -> bool {
        self.username.is_some() || self.auth_file.is_some() || self.anonymous
    }
}

impl PartialIdentity {
    /// Certificate and key of one source; `None` if neither is set.
    pub fn new(cert: Option<PathBuf>, key: Option<PathBuf>, names: [&'static str; 2]) -> Option<Self> {
        (cert.is_some() || key.is_some()).then_some(Self { cert, key, names })
    }

    /// Certificate and key.
    ///
    /// # Errors
    /// One of them is missing.
    pub fn complete(self) -> Result<(PathBuf, PathBuf)> {
        let Self { cert, key, names: [cert_name, key_name] } = self;
        match (cert, key) {
            (Some(cert), Some(key)) => Ok((cert, key)),
            (_, None) => Err(Usage::new(format!("{cert_name} needs {key_name}"))),
            (None, Some(_)) => Err(Usage::new(format!("{key_name} needs {cert_name}"))),
        }
    }
}

/// The settings of the command line.
impl From<&Global> for PartialSettings {
    fn from(options: &Global) -> Self {
        let format = options.format.clone().map(Layout::Template);
        let identity = (options.client_cert.clone(), options.client_key.clone());
        Self {
            timeout: options.timeout,
            layout: format.or_else(|| options.output.map(|format: Format| Layout::Format(format))),
            color: options.color,
            progress: options.progress,
            verbosity: Some(options.verbose).filter(|verbosity| *verbosity > 0),
            connection: PartialConnection {
                login: PartialLogin {
                    username: options.username.as_deref().map(without_line_end).map(str::to_owned),
                    auth_file: options.auth_file.clone(),
                    anonymous: options.anonymous,
                },
                ca_files: options.ca_file.clone(),
                client_identity: PartialIdentity::new(identity.0, identity.1, ["--client-cert", "--client-key"]),
                insecure: options.insecure.then_some(true),
                plain_http: options.plain_http.then_some(true),
                jobs: options.jobs,
                connect_timeout: options.connect_timeout,
                read_timeout: options.read_timeout,
                retries: options.retries,
            },
        }
    }
}
