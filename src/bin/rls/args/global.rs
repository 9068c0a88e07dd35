//! Global options, before or after the name of the command.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::RangedU64ValueParser;
use secrecy::SecretString;

use super::duration::parse_duration;
use super::file::secret_file;
use super::habits::check_format;
use super::resolve::Resolve;
use crate::output::{ColorChoice, Format, ProgressChoice};
use crate::usage::{Result, Usage};

/// Maximum value of `--jobs`.
pub const MAX_JOBS: u64 = 256;
/// Maximum value of `--retries`.
pub const MAX_RETRIES: u64 = 100;

/// The global options; `None` and empty mean not given.
#[derive(Debug, Default, Clone, clap::Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// The registry: `HOST[:PORT]` or a URL [env: RLS_REGISTRY]
    ///
    /// Arguments and lines of standard input are then paths in that registry; the same host at the beginning of one is
    /// dropped.
    #[arg(short, long, global = true, value_name = "REGISTRY")]
    pub registry: Option<String>,

    /// User name; asks for the password on a terminal [env: RLS_USERNAME]
    ///
    /// User name and password are sent to one registry only: that of --registry, else of RLS_REGISTRY or the
    /// configuration file, else the only one named on the command line. They are never sent to a registry named by
    /// standard input, a plan or a server.
    #[arg(short, long, global = true, value_name = "NAME")]
    pub username: Option<String>,

    /// The password itself; only docker-ls and docker-rm have an option for it.
    #[arg(skip)]
    pub password: Option<SecretString>,

    /// Read the password from standard input [env: RLS_PASSWORD holds the password itself]
    ///
    /// Reads to the end of the input; a final line end and a byte order mark are dropped. There is no --password: other
    /// users can see command lines.
    #[arg(long, global = true)]
    pub password_stdin: bool,

    /// Credentials file: docker config.json, podman auth.json or a Kubernetes pull secret [env: REGISTRY_AUTH_FILE]
    ///
    /// No other credentials are used then. `-` reads it from standard input.
    #[arg(long, global = true, value_name = "FILE", value_parser = secret_file(), hide_short_help = true)]
    pub auth_file: Option<PathBuf>,

    /// Send no credentials
    #[arg(long, global = true)]
    pub anonymous: bool,

    /// CA certificates to trust in addition to the system's; repeatable [env: RLS_CA_FILE]
    ///
    /// The environment variable takes several files separated as in PATH.
    #[arg(long, global = true, value_name = "PEM", value_parser = secret_file())]
    pub ca_file: Vec<PathBuf>,

    /// Client certificate with its chain [env: RLS_CLIENT_CERT]
    #[arg(long, global = true, value_name = "PEM", value_parser = secret_file(), hide_short_help = true)]
    pub client_cert: Option<PathBuf>,

    /// The client certificate's private key [env: RLS_CLIENT_KEY]
    #[arg(long, global = true, value_name = "PEM", value_parser = secret_file(), hide_short_help = true)]
    pub client_key: Option<PathBuf>,

    /// Do not verify the server's certificate; warns on every run [env: RLS_INSECURE]
    ///
    /// The environment variables of this switch and of --plain-http take 1, true, yes, on and 0, false, no, off.
    #[arg(long, global = true)]
    pub insecure: bool,

    /// Use plain HTTP instead of HTTPS [env: RLS_PLAIN_HTTP]
    #[arg(long, global = true)]
    pub plain_http: bool,

    /// Connect to ADDR for HOST:PORT, as curl does; repeatable
    ///
    /// Several addresses are separated by commas and tried in turn; IPv6 addresses may be in brackets.
    #[arg(long, global = true, value_name = "HOST:PORT:ADDR", hide_short_help = true)]
    pub resolve: Vec<Resolve>,

    /// Maximum number of concurrent requests [default: adapts to the server] [env: RLS_JOBS]
    #[arg(short, long, global = true, value_name = "N", value_parser = RangedU64ValueParser::<u16>::new().range(1..=MAX_JOBS))]
    pub jobs: Option<u16>,

    /// Time limit for the whole command, such as 500ms, 30s, 2m, 1h [default: none] [env: RLS_TIMEOUT]
    #[arg(long, global = true, value_name = "DURATION", value_parser = parse_duration)]
    pub timeout: Option<Duration>,

    /// Time limit for connecting, TCP and TLS together [default: 10s]
    #[arg(long, global = true, value_name = "DURATION", value_parser = parse_duration, hide_short_help = true)]
    pub connect_timeout: Option<Duration>,

    /// Time limit for a server that sends nothing, before or within a reply [default: 60s]
    #[arg(long, global = true, value_name = "DURATION", value_parser = parse_duration, hide_short_help = true)]
    pub read_timeout: Option<Duration>,

    /// Retries for transient failures [default: 3]
    #[arg(long, global = true, value_name = "N", hide_short_help = true, value_parser = RangedU64ValueParser::<u32>::new().range(0..=MAX_RETRIES))]
    pub retries: Option<u32>,

    /// Output format [default: table on a terminal, else plain] [env: RLS_OUTPUT]
    #[arg(short, long, global = true, value_name = "FORMAT", value_enum)]
    pub output: Option<Format>,

    /// Print one line per record, such as '{{ tag }} {{ digest }}'; @NAME is a template from the configuration file
    ///
    /// The fields are those of `-o json`; \t and \n are tab and newline. Templates use Jinja syntax, without macros,
    /// blocks and includes. Additional filters: `human` (bytes as 61.2 MB), `ago` (a time as 3 days ago), `short` (the
    /// first twelve digits of a digest); see rls help templates.
    #[arg(long, global = true, value_name = "TEMPLATE")]
    pub format: Option<String>,

    /// Do not use or fill the cache of manifests and configs
    #[arg(long, global = true, hide_short_help = true)]
    pub no_cache: bool,

    /// Omit the table header
    #[arg(long, global = true, hide_short_help = true)]
    pub no_header: bool,

    /// Shorten nothing in tables, however narrow the terminal
    #[arg(long, global = true, hide_short_help = true)]
    pub no_trunc: bool,

    /// Print full names, with the registry, which rls reads back whatever the default registry is
    #[arg(long, global = true, hide_short_help = true)]
    pub full: bool,

    /// When to use colours [default: auto] [env: NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, CLICOLOR]
    #[arg(long, global = true, value_name = "WHEN", value_enum, hide_short_help = true)]
    pub color: Option<ColorChoice>,

    /// When to show progress, on a terminal's standard error only [default: auto]
    #[arg(long, global = true, value_name = "WHEN", value_enum, hide_short_help = true)]
    pub progress: Option<ProgressChoice>,

    /// No progress, warnings or hints
    #[arg(short, long, global = true)]
    pub quiet: bool,

    /// Log requests, twice: also their headers; secrets are never shown [env: RLS_LOG=1, RLS_LOG=2]
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,

    /// Print statistics at the end: requests, retries, token fetches, bytes, seconds
    #[arg(long, global = true, hide_short_help = true)]
    pub stats: bool,
}

/// `--config` for the configuration file. Not global for clap, because `rls manifest --config` is the image config:
/// there it must precede the name of the command.
#[derive(Debug, Default, Clone, clap::Args)]
#[command(next_help_heading = "Global options")]
pub struct ConfigFile {
    /// Configuration file [default: $XDG_CONFIG_HOME/rls/config.toml] [env: RLS_CONFIG]
    #[arg(long, value_name = "FILE", value_parser = secret_file(), hide_short_help = true)]
    pub config: Option<PathBuf>,
}

impl Global {
    /// Rejects options that cannot be combined. clap cannot: it parses each side of the command's name separately.
    ///
    /// `stores_credentials`: --auth-file is where credentials are stored, so that it may be combined with --username.
    pub(super) fn check(&self, stores_credentials: bool) -> Result<()> {
        let conflicts = [
            (self.anonymous, "--anonymous", self.username.is_some(), "--username"),
            (self.anonymous, "--anonymous", self.password_stdin, "--password-stdin"),
            (self.anonymous, "--anonymous", self.auth_file.is_some(), "--auth-file"),
            (self.username.is_some() && !stores_credentials, "--username", self.auth_file.is_some(), "--auth-file"),
            (self.format.is_some(), "--format", self.output.is_some(), "--output"),
            (self.insecure, "--insecure", self.plain_http, "--plain-http"),
        ];
        match conflicts.iter().find(|(one, _, other, _)| *one && *other) {
            Some((_, one, _, other)) => Err(Usage::new(format!("{one} cannot be used with {other}"))),
            None => self.format.as_deref().map_or(Ok(()), check_format),
        }
    }
}
