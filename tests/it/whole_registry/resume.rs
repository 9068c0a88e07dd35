use registry_fixture::{Answer, Match};
use test_support::Rls;

use crate::registries::seeded;

#[test]
fn an_interrupted_walk_is_continued() {
    let registry = seeded("4x2");
    let all = String::from(&*Rls::at(&registry).words("snapshot").succeeds());
    // The third repository cannot be read.
    registry.inject(Match::tags("grid/repo-002").always(), Answer::error(403, "DENIED", "not yours"));
    let rls = Rls::at(&registry).words("snapshot --resume notes -q");
    let notes = rls.home().join("notes");
    let first = rls.run();
    assert_eq!(first.code, Some(6), "{first}");
    let noted = std::fs::read_to_string(&notes).expect("notes");
    assert_eq!(noted.lines().count(), 3, "{noted}");
    registry.clear_faults();
    registry.clear_requests();
    let second = rls.run();
    assert_eq!(second.code, Some(0), "{second}");
    assert!(!registry.lines().iter().any(|line| line.contains("repo-001/")), "{:?}", registry.lines());
    assert!(!notes.exists(), "the walk is complete");
    let mut lines: Vec<_> = first.stdout.lines().chain(second.stdout.lines()).collect();
    lines.sort_unstable();
    let mut expected: Vec<_> = all.lines().collect();
    expected.sort_unstable();
    assert_eq!(lines, expected);
}

#[test]
fn a_truncated_line_is_ignored() {
    let registry = seeded("2x1");
    let rls = Rls::at(&registry).words("snapshot --resume notes").with_file("notes", "http://127.0.0.1:1/grid/re");
    assert_eq!(rls.succeeds().lines().count(), 2);
    let rls = Rls::at(&registry).words("snapshot --resume folder");
    std::fs::create_dir(rls.home().join("folder")).expect("a folder");
    assert_eq!(rls.run().code, Some(2));
}
