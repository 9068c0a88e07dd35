//! Options that name a file with secrets.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::builder::{PathBufValueParser, TypedValueParser};

/// Parses the path of such a file.
pub fn secret_file() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|path| not_contents(path.as_os_str()).map(|()| path))
}

/// Rejects what must be the contents of a file and not its path: messages would show them.
///
/// # Errors
/// That they are.
pub fn not_contents(path: &OsStr) -> Result<(), String> {
    // JSON and PEM, also in base64.
    const STARTS: [&str; 4] = ["{", "-----BEGIN ", "eyJ", "LS0tLS1CRUdJTi"];
    let text = path.to_string_lossy();
    let start = text.trim_start();
    let is_contents =
        text.contains('\n') || (STARTS.iter().any(|mark| start.starts_with(mark)) && !start.ends_with(".json"));
    match is_contents {
        true => Err("expected the path of a file; this looks like the contents of one".to_owned()),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_are_no_path() {
        for contents in [
            r#"{"auths":{"reg.corp":{"auth":"YW5uOnNlY3JldA=="}}}"#,
            "\n{}",
            "-----BEGIN PRIVATE KEY-----",
            "apiVersion: v1\nkind: Secret",
            "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0t",
            "eyJhdXRocyI6e319",
        ] {
            let refused = not_contents(OsStr::new(contents)).expect_err(contents);
            assert_eq!(refused, "expected the path of a file; this looks like the contents of one");
        }
        for path in ["config.json", "-", "/run/secrets/pull secret.yaml", "a{b}.pem", "eyJ.json", "~/ca.pem"] {
            assert_eq!(not_contents(OsStr::new(path)), Ok(()), "{path}");
        }
    }
}
