//! The files of images: layers are read as they arrive, unpacked and put on top of each other.
//!
//! ```no_run
//! use futures::TryStreamExt;
//! use registry_ls::layers::{FilePath, ImageFiles};
//! # use registry_ls::{Result, name::Tag, registry::RepositoryHandle};
//! # async fn read(repository: RepositoryHandle, tag: Tag) -> Result<()> {
//!
//! let document = repository.manifest(&tag).await?.document()?;
//! let mut content = ImageFiles::new(&repository, &document)?.read(FilePath::new("/etc/os-release"));
//! while let Some(piece) = content.try_next().await? {
//!     print!("{}", String::from_utf8_lossy(&piece));
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The layers are searched from the topmost down (OCI image specification, "Image Layer Filesystem Changeset"), and no
//! further than needed. Where a layer has a table of contents (zstd:chunked, eStargz), that is read instead.
//!
//! Memory does not depend on the layer: a window of zstd, the hashes of names, some pieces.

mod archive;
mod decompress;
mod entry;
mod feed;
mod image;
mod implied;
mod limits;
mod list;
mod names;
mod path;
mod scan;
mod search;
mod toc;
mod unpack;

pub use entry::{FileEntry, FileKind};
pub use image::ImageFiles;
pub use limits::Limits;
pub use list::{ImageFile, ListOptions};
pub use path::FilePath;
pub use unpack::unpack;

/// What fuzz targets and test vectors call directly. Not part of the interface.
#[cfg(feature = "__internals")]
#[doc(hidden)]
pub mod internals {
    pub use super::toc::read_table;
}
