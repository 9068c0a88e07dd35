//! Reads tar archives: POSIX pax, ustar, GNU and older ones. The headers are the crate `tar`'s; the loop is our own,
//! because the crate reads names of any length into memory.

use std::io::{self, Read};

use jiff::Timestamp;
use tar::{EntryType, Header, PaxExtensions};

use super::decompress::refused;
use super::entry::{FileEntry, FileKind};
use super::path::FilePath;

/// The size of a header, and the unit of contents.
const BLOCK: usize = 512;

/// The longest extended header, in bytes. Paths have 4 KiB at most; attributes of files may be longer.
const MAX_EXTENSION: u64 = 1 << 20;

/// Reads the entries of an archive one after the other.
pub(super) struct Archive<R> {
    reader: R,
    /// What is left of the content of the present entry.
    content: u64,
    padding: u64,
    /// Why the content of the present entry cannot be read.
    sparse: bool,
}

/// What extended headers say about the next entry.
#[derive(Default)]
struct Extensions {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
    uid: Option<u64>,
    gid: Option<u64>,
    modified: Option<Timestamp>,
    sparse: bool,
    /// The size of a sparse file with its holes.
    real_size: Option<u64>,
}

impl<R: Read> Archive<R> {
    pub fn new(reader: R) -> Self {
        Self { reader, content: 0, padding: 0, sparse: false }
    }

    /// The next file; `None` at the end of the archive. What is left of the present one is skipped.
    ///
    /// # Errors
    ///
    /// Those of reading; a header that cannot be read.
    pub fn next(&mut self) -> io::Result<Option<FileEntry>> {
        let mut extensions = Extensions::default();
        loop {
            self.skip(self.content)?;
            if !self.skip_padding()? {
                return Ok(None);
            }
            let Some(header) = self.header()? else { return Ok(None) };
            let size = header.entry_size().map_err(|_| refused("the size of a file is not a number"))?;
            self.begin(size);
            match header.entry_type() {
                EntryType::GNULongName => extensions.path = Some(without_nul(self.extension()?)),
                EntryType::GNULongLink => extensions.link = Some(without_nul(self.extension()?)),
                EntryType::XHeader => extensions.read(&self.extension()?),
                EntryType::XGlobalHeader => {}
                _ => match self.file(&header, &extensions)? {
                    Some(file) => return Ok(Some(file)),
                    None => extensions = Extensions::default(),
                },
            }
        }
    }

    fn file(&mut self, header: &Header, extensions: &Extensions) -> io::Result<Option<FileEntry>> {
        self.begin(extensions.size.unwrap_or(self.content));
        let path = extensions.path.clone().unwrap_or_else(|| header.path_bytes().into_owned());
        let Some(kind) = kind(header.entry_type(), &path) else { return Ok(None) };
        if kind != FileKind::File {
            // These have no content, whatever their size says.
            self.begin(0);
        }
        self.sparse = extensions.sparse;
        let mut real_size = extensions.real_size;
        if header.entry_type() == EntryType::GNUSparse {
            self.sparse = true;
            real_size = header.as_gnu().and_then(|gnu| gnu.real_size().ok());
            self.skip_sparse_maps(header)?;
        }
        let link = extensions.link.clone().or_else(|| header.link_name_bytes().map(|link| link.into_owned()));
        let link = match kind {
            FileKind::Symlink => link,
            FileKind::Hardlink => link.map(|link| FilePath::new(link).as_bytes().to_vec()),
            _ => None,
        };
        let modified = || Timestamp::from_second(i64::try_from(header.mtime().ok()?).ok()?).ok();
        Ok(Some(FileEntry {
            path: FilePath::new(path),
            kind,
            mode: header.mode().unwrap_or_default() & 0o7777,
            uid: extensions.uid.or_else(|| header.uid().ok()).unwrap_or_default(),
            gid: extensions.gid.or_else(|| header.gid().ok()).unwrap_or_default(),
            size: (kind == FileKind::File).then(|| real_size.unwrap_or(self.content)),
            modified: extensions.modified.or_else(modified),
            link: link.map(Vec::into_boxed_slice),
        }))
    }

    /// The next header; `None` at the end. An archive ends with zeros; where it breaks off between two files, Go's
    /// reader, and so docker and containerd, takes that for its end too.
    fn header(&mut self) -> io::Result<Option<Header>> {
        let mut header = Header::new_old();
        let block = header.as_mut_bytes();
        let mut filled = 0;
        while filled < BLOCK {
            match self.reader.read(&mut block[filled..])? {
                0 if filled == 0 => return Ok(None),
                0 => return Err(refused("it is not a tar archive, or breaks off")),
                read => filled += read,
            }
        }
        if block.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let sum = block.iter().enumerate().map(|(at, byte)| if (148..156).contains(&at) { 32 } else { (*byte).into() });
        let sum: u32 = sum.sum();
        match header.cksum() {
            Ok(stated) if stated == sum => Ok(Some(header)),
            _ => Err(refused("it is not a tar archive, or damaged: the checksum of a header is wrong")),
        }
    }

    fn begin(&mut self, size: u64) {
        self.content = size;
        self.padding = size.checked_next_multiple_of(BLOCK as u64).map_or(0, |whole| whole - size);
        self.sparse = false;
    }

    fn skip(&mut self, count: u64) -> io::Result<()> {
        self.content = 0;
        match io::copy(&mut self.reader.by_ref().take(count), &mut io::sink())? {
            skipped if skipped == count => Ok(()),
            _ => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// Skips what fills the last block of a content; `false` where the archive ends instead, as some writers end it.
    fn skip_padding(&mut self) -> io::Result<bool> {
        let padding = std::mem::take(&mut self.padding);
        Ok(io::copy(&mut self.reader.by_ref().take(padding), &mut io::sink())? == padding)
    }

    /// The content of an extended header.
    fn extension(&mut self) -> io::Result<Vec<u8>> {
        if self.content > MAX_EXTENSION {
            return Err(refused(format!("an extended header has {} bytes", self.content)));
        }
        let mut bytes = Vec::new();
        self.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Skips the maps of an old sparse file, which are not counted in its size.
    fn skip_sparse_maps(&mut self, header: &Header) -> io::Result<()> {
        let mut more = header.as_gnu().is_some_and(tar::GnuHeader::is_extended);
        while more {
            let mut map = tar::GnuExtSparseHeader::new();
            self.reader.read_exact(map.as_mut_bytes())?;
            more = map.is_extended();
        }
        Ok(())
    }
}

/// Reads the content of the present entry.
impl<R: Read> Read for Archive<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.sparse {
            return Err(refused("the file is stored as a sparse file, which is not supported"));
        }
        if self.content == 0 || buffer.is_empty() {
            return Ok(0);
        }
        let wanted = buffer.len().min(usize::try_from(self.content).unwrap_or(usize::MAX));
        match self.reader.read(&mut buffer[..wanted])? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            read => {
                self.content -= read as u64;
                Ok(read)
            }
        }
    }
}

impl Extensions {
    /// Reads a pax header (POSIX.1-2001, "pax Extended Header"). What cannot be read counts as absent.
    fn read(&mut self, bytes: &[u8]) {
        for extension in PaxExtensions::new(bytes).flatten() {
            let value = extension.value_bytes();
            let text = || std::str::from_utf8(value).ok();
            let number = || text()?.parse::<u64>().ok();
            match extension.key_bytes() {
                b"path" => self.path = Some(value.to_vec()),
                b"linkpath" => self.link = Some(value.to_vec()),
                b"size" => self.size = number(),
                b"uid" => self.uid = number(),
                b"gid" => self.gid = number(),
                b"mtime" => self.modified = text().and_then(seconds),
                b"GNU.sparse.name" => self.path = Some(value.to_vec()),
                b"GNU.sparse.realsize" | b"GNU.sparse.size" => self.real_size = number(),
                key => self.sparse |= key.starts_with(b"GNU.sparse."),
            }
        }
    }
}

/// Seconds since 1970, with fractions: `1700000000.123456789`.
fn seconds(text: &str) -> Option<Timestamp> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits: String = fraction.chars().chain(std::iter::repeat('0')).take(9).collect();
    let nanoseconds: i32 = digits.parse().ok()?;
    let sign = if text.starts_with('-') { -1 } else { 1 };
    Timestamp::new(whole.parse().ok()?, sign * nanoseconds).ok()
}

/// The kind of an entry; `None` for types that are no files, or unknown. Old archives mark folders by a slash at the
/// end.
fn kind(entry_type: EntryType, path: &[u8]) -> Option<FileKind> {
    Some(match entry_type {
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse if path.ends_with(b"/") => {
            FileKind::Directory
        }
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => FileKind::File,
        EntryType::Link => FileKind::Hardlink,
        EntryType::Symlink => FileKind::Symlink,
        EntryType::Char => FileKind::CharDevice,
        EntryType::Block => FileKind::BlockDevice,
        EntryType::Directory => FileKind::Directory,
        EntryType::Fifo => FileKind::Fifo,
        _ => return None,
    })
}

fn without_nul(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.truncate(bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len()));
    bytes
}
