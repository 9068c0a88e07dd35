//! The exact bytes of manifests on disk, by digest.

use std::fs::File;
use std::io::{self, Read, Write};

use bytes::Bytes;

use super::place::{Layout, size};
use crate::error::{Danger, Error, Kind, Result};
use crate::name::Digest;
use crate::registry::Manifest;

/// The largest accepted manifest, in bytes: the limit of registries (OCI distribution specification, "Pushing
/// Manifests").
const LARGEST: u64 = 4 * 1024 * 1024;

/// Writes the bytes of a manifest atomically, unless they exist. Returns how many bytes were added.
pub(super) fn write(place: &Layout, manifest: &Manifest) -> io::Result<u64> {
    if manifest.bytes.len() as u64 > LARGEST {
        return Err(io::Error::other("larger than 4 MiB"));
    }
    // A damaged copy is replaced.
    if bytes(place, &manifest.digest).is_ok_and(|known| known == manifest.bytes) {
        return Ok(0);
    }
    let mut file = place.new_body(&manifest.digest)?;
    file.write_all(&manifest.bytes)?;
    file.persist(place.body(&manifest.digest))?;
    Ok(manifest.bytes.len() as u64)
}

/// Reads the manifest with this digest. `name` names it in errors.
///
/// # Errors
///
/// [`Danger::DamagedCopy`] when the copy is missing, or does not match the digest.
pub(super) fn read(place: &Layout, digest: &Digest, media_type: &str, name: &str) -> Result<Manifest> {
    let damaged = |cause: String| {
        let what = format!("the archived copy of {name} cannot be used");
        Error::new(Kind::Safety(Danger::DamagedCopy), what).because(cause)
    };
    let bytes: Bytes =
        bytes(place, digest).map_err(|error| damaged(format!("{}: {error}", place.body(digest).display())))?.into();
    if digest.matches(&bytes) {
        return Ok(Manifest::new(digest.clone(), media_type, bytes));
    }
    // The digest of a signed schema 1 manifest is that of its payload.
    let length = bytes.len();
    match Manifest::read(bytes, Some(media_type), digest.algorithm(), name) {
        Ok(manifest) if manifest.digest == *digest => Ok(manifest),
        _ => Err(damaged(format!("its {length} bytes do not match {digest}"))),
    }
}

fn bytes(place: &Layout, digest: &Digest) -> io::Result<Vec<u8>> {
    let path = place.body(digest);
    let expected = size(&path)?;
    if expected > LARGEST {
        return Err(io::Error::other("larger than 4 MiB"));
    }
    let mut bytes = Vec::with_capacity(expected as usize);
    File::open(path)?.take(LARGEST).read_to_end(&mut bytes)?;
    Ok(bytes)
}
