//! Files of a layer: what its archive or table of contents says about each.

use jiff::Timestamp;

use super::path::FilePath;

/// The name that marks a folder whose lower content is hidden (OCI image specification, "Opaque Whiteout").
const OPAQUE: &[u8] = b".wh..wh..opq";

/// How the name of a whiteout begins; the rest is the hidden name (OCI image specification, "Whiteouts").
const WHITEOUT: &[u8] = b".wh.";

/// How the names of AUFS's own files begin, which are no part of the image.
const AUFS: &[u8] = b".wh..wh.";

/// The kind of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum FileKind {
    /// A regular file.
    File,
    /// A folder.
    Directory,
    /// A symbolic link.
    Symlink,
    /// Another name of a file.
    Hardlink,
    /// A character device.
    CharDevice,
    /// A block device.
    BlockDevice,
    /// A named pipe.
    Fifo,
}

/// A file of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileEntry {
    /// Its path.
    pub path: FilePath,
    /// Its kind.
    pub kind: FileKind,
    /// The permission bits, with setuid, setgid and sticky: at most `0o7777`.
    pub mode: u32,
    /// The owner.
    pub uid: u64,
    /// The group.
    pub gid: u64,
    /// The size in bytes; `None` for what has no content of its own.
    pub size: Option<u64>,
    /// When it was modified; `None` where that is not a valid date.
    pub modified: Option<Timestamp>,
    /// The target of a link: of a symbolic link as written, of a hard link the path in the image.
    pub link: Option<Box<[u8]>>,
}

/// What an entry of a layer means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The file itself.
    File,
    /// Whatever lower layers have at this path is removed.
    Whiteout(FilePath),
    /// Whatever lower layers have below this folder is removed.
    Opaque(FilePath),
    /// Nothing.
    Ignored,
}

/// What an entry at this path means.
pub(super) fn meaning(path: &FilePath) -> Meaning {
    match path.name() {
        OPAQUE => Meaning::Opaque(path.parent()),
        _ if path.as_bytes().split(|byte| *byte == b'/').any(|name| name.starts_with(AUFS)) => Meaning::Ignored,
        name => match name.strip_prefix(WHITEOUT) {
            Some(hidden) if !hidden.is_empty() => Meaning::Whiteout(path.parent().joined(hidden)),
            Some(_) => Meaning::Ignored,
            None if path.is_root() => Meaning::Ignored,
            None => Meaning::File,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_whiteouts_have_a_meaning() {
        for (path, expected) in [
            ("etc/passwd", Meaning::File),
            ("etc/.wh.passwd", Meaning::Whiteout(FilePath::new("etc/passwd"))),
            (".wh.etc", Meaning::Whiteout(FilePath::new("etc"))),
            ("etc/.wh..wh..opq", Meaning::Opaque(FilePath::new("etc"))),
            (".wh..wh..opq", Meaning::Opaque(FilePath::default())),
            (".wh..wh.plnk/x", Meaning::Ignored),
            (".wh..wh.aufs", Meaning::Ignored),
            ("etc/.wh.", Meaning::Ignored),
            ("", Meaning::Ignored),
        ] {
            assert_eq!(meaning(&FilePath::new(path)), expected, "{path}");
        }
    }
}
