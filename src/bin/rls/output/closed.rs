//! Whether standard output was closed before the program started, as by the shell's `>&-`.
//!
//! Before `main`, the standard library replaces a closed standard stream by `/dev/null`, opened for reading and
//! writing. Writing then always succeeds, and the output is silently lost. Python and Node open `/dev/null` in the same
//! way for their children, while a shell opens it for writing only. So the parent process is inspected.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::parent_id;

/// The number of the device `/dev/null`.
const NULL: u64 = 0x103;

/// Programs that open `/dev/null` for writing only.
const SHELLS: [&str; 10] = ["sh", "bash", "dash", "zsh", "ksh", "mksh", "ash", "busybox", "fish", "yash"];

/// Whether standard output is closed; `false` if that cannot be determined.
pub fn is_closed() -> bool {
    if stdout_of("self") != Some(Stdout::Null) {
        return false;
    }
    let parent = parent_id().to_string();
    match stdout_of(&parent) {
        // A parent without standard output cannot pass one on.
        Some(Stdout::Closed) => true,
        Some(Stdout::Other) => {
            let name = fs::read_to_string(format!("/proc/{parent}/comm")).unwrap_or_default();
            SHELLS.contains(&name.trim_end())
        }
        Some(Stdout::Null) | None => false,
    }
}

/// The kind of standard output of a process.
#[derive(Debug, PartialEq, Eq)]
enum Stdout {
    Closed,
    /// `/dev/null`, for reading and writing.
    Null,
    Other,
}

/// The standard output of a process; `None` if it cannot be inspected.
fn stdout_of(process: &str) -> Option<Stdout> {
    let folder = format!("/proc/{process}/fd");
    let mut streams = fs::read_dir(&folder).ok()?.flatten();
    if !streams.any(|stream| stream.file_name() == "1") {
        return Some(Stdout::Closed);
    }
    let device = fs::metadata(format!("{folder}/1")).ok()?.rdev();
    let info = fs::read_to_string(format!("/proc/{process}/fdinfo/1")).ok()?;
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:"))?.trim();
    // The last octal digit holds O_RDONLY, O_WRONLY or O_RDWR.
    let is_for_both = flags.ends_with('2');
    Some(if device == NULL && is_for_both { Stdout::Null } else { Stdout::Other })
}
