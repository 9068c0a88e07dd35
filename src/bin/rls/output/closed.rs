//! Whether standard output was closed before the program started, as by the shell's `>&-`.
//!
//! Before `main` the standard library opens `/dev/null` in the place of a standard stream that is closed, to read and
//! to write. Writing then always succeeds, and what should have been printed is lost without a word. Such a stream
//! looks like one that a program was given: Python and Node open `/dev/null` in that way, too. A shell does not, it
//! opens it to write alone. So the parent is looked at.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::parent_id;

/// The number of the device `/dev/null`.
const NULL: u64 = 0x103;

/// Programs that give `/dev/null` to others to write alone.
const SHELLS: [&str; 10] = ["sh", "bash", "dash", "zsh", "ksh", "mksh", "ash", "busybox", "fish", "yash"];

/// Whether there is no standard output. Where that cannot be told there is one.
pub fn is_closed() -> bool {
    if stdout_of("self") != Some(Stdout::Null) {
        return false;
    }
    let parent = parent_id().to_string();
    match stdout_of(&parent) {
        // A parent without one cannot hand it down.
        Some(Stdout::Closed) => true,
        Some(Stdout::Other) => {
            let name = fs::read_to_string(format!("/proc/{parent}/comm")).unwrap_or_default();
            SHELLS.contains(&name.trim_end())
        }
        Some(Stdout::Null) | None => false,
    }
}

/// What the standard output of a process is.
#[derive(Debug, PartialEq, Eq)]
enum Stdout {
    Closed,
    /// `/dev/null`, to read and to write.
    Null,
    Other,
}

/// The standard output of a process; `None` where it cannot be looked at.
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
