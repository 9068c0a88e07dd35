//! Reads `certs.d` folders as docker and podman do: `HOST[:PORT]/*.crt` are CA certificates, `NAME.cert` with
//! `NAME.key` is a client certificate (dockerd's "Verify repository client with certificates", containers-certs.d(5)).

use std::io;
use std::path::{Path, PathBuf};

use super::collect::Discovery;
use crate::error::Error;
use crate::trust::file;
use crate::trust::identity::ClientIdentityFiles;
use crate::trust::pem::Contents;
use crate::trust::place::{Near, Place};
use crate::trust::source::{Origin, Unused};

/// Reads the folders of a server in a `certs.d`.
pub(super) fn read_host(certs_d: &Path, place: &Place, origin: Origin, into: &mut Discovery<'_>) {
    let mut is_there = false;
    for name in place.names() {
        is_there |= read_folder(&certs_d.join(name), origin, into);
    }
    if !is_there {
        report_near(certs_d, place, origin, into);
    }
}

/// Reports the entries of a `certs.d` that seem to be meant for a server which has no folder there.
pub(super) fn report_near(certs_d: &Path, place: &Place, origin: Origin, into: &mut Discovery<'_>) {
    let Some(expected) = place.names().first() else { return };
    let folder = certs_d.join(expected);
    let entries = certs_d.read_dir().into_iter().flatten().flatten();
    let named = |entry: std::fs::DirEntry| Some((entry.file_name().into_string().ok()?, entry.path()));
    let mut entries: Vec<_> = entries.filter_map(named).collect();
    entries.sort();
    for (name, path) in entries {
        let is_file = path.is_file();
        let why = match place.is_near(&name) {
            Some(_) if is_file && name == *expected => Unused::NotFolder,
            Some(_) if is_file => Unused::FileName { expected: folder.join("ca.crt") },
            Some(Near::Spelling) => Unused::FileName { expected: folder.clone() },
            Some(Near::Port) => Unused::OtherPort { expected: expected.clone() },
            None => continue,
        };
        into.unused(origin, &path, why);
    }
}

/// Reads the files of one folder, in the order of their names. Returns whether the folder exists.
pub(super) fn read_folder(folder: &Path, origin: Origin, into: &mut Discovery<'_>) -> bool {
    let entries = match folder.read_dir().and_then(Iterator::collect::<io::Result<Vec<_>>>) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return false,
        Err(error) => {
            into.unreadable(origin, folder, &error);
            return true;
        }
    };
    let mut paths: Vec<PathBuf> = entries.iter().map(std::fs::DirEntry::path).collect();
    paths.sort();
    for path in &paths {
        let extension = path.extension().and_then(std::ffi::OsStr::to_str).unwrap_or_default();
        let beside = |extension| Some(path.with_extension(extension)).filter(|sibling| paths.contains(sibling));
        match extension {
            "crt" => into.authorities(origin, path),
            "cert" => match beside("key") {
                Some(key) => into.identity(origin, ClientIdentityFiles { cert: path.clone(), key }, true),
                None => without_key(path, origin, into),
            },
            "key" if beside("cert").is_none() => into.unused(origin, path, Unused::KeyWithoutCertificate),
            "key" => {}
            _ if holds_authority(path) => into.unused(origin, path, Unused::NotNamedCrt),
            _ => {}
        }
    }
    true
}

/// A `.cert` without its `.key`: docker refuses to connect, and so do we, since the rest of the folder is as likely
/// wrong.
fn without_key(path: &Path, origin: Origin, into: &mut Discovery<'_>) {
    let contents = match file::read_found(path) {
        Ok(bytes) => Contents::parse(&bytes),
        Err(error) => return into.unreadable(origin, path, &error),
    };
    let key = path.with_extension("key");
    let error = Error::config(format!("client certificate {} has no key", path.display()))
        .because(format!("{} does not exist", key.display()));
    let is_authority = contents.certificates.first().is_some_and(|(_, certificate)| certificate.is_ca);
    let error = if is_authority {
        error.because("it is a CA certificate, which belongs in a file whose name ends in .crt")
    } else {
        error
    };
    into.broken(origin, path, error, is_authority);
}

/// Whether a file with another extension contains a CA certificate, which may have been meant to be trusted.
fn holds_authority(path: &Path) -> bool {
    file::read_found(path)
        .is_ok_and(|bytes| Contents::parse(&bytes).certificates.iter().any(|(_, certificate)| certificate.is_ca))
}
