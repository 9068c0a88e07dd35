//! Files of this machine that others wrote: entries of the cache, snapshots, lists of images in use. Every run ends, in
//! little memory and with the right exit code, and nothing is removed on the word of a file that cannot be read.

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use registry_fixture::content::ImageSpec;
use registry_fixture::{Match, Method, Registry, Running};
use test_support::Rls;

use crate::runner::{Canaries as _, Outcome, program};

/// The most memory of its own that a run may take beside the file that it reads, in MiB.
const MEMORY: u64 = 32;

fn registry() -> Running {
    let registry = Registry::builder().start();
    for tag in ["1", "2", "3"] {
        registry.push_image("app", tag, &ImageSpec::new(tag));
    }
    registry
}

fn rls(registry: &Running, words: &str) -> Rls {
    // The limit only ends a run that would wait for ever.
    program().env("RLS_REGISTRY", registry.url()).env("RLS_TIMEOUT", "5m").words(words)
}

#[track_caller]
fn run(rls: &Rls, memory: u64) -> Outcome {
    let outcome = rls.observe();
    outcome.is_clean();
    assert!(outcome.memory() < memory, "{} MiB: {outcome}", outcome.memory());
    outcome
}

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().expect("mkfifo runs").success());
}

/// The entries of the cache.
fn entries(rls: &Rls) -> Vec<PathBuf> {
    let scopes = fs::read_dir(rls.home().join(".cache/rls")).expect("a cache").flatten();
    scopes.flat_map(|scope| fs::read_dir(scope.path()).expect("a scope").flatten().map(|entry| entry.path())).collect()
}

#[test]
fn an_entry_of_the_cache_is_what_its_digest_says_or_nothing() {
    let registry = registry();
    let rls = rls(&registry, "tags app -l");
    let expected = run(&rls, MEMORY).stdout;
    let other = Registry::builder().start();
    other.push_image("app", "1", &ImageSpec::new("another"));
    let foreign = self::rls(&other, "tags app -l");
    run(&foreign, MEMORY);
    let foreign = fs::read(&entries(&foreign)[0]).expect("an entry");
    let outside = rls.home().join("outside");
    fs::write(&outside, "private").expect("written");
    let waiting = rls.home().join("waiting");
    pipe(&waiting);
    type Damage<'a> = (&'a str, &'a dyn Fn(&Path));
    let replaced = |path: &Path, by: &dyn Fn(&Path)| {
        fs::remove_file(path).expect("it was there");
        by(path);
    };
    let damages: [Damage<'_>; 11] = [
        ("empty", &|path| fs::write(path, "").expect("written")),
        ("cut off", &|path| {
            let bytes = fs::read(path).expect("there");
            fs::write(path, &bytes[..bytes.len() / 2]).expect("written");
        }),
        ("one bit of it", &|path| {
            let mut bytes = fs::read(path).expect("there");
            *bytes.last_mut().expect("not empty") ^= 1;
            fs::write(path, bytes).expect("written");
        }),
        ("another manifest", &|path| fs::write(path, &foreign).expect("written")),
        ("larger than any", &|path| File::create(path).expect("made").set_len(64 << 30).expect("sparse")),
        ("a link to a file", &|path| replaced(path, &|path| symlink(&outside, path).expect("made"))),
        ("a link to a device", &|path| replaced(path, &|path| symlink("/dev/zero", path).expect("made"))),
        ("a link to a pipe", &|path| replaced(path, &|path| symlink(&waiting, path).expect("made"))),
        ("a link to nothing", &|path| replaced(path, &|path| symlink("nowhere", path).expect("made"))),
        ("a pipe", &|path| replaced(path, &pipe)),
        ("for everybody", &|path| fs::set_permissions(path, fs::Permissions::from_mode(0o666)).expect("ours")),
    ];
    for (what, damage) in damages {
        let damaged = entries(&rls);
        assert_eq!(damaged.len(), 6, "{what}: three manifests and three configs");
        damaged.iter().for_each(|path| damage(path));
        let outcome = run(&rls, MEMORY);
        assert_eq!((outcome.code, &outcome.stdout), (Some(0), &expected), "{what}: {outcome}");
        assert_eq!(fs::read_to_string(&outside).expect("there"), "private", "{what}");
        // What was damaged was replaced, so that the next run asks for the tags alone.
        registry.clear_requests();
        let again = run(&rls, MEMORY);
        assert_eq!((again.code, &again.stdout), (Some(0), &expected), "{what}: {again}");
        let fetched = registry.count(&Match::manifests("app").method(Method::GET));
        assert_eq!(fetched, 0, "{what}: {:#?}", registry.lines());
    }
}

/// A directory in place of a cache entry is left alone, and the registry is asked each time.
#[test]
fn a_folder_in_the_place_of_an_entry_is_passed_over() {
    let registry = registry();
    let rls = rls(&registry, "tags app -l");
    let expected = run(&rls, MEMORY).stdout;
    for path in entries(&rls) {
        fs::remove_file(&path).expect("it was there");
        fs::create_dir(&path).expect("made");
    }
    for _ in 0..2 {
        let outcome = run(&rls, MEMORY);
        assert_eq!((outcome.code, &outcome.stdout), (Some(0), &expected), "{outcome}");
    }
}

/// Files that are no list of images and no snapshot, by name, and the most memory that reading them may take.
fn unreadable() -> Vec<(&'static str, Vec<u8>, u64)> {
    let mut laughs = b"a: &a [\"reg.corp/x:1\",\"reg.corp/x:1\"]\n".to_vec();
    for (name, before) in ('b'..='j').zip('a'..) {
        laughs.extend(format!("{name}: &{name} [{}]\n", vec![format!("*{before}"); 9].join(",")).into_bytes());
    }
    laughs.extend(b"image: *j\n");
    const LARGE: usize = 16 << 20;
    vec![
        ("references to references", laughs, 128),
        (
            "deep JSON",
            [b"{\"image\":".to_vec(), b"[".repeat(200_000), b"]".repeat(200_000), b"}".to_vec()].concat(),
            MEMORY,
        ),
        ("deep YAML", [b"image: ".to_vec(), b"[".repeat(200_000)].concat(), MEMORY),
        ("a NUL", b"reg.corp/x:1\n\0\nreg.corp/y:2\n".to_vec(), MEMORY),
        ("not UTF-8", b"reg.corp/x:1\n\xff\xfe\n".to_vec(), MEMORY),
        ("half a character", b"reg.corp/x:1\n\xe2\x82".to_vec(), MEMORY),
        ("UTF-16", "reg.corp/x:1\n".encode_utf16().flat_map(u16::to_le_bytes).collect(), MEMORY),
        ("one long line", b"x".repeat(LARGE), 3 * (LARGE as u64 >> 20) + MEMORY),
        ("blanks", b" ".repeat(LARGE), 3 * (LARGE as u64 >> 20) + MEMORY),
        (
            "members without end",
            format!("{{{}", "\"image\":{},".repeat(LARGE / 11)).into_bytes(),
            3 * (LARGE as u64 >> 20) + MEMORY,
        ),
        ("escapes", b"\x1b]0;title\x07 \x1b[2J:1\n".to_vec(), MEMORY),
        ("empty", Vec::new(), MEMORY),
    ]
}

/// Commands that read such a file.
const READERS: [&str; 4] =
    ["drift", "check --refs", "prune app --keep-last 1 --yes --keep-used", "rm app:1 --keep-used"];

#[test]
fn a_file_that_cannot_be_read_removes_nothing() {
    let registry = registry();
    for (what, bytes, memory) in unreadable() {
        for reader in READERS {
            let rls = rls(&registry, reader).with_file("file", &bytes).words("file");
            registry.clear_requests();
            let outcome = run(&rls, memory);
            assert_eq!(outcome.code, Some(2), "{what}, {reader}: {outcome}");
            assert!(outcome.stderr.len() < 1024 && outcome.stderr.contains("\ncause: "), "{what}, {reader}: {outcome}");
            assert_eq!(registry.count(&Match::any()), 0, "{what}, {reader}: {:#?}", registry.lines());
        }
    }
    assert_eq!(registry.tags("app"), ["1", "2", "3"]);
}

#[test]
fn what_is_no_file_is_not_waited_for() {
    let registry = registry();
    for reader in READERS {
        for (path, code) in [("/dev/zero", 2), ("folder", 2), ("nowhere", 2), ("pipe", 12)] {
            let rls = program().env("RLS_REGISTRY", registry.url()).with_pipe("pipe");
            let rls = rls.words(reader).words(path).words("--timeout 1s");
            fs::create_dir(rls.home().join("folder")).expect("made");
            let outcome = run(&rls, 16 + MEMORY);
            assert_eq!(outcome.code, Some(code), "{path}, {reader}: {outcome}");
        }
    }
    assert_eq!(registry.tags("app"), ["1", "2", "3"]);
}

#[test]
fn a_byte_order_mark_is_no_part_of_a_name() {
    let registry = registry();
    let text = |rest: &str| format!("\u{feff}{}/app:1{rest}\r\n", registry.host());
    let digest = registry.resolve("app", "1").expect("a digest");
    for (reader, rest, code) in [
        ("drift", format!("\t{digest}"), 0),
        ("check --refs", String::new(), 0),
        // The tag that is in use stays.
        ("rm app:1 --keep-used", String::new(), 9),
    ] {
        let rls = rls(&registry, reader).with_file("file", text(&rest)).words("file --plain-http");
        let outcome = run(&rls, MEMORY);
        assert_eq!(outcome.code, Some(code), "{reader}: {outcome}");
    }
    assert_eq!(registry.tags("app"), ["1", "2", "3"]);
}
