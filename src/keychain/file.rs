//! Reads the files in which credentials are kept, and the JSON or YAML in them.

use std::fs::{self, Metadata};
use std::io::{self, Read as _};
use std::path::Path;

use secrecy::SecretString;
use serde_json::Value;
use tokio::task::spawn_blocking;

/// The largest file that is read, in bytes.
const MAX_FILE: u64 = 1024 * 1024;

/// A file's text.
#[derive(Debug)]
pub(super) struct Text {
    pub text: SecretString,
    /// The permissions, when other users can read it.
    pub exposed: Option<u32>,
}

/// Why an existing file cannot be read.
#[derive(Debug)]
pub(super) struct Unreadable {
    pub why: String,
    /// Whether it is for lack of permission.
    pub is_denied: bool,
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

/// The documents in a text: one in JSON, any number in YAML. The error has the position, and quotes nothing of the
/// text.
pub(super) fn parse(text: &str) -> Result<Vec<Value>, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim_start().starts_with(['{', '[']) {
        return Ok(vec![parse_json(text)?]);
    }
    serde_saphyr::from_multiple(text).map_err(|error| match error.location() {
        Some(place) => format!("not valid YAML at line {}, column {}", place.line(), place.column()),
        None => "not valid YAML".to_owned(),
    })
}

/// Whether a text is empty: blanks, a byte order mark, or `null`.
pub(super) fn is_blank(text: &str) -> bool {
    matches!(text.strip_prefix('\u{feff}').unwrap_or(text).trim(), "" | "null")
}

/// The document in a JSON text.
pub(super) fn parse_json(text: &str) -> Result<Value, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    serde_json::from_str(text)
        .map_err(|error| format!("not valid JSON at line {}, column {}", error.line(), error.column()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn either_format_is_read() {
        assert_eq!(parse("\u{feff} {\"a\": [1]}"), Ok(vec![json!({"a": [1]})]));
        assert_eq!(parse("a: [1]\nb: 'no'\n"), Ok(vec![json!({"a": [1], "b": "no"})]));
        assert_eq!(parse("a: 1\n---\nb: 2\n"), Ok(vec![json!({"a": 1}), json!({"b": 2})]));
    }

    #[test]
    fn a_blank_text_is_distinguished_from_others() {
        for (text, blank) in
            [("", true), (" \n\t", true), ("\u{feff}", true), ("null\n", true), ("{}", false), ("x", false)]
        {
            assert_eq!(is_blank(text), blank, "{text:?}");
        }
    }

    #[test]
    fn an_error_says_where_and_quotes_nothing() {
        for (text, place) in [
            ("{\"auth\": \"s3cret\",}", "not valid JSON at line 1, column 19"),
            ("{\n  s3cret\n}", "not valid JSON at line 2, column 3"),
            ("{} s3cret", "not valid JSON at line 1, column 4"),
            ("a: 1\nb: [s3cret\n", "not valid YAML at line"),
            ("a: *s3cret\n", "not valid YAML at line 1"),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.starts_with(place) && !error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn no_text_takes_long_or_overflows() {
        let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
        for n in 1..12 {
            bomb += &format!("a{n}: &a{n} [*a{0},*a{0},*a{0},*a{0},*a{0},*a{0},*a{0},*a{0},*a{0}]\n", n - 1);
        }
        assert!(parse(&bomb).is_err());
        assert!(parse(&"[".repeat(200_000)).is_err());
        assert!(parse(&format!("a: {}", "[".repeat(200_000))).is_err());
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
