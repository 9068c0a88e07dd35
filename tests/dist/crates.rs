//! Which crates the release is made of: as its list says, as the programs themselves say, and as cargo builds them.
//! Both tools ask cargo for its resolution, in which optional crates count that only features of tests turn on; so the
//! lists may name a few more, and never one less.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::Path;
use std::process::Command;

use flate2::read::ZlibDecoder;
use serde_json::Value;

use crate::release::{VERSION, checkout, file, folder, output, sh};

/// Names with versions, `NAME VERSION`.
type Crates = BTreeSet<String>;

fn named(crates: &Value) -> Crates {
    let crates = crates.as_array().expect("a list").iter();
    crates
        .map(|one| format!("{} {}", one["name"].as_str().expect("a name"), one["version"].as_str().expect("a version")))
        .collect()
}

/// What cargo builds, without what only tests need.
fn built() -> Crates {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["tree", "--locked", "--package", "registry-ls", "--edges", "normal,build", "--prefix", "none"]);
    let shown = output(cargo.current_dir(checkout()));
    let words = shown.lines().map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" "));
    words.map(|line| line.replace(" v", " ")).collect()
}

/// What the program itself says, in the section that `cargo auditable` writes: JSON, compressed by zlib.
fn embedded(program: &Path) -> Crates {
    let folder = tempfile::tempdir().expect("a folder");
    let section = folder.path().join("section");
    sh("objcopy --dump-section .dep-v0=\"$2\" \"$1\" /dev/null", [program, &section]);
    let mut json = String::new();
    let compressed = std::fs::File::open(section).expect("the section");
    ZlibDecoder::new(compressed).read_to_string(&mut json).expect("zlib");
    named(&serde_json::from_str::<Value>(&json).expect("JSON")["packages"])
}

/// The list of the release.
fn list() -> (String, Value) {
    let text = std::fs::read_to_string(file(".cdx.json")).expect("a list");
    let list = serde_json::from_str(&text).expect("JSON");
    (text, list)
}

#[test]
fn the_list_of_crates_is_complete_and_names_no_folder() {
    let (text, list) = list();
    assert_eq!((&list["bomFormat"], &list["specVersion"]), (&"CycloneDX".into(), &"1.5".into()));
    let program = &list["metadata"]["component"];
    assert_eq!(program["name"], "registry-ls");
    assert_eq!(program["bom-ref"], format!("path+file:///registry-ls#{VERSION}"));
    let (built, listed) = (built(), named(&list["components"]));
    assert!(built.len() > 200, "{}", built.len());
    let missing: Vec<_> = built.difference(&listed).collect();
    assert_eq!(missing, [&format!("registry-ls {VERSION}")], "the package itself is not among its components");
    let locked = std::fs::read_to_string(checkout().join("Cargo.lock")).expect("a lock file");
    let unknown: Vec<_> = listed.iter().filter(|one| !is_locked(&locked, one)).collect();
    assert!(unknown.is_empty(), "listed, and not in Cargo.lock: {unknown:?}");
    for component in list["components"].as_array().expect("a list") {
        assert!(component["licenses"].is_array() && component["hashes"].is_array(), "{component}");
    }
    for path in local_paths() {
        assert!(!text.contains(&path), "{path} in the list");
    }
}

fn is_locked(locked: &str, one: &str) -> bool {
    let (name, version) = one.split_once(' ').expect("a version");
    locked.contains(&format!("name = \"{name}\"\nversion = \"{version}\"\n"))
}

#[test]
fn the_programs_say_which_crates_they_are_made_of() {
    let (mut listed, build) = (named(&list().1["components"]), folder().join("build"));
    listed.insert(format!("registry-ls {VERSION}"));
    for program in [build.join("release/rls"), build.join("rls-static")] {
        let embedded = embedded(&program);
        let difference: Vec<_> = embedded.symmetric_difference(&listed).collect();
        assert!(difference.is_empty(), "either in {} or in the list: {difference:?}", program.display());
    }
}

/// Folders of this machine. They say who built it, and change the bytes.
fn local_paths() -> [String; 3] {
    let home = std::env::var("HOME").expect("a home");
    [checkout().display().to_string(), folder().display().to_string(), format!("{home}/")]
}

/// Panics name source files.
#[test]
fn the_programs_name_no_folder_of_this_machine() {
    for program in ["release/rls", "rls-static"] {
        let bytes = std::fs::read(folder().join("build").join(program)).expect("the program");
        let mentions = |text: &str| memchr::memmem::find(&bytes, text.as_bytes()).is_some();
        assert!(mentions("src/bin/rls/") && mentions("/rustc/"), "{program} names sources");
        for path in local_paths() {
            assert!(!mentions(&path), "{path} in {program}");
        }
    }
}
