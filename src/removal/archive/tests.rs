//! The archive on a real disk: what is kept comes back, and nothing else does.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tempfile::TempDir;

use super::*;
use crate::error::Danger;
use crate::name::{Algorithm, Digest, Tag};
use crate::registry::media_types;

const KIB: u64 = 1024;

/// A folder that does not exist yet, in one that goes away.
fn home() -> (TempDir, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("state/rls/removed");
    (home, folder)
}

fn archive(folder: &Path) -> Archive {
    Archive::at(folder, Limits::default())
}

/// A manifest that takes so many bytes.
fn manifest(name: &str, size: usize) -> Manifest {
    let text = format!(r#"{{"schemaVersion":2,"layers":[],"annotations":{{"name":"{name}"}}}}"#);
    let bytes = Bytes::from(format!("{text}{}", " ".repeat(size.saturating_sub(text.len()))));
    let digest = Digest::of(Algorithm::Sha256, &bytes);
    Manifest { digest, media_type: media_types::OCI_MANIFEST.to_owned(), bytes }
}

fn keep(run: &Run, repository: &str, tag: Option<&str>, manifest: &Manifest) {
    let tag: Option<Tag> = tag.map(|tag| tag.parse().unwrap());
    let registry = "http://registry.corp:5000".parse().unwrap();
    run.keep(&registry, &repository.parse().unwrap(), tag.as_ref(), manifest).unwrap();
}

fn names(archive: &Archive, id: &RunId) -> Vec<String> {
    archive.entries(id).unwrap().map(|entry| entry.name()).collect()
}

fn ids(archive: &Archive) -> Vec<RunId> {
    archive.runs().unwrap().into_iter().map(|run| run.id).collect()
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// A run on file as another version of the program, or a person, could have left it.
fn planted(folder: &Path, name: &str, text: impl AsRef<[u8]>) {
    fs::create_dir_all(folder.join("runs")).unwrap();
    fs::write(folder.join("runs").join(name), text).unwrap();
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
fn what_is_kept_comes_back_byte_for_byte() {
    let (_home, folder) = home();
    let archive = archive(&folder);
    let run = archive.begin_run().unwrap();
    let (app, web) = (manifest("app", 700), manifest("web", 900));
    keep(&run, "team/app", Some("1.4.0"), &app);
    keep(&run, "team/app", Some("latest"), &app);
    keep(&run, "team/web", None, &web);
    assert_eq!(ids(&archive), [run.id().clone()]);
    assert_eq!(
        names(&archive, run.id()),
        ["team/app:1.4.0".to_owned(), "team/app:latest".to_owned(), format!("team/web@{}", web.digest)]
    );
    for entry in archive.entries(run.id()).unwrap() {
        assert_eq!(entry.registry.to_string(), "http://registry.corp:5000");
        let back = archive.manifest(&entry).unwrap();
        let kept = if entry.digest == app.digest { &app } else { &web };
        assert_eq!((&back.bytes, &back.media_type, &back.digest), (&kept.bytes, &kept.media_type, &kept.digest));
    }
    let summary = archive.summary(run.id()).unwrap();
    let [summary] = &summary[..] else { panic!("one registry: {summary:?}") };
    let repositories: Vec<_> = summary.repositories.iter().map(ToString::to_string).collect();
    assert_eq!((summary.tags, summary.manifests, repositories), (2, 2, vec!["team/app".into(), "team/web".into()]));
    let bodies = files(&folder).into_iter().filter(|file| file.starts_with(folder.join("bodies"))).count();
    assert_eq!(bodies, 2, "a digest is kept once");
}

#[test]
fn files_are_for_their_owner_alone() {
    let (home, folder) = home();
    let run = archive(&folder).begin_run().unwrap();
    keep(&run, "app", Some("1"), &manifest("app", 0));
    for file in files(home.path()) {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    for part in ["", "runs", "bodies", "bodies/sha256"] {
        assert_eq!(mode(&folder.join(part)), 0o700, "{part}");
    }
    // One that others could look into is closed.
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    archive(&folder).begin_run().unwrap();
    assert_eq!(mode(&folder), 0o700);
}

#[test]
fn a_run_that_removed_nothing_leaves_nothing_behind() {
    let (_home, folder) = home();
    assert_eq!(archive(&folder).runs().unwrap(), []);
    assert!(!folder.exists(), "reading makes no folder");
    drop(archive(&folder).begin_run().unwrap());
    assert_eq!(files(&folder), Vec::<PathBuf>::new());
    assert_eq!(archive(&folder).runs().unwrap(), []);
}

#[test]
fn runs_of_one_second_keep_their_order() {
    let (_home, folder) = home();
    let archive = archive(&folder);
    let begun: Vec<_> = (0..20)
        .map(|number| {
            let run = archive.begin_run().unwrap();
            keep(&run, "app", Some(&number.to_string()), &manifest("app", 0));
            run.id().clone()
        })
        .collect();
    assert_eq!(ids(&archive), begun.into_iter().rev().collect::<Vec<_>>());
}

#[test]
fn a_folder_that_cannot_be_written_is_an_error() {
    let (home, folder) = home();
    fs::write(home.path().join("state"), "in the way").unwrap();
    let error = archive(&folder).begin_run().unwrap_err();
    assert_eq!(*error.kind(), Kind::Config);
    assert_eq!(error.what(), "the folder of removed manifests cannot be written");
    assert!(error.causes()[0].starts_with(&folder.display().to_string()), "{error}");
}

#[test]
fn one_that_becomes_unwritable_fails_what_is_to_be_kept() {
    let (home, folder) = home();
    let run = archive(&folder).begin_run().unwrap();
    fs::remove_dir_all(home.path().join("state")).unwrap();
    let kept = run.keep(&"reg".parse().unwrap(), &"app".parse().unwrap(), None, &manifest("app", 0));
    let error = kept.unwrap_err();
    assert_eq!(*error.kind(), Kind::Config);
    assert!(error.what().starts_with("cannot keep a copy of app@sha256:"), "{error}");
}

#[test]
fn the_oldest_runs_go_first_and_never_the_current_one() {
    let (_home, folder) = home();
    let archive = Archive::at(&folder, Limits { bytes: 40 * KIB, ..Limits::default() });
    let shared = manifest("shared", 4096);
    let [first, second] = ["first", "second"].map(|name| {
        let run = archive.begin_run().unwrap();
        keep(&run, "app", Some("shared"), &shared);
        keep(&run, "app", Some(name), &manifest(name, 10 * 1024));
        run.id().clone()
    });
    let current = archive.begin_run().unwrap();
    assert_eq!(ids(&archive), [second.clone(), first.clone()]);
    keep(&current, "app", Some("third"), &manifest("third", 16 * 1024));
    assert_eq!(ids(&archive), [current.id().clone(), second.clone()], "the oldest is dropped");
    // What a newer run needs stays with it.
    for entry in archive.entries(&second).unwrap() {
        archive.manifest(&entry).unwrap();
    }
    keep(&current, "app", Some("fourth"), &manifest("fourth", 100 * 1024));
    assert_eq!(ids(&archive), [current.id().clone()]);
    for number in 0..20 {
        keep(&current, "app", Some(&number.to_string()), &manifest(&number.to_string(), 10 * 1024));
    }
    let entries: Vec<_> = archive.entries(current.id()).unwrap().collect();
    assert_eq!(entries.len(), 22);
    for entry in entries {
        archive.manifest(&entry).unwrap();
    }
    let left = files(&folder).iter().map(|file| fs::metadata(file).unwrap().len()).sum::<u64>();
    let own = 16 + 100 + 20 * 10;
    assert!((own * KIB..(own + 8) * KIB).contains(&left), "{left} bytes are left");
    // Once it is over, it is one like the others.
    drop(current);
    drop(archive.begin_run().unwrap());
    assert_eq!(ids(&archive), []);
    assert_eq!(files(&folder), [folder.join("lock")]);
}

#[test]
fn what_is_too_old_goes() {
    let (_home, folder) = home();
    let run = archive(&folder).begin_run().unwrap();
    keep(&run, "app", Some("new"), &manifest("new", 0));
    let old = manifest("old", 0);
    let header = HEADER.replace("2026", "2001");
    planted(&folder, "20011130T015018-000000.jsonl", format!("{header}\n{}\n", line("app", "old", &old.digest)));
    fs::write(folder.join("bodies/sha256").join(old.digest.encoded()), &old.bytes).unwrap();
    // What a killed process left: a manifest without its line, and half a file.
    fs::write(folder.join("bodies/sha256").join("0".repeat(64)), "orphan").unwrap();
    fs::write(folder.join("bodies/sha256/.abc-123"), "half").unwrap();
    assert_eq!(ids(&archive(&folder)).len(), 2);
    drop(archive(&folder).begin_run().unwrap());
    assert_eq!(ids(&archive(&folder)), [run.id().clone()]);
    let bodies: Vec<_> = fs::read_dir(folder.join("bodies/sha256")).unwrap().map(|body| body.unwrap().path()).collect();
    let digest = archive(&folder).entries(run.id()).unwrap().next().unwrap().digest;
    assert_eq!(bodies, [folder.join("bodies/sha256").join(digest.encoded())]);
}

#[test]
fn damaged_entries_are_left_out_and_the_rest_is_there() {
    let (home, folder) = home();
    let digest = Digest::zero(Algorithm::Sha256);
    let good = line("app", "good", &digest);
    let bad = [
        String::new(),
        "{}".to_owned(),
        "\u{0}\u{0}".to_owned(),
        good.replace("\"app\"", "\"../../../etc\""),
        good.replace("\"good\"", "\"../good\""),
        good.replace("\"good\"", "\"a\\u001b[2Jb\""),
        good.replace("\"reg\"", "\"http://user:pw@reg/../x\""),
        good.replace("sha256:", "sha256:../../"),
        good.replace("application/", "text/\\r\\nHost: elsewhere"),
        good.replace("\"good\"", &format!("\"{}\"", "x".repeat(LARGEST_RUN as usize / 1024))),
        good.replace("\"good\"", "\"twice\",\"tag\":\"twice\""),
        good[..good.len() - 9].to_owned(),
    ];
    let text = format!("{HEADER}\n{good}\n{}\n{good}\n{}", bad.join("\n"), &good[..40]);
    planted(&folder, &format!("{ID}.jsonl"), text);
    let id = RunId::parse(ID).unwrap();
    assert_eq!(names(&archive(&folder), &id), ["app:good", "app:good"]);
    let (_, mut entries) = archive(&folder).open(&id).unwrap();
    assert_eq!(entries.by_ref().count(), 2);
    assert_eq!(entries.damaged, bad.len(), "the line that was never finished does not count");
    assert_eq!(files(home.path()).len(), 1, "reading changes nothing");
}

#[test]
fn runs_that_cannot_be_read_do_not_hide_the_others() {
    let (_home, folder) = home();
    let run = archive(&folder).begin_run().unwrap();
    keep(&run, "app", Some("1"), &manifest("app", 0));
    planted(&folder, "20261130T015018-000001.jsonl", "");
    planted(&folder, "20261130T015018-000002.jsonl", HEADER.replace('1', "2"));
    planted(&folder, "20261130T015018-000003.jsonl", [0xff; 10_000]);
    planted(&folder, "notes.txt", HEADER);
    planted(&folder, "..jsonl", HEADER);
    let huge = folder.join("runs/20261130T015018-000004.jsonl");
    fs::File::create(&huge).unwrap().set_len(LARGEST_RUN * 4096).unwrap();
    let pipe = folder.join("runs/20261130T015018-000005.jsonl");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    fs::create_dir(folder.join("runs/20261130T015018-000006.jsonl")).unwrap();
    let archive = archive(&folder);
    assert_eq!(ids(&archive), [run.id().clone()]);
    let text = |number: u32| {
        let id = RunId::parse(&format!("20261130T015018-00000{number}")).unwrap();
        archive.entries(&id).map(drop).unwrap_err().causes()[0].clone()
    };
    assert!(text(1).ends_with(": damaged, or of an unknown version"), "{}", text(1));
    assert!(text(4).ends_with(": larger than 256 MiB"), "{}", text(4));
    assert!(text(5).ends_with(": not a regular file"), "{}", text(5));
    let error = archive.entries(&RunId::parse(ID).unwrap()).map(drop).unwrap_err();
    assert_eq!((error.is_not_found(), error.what()), (true, "no run 20261130T015018-4f2a9c"));
}

#[test]
fn a_manifest_that_is_not_what_its_digest_says_is_not_used() {
    let (_home, folder) = home();
    let archive = archive(&folder);
    let kept = manifest("app", 0);
    let run = archive.begin_run().unwrap();
    keep(&run, "app", Some("1"), &kept);
    let entry = archive.entries(run.id()).unwrap().next().unwrap();
    let body = folder.join("bodies/sha256").join(kept.digest.encoded());
    let refused = || {
        let error = archive.manifest(&entry).unwrap_err();
        assert_eq!(*error.kind(), Kind::Safety(Danger::DamagedCopy));
        assert_eq!(error.what(), "the archived copy of app:1 cannot be used");
        error.causes()[0].clone()
    };
    fs::write(&body, "{}").unwrap();
    assert_eq!(refused(), format!("its 2 bytes do not match {}", kept.digest));
    // A run that keeps it again mends it.
    keep(&archive.begin_run().unwrap(), "app", Some("2"), &kept);
    assert_eq!(archive.manifest(&entry).unwrap().bytes, kept.bytes);
    fs::File::create(&body).unwrap().set_len(1 << 40).unwrap();
    assert!(refused().ends_with(": larger than 4 MiB"), "{}", refused());
    fs::remove_file(&body).unwrap();
    assert!(refused().contains("No such file"), "{}", refused());
    assert!(Command::new("mkfifo").arg(&body).status().unwrap().success());
    assert!(refused().ends_with(": not a regular file"), "{}", refused());
    fs::remove_file(&body).unwrap();
    std::os::unix::fs::symlink("/dev/zero", &body).unwrap();
    assert!(refused().ends_with(": not a regular file"), "{}", refused());
}

#[test]
fn a_signed_manifest_is_that_of_its_payload() {
    let (_home, folder) = home();
    // {"formatLength":14,"formatTail":"fQ"}
    let signature = r#"{"protected":"eyJmb3JtYXRMZW5ndGgiOjE0LCJmb3JtYXRUYWlsIjoiZlEifQ"}"#;
    let text = format!(r#"{{"fsLayers":[],"architecture":"amd64","signatures":[{signature}]}}"#);
    let signed = Manifest::read(text.into(), Some(media_types::SCHEMA1_SIGNED), Algorithm::Sha256, "app").unwrap();
    assert!(!signed.digest.matches(&signed.bytes), "it has a signature");
    let run = archive(&folder).begin_run().unwrap();
    keep(&run, "app", Some("1"), &signed);
    let entry = archive(&folder).entries(run.id()).unwrap().next().unwrap();
    let back = archive(&folder).manifest(&entry).unwrap();
    assert_eq!((back.digest, back.bytes), (signed.digest, signed.bytes));
}

#[test]
fn the_largest_manifest_is_kept_and_a_larger_one_is_not() {
    let (_home, folder) = home();
    let run = archive(&folder).begin_run().unwrap();
    let largest = manifest("app", 4 * 1024 * 1024);
    keep(&run, "app", Some("1"), &largest);
    let entry = archive(&folder).entries(run.id()).unwrap().next().unwrap();
    assert_eq!(archive(&folder).manifest(&entry).unwrap().bytes, largest.bytes);
    let larger = manifest("app", 4 * 1024 * 1024 + 1);
    let error = run.keep(&"reg".parse().unwrap(), &"app".parse().unwrap(), None, &larger).unwrap_err();
    assert!(error.causes()[0].ends_with(": larger than 4 MiB"), "{error}");
}

/// Keeps what it is told beside others that do the same, in an archive that is always too large.
fn crowd(folder: &Path, who: usize) -> Run {
    let archive = Archive::at(folder, Limits { bytes: 32 * KIB, ..Limits::default() });
    // Short runs first, which the others drop.
    for number in 0..5 {
        keep(&archive.begin_run().unwrap(), "app", Some("x"), &manifest(&format!("{who} {number}"), 8 * 1024));
    }
    let run = archive.begin_run().unwrap();
    for number in 0..30 {
        // Half of them everybody has.
        let name = if number % 2 == 0 { format!("{number}") } else { format!("{who} {number}") };
        keep(&run, &format!("app{who}"), Some(&number.to_string()), &manifest(&name, 2048));
    }
    run
}

/// Every removal of these runs can be undone.
fn assert_whole(folder: &Path, ids: &[RunId]) {
    for id in ids {
        let entries: Vec<_> = archive(folder).entries(id).unwrap().collect();
        assert_eq!(entries.len(), 30);
        for entry in entries {
            archive(folder).manifest(&entry).unwrap();
        }
    }
}

#[test]
fn threads_with_runs_of_their_own_drop_nothing_that_is_being_written() {
    let (_home, folder) = home();
    let folder = &folder;
    let runs: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|who| scope.spawn(move || crowd(folder, who))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_whole(folder, &runs.iter().map(|run| run.id().clone()).collect::<Vec<_>>());
}

#[test]
fn threads_share_a_run() {
    let (_home, folder) = home();
    let run = archive(&folder).begin_run().unwrap();
    std::thread::scope(|scope| {
        for who in 0..4 {
            let run = run.clone();
            scope.spawn(move || {
                for number in 0..25 {
                    keep(&run, "app", Some(&format!("{who}-{number}")), &manifest(&(number % 5).to_string(), 0));
                }
            });
        }
    });
    let mut names = names(&archive(&folder), run.id());
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 100);
    assert_eq!(archive(&folder).summary(run.id()).unwrap()[0].manifests, 5);
}

/// The runs that are through, whose processes say so in files.
fn done(folder: &Path) -> Vec<RunId> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let done = names.filter(|path| path.extension().is_some_and(|end| end == "done"));
    done.filter_map(|path| RunId::parse(&fs::read_to_string(path).unwrap())).collect()
}

/// The test runs itself as other processes.
#[test]
fn processes_drop_nothing_that_another_is_writing() {
    const FOLDER: &str = "RLS_TEST_ARCHIVE";
    if let Some(folder) = std::env::var_os(FOLDER) {
        let run = crowd(Path::new(&folder), std::process::id() as usize);
        fs::write(Path::new(&folder).join(format!("{}.done", std::process::id())), run.id().as_str()).unwrap();
        // It goes on until both are there, or the other failed.
        let until = Instant::now() + Duration::from_secs(60);
        while done(Path::new(&folder)).len() < 2 && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1));
        }
        return;
    }
    let (_home, folder) = home();
    let name = "removal::archive::tests::processes_drop_nothing_that_another_is_writing";
    let start = || {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", name]).env(FOLDER, &folder).stdout(std::process::Stdio::null()).spawn().unwrap()
    };
    for mut child in [start(), start()] {
        assert!(child.wait().unwrap().success());
    }
    assert_whole(&folder, &done(&folder));
}

#[test]
fn handles_can_be_sent_to_other_threads() {
    fn shareable<T: Clone + Send + Sync + 'static>() {}
    shareable::<Archive>();
    shareable::<Run>();
}
