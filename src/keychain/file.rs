//! Reading the files in which credentials are kept.

use std::fs::{self, Metadata};
use std::io::{self, Read as _};
use std::path::Path;

use secrecy::SecretString;
use tokio::task::spawn_blocking;

/// The largest file that is read, in bytes.
const MAX_FILE: u64 = 1024 * 1024;

/// A file's text.
#[derive(Debug)]
pub(super) struct Text {
    pub text: SecretString,
    /// The permissions, when users other than the owner can read it.
    pub exposed: Option<u32>,
}

/// Why a file that is there cannot be read.
#[derive(Debug)]
pub(super) struct Unreadable {
    pub why: String,
    /// Whether it is a matter of permissions alone.
    pub is_denied: bool,
}

/// Reads a whole file that was found; `None` when there is none. A link to nowhere, a folder, a pipe and a device are not files: to
/// wait for one of them could take forever.
pub(super) async fn read(path: &Path) -> Result<Option<Text>, Unreadable> {
    let path = path.to_owned();
    // All of it at once: each way to a thread that may wait costs more than what it does there.
    spawn_blocking(move || read_found(&path)).await.map_err(io::Error::from)?
}

/// Reads a whole file given by the user; `None` when there is none. It may be a pipe such as the shell's `<(…)`, which is waited for
/// on a thread of its own, and `/dev/null`.
pub(super) async fn read_named(path: &Path) -> Result<Option<Text>, Unreadable> {
    let path = path.to_owned();
    let read = move || match fs::File::open(&path) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        // A file given by the user may well be a mounted secret, which is made to be read by others.
        file => Ok(Some(Text { text: whole(file?)?, exposed: None })),
    };
    spawn_blocking(read).await.map_err(io::Error::from)?
}

fn read_found(path: &Path) -> Result<Option<Text>, Unreadable> {
    if let Err(error) = fs::symlink_metadata(path)
        && matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
    {
        return Ok(None);
    }
    let metadata = fs::metadata(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "it is a link to a file that does not exist".into(),
        _ => Unreadable::from(error),
    })?;
    if !metadata.is_file() {
        return Err("it is not a file".into());
    }
    Ok(Some(Text { text: whole(fs::File::open(path)?)?, exposed: exposed(&metadata) }))
}

fn whole(file: fs::File) -> Result<SecretString, Unreadable> {
    let mut bytes = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err("it is larger than 1 MiB".into());
    }
    Ok(String::from_utf8(bytes).map_err(|_| "it is not UTF-8")?.into())
}

#[cfg(unix)]
fn exposed(metadata: &Metadata) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;

    Some(metadata.permissions().mode() & 0o7777).filter(|mode| mode & 0o077 != 0)
}

#[cfg(not(unix))]
fn exposed(_: &Metadata) -> Option<u32> {
    None
}

impl From<io::Error> for Unreadable {
    fn from(error: io::Error) -> Self {
        Self { is_denied: error.kind() == io::ErrorKind::PermissionDenied, why: error.to_string() }
    }
}

impl From<&str> for Unreadable {
    fn from(why: &str) -> Self {
        Self { why: why.to_owned(), is_denied: false }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use secrecy::ExposeSecret;

    use super::*;

    #[tokio::test]
    async fn a_file_is_read_and_its_permissions_seen() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("config.json");
        for (mode, exposed) in [(0o600, None), (0o644, Some(0o644)), (0o660, Some(0o660))] {
            std::fs::write(&path, "{}").expect("written");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("set");
            let text = read(&path).await.expect("readable").expect("there");
            assert_eq!((text.text.expose_secret(), text.exposed), ("{}", exposed));
        }
    }

    #[tokio::test]
    async fn what_is_not_there_is_no_error() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("file");
        std::fs::write(&file, "").expect("written");
        for path in [folder.path().join("none"), folder.path().join("no/folder"), file.join("below")] {
            assert!(read(&path).await.expect("no error").is_none(), "{}", path.display());
        }
    }

    #[tokio::test]
    async fn what_is_there_and_no_file_is_an_error_and_never_waited_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        symlink(path("nowhere"), path("dangling")).expect("linked");
        let made = std::process::Command::new("mkfifo").arg(path("pipe")).status().expect("mkfifo runs");
        assert!(made.success());
        let huge = std::fs::File::create(path("huge")).expect("created");
        huge.set_len(1 << 30).expect("sparse");
        std::fs::write(path("binary"), b"\xff\xfe").expect("written");
        for (name, why) in [
            (".", "it is not a file"),
            ("dangling", "it is a link to a file that does not exist"),
            ("pipe", "it is not a file"),
            ("huge", "it is larger than 1 MiB"),
            ("binary", "it is not UTF-8"),
        ] {
            let error = read(&path(name)).await.expect_err(name);
            assert!(error.why == why && !error.is_denied, "{name}: {}", error.why);
        }
    }
}
