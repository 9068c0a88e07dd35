//! The names of the last minute on disk, so that the next key press needs no request.
//!
//! ```text
//! $XDG_CACHE_HOME/rls/completion/SCOPE.json     registry, repository, names with their descriptions
//! ```
//!
//! A file belongs to one registry and the user who may list it (see [`Scope`]), and only its owner can read it (0600,
//! in a folder of mode 0700). `rls cache clear` removes it, too. Names that are older than a minute are not offered;
//! the registries and repositories that they belong to are known from then on.

use std::fs::{self, DirBuilder};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use registry_ls::cache::Scope;
use serde::{Deserialize, Serialize};

use super::name::Name;
use crate::connect::cache_folder;
use crate::input::blocking;

/// How long names are offered.
const FRESH: Duration = Duration::from_secs(60);
/// Maximum number of files; those that were not written for the longest time are removed.
const MAX_FILES: usize = 64;
/// Maximum size of a file: 10,000 names, most of them short.
const MAX_BYTES: u64 = 4 << 20;

/// The folder of the files.
#[derive(Debug, Clone)]
pub struct Recent(PathBuf);

/// One file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Entry {
    /// The registry, with its scheme if that is HTTP.
    pub registry: String,
    /// The repository whose tags these are; `None` for repositories.
    pub repository: Option<String>,
    /// The names.
    pub names: Vec<Name>,
}

impl Recent {
    /// The folder in the user's cache; `None` without a home.
    pub fn of_user() -> Option<Self> {
        cache_folder().map(|cache| Self(cache.join("completion")))
    }

    /// The names in a scope, unless they are too old.
    pub async fn get(&self, scope: &Scope) -> Option<Vec<Name>> {
        let path = self.path(scope);
        blocking(move || read(&path, Some(FRESH))).await.ok().flatten().map(|entry| entry.names)
    }

    /// Keeps names. A folder that cannot be written keeps nothing.
    pub async fn put(&self, scope: &Scope, entry: Entry) {
        let (recent, path) = (self.clone(), self.path(scope));
        let _ = blocking(move || recent.write(&path, &entry).map(|()| recent.trim())).await;
    }

    /// What is on disk, however old, the newest first.
    pub async fn entries(&self) -> Vec<Entry> {
        let recent = self.clone();
        let all = move || recent.files().into_iter().filter_map(|(_, path)| read(&path, None)).collect();
        blocking(all).await.unwrap_or_default()
    }

    fn path(&self, scope: &Scope) -> PathBuf {
        self.0.join(format!("{scope}.json"))
    }

    fn write(&self, path: &std::path::Path, entry: &Entry) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.0)?;
        // Created with mode 0600.
        let mut file = tempfile::Builder::new().prefix(".tmp").tempfile_in(&self.0)?;
        file.write_all(&serde_json::to_vec(entry)?)?;
        file.persist(path)?;
        Ok(())
    }

    /// The files and when they were written, the newest first.
    fn files(&self) -> Vec<(SystemTime, PathBuf)> {
        let files = fs::read_dir(&self.0).into_iter().flatten().flatten();
        let mut files: Vec<_> =
            files.filter_map(|file| Some((file.metadata().ok()?.modified().ok()?, file.path()))).collect();
        files.sort_by(|one, other| other.cmp(one));
        files
    }

    fn trim(&self) {
        for (_, path) in self.files().into_iter().skip(MAX_FILES) {
            // Another process may have removed it.
            let _ = fs::remove_file(path);
        }
    }
}

/// Reads a file, unless it was written longer ago than `within`. Only regular files are opened: a pipe would block.
fn read(path: &std::path::Path, within: Option<Duration>) -> Option<Entry> {
    let found = fs::symlink_metadata(path).ok().filter(|found| found.is_file() && found.len() <= MAX_BYTES)?;
    // A time in the future is that of another clock.
    let age = SystemTime::now().duration_since(found.modified().ok()?);
    if within.is_some_and(|within| age.is_err() || age.is_ok_and(|age| age > within)) {
        return None;
    }
    let mut bytes = Vec::new();
    fs::File::open(path).ok()?.take(MAX_BYTES).read_to_end(&mut bytes).ok()?;
    serde_json::from_slice(&bytes).ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn entry(registry: &str) -> Entry {
        Entry { registry: registry.to_owned(), repository: None, names: vec![Name::with("team/app", "x")] }
    }

    #[tokio::test]
    async fn names_are_kept_for_a_minute_and_their_registry_longer() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let recent = Recent(folder.path().join("completion"));
        let scope = Scope::new("https://reg", "", "ann");
        assert!(recent.get(&scope).await.is_none());
        recent.put(&scope, entry("reg")).await;
        assert_eq!(recent.get(&scope).await.expect("an entry"), [Name::with("team/app", "x")]);
        assert!(recent.get(&Scope::new("https://reg", "", "bob")).await.is_none());
        let file = fs::File::options().append(true).open(recent.path(&scope)).expect("a file of our own");
        for seconds in [61, -3600_i64] {
            let age = Duration::from_secs(seconds.unsigned_abs());
            let now = SystemTime::now();
            file.set_modified(if seconds > 0 { now - age } else { now + age }).expect("a file of our own");
            assert!(recent.get(&scope).await.is_none(), "{seconds}");
        }
        assert_eq!(recent.entries().await[0].registry, "reg");
    }

    #[tokio::test]
    async fn only_the_owner_can_read_it() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let recent = Recent(folder.path().join("completion"));
        let scope = Scope::new("https://reg", "", "ann");
        recent.put(&scope, entry("reg")).await;
        let mode = |path: &std::path::Path| fs::metadata(path).expect("a readable file").permissions().mode() & 0o777;
        assert_eq!((mode(&recent.0), mode(&recent.path(&scope))), (0o700, 0o600));
    }

    #[tokio::test]
    async fn the_number_of_files_is_bounded_and_damaged_ones_are_ignored() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let recent = Recent(folder.path().join("completion"));
        for number in 0..MAX_FILES + 3 {
            recent.put(&Scope::new("https://reg", &number.to_string(), ""), entry("reg")).await;
        }
        assert_eq!(recent.files().len(), MAX_FILES);
        let scope = Scope::new("https://reg", "", "");
        fs::write(recent.path(&scope), "{").expect("a writable folder");
        assert!(recent.get(&scope).await.is_none());
    }
}
