use std::fs;

use insta::assert_snapshot;
use registry_fixture::content::ImageSpec;
use test_support::Rls;

use super::{Removal, folder};
use crate::registries::empty;

#[test]
fn nothing_to_undo_names_the_folder() {
    let rls = Rls::new().words("undo");
    assert_snapshot!(rls.fails(3), @"
    error: nothing to undo
    cause: HOME/.local/state/rls/removed has no removals
    ");
    let rls = rls.then("undo --list");
    assert_eq!(&*rls.succeeds(), "");
    let rls = rls.then("undo --list -o json");
    assert_eq!(&*rls.succeeds(), "[]\n");
    assert!(!folder(&rls).exists());
}

#[test]
fn xdg_state_home_moves_the_folder() {
    let registry = empty();
    let digest = registry.push_image("app", "1", &ImageSpec::new("app"));
    let rls = Rls::at(&registry).words("undo");
    Removal::begin(&rls, &registry).keep_tag("app", "1").then_delete("app", &[digest.as_str()]);
    let elsewhere = rls.home().join("elsewhere");
    fs::create_dir_all(elsewhere.join("rls")).expect("a writable folder");
    fs::rename(folder(&rls), elsewhere.join("rls/removed")).expect("a folder that can be moved");
    assert_eq!(rls.run().code, Some(3));
    assert_eq!(&*rls.env("XDG_STATE_HOME", &elsewhere).succeeds(), "undone\tapp:1\n");
}

/// What stands in the archive is no more trusted than what a registry sends.
#[test]
fn hostile_names_in_a_run_are_refused_and_escaped() {
    let registry = empty();
    let digest = registry.push_image("app", "1", &ImageSpec::new("app"));
    let rls = Rls::at(&registry);
    let id = Removal::begin(&rls, &registry).keep_tag("app", "1").then_delete("app", &[digest.as_str()]);
    let file = folder(&rls).join("runs").join(format!("{id}.jsonl"));
    let text = fs::read_to_string(&file).expect("a readable file");
    let good = text.lines().last().expect("a last line");
    let hostile = r"a\u001b[2J\u202eb\r\nc";
    let lines = [
        good.replace(r#""app""#, &format!("\"{hostile}\"")),
        good.replace(r#""1""#, &format!("\"{hostile}\"")),
        good.replace(r#""app""#, r#""../../v2/_catalog""#),
        good.replace("http://", r"http://ann:geheim@evil\u001b.test/"),
        good.replace("sha256:", "sha256:../../../"),
    ];
    fs::write(&file, format!("{text}{}\n", lines.join("\n"))).expect("a writable folder");
    registry.clear_requests();
    let rls = rls.naming(id.as_str(), "RUN").then("undo");
    assert_snapshot!(rls.run(), @"
    exit 0
    --- stdout
    undone→app:1
    --- stderr
    warning: skipping 5 damaged entries of run RUN
    ");
    assert!(registry.lines().iter().all(|line| line.ends_with("/v2/app/manifests/1")), "{:?}", registry.lines());
    let listed = rls.then("undo --list -v").run();
    assert!(!listed.stdout.contains('\x1b') && !listed.stderr.contains('\x1b'), "{listed}");
    assert!(!listed.stderr.contains("geheim"), "{listed}");
}

#[test]
fn the_identifier_of_a_run_is_not_a_path() {
    for name in ["../../../etc/passwd", "..", "20261130T015018-4f2a9c/../x"] {
        let outcome = Rls::new().words("undo").arg(name).run();
        assert_eq!(outcome.code, Some(2), "{name}: {outcome}");
    }
}

#[test]
fn a_damaged_run_does_not_hide_earlier_ones() {
    let registry = empty();
    let digest = registry.push_image("app", "1", &ImageSpec::new("app"));
    let rls = Rls::at(&registry).words("undo");
    Removal::begin(&rls, &registry).keep_tag("app", "1").then_delete("app", &[digest.as_str()]);
    fs::write(folder(&rls).join("runs/20991130T015018-4f2a9c.jsonl"), "{").expect("a writable folder");
    assert_snapshot!(rls.run(), @"
    exit 0
    --- stdout
    undone→app:1
    --- stderr
    warning: run 20991130T015018-4f2a9c cannot be read: HOME/.local/state/rls/removed/runs/20991130T015018-4f2a9c.jsonl: damaged, or of an unknown version
    ");
}

#[test]
fn an_unreadable_folder_is_a_local_error() {
    let rls = Rls::new().with_file(".local/state/rls/removed", "in the way").words("undo");
    assert_snapshot!(rls.fails(2), @"
    error: the folder of removed manifests cannot be read
    cause: HOME/.local/state/rls/removed: Not a directory
    ");
}
