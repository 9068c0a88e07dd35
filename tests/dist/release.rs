//! The folder that `make dist` has filled, and the programs that look into it.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The version of the release.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The checkout.
pub fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder of the release.
pub fn folder() -> PathBuf {
    std::env::var_os("RLS_DIST").map_or_else(|| checkout().join("target/dist"), PathBuf::from)
}

/// Its files, without the folder in which they were built.
pub fn files() -> Vec<String> {
    let folder = folder();
    let entries = folder.read_dir().unwrap_or_else(|error| panic!("{}: {error}; run 'make dist'", folder.display()));
    let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"));
    let mut names: Vec<_> = names.filter(|name| name != "build").collect();
    names.sort_unstable();
    names
}

/// Its only file with this ending.
pub fn file(ending: &str) -> PathBuf {
    let names = files();
    let mut matching = names.iter().filter(|name| name.ends_with(ending));
    let (Some(name), None) = (matching.next(), matching.next()) else { panic!("one *{ending} in {names:?}") };
    folder().join(name)
}

/// Runs a shell script with arguments `$1`, `$2`, …; returns standard output. Panics unless it succeeds.
#[track_caller]
pub fn sh<A: AsRef<OsStr>>(script: &str, arguments: impl IntoIterator<Item = A>) -> String {
    output(Command::new("sh").args(["-euc", script, "sh"]).args(arguments))
}

/// Runs a program and returns standard output. Panics unless it succeeds.
#[track_caller]
pub fn output(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {}\n{text}{errors}", output.status);
    text.into_owned()
}

/// Whether chroot works here. If not, it says that `test` is left out.
pub fn can_chroot(test: &str) -> bool {
    let tried = Command::new("/usr/sbin/chroot").args(["/", "true"]).output();
    let refused = match tried {
        Ok(output) if output.status.success() => return true,
        Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
        Err(error) => error.to_string(),
    };
    leave_out(test, &format!("chroot does not work here: {refused}"));
    false
}

/// Reports that a test is skipped because of this machine: loudly, because the test passes then. The harness captures
/// the output of macros, but not this.
pub fn leave_out(test: &str, reason: &str) {
    let line = format!("\n!!! {test} is left out: {}\n", reason.trim());
    std::io::stderr().write_all(line.as_bytes()).expect("standard error is open");
}
