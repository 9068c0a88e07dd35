//! Tables of contents, which name the files of a layer and where each is in the blob: zstd:chunked's and eStargz's.
//! The former is in a frame of its own, the latter in an archive of its own at the end of the blob; both are JSON of
//! the same members.

use std::cell::Cell;
use std::fmt;
use std::io::{self, BufReader, Read};
use std::ops::ControlFlow;
use std::rc::Rc;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::archive::Archive;
use super::decompress::{decompress, refused};
use super::entry::{FileEntry, FileKind};
use super::limits::{Bounded, Limits};
use super::path::FilePath;
use crate::name::Digest;
use crate::registry::Descriptor;

/// Where zstd:chunked's table is: `offset:length:uncompressed length:type`.
const POSITION: &str = "io.github.containers.zstd-chunked.manifest-position";

/// The digest of zstd:chunked's table, compressed.
const CHECKSUM: &str = "io.github.containers.zstd-chunked.manifest-checksum";

/// The digest of eStargz's table.
const ESTARGZ_DIGEST: &str = "containerd.io/snapshot/stargz/toc.digest";

/// The name of eStargz's table in its archive.
const ESTARGZ_NAME: &[u8] = b"stargz.index.json";

/// The largest table, compressed, in bytes: it is held in memory.
pub(super) const MAX_TABLE: u64 = 4 << 20;

/// The most bytes of one entry in a table.
const MAX_ENTRY: u64 = 1 << 20;

/// What is fetched from the end of an eStargz layer at least, in bytes: most often more than its table has.
const MIN_TAIL: u64 = 64 << 10;

/// The length of eStargz's footer: an empty gzip member with the offset of the table in its header.
const FOOTER: usize = 51;

/// Where the table of a layer is, and how it is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Location {
    /// zstd:chunked.
    Chunked { start: u64, end: u64, checksum: Digest },
    /// eStargz: at the end.
    Estargz { tail: u64, digest: Digest },
}

/// Where the content of a file is in the blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Extent {
    /// The offset of its first compressed part.
    pub start: u64,
    /// The end of its last one; `None` where the table does not say.
    pub end: Option<u64>,
    /// The digest of the file.
    pub digest: Digest,
}

/// A file in a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    pub file: FileEntry,
    /// Where its content is; `None` for an empty file, and where it is not said, or has parts that are not stored.
    pub extent: Option<Extent>,
}

impl Location {
    /// The table of a layer, if its annotations name one that is not too large.
    pub fn of(layer: &Descriptor) -> Option<Self> {
        let annotation = |name: &str| layer.annotations.get(name);
        if let (Some(position), Some(checksum)) = (annotation(POSITION), annotation(CHECKSUM)) {
            let mut numbers = position.split(':').map(str::parse::<u64>);
            let (start, length, kind) = (numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.nth(1)?.ok()?);
            let end = start.checked_add(length)?;
            let is_usable =
                kind == 1 && (1..=MAX_TABLE).contains(&length) && layer.known_size().is_none_or(|size| end <= size);
            return is_usable.then(|| Some(Self::Chunked { start, end, checksum: checksum.parse().ok()? }))?;
        }
        let digest = annotation(ESTARGZ_DIGEST)?.parse().ok()?;
        // Tables take about a hundredth of their layers.
        let size = layer.known_size()?;
        Some(Self::Estargz { tail: (size / 50).clamp(MIN_TAIL, MAX_TABLE).min(size), digest })
    }
}

/// The offset of eStargz's table, by the last bytes of a blob.
pub(super) fn estargz_offset(tail: &[u8]) -> Option<u64> {
    let footer = &tail[tail.len().checked_sub(FOOTER)?..];
    // 10 bytes of gzip's header, 2 of the length of what is extra: "SG", its length, 16 digits, "STARGZ".
    let (digits, name) = (footer.get(16..32)?, footer.get(32..38)?);
    let is_footer = footer.starts_with(&[0x1f, 0x8b, 8, 4]) && &footer[12..14] == b"SG" && name == b"STARGZ";
    is_footer.then(|| u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok())?
}

/// The files in the table of contents of a layer, whose annotations say of which kind it is: the bytes that they name
/// for zstd:chunked, those before the footer for eStargz. None where the layer has no table, or one with another
/// digest.
///
/// # Errors
///
/// [`Fault::Malformed`](crate::error::Fault::Malformed) for one that cannot be read.
#[cfg(feature = "__internals")]
pub fn read_table(layer: &Descriptor, table: &[u8]) -> crate::Result<Vec<FileEntry>> {
    let Some(location) = Location::of(layer) else { return Ok(Vec::new()) };
    let mut files = Vec::new();
    let mut visit = |listed: Listed| {
        files.push(listed.file);
        ControlFlow::Continue(())
    };
    is_genuine(table, &location)
        .and_then(|is_genuine| if is_genuine { read(table, &location, &mut visit) } else { Ok(()) })
        .map_err(super::feed::of_reading)?;
    Ok(files)
}

/// Whether the bytes of a table are those that the manifest names.
///
/// # Errors
///
/// Why they cannot be read.
pub(super) fn is_genuine(table: &[u8], location: &Location) -> io::Result<bool> {
    match location {
        Location::Chunked { checksum, .. } => Ok(checksum.matches(table)),
        Location::Estargz { digest, .. } => {
            let mut hasher = Digest::hasher(digest.algorithm());
            with_json(table, location, |json| {
                let mut buffer = vec![0; 64 << 10];
                loop {
                    match json.read(&mut buffer)? {
                        0 => return Ok(()),
                        read => hasher.update(&buffer[..read]),
                    }
                }
            })?;
            Ok(hasher.finish() == *digest)
        }
    }
}

/// Reads a table: calls `visit` for each file, in their order.
///
/// # Errors
///
/// Why it cannot be read.
pub(super) fn read(
    table: &[u8],
    location: &Location,
    visit: &mut dyn FnMut(Listed) -> ControlFlow<()>,
) -> io::Result<()> {
    with_json(table, location, |json| {
        let since = Rc::new(Cell::new(0));
        let json = EntryLimit { inner: BufReader::new(json), since: Rc::clone(&since) };
        let mut walk = Walk { since, present: None, stopped: false, visit };
        let outcome = Table(&mut walk).deserialize(&mut serde_json::Deserializer::from_reader(json));
        match outcome {
            _ if walk.stopped => Ok(()),
            Ok(()) => Ok(()),
            Err(error) if error.is_io() => Err(error.into()),
            Err(error) => Err(refused(format!("its table of contents: {error}"))),
        }
    })
}

/// Calls `work` with the JSON of a table.
fn with_json<T>(table: &[u8], location: &Location, work: impl FnOnce(&mut dyn Read) -> io::Result<T>) -> io::Result<T> {
    let limits = Limits::default();
    let received = Rc::new(Cell::new(table.len() as u64));
    let json = Bounded::new(decompress(table, limits.window)?, limits, received);
    match location {
        Location::Chunked { .. } => work(&mut { json }),
        Location::Estargz { .. } => {
            let mut archive = Archive::new(json);
            while let Some(file) = archive.next()? {
                if file.path.as_bytes() == ESTARGZ_NAME {
                    return work(&mut archive);
                }
            }
            Err(refused("its table of contents is missing"))
        }
    }
}

/// Bounds what is read for one entry.
struct EntryLimit<R> {
    inner: R,
    since: Rc<Cell<u64>>,
}

impl<R: Read> Read for EntryLimit<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.since.set(self.since.get() + read as u64);
        match self.since.get() > MAX_ENTRY {
            true => Err(refused("an entry of its table of contents is too long")),
            false => Ok(read),
        }
    }
}

/// An entry of a table. Members of other types fail it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Member {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    link_name: String,
    #[serde(default)]
    mode: i64,
    #[serde(default)]
    size: u64,
    #[serde(default)]
    uid: u64,
    #[serde(default)]
    gid: u64,
    #[serde(default)]
    modtime: Option<Timestamp>,
    #[serde(default)]
    offset: Option<u64>,
    #[serde(default)]
    end_offset: Option<u64>,
    #[serde(default)]
    inner_offset: u64,
    #[serde(default)]
    digest: String,
    #[serde(default)]
    chunk_type: String,
}

struct Walk<'a> {
    since: Rc<Cell<u64>>,
    /// The file whose parts may follow.
    present: Option<(Listed, bool)>,
    stopped: bool,
    visit: &'a mut dyn FnMut(Listed) -> ControlFlow<()>,
}

impl Walk<'_> {
    /// Adds an entry: a file, or another part of the one before.
    fn add(&mut self, member: Member) -> ControlFlow<()> {
        self.since.set(0);
        let is_stored = member.chunk_type.is_empty() && member.inner_offset == 0;
        if member.kind == "chunk" {
            if let Some((listed, stored)) = &mut self.present
                && let Some(extent) = &mut listed.extent
            {
                *stored &= is_stored;
                extent.end = member.end_offset.filter(|end| Some(*end) >= extent.end);
            }
            return ControlFlow::Continue(());
        }
        // Without an own end, a file ends where the next one begins.
        if let (Some((listed, _)), Some(next)) = (&mut self.present, member.offset)
            && let Some(extent) = &mut listed.extent
        {
            extent.end = extent.end.or(Some(next).filter(|next| *next > extent.start));
        }
        self.end()?;
        if let Some(listed) = listed(&member) {
            self.present = Some((listed, is_stored));
        }
        ControlFlow::Continue(())
    }

    /// Passes on the file whose parts are complete.
    fn end(&mut self) -> ControlFlow<()> {
        let Some((mut listed, is_stored)) = self.present.take() else { return ControlFlow::Continue(()) };
        listed.extent = listed.extent.filter(|_| is_stored);
        let flow = (self.visit)(listed);
        self.stopped = flow.is_break();
        flow
    }
}

fn listed(member: &Member) -> Option<Listed> {
    let kind = match member.kind.as_str() {
        "reg" => FileKind::File,
        "dir" => FileKind::Directory,
        "symlink" => FileKind::Symlink,
        "hardlink" => FileKind::Hardlink,
        "char" => FileKind::CharDevice,
        "block" => FileKind::BlockDevice,
        "fifo" => FileKind::Fifo,
        _ => return None,
    };
    let link = match kind {
        FileKind::Symlink => Some(member.link_name.as_bytes().into()),
        FileKind::Hardlink => Some(FilePath::new(&member.link_name).as_bytes().into()),
        _ => None,
    };
    let extent = member
        .offset
        .filter(|_| member.size > 0)
        .and_then(|start| Some(Extent { start, end: member.end_offset, digest: member.digest.parse().ok()? }));
    let file = FileEntry {
        path: FilePath::new(&member.name),
        kind,
        mode: mode(member.mode),
        uid: member.uid,
        gid: member.gid,
        size: (kind == FileKind::File).then_some(member.size),
        modified: member.modtime,
        link,
    };
    Some(Listed { file, extent })
}

/// The mode of an entry is that of tar, which has the bits of Unix.
fn mode(mode: i64) -> u32 {
    u32::try_from(mode & 0o7777).unwrap_or_default()
}

/// The whole table: `{"version": 1, "entries": […]}`.
struct Table<'a, 'b>(&'a mut Walk<'b>);

impl<'de> DeserializeSeed<'de> for Table<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Table<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(key) = members.next_key::<String>()? {
            match key.as_str() {
                "entries" => members.next_value_seed(Entries(self.0))?,
                _ => drop(members.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

struct Entries<'a, 'b>(&'a mut Walk<'b>);

impl<'de> DeserializeSeed<'de> for Entries<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Entries<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of files")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let stopped = || de::Error::custom("stopped");
        while let Some(member) = entries.next_element::<Member>()? {
            if self.0.add(member).is_break() {
                return Err(stopped());
            }
        }
        if self.0.end().is_break() { Err(stopped()) } else { Ok(()) }
    }
}
