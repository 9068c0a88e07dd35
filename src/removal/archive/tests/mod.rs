//! The archive on a real disk: only kept manifests are restored, byte for byte.

mod concurrency;
mod damage;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use tempfile::TempDir;

use super::*;
use crate::error::Danger;
use crate::name::{Algorithm, Digest, Tag};
use crate::registry::media_types;

const KIB: u64 = 1024;

/// A folder that does not exist yet, in a temporary one.
fn home() -> (TempDir, PathBuf) {
    let home = tempfile::tempdir().expect("a temporary folder");
    let folder = home.path().join("state/rls/removed");
    (home, folder)
}

fn archive(folder: &Path) -> Archive {
    Archive::at(folder, Limits::default())
}

/// A manifest of at least this many bytes.
fn manifest(name: &str, size: usize) -> Manifest {
    let text = format!(r#"{{"schemaVersion":2,"layers":[],"annotations":{{"name":"{name}"}}}}"#);
    let bytes = Bytes::from(format!("{text}{}", " ".repeat(size.saturating_sub(text.len()))));
    let digest = Digest::of(Algorithm::Sha256, &bytes);
    Manifest::new(digest, media_types::OCI_MANIFEST, bytes)
}

fn keep(run: &Run, repository: &str, tag: Option<&str>, manifest: &Manifest) {
    let tag: Option<Tag> = tag.map(|tag| tag.parse().expect("a valid name"));
    let registry = "http://registry.corp:5000".parse().expect("a valid name");
    run.keep(&registry, &repository.parse().expect("a valid name"), tag.as_ref(), manifest).expect("a kept manifest");
}

fn names(archive: &Archive, id: &RunId) -> Vec<String> {
    archive.entries(id).expect("the entries of a run").map(|entry| entry.name()).collect()
}

fn ids(archive: &Archive) -> Vec<RunId> {
    archive.runs().expect("the runs").into_iter().map(|run| run.id).collect()
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a readable folder") {
            let path = entry.expect("an entry of a folder").path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("a file").permissions().mode() & 0o777
}

/// A run on file as another version of the program, or a person, could have left it.
fn planted(folder: &Path, name: &str, text: impl AsRef<[u8]>) {
    fs::create_dir_all(folder.join("runs")).expect("a writable folder");
    fs::write(folder.join("runs").join(name), text).expect("a writable folder");
}

fn line(repository: &str, tag: &str, digest: &Digest) -> String {
    let media_type = media_types::OCI_MANIFEST;
    format!(
        r#"{{"registry":"reg","repository":"{repository}","tag":"{tag}","digest":"{digest}","mediaType":"{media_type}","time":"2026-11-30T01:50:18Z"}}"#
    )
}

const HEADER: &str = r#"{"version":1,"time":"2026-11-30T01:50:18Z"}"#;

const ID: &str = "20261130T015018-4f2a9c";

#[test]
fn manifests_are_restored_byte_for_byte() {
    let (_home, folder) = home();
    let archive = archive(&folder);
    let run = archive.begin_run().expect("a run");
    let (app, web) = (manifest("app", 700), manifest("web", 900));
    keep(&run, "team/app", Some("1.4.0"), &app);
    keep(&run, "team/app", Some("latest"), &app);
    keep(&run, "team/web", None, &web);
    assert_eq!(ids(&archive), [run.id().clone()]);
    assert_eq!(
        names(&archive, run.id()),
        ["team/app:1.4.0".to_owned(), "team/app:latest".to_owned(), format!("team/web@{}", web.digest)]
    );
    for entry in archive.entries(run.id()).expect("the entries of a run") {
        assert_eq!(entry.registry.to_string(), "http://registry.corp:5000");
        let back = archive.manifest(&entry).expect("the copy of an entry");
        let kept = if entry.digest == app.digest { &app } else { &web };
        assert_eq!((&back.bytes, &back.media_type, &back.digest), (&kept.bytes, &kept.media_type, &kept.digest));
    }
    let summary = archive.summary(run.id()).expect("a summary");
    let [summary] = &summary[..] else { panic!("one registry: {summary:?}") };
    let repositories: Vec<_> = summary.repositories.iter().map(ToString::to_string).collect();
    assert_eq!((summary.tags, summary.manifests, repositories), (2, 2, vec!["team/app".into(), "team/web".into()]));
    let bodies = files(&folder).into_iter().filter(|file| file.starts_with(folder.join("bodies"))).count();
    assert_eq!(bodies, 2, "a digest is kept once");
}

#[test]
fn files_are_readable_by_their_owner_only() {
    let (home, folder) = home();
    let run = archive(&folder).begin_run().expect("a run");
    keep(&run, "app", Some("1"), &manifest("app", 0));
    for file in files(home.path()) {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    for part in ["", "runs", "bodies", "bodies/sha256"] {
        assert_eq!(mode(&folder.join(part)), 0o700, "{part}");
    }
    // One that others could look into is closed.
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).expect("an own folder");
    archive(&folder).begin_run().expect("a run");
    assert_eq!(mode(&folder), 0o700);
}

#[test]
fn a_run_that_removed_nothing_leaves_no_file() {
    let (_home, folder) = home();
    assert_eq!(archive(&folder).runs().expect("the runs"), []);
    assert!(!folder.exists(), "reading makes no folder");
    drop(archive(&folder).begin_run().expect("a run"));
    assert_eq!(files(&folder), Vec::<PathBuf>::new());
    assert_eq!(archive(&folder).runs().expect("the runs"), []);
}

#[test]
fn runs_of_one_second_keep_their_order() {
    let (_home, folder) = home();
    let archive = archive(&folder);
    let begun: Vec<_> = (0..20)
        .map(|number| {
            let run = archive.begin_run().expect("a run");
            keep(&run, "app", Some(&number.to_string()), &manifest("app", 0));
            run.id().clone()
        })
        .collect();
    assert_eq!(ids(&archive), begun.into_iter().rev().collect::<Vec<_>>());
}

#[test]
fn an_unwritable_folder_is_an_error() {
    let (home, folder) = home();
    fs::write(home.path().join("state"), "in the way").expect("a writable folder");
    let error = archive(&folder).begin_run().expect_err("it is refused");
    assert_eq!(*error.kind(), Kind::Config);
    assert_eq!(error.what(), "the folder of removed manifests cannot be written");
    assert!(error.causes()[0].starts_with(&folder.display().to_string()), "{error}");
}

#[test]
fn a_folder_that_becomes_unwritable_fails_the_next_entry() {
    let (home, folder) = home();
    let run = archive(&folder).begin_run().expect("a run");
    fs::remove_dir_all(home.path().join("state")).expect("a file that can be removed");
    let kept = run.keep(
        &"reg".parse().expect("a valid name"),
        &"app".parse().expect("a valid name"),
        None,
        &manifest("app", 0),
    );
    let error = kept.expect_err("it is refused");
    assert_eq!(*error.kind(), Kind::Config);
    assert!(error.what().starts_with("cannot keep a copy of app@sha256:"), "{error}");
}

#[test]
fn the_oldest_runs_are_dropped_first_and_never_the_current_one() {
    let (_home, folder) = home();
    let archive = Archive::at(&folder, Limits { bytes: 40 * KIB, ..Limits::default() });
    let shared = manifest("shared", 4096);
    let [first, second] = ["first", "second"].map(|name| {
        let run = archive.begin_run().expect("a run");
        keep(&run, "app", Some("shared"), &shared);
        keep(&run, "app", Some(name), &manifest(name, 10 * 1024));
        run.id().clone()
    });
    let current = archive.begin_run().expect("a run");
    assert_eq!(ids(&archive), [second.clone(), first.clone()]);
    keep(&current, "app", Some("third"), &manifest("third", 16 * 1024));
    assert_eq!(ids(&archive), [current.id().clone(), second.clone()], "the oldest is dropped");
    // What a newer run needs stays with it.
    for entry in archive.entries(&second).expect("the entries of a run") {
        archive.manifest(&entry).expect("the copy of an entry");
    }
    keep(&current, "app", Some("fourth"), &manifest("fourth", 100 * 1024));
    assert_eq!(ids(&archive), [current.id().clone()]);
    for number in 0..20 {
        keep(&current, "app", Some(&number.to_string()), &manifest(&number.to_string(), 10 * 1024));
    }
    let entries: Vec<_> = archive.entries(current.id()).expect("the entries of a run").collect();
    assert_eq!(entries.len(), 22);
    for entry in entries {
        archive.manifest(&entry).expect("the copy of an entry");
    }
    let left = files(&folder).iter().map(|file| fs::metadata(file).expect("a file").len()).sum::<u64>();
    let own = 16 + 100 + 20 * 10;
    assert!((own * KIB..(own + 8) * KIB).contains(&left), "{left} bytes are left");
    // Once it is over, it is one like the others.
    drop(current);
    drop(archive.begin_run().expect("a run"));
    assert_eq!(ids(&archive), []);
    assert_eq!(files(&folder), [folder.join("lock")]);
}

#[test]
fn runs_beyond_the_maximum_age_are_dropped() {
    let (_home, folder) = home();
    let run = archive(&folder).begin_run().expect("a run");
    keep(&run, "app", Some("new"), &manifest("new", 0));
    let old = manifest("old", 0);
    let header = HEADER.replace("2026", "2001");
    planted(&folder, "20011130T015018-000000.jsonl", format!("{header}\n{}\n", line("app", "old", &old.digest)));
    fs::write(folder.join("bodies/sha256").join(old.digest.encoded()), &old.bytes).expect("a writable folder");
    // What a killed process left: a manifest without its line, and half a file.
    fs::write(folder.join("bodies/sha256").join("0".repeat(64)), "orphan").expect("a writable folder");
    fs::write(folder.join("bodies/sha256/.abc-123"), "half").expect("a writable folder");
    assert_eq!(ids(&archive(&folder)).len(), 2);
    drop(archive(&folder).begin_run().expect("a run"));
    assert_eq!(ids(&archive(&folder)), [run.id().clone()]);
    let bodies: Vec<_> = fs::read_dir(folder.join("bodies/sha256"))
        .expect("a readable folder")
        .map(|body| body.expect("an entry of a folder").path())
        .collect();
    let digest = archive(&folder).entries(run.id()).expect("the entries of a run").next().expect("an entry").digest;
    assert_eq!(bodies, [folder.join("bodies/sha256").join(digest.encoded())]);
}
