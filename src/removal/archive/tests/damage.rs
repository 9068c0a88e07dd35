//! Damaged, foreign and oversized entries.

use std::process::Command;

use super::*;

#[test]
fn damaged_entries_are_skipped_and_the_rest_is_read() {
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
    let id = RunId::parse(ID).expect("an identity");
    assert_eq!(names(&archive(&folder), &id), ["app:good", "app:good"]);
    let (_, mut entries) = archive(&folder).open(&id).expect("an open run");
    assert_eq!(entries.by_ref().count(), 2);
    assert_eq!(entries.damaged, bad.len(), "the line that was never finished does not count");
    assert_eq!(files(home.path()).len(), 1, "reading changes nothing");
}

#[test]
fn unreadable_runs_do_not_hide_the_others() {
    let (_home, folder) = home();
    let run = archive(&folder).begin_run().expect("a run");
    keep(&run, "app", Some("1"), &manifest("app", 0));
    planted(&folder, "20261130T015018-000001.jsonl", "");
    planted(&folder, "20261130T015018-000002.jsonl", HEADER.replace('1', "2"));
    planted(&folder, "20261130T015018-000003.jsonl", [0xff; 10_000]);
    planted(&folder, "notes.txt", HEADER);
    planted(&folder, "..jsonl", HEADER);
    let huge = folder.join("runs/20261130T015018-000004.jsonl");
    fs::File::create(&huge).expect("a writable folder").set_len(LARGEST_RUN * 4096).expect("a writable folder");
    let pipe = folder.join("runs/20261130T015018-000005.jsonl");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("a program that runs").success());
    fs::create_dir(folder.join("runs/20261130T015018-000006.jsonl")).expect("a writable folder");
    let archive = archive(&folder);
    assert_eq!(ids(&archive), [run.id().clone()]);
    let text = |number: u32| {
        let id = RunId::parse(&format!("20261130T015018-00000{number}")).expect("an identity");
        archive.entries(&id).map(drop).expect_err("it is refused").causes()[0].clone()
    };
    assert!(text(1).ends_with(": damaged, or of an unknown version"), "{}", text(1));
    assert!(text(4).ends_with(": larger than 256 MiB"), "{}", text(4));
    assert!(text(5).ends_with(": not a regular file"), "{}", text(5));
    let error = archive.entries(&RunId::parse(ID).expect("an identity")).map(drop).expect_err("it is refused");
    assert_eq!((error.is_not_found(), error.what()), (true, "no run 20261130T015018-4f2a9c"));
}

#[test]
fn a_manifest_that_does_not_match_its_digest_is_not_used() {
    let (_home, folder) = home();
    let archive = archive(&folder);
    let kept = manifest("app", 0);
    let run = archive.begin_run().expect("a run");
    keep(&run, "app", Some("1"), &kept);
    let entry = archive.entries(run.id()).expect("the entries of a run").next().expect("an entry");
    let body = folder.join("bodies/sha256").join(kept.digest.encoded());
    let refused = || {
        let error = archive.manifest(&entry).expect_err("it is refused");
        assert_eq!(*error.kind(), Kind::Safety(Danger::DamagedCopy));
        assert_eq!(error.what(), "the archived copy of app:1 cannot be used");
        error.causes()[0].clone()
    };
    fs::write(&body, "{}").expect("a writable folder");
    assert_eq!(refused(), format!("its 2 bytes do not match {}", kept.digest));
    // A run that keeps it again mends it.
    keep(&archive.begin_run().expect("a run"), "app", Some("2"), &kept);
    assert_eq!(archive.manifest(&entry).expect("the copy of an entry").bytes, kept.bytes);
    fs::File::create(&body).expect("a writable folder").set_len(1 << 40).expect("a writable folder");
    assert!(refused().ends_with(": larger than 4 MiB"), "{}", refused());
    fs::remove_file(&body).expect("a file that can be removed");
    assert!(refused().contains("No such file"), "{}", refused());
    assert!(Command::new("mkfifo").arg(&body).status().expect("a program that runs").success());
    assert!(refused().ends_with(": not a regular file"), "{}", refused());
    fs::remove_file(&body).expect("a file that can be removed");
    std::os::unix::fs::symlink("/dev/zero", &body).expect("a writable folder");
    assert!(refused().ends_with(": not a regular file"), "{}", refused());
}

#[test]
fn the_digest_of_a_signed_manifest_is_that_of_its_payload() {
    let (_home, folder) = home();
    // {"formatLength":14,"formatTail":"fQ"}
    let signature = r#"{"protected":"eyJmb3JtYXRMZW5ndGgiOjE0LCJmb3JtYXRUYWlsIjoiZlEifQ"}"#;
    let text = format!(r#"{{"fsLayers":[],"architecture":"amd64","signatures":[{signature}]}}"#);
    let signed = Manifest::read(text.into(), Some(media_types::SCHEMA1_SIGNED), Algorithm::Sha256, "app")
        .expect("a readable file");
    assert!(!signed.digest.matches(&signed.bytes), "it has a signature");
    let run = archive(&folder).begin_run().expect("a run");
    keep(&run, "app", Some("1"), &signed);
    let entry = archive(&folder).entries(run.id()).expect("the entries of a run").next().expect("an entry");
    let back = archive(&folder).manifest(&entry).expect("the copy of an entry");
    assert_eq!((back.digest, back.bytes), (signed.digest, signed.bytes));
}

#[test]
fn a_manifest_of_the_maximum_size_is_kept_and_a_larger_one_is_not() {
    let (_home, folder) = home();
    let run = archive(&folder).begin_run().expect("a run");
    let largest = manifest("app", 4 * 1024 * 1024);
    keep(&run, "app", Some("1"), &largest);
    let entry = archive(&folder).entries(run.id()).expect("the entries of a run").next().expect("an entry");
    assert_eq!(archive(&folder).manifest(&entry).expect("the copy of an entry").bytes, largest.bytes);
    let larger = manifest("app", 4 * 1024 * 1024 + 1);
    let error = run
        .keep(&"reg".parse().expect("a valid name"), &"app".parse().expect("a valid name"), None, &larger)
        .expect_err("it is refused");
    assert!(error.causes()[0].ends_with(": larger than 4 MiB"), "{error}");
}
