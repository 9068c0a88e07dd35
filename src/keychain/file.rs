//! Reads the files in which credentials are kept.

use std::fs::{self, Metadata};
use std::io::{self, Read as _};
use std::path::Path;

use secrecy::SecretString;
use tokio::task::spawn_blocking;

use crate::encoding::{is_utf16, to_utf8};
use crate::error::{FileForm, without_os_error};

/// The largest file that is read, in bytes.
const MAX_FILE: u64 = 1024 * 1024;

/// A file's text.
#[derive(Debug)]
pub(super) struct Text {
    pub text: SecretString,
    /// The permissions, when other users can read it.
    pub exposed: Option<u32>,
}

/// Why an existing file cannot be read or used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unreadable {
    pub why: String,
    /// Whether it is for lack of permission.
    pub is_denied: bool,
    /// The form of a file that has to be converted first.
    pub form: Option<FileForm>,
}

/// Reads a file at a default location; `None` when it does not exist. Dangling links, folders, pipes and devices are
/// errors: reading a pipe could block forever.
pub(super) async fn read(path: &Path) -> Result<Option<Text>, Unreadable> {
    let path = path.to_owned();
    // All steps in one task: handing work to a blocking thread costs more than these steps.
    spawn_blocking(move || read_found(&path)).await.map_err(io::Error::from)?
}

/// Reads a file that the user named; `None` when it does not exist. It may be a pipe such as the shell's `<(…)`, and
/// `/dev/null`; it is read on a blocking thread.
pub(super) async fn read_named(path: &Path) -> Result<Option<Text>, Unreadable> {
    let path = path.to_owned();
    let read = move || match fs::File::open(&path) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        // Permissions are not reported: it may be a mounted secret, which other users may read on purpose.
        file => Ok(Some(Text { text: utf8(to_utf8(whole(file?)?))?, exposed: None })),
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
    let bytes = whole(fs::File::open(path)?)?;
    // Docker and podman do not read it either.
    if is_utf16(&bytes) {
        return Err(FileForm::Utf16.into());
    }
    Ok(Some(Text { text: utf8(bytes)?, exposed: exposed(&metadata) }))
}

fn whole(file: fs::File) -> Result<Vec<u8>, Unreadable> {
    let mut bytes = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err("it is larger than 1 MiB".into());
    }
    Ok(bytes)
}

fn utf8(bytes: Vec<u8>) -> Result<SecretString, Unreadable> {
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text.into()),
        Err(error) if error.as_bytes().starts_with(b"\0GITCRYPT\0") => Err(FileForm::GitCrypt.into()),
        Err(_) => Err("it is not UTF-8".into()),
    }
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
        let why = without_os_error(error.to_string());
        Self { is_denied: error.kind() == io::ErrorKind::PermissionDenied, why, form: None }
    }
}

impl From<&str> for Unreadable {
    fn from(why: &str) -> Self {
        why.to_owned().into()
    }
}

impl From<String> for Unreadable {
    fn from(why: String) -> Self {
        Self { why, is_denied: false, form: None }
    }
}

impl From<FileForm> for Unreadable {
    fn from(form: FileForm) -> Self {
        Self { form: Some(form), ..form.to_string().into() }
    }
}

/// Whether a text is empty: blanks, a byte order mark, or `null`.
pub(super) fn is_blank(text: &str) -> bool {
    matches!(text.strip_prefix('\u{feff}').unwrap_or(text).trim(), "" | "null")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_text_is_distinguished_from_others() {
        for (text, blank) in
            [("", true), (" \n\t", true), ("\u{feff}", true), ("null\n", true), ("{}", false), ("x", false)]
        {
            assert_eq!(is_blank(text), blank, "{text:?}");
        }
    }
}

#[cfg(all(test, unix))]
mod file_tests {
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
    async fn a_missing_file_is_not_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("file");
        std::fs::write(&file, "").expect("written");
        for path in [folder.path().join("none"), folder.path().join("no/folder"), file.join("below")] {
            assert!(read(&path).await.expect("no error").is_none(), "{}", path.display());
        }
    }

    #[tokio::test]
    async fn what_is_not_a_file_is_an_error_and_never_blocks() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        symlink(path("nowhere"), path("dangling")).expect("linked");
        let made = std::process::Command::new("mkfifo").arg(path("pipe")).status().expect("mkfifo runs");
        assert!(made.success());
        let huge = std::fs::File::create(path("huge")).expect("created");
        huge.set_len(1 << 30).expect("sparse");
        std::fs::write(path("binary"), b"\xff\0").expect("written");
        std::fs::write(path("utf-16"), b"\xff\xfe{\0}\0").expect("written");
        for (name, why) in [
            (".", "it is not a file"),
            ("dangling", "it is a link to a file that does not exist"),
            ("pipe", "it is not a file"),
            ("huge", "it is larger than 1 MiB"),
            ("binary", "it is not UTF-8"),
            ("utf-16", "it is UTF-16, not UTF-8"),
        ] {
            let error = read(&path(name)).await.expect_err(name);
            assert!(error.why == why && !error.is_denied, "{name}: {}", error.why);
        }
    }

    #[tokio::test]
    async fn a_named_file_may_be_utf_16() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("named");
        for bytes in [&b"\xff\xfe{\0}\0"[..], b"\xfe\xff\0{\0}", b"{}"] {
            std::fs::write(&path, bytes).expect("written");
            let text = read_named(&path).await.expect("readable").expect("there");
            assert_eq!(text.text.expose_secret(), "{}");
        }
    }
}
