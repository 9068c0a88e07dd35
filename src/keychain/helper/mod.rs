//! Runs credential helpers (docker's credential helper protocol): `docker-credential-NAME get` reads a server key from
//! standard input and prints `{"ServerURL","Username","Secret"}`; `store` reads such an object; `erase` reads a key.

mod group;

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::sync::OnceCell;

use self::group::Group;
use super::entry;
use super::key::ServerKey;
use super::options::Options;
use crate::auth::{Credentials, MASK, SecretOrigin, Secrets, without_user};
use crate::error::{Error, Result, without_os_error};

/// The largest output of a helper, in bytes.
const MAX_OUTPUT: u64 = 64 * 1024;
/// The longest part of a failed helper's output that is shown, in characters.
const MAX_SHOWN: usize = 200;
/// How much of a helper's standard error is kept, in bytes.
const MAX_ERRORS: usize = 4096;
/// How long output is read after a helper has ended: a program that it left behind may hold the pipe open.
const GRACE: Duration = Duration::from_millis(100);
/// The message of a helper that has no credentials for a key, which is not a failure.
const NOT_FOUND: &str = "credentials not found in native keychain";

/// The failure of a helper that does not exist.
const MISSING: &str = "is not in PATH";

/// A helper's answer, or its failure.
type Answer = Result<HelperCredentials, HelperFailure>;

/// A failed call of a credential helper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelperFailure {
    /// For instance `docker-credential-pass`.
    pub program: String,
    /// The server key that it was asked for.
    pub key: String,
    /// How it failed.
    pub fault: HelperFault,
    /// The failure in words, beginning with the program's name.
    pub why: String,
}

/// How a credential helper failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HelperFault {
    /// The program is not in `PATH`.
    Missing,
    /// The program cannot be started, or is not executable.
    NotStarted,
    /// It timed out.
    TimedOut,
    /// It reported an error, or printed an invalid answer.
    Failed,
}

/// A helper's answer.
#[derive(Debug, Clone, Default)]
pub(super) struct HelperCredentials {
    /// `None` when it has none for the key.
    pub credentials: Option<Credentials>,
    /// A warning about the answer.
    pub note: Option<String>,
}

/// Runs helpers, each once for a key; concurrent callers share its answer.
#[derive(Debug)]
pub(super) struct Helpers {
    path: Option<OsString>,
    limit: Duration,
    /// Variables that helpers do not inherit.
    unset: Vec<OsString>,
    asked: Mutex<Asked>,
}

/// By name and key.
type Asked = HashMap<(String, String), Arc<OnceCell<Answer>>>;

impl Helpers {
    /// The helpers of these options.
    pub fn of(options: &Options) -> Self {
        Self { unset: options.helper_unset.clone(), ..Self::new(options.path.clone(), options.helper_limit) }
    }

    /// Helpers in the folders of `path`, which has the format of `PATH`; `limit` is the time limit of a call.
    pub fn new(path: Option<OsString>, limit: Duration) -> Self {
        Self { path, limit, unset: Vec::new(), asked: Mutex::default() }
    }

    /// Asks the helper `name` for the credentials stored under `key`.
    pub async fn ask(&self, name: &str, key: &str) -> Answer {
        let cell = {
            let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(asked.entry((name.to_owned(), key.to_owned())).or_default())
        };
        cell.get_or_init(|| self.get(name, key)).await.clone()
    }

    /// Checks that a helper exists.
    pub fn check_presence(&self, name: &str) -> Result<(), String> {
        let program = format!("docker-credential-{name}");
        self.find(&program).map(drop).map_err(|(_, why)| format!("{program} {why}"))
    }

    /// Stores credentials under `key` in the helper `name`.
    pub async fn store(&self, name: &str, key: &str, username: &str, secret: &SecretString) -> Result<(), String> {
        let credentials = json!({"ServerURL": key, "Username": username, "Secret": secret.expose_secret()});
        let output = self.send(name, "store", &credentials.to_string().into()).await?;
        if output.succeeded {
            return Ok(());
        }
        // Its message may quote its input.
        let secrets = Secrets::default();
        secrets.remember(secret.expose_secret(), SecretOrigin::Credentials);
        Err(format!("docker-credential-{name} {}", secrets.masked(&output.failure())))
    }

    /// Erases the credentials under `key` in the helper `name`. It is not an error when it has none.
    pub async fn erase(&self, name: &str, key: &str) -> Result<(), String> {
        let output = self.send(name, "erase", &key.into()).await?;
        let is_done = output.succeeded || output.is_without_credentials();
        is_done.then_some(()).ok_or_else(|| format!("docker-credential-{name} {}", output.failure()))
    }

    async fn send(&self, name: &str, action: &str, input: &SecretString) -> Result<Output, String> {
        self.run(name, action, input).await.map_err(|(_, why)| format!("docker-credential-{name} {why}"))
    }

    async fn get(&self, name: &str, key: &str) -> Answer {
        let program = format!("docker-credential-{name}");
        let read = |output: Output| output.read(&program, key).map_err(|why| (HelperFault::Failed, why));
        self.run(name, "get", &key.into()).await.and_then(read).map_err(|(fault, why)| HelperFailure {
            why: format!("{program} {why}"),
            program: program.clone(),
            key: key.to_owned(),
            fault,
        })
    }

    /// Runs a helper. The error does not contain its name.
    async fn run(&self, name: &str, action: &str, input: &SecretString) -> Result<Output, (HelperFault, String)> {
        let program = format!("docker-credential-{name}");
        let path = self.find(&program)?;
        // The helper inherits the environment, without secrets of others. By the protocol, messages are on standard
        // output, but many helpers print them on standard error.
        let mut command = Command::new(path);
        for name in &self.unset {
            command.env_remove(name);
        }
        command.arg(action).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let child = Group::spawn(command);
        let mut child = child.map_err(|error| (HelperFault::NotStarted, not_started(&error)))?;
        let spoken = tokio::time::timeout(self.limit, converse(&mut child.leader, input)).await;
        match spoken {
            Err(_) => Err((HelperFault::TimedOut, format!("timed out after {:?}", self.limit))),
            Ok(outcome) => {
                let output = outcome.map_err(|why| (HelperFault::Failed, why))?;
                child.has_ended();
                Ok(output)
            }
        }
    }

    /// The first executable of that name in `PATH`; relative folders are skipped. The error does not contain its name.
    fn find(&self, program: &str) -> Result<PathBuf, (HelperFault, String)> {
        let program = format!("{program}{}", std::env::consts::EXE_SUFFIX);
        let path = self.path.clone().unwrap_or_default();
        let files =
            || std::env::split_paths(&path).filter(|folder| folder.is_absolute()).map(|folder| folder.join(&program));
        if let Some(executable) = files().find(|file| is_executable(file)) {
            return Ok(executable);
        }
        Err(match files().find(|file| file.is_file()) {
            Some(file) => (HelperFault::NotStarted, format!("is not executable: {}", file.display())),
            None => (HelperFault::Missing, MISSING.to_owned()),
        })
    }
}

/// Validates a helper's name, which becomes part of a file name.
///
/// # Errors
///
/// [`Kind::Config`](crate::Kind::Config) when it has other characters than `[A-Za-z0-9._-]` or begins with `-`.
pub(super) fn check_name(name: &str) -> Result<()> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if name.is_empty() || name.starts_with('-') || !name.bytes().all(is_allowed) {
        return Err(Error::config(format!("{name:?} is not a valid name of a credential helper")));
    }
    Ok(())
}

/// Parses the output of a helper that was asked for `key`; `None` where it has no credentials.
///
/// # Errors
///
/// When it failed for another reason than that it has none, or its output is not a valid answer. The error does not
/// quote an answer.
#[cfg(feature = "__internals")]
pub fn helper_answer(printed: &str, succeeded: bool, key: &str) -> Result<Option<Credentials>, String> {
    let ending = "failed".to_owned();
    let output = Output { succeeded, ending, text: printed.into(), complaint: String::new() };
    output.read("the helper", key).map(|given| given.credentials)
}

/// A helper's output and status.
struct Output {
    succeeded: bool,
    /// How it ended, for instance `failed with exit code 1`.
    ending: String,
    text: SecretString,
    /// The last line on standard error.
    complaint: String,
}

async fn converse(child: &mut Child, text: &SecretString) -> Result<Output, String> {
    if let Some(mut input) = child.stdin.take() {
        // A helper that does not read its input may still answer.
        let _ = input.write_all(text.expose_secret().as_bytes()).await;
    }
    let (output, errors) = (child.stdout.take(), child.stderr.take());
    let mut complaint = Vec::new();
    let (status, bytes) = {
        let mut reading = std::pin::pin!(read_end(errors, &mut complaint));
        let mut answering = std::pin::pin!(answer(child, output));
        let mut is_read = false;
        let answered = loop {
            tokio::select! {
                biased;
                () = &mut reading, if !is_read => is_read = true,
                answered = &mut answering => break answered?,
            }
        };
        if !is_read {
            let _ = tokio::time::timeout(GRACE, reading).await;
        }
        answered
    };
    Ok(Output {
        succeeded: status.success(),
        ending: ending(status),
        text: String::from_utf8_lossy(&bytes).into_owned().into(),
        complaint: last_line(&complaint),
    })
}

/// What a helper prints on standard output, and how it ends.
async fn answer(child: &mut Child, output: Option<ChildStdout>) -> Result<(ExitStatus, Vec<u8>), String> {
    let mut bytes = Vec::new();
    let status = {
        let mut reading = std::pin::pin!(read_answer(output, &mut bytes));
        let mut is_read = false;
        let status = loop {
            tokio::select! {
                biased;
                read = &mut reading, if !is_read => {
                    read?;
                    is_read = true;
                }
                status = child.wait() => break status.map_err(|error| format!("cannot be waited for: {error}"))?,
            }
        };
        if !is_read && let Ok(read) = tokio::time::timeout(GRACE, reading).await {
            read?;
        }
        status
    };
    Ok((status, bytes))
}

async fn read_answer(output: Option<ChildStdout>, bytes: &mut Vec<u8>) -> Result<(), String> {
    let Some(output) = output else { return Ok(()) };
    let read = output.take(MAX_OUTPUT + 1).read_to_end(bytes).await;
    read.map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() as u64 > MAX_OUTPUT { Err("printed more than 64 KiB".to_owned()) } else { Ok(()) }
}

/// How a helper that failed has ended.
fn ending(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return format!("was killed by signal {signal}");
    }
    status.code().map_or_else(|| "failed".to_owned(), |code| format!("failed with exit code {code}"))
}

/// Why a program that exists cannot be started.
fn not_started(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "cannot be run: the interpreter in its first line does not exist".to_owned(),
        _ => format!("cannot be run: {}", without_os_error(error.to_string())),
    }
}

/// Reads standard error to its end, so that the helper never waits for it, and keeps the end of it.
async fn read_end(errors: Option<ChildStderr>, kept: &mut Vec<u8>) {
    let Some(mut errors) = errors else { return };
    let mut part = [0; 1024];
    while let Ok(length @ 1..) = errors.read(&mut part).await {
        kept.extend_from_slice(&part[..length]);
        kept.drain(..kept.len().saturating_sub(MAX_ERRORS));
    }
}

/// The last line that is not blank.
fn last_line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_owned()
}

impl Output {
    /// Whether it reports that it has no credentials for the key.
    fn is_without_credentials(&self) -> bool {
        !self.succeeded && self.text.expose_secret().contains(NOT_FOUND)
    }

    /// How it failed, with its message: by the protocol on standard output, else the last line on standard error.
    fn failure(&self) -> String {
        let message = match self.text.expose_secret().trim() {
            "" => shown(&self.complaint),
            text => shown(text),
        };
        if message.is_empty() { self.ending.clone() } else { format!("failed: {message}") }
    }

    fn read(&self, program: &str, key: &str) -> Result<HelperCredentials, String> {
        let text = self.text.expose_secret().trim();
        if !self.succeeded {
            if !self.is_without_credentials() {
                return Err(self.failure());
            }
            // Amazon's helper answers so for whatever fails, and says on standard error what that is.
            let complaint = shown(&self.complaint);
            let note = (!complaint.is_empty()).then(|| format!("{program} has no credentials for {key}: {complaint}"));
            return Ok(HelperCredentials { credentials: None, note });
        }
        let Ok(Value::Object(reply)) = serde_json::from_str(text) else {
            return Err("printed an invalid answer".to_owned());
        };
        // Docker reads the names of members in any case.
        let text = |name: &str| match entry::member(&reply, name) {
            None | Some(Value::Null) => Ok(String::new()),
            Some(Value::String(text)) => Ok(text.clone()),
            Some(_) => Err("printed an invalid answer".to_owned()),
        };
        let (server, username, secret) = (text("ServerURL")?, text("Username")?, SecretString::from(text("Secret")?));
        if username.is_empty() && secret.expose_secret().is_empty() {
            let is_known = |name: &String| {
                ["ServerURL", "Username", "Secret"].iter().any(|known| name.eq_ignore_ascii_case(known))
            };
            let is_none = reply.is_empty() || reply.keys().any(is_known);
            return is_none
                .then(HelperCredentials::default)
                .ok_or_else(|| "printed an answer without Username and Secret".to_owned());
        }
        let is_other = !server.is_empty() && ServerKey::parse(&server).host() != ServerKey::parse(key).host();
        let answered = without_user(&server);
        let note = is_other.then(|| format!("{program} was asked for {key} and answered for {answered:?}"));
        let credentials = entry::pair(username, secret);
        let credentials = credentials.map_err(|why| format!("printed an unusable answer: {why}"))?;
        Ok(HelperCredentials { credentials: Some(credentials), note })
    }
}

/// The beginning of a helper's message, without what looks like a secret: an answer, which begins with a brace, and the
/// value of what is called one.
fn shown(message: &str) -> String {
    let message = message.split_once('{').map_or(message, |(before, _)| before);
    let mut is_named = false;
    let words = message.split_whitespace().map(|word| {
        let (name, value) = word.split_once(['=', ':']).map_or(("", word), |(name, value)| (name, value));
        let was_named = std::mem::replace(&mut is_named, value.is_empty() && names_secret(name));
        match (looks_secret(value), was_named || names_secret(name)) {
            (true, true) => format!("{}{MASK}", &word[..word.len() - value.len()]),
            _ => word.to_owned(),
        }
    });
    let shown = words.collect::<Vec<_>>().join(" ");
    Secrets::default().masked(&shown).chars().take(MAX_SHOWN).collect()
}

fn names_secret(name: &str) -> bool {
    let name = name.trim_matches(['"', '\'']).to_ascii_lowercase();
    ["password", "secret", "token", "key"].iter().any(|ending| name.ends_with(ending))
}

/// Whether this may be a secret and is no word of a sentence.
fn looks_secret(value: &str) -> bool {
    value.len() >= 8 && value.contains(|c: char| c.is_ascii_digit())
}

#[cfg(unix)]
fn is_executable(file: &std::path::Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;

    file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(file: &std::path::Path) -> bool {
    file.is_file()
}

#[cfg(all(test, unix))]
mod tests;
