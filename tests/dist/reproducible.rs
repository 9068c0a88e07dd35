//! The same sources give the same bytes.

use std::fs;
use std::process::Command;

use crate::release::{checkout, folder, output, sh};

/// Built from a copy of the sources in another folder, into another one, under another name.
#[test]
fn a_second_build_gives_the_same_bytes() {
    let elsewhere = tempfile::tempdir().expect("a folder");
    let (copy, second) = (elsewhere.path().join("a copy"), elsewhere.path().join("its release"));
    fs::create_dir(&copy).expect("the folder is made");
    sh("cd \"$1\" && git ls-files -z | tar -c --null --files-from - | tar -x -C \"$2\"", [checkout(), &copy]);
    let epoch = output(Command::new("git").args(["log", "-1", "--format=%ct"]).current_dir(checkout()));
    let mut script = Command::new("sh");
    script.arg(copy.join("fixtures/dist.sh")).arg(&second).env("SOURCE_DATE_EPOCH", epoch.trim());
    output(script.env_remove("RUSTFLAGS").env_remove("CARGO_TARGET_DIR"));
    let sums = |folder: &std::path::Path| fs::read_to_string(folder.join("SHA256SUMS")).expect("checksums");
    assert_eq!(sums(&second), sums(&folder()));
}
