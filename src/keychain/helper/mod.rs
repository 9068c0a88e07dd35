//! Credential helpers (docker's credential helper protocol): `docker-credential-NAME get`, which is given a server's key on
//! its input and prints `{"ServerURL","Username","Secret"}`; `store`, which is given that; and `erase`, which is given the key.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::sync::OnceCell;

use super::entry;
use super::key::ServerKey;
use crate::auth::Credentials;
use crate::error::{Error, Result};

/// The most that is read of what a helper prints, in bytes.
const MAX_OUTPUT: u64 = 64 * 1024;
/// The longest part of a failing helper's text that is shown, in characters.
const MAX_SHOWN: usize = 200;
/// What a helper says when it has nothing: the one failure that is none.
const NOT_FOUND: &str = "credentials not found in native keychain";

/// What is said of a helper that is not there.
const MISSING: &str = "is not in PATH";

/// What a helper answered, or why it did not.
type Answer = Result<HelperCredentials, HelperFailure>;

/// A credential helper that gave no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelperFailure {
    /// For instance `docker-credential-pass`.
    pub program: String,
    /// What it was asked for: the key of a server.
    pub key: String,
    /// Of which sort the failure is.
    pub fault: HelperFault,
    /// The whole of it in words, the program's name first.
    pub why: String,
}

/// How a credential helper failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HelperFault {
    /// There is no such program in `PATH`.
    Missing,
    /// The system does not run it.
    NotRun,
    /// It did not answer in time.
    Silent,
    /// It said that it failed, or what it said is no answer.
    Failed,
}

/// A helper's answer.
#[derive(Debug, Clone, Default)]
pub(super) struct HelperCredentials {
    /// `None` when it has none.
    pub credentials: Option<Credentials>,
    /// What is odd about it.
    pub note: Option<String>,
}

/// Runs helpers, each once for a key, however often and by how many it is asked.
#[derive(Debug)]
pub(super) struct Helpers {
    path: Option<OsString>,
    limit: Duration,
    asked: Mutex<Asked>,
}

/// By helper and key.
type Asked = HashMap<(String, String), Arc<OnceCell<Answer>>>;

impl Helpers {
    /// Helpers in the folders of `path`, which is a `PATH`; each may take as long as `limit`.
    pub fn new(path: Option<OsString>, limit: Duration) -> Self {
        Self { path, limit, asked: Mutex::default() }
    }

    /// Asks the helper `name` for the credentials stored under `key`.
    pub async fn ask(&self, name: &str, key: &str) -> Answer {
        let cell = {
            let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(asked.entry((name.to_owned(), key.to_owned())).or_default())
        };
        cell.get_or_init(|| self.get(name, key)).await.clone()
    }

    /// Whether there is a helper of this name; what is wrong otherwise.
    pub fn check_presence(&self, name: &str) -> Result<(), String> {
        let program = format!("docker-credential-{name}");
        self.find(&program).map(drop).ok_or_else(|| format!("{program} {MISSING}"))
    }

    /// Has the helper `name` keep credentials under `key`.
    pub async fn store(&self, name: &str, key: &str, username: &str, secret: &SecretString) -> Result<(), String> {
        let credentials = json!({"ServerURL": key, "Username": username, "Secret": secret.expose_secret()});
        let output = self.tell(name, "store", &credentials.to_string().into()).await?;
        if output.succeeded {
            return Ok(());
        }
        let failure = output.failure();
        // It may quote what it was given.
        let is_quoted = failure.contains(secret.expose_secret()) && !secret.expose_secret().is_empty();
        Err(format!("docker-credential-{name} {}", if is_quoted { "failed" } else { &failure }))
    }

    /// Has the helper `name` forget what is under `key`. It is no failure when that is nothing.
    pub async fn erase(&self, name: &str, key: &str) -> Result<(), String> {
        let output = self.tell(name, "erase", &key.into()).await?;
        let is_done = output.succeeded || output.is_without_credentials();
        is_done.then_some(()).ok_or_else(|| format!("docker-credential-{name} {}", output.failure()))
    }

    async fn tell(&self, name: &str, action: &str, input: &SecretString) -> Result<Output, String> {
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

    /// Runs a helper; what is wrong is said without its name.
    async fn run(&self, name: &str, action: &str, input: &SecretString) -> Result<Output, (HelperFault, String)> {
        let program = format!("docker-credential-{name}");
        let Some(path) = self.find(&program) else { return Err((HelperFault::Missing, MISSING.into())) };
        // The helper gets our environment as it is. Its error output is dropped: what it has to say it says on its output.
        let child = Command::new(path)
            .arg(action)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn();
        let mut child = child.map_err(|error| (HelperFault::NotRun, format!("cannot be run: {error}")))?;
        let spoken = tokio::time::timeout(self.limit, converse(&mut child, input)).await;
        match spoken {
            Err(_) => Err((HelperFault::Silent, format!("gave no answer within {:?}", self.limit))),
            Ok(outcome) => outcome.map_err(|why| (HelperFault::Failed, why)),
        }
    }

    /// The first file of that name in the folders of `PATH`; a folder that is not absolute is not looked at.
    fn find(&self, program: &str) -> Option<PathBuf> {
        let program = format!("{program}{}", std::env::consts::EXE_SUFFIX);
        std::env::split_paths(self.path.as_ref()?)
            .filter(|folder| folder.is_absolute())
            .map(|folder| folder.join(&program))
            .find(|file| is_executable(file))
    }
}

/// Checks a helper's name, which becomes part of a file name.
///
/// # Errors
///
/// [`Kind::Config`](crate::Kind::Config), when it has another character than `[A-Za-z0-9._-]` or looks like an option.
pub(super) fn check_name(name: &str) -> Result<()> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if name.is_empty() || name.starts_with('-') || !name.bytes().all(is_allowed) {
        return Err(Error::config(format!("{name:?} cannot be the name of a credential helper")));
    }
    Ok(())
}

/// The credentials in what a helper printed when it was asked for those under `key`; `None` where it has none. The error says
/// what it makes of itself, and quotes no answer.
///
/// # Errors
///
/// When it failed for another reason than that it has none, or what it printed is no answer.
pub fn helper_answer(printed: &str, succeeded: bool, key: &str) -> Result<Option<Credentials>, String> {
    let output = Output { succeeded, text: printed.into() };
    output.read("the helper", key).map(|given| given.credentials)
}

/// What a helper printed before it ended.
struct Output {
    succeeded: bool,
    text: SecretString,
}

/// The text of a helper's answer. Other members are ignored.
#[derive(Deserialize)]
struct Reply {
    #[serde(rename = "ServerURL", default)]
    server: String,
    #[serde(rename = "Username", default)]
    username: String,
    #[serde(rename = "Secret", default)]
    secret: String,
}

async fn converse(child: &mut Child, text: &SecretString) -> Result<Output, String> {
    if let Some(mut input) = child.stdin.take() {
        // A helper that does not read its input may still answer.
        let _ = input.write_all(text.expose_secret().as_bytes()).await;
    }
    let mut bytes = Vec::new();
    if let Some(output) = child.stdout.take() {
        output
            .take(MAX_OUTPUT + 1)
            .read_to_end(&mut bytes)
            .await
            .map_err(|error| format!("cannot be read: {error}"))?;
    }
    if bytes.len() as u64 > MAX_OUTPUT {
        return Err("printed more than 64 KiB".to_owned());
    }
    let status = child.wait().await.map_err(|error| format!("cannot be waited for: {error}"))?;
    Ok(Output { succeeded: status.success(), text: String::from_utf8_lossy(&bytes).into_owned().into() })
}

impl Output {
    /// Whether it says that it has nothing under the key.
    fn is_without_credentials(&self) -> bool {
        !self.succeeded && self.text.expose_secret().contains(NOT_FOUND)
    }

    fn failure(&self) -> String {
        failure(self.text.expose_secret().trim())
    }

    fn read(&self, program: &str, key: &str) -> Result<HelperCredentials, String> {
        let text = self.text.expose_secret().trim();
        if !self.succeeded {
            return if self.is_without_credentials() { Ok(HelperCredentials::default()) } else { Err(failure(text)) };
        }
        // A derived structure reads an array as well.
        let is_object = text.starts_with('{');
        let reply: Option<Reply> = serde_json::from_str(text).ok().filter(|_| is_object);
        let reply = reply.ok_or("printed something that is not an answer")?;
        if reply.username.is_empty() && reply.secret.is_empty() {
            return Ok(HelperCredentials::default());
        }
        let is_other =
            !reply.server.is_empty() && ServerKey::parse(&reply.server).host() != ServerKey::parse(key).host();
        let note = is_other.then(|| format!("{program} was asked for {key} and answered for {:?}", reply.server));
        let credentials = entry::pair(reply.username, reply.secret.into());
        let credentials = credentials.map_err(|why| format!("printed an answer that cannot be used: {why}"))?;
        Ok(HelperCredentials { credentials: Some(credentials), note })
    }
}

/// A failing helper's text, unless it looks like an answer and so may hold a secret.
fn failure(text: &str) -> String {
    if text.is_empty() || text.starts_with('{') {
        return "failed".to_owned();
    }
    let shown: String = text.chars().take(MAX_SHOWN).collect();
    format!("failed: {shown}")
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
