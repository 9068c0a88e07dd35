use insta::assert_snapshot;
use registry_fixture::content::{ImageSpec, IndexSpec};
use registry_fixture::{Digest, Running};
use registry_ls::removal::RunId;
use test_support::Rls;

use super::{Removal, pushes};
use crate::registries::empty;

/// Removes a tag with its manifest, in a run of its own.
fn removed(rls: &Rls, registry: &Running, repository: &str, tag: &str) -> (RunId, Digest) {
    let digest = registry.push_image(repository, tag, &ImageSpec::new(&format!("{repository} {tag}")));
    let removal = Removal::begin(rls, registry).keep_tag(repository, tag);
    (removal.then_delete(repository, &[digest.as_str()]), digest)
}

#[test]
fn the_last_run_is_undone_by_default() {
    let registry = empty();
    let rls = Rls::at(&registry).words("undo");
    for tag in ["1", "2", "3", "4"] {
        removed(&rls, &registry, "app", tag);
    }
    assert_eq!(&*rls.succeeds(), "undone\tapp:4\n");
    assert_eq!(&*rls.then("undo --last 3").succeeds(), "kept\tapp:4\nundone\tapp:3\nundone\tapp:2\n");
    assert_eq!(registry.tags("app"), ["2", "3", "4"]);
}

#[test]
fn a_tag_removed_twice_is_restored_to_its_last_manifest() {
    let registry = empty();
    let rls = Rls::at(&registry).words("undo --last 2");
    let first = registry.push_image("app", "1", &ImageSpec::new("first"));
    Removal::begin(&rls, &registry).keep_tag("app", "1").then_delete("app", &[first.as_str()]);
    let second = registry.push_image("app", "1", &ImageSpec::new("second"));
    Removal::begin(&rls, &registry).keep_tag("app", "1").then_delete("app", &[second.as_str()]);
    let outcome = rls.run();
    assert_eq!((outcome.code, &*outcome.stdout), (Some(6), "undone\tapp:1\nkept\tapp:1\n"), "{outcome}");
    assert_eq!(registry.resolve("app", "1"), Some(second));
}

#[test]
fn runs_are_selected_by_identifier() {
    let registry = empty();
    let rls = Rls::at(&registry);
    let ids: Vec<_> = ["1", "2", "3"].map(|tag| removed(&rls, &registry, "app", tag).0).into();
    let rls = rls.words("undo").arg(ids[0].as_str()).arg(ids[1].as_str());
    assert_eq!(&*rls.succeeds(), "undone\tapp:2\nundone\tapp:1\n");
    let rls = rls.then("undo 20261130T015018-4f2a9c");
    assert_snapshot!(rls.fails(3), @"
    error: no run 20261130T015018-4f2a9c to undo
    hint:  run 'rls undo --list' to see what can be undone
    ");
}

#[test]
fn a_reference_selects_its_last_removal() {
    let registry = empty();
    let rls = Rls::at(&registry);
    let (_, old) = removed(&rls, &registry, "app", "1");
    removed(&rls, &registry, "other", "1");
    registry.push_image("app", "2", &ImageSpec::new("two"));
    registry.push_image("app", "3", &ImageSpec::new("three"));
    let digests = ["2", "3"].map(|tag| registry.resolve("app", tag).expect("a tag that exists").to_string());
    let removal = Removal::begin(&rls, &registry).keep_tag("app", "2").keep_tag("app", "3");
    removal.then_delete("app", &[&digests[0], &digests[1]]);
    assert_eq!(&*rls.words("undo app:1").succeeds(), "undone\tapp:1\n");
    let rls = Rls::at(&registry);
    for tag in ["2", "3"] {
        removed(&rls, &registry, "app", tag);
    }
    let rls = rls.then("undo").arg(format!("app@{old}"));
    assert_snapshot!(rls.fails(3), @"
    error: nothing to undo for app@sha256:f4cfff128d156d0057c48659cf3b8ad28f80249e58d72e99fb18b2eecb69b880 on http://REGISTRY
    hint:  run 'rls undo --list' to see what can be undone
    ");
    assert_eq!(&*rls.then("undo app").succeeds(), "undone\tapp:3\n");
}

/// Nothing is put back before all that is named was found.
#[test]
fn a_missing_selection_stops_everything() {
    let registry = empty();
    let rls = Rls::at(&registry).words("undo app:1 app:2");
    removed(&rls, &registry, "app", "1");
    registry.clear_requests();
    assert_snapshot!(rls.fails(3), @"
    error: nothing to undo for app:2 on http://REGISTRY
    hint:  run 'rls undo --list' to see what can be undone
    ");
    assert_snapshot!(rls.then("undo app:1 Bad//name").fails(2), @"
    error: 'Bad//name' is not a reference
    cause: a repository does not begin with '/'
    hint:  name a run (see 'rls undo --list'), or a REF or REPO that was removed
    ");
    assert_eq!(registry.lines(), [""; 0]);
}

#[test]
fn an_index_by_its_tag_restores_its_children() {
    let registry = empty();
    let rls = Rls::at(&registry).words("undo app:1");
    let content = IndexSpec::three_platforms("app").build();
    let index = registry.push("app", "1", &content);
    let lone = registry.push_image("app", "lone", &ImageSpec::new("lone"));
    let mut removal = Removal::begin(&rls, &registry).keep_tag("app", "1").keep_tag("app", "lone");
    let mut digests = vec![index.as_str(), lone.as_str()];
    for child in &content.manifests[..3] {
        removal = removal.keep_manifest("app", child.digest.as_str());
        digests.push(child.digest.as_str());
    }
    removal.then_delete("app", &digests);
    assert_eq!(rls.succeeds().lines().count(), 4);
    assert_eq!(registry.tags("app"), ["1"]);
}

#[test]
fn registry_limits_the_selection() {
    let (one, other) = (empty(), empty());
    let rls = Rls::beside(&one).calling(&other, "OTHER").words("undo");
    removed(&rls, &one, "app", "1");
    removed(&rls, &other, "app", "2");
    let rls = rls.then("undo -r").arg(one.host());
    assert_eq!(&*rls.succeeds(), "undone\tapp:1\n", "the archive knows by which scheme it was reached");
    assert_eq!(other.tags("app"), [""; 0]);
    let rls = rls.then("undo --list -o plain -r").arg(other.url());
    assert_eq!(rls.succeeds().lines().count(), 1);
    assert_snapshot!(rls.then("undo -r elsewhere.corp").fails(3), @"
    error: nothing to undo
    cause: HOME/.local/state/rls/removed has no removals from elsewhere.corp
    ");
}

#[test]
fn a_dry_run_changes_nothing() {
    let registry = empty();
    let rls = Rls::at(&registry).words("undo -n --last 2");
    removed(&rls, &registry, "app", "1");
    removed(&rls, &registry, "app", "2");
    registry.push_image("app", "1", &ImageSpec::new("again"));
    registry.clear_requests();
    assert_snapshot!(rls.run(), @"
    exit 6
    --- stdout
    would-undo→app:2
    kept→app:1
    --- stderr
    error: app:1 exists again and stays
    cause: it points to sha256:750457e49cedc95384d73d4829a478c8bf69c67e24de18c6e2770ed91b68ce43; sha256:f4cfff128d156d0057c48659cf3b8ad28f80249e58d72e99fb18b2eecb69b880 was removed
    hint:  existing tags are never overwritten; to restore it, remove the tag, then run 'rls undo ID' (see 'rls undo --list')
    warning: would restore 1 of 2, 1 kept
    ");
    assert_eq!(pushes(&registry), [""; 0]);
    assert_eq!(registry.tags("app"), ["1"]);
}

#[test]
fn every_format_has_the_same_records() {
    let registry = empty();
    let rls = Rls::at(&registry);
    removed(&rls, &registry, "team/app", "1");
    let rls = rls.then("undo -n -o json");
    assert_snapshot!(rls.succeeds(), @r#"
    [
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/team/app:1","repository":"team/app","tag":"1","digest":"sha256:647cb5ec272766da1e049da50607a63bd3b5f3c7d9bb0b1008259364eb14072f","action":"would-undo","method":"push","reason":null}
    ]
    "#);
    assert_snapshot!(rls.then("undo -o yaml").succeeds(), @r#"
    - registry: http://REGISTRY
      reference: http://REGISTRY/team/app:1
      repository: team/app
      tag: "1"
      digest: sha256:647cb5ec272766da1e049da50607a63bd3b5f3c7d9bb0b1008259364eb14072f
      action: undone
      method: push
      reason: null
    "#);
    let rls = Rls::at(&registry);
    removed(&rls, &registry, "team/app", "1");
    let rls = rls.then("undo --format").arg("{{ action }} {{ repository }} {{ tag }} {{ method }}");
    assert_eq!(&*rls.succeeds(), "undone team/app 1 push\n");
}

#[test]
fn the_list_has_a_row_for_each_run() {
    let registry = empty();
    let rls = Rls::at(&registry);
    let (first, _) = removed(&rls, &registry, "app", "1");
    let mut removal = Removal::begin(&rls, &registry);
    for repository in ["a", "b", "c", "d", "e"] {
        registry.push_image(repository, "1", &ImageSpec::new(repository));
        removal = removal.keep_tag(repository, "1");
    }
    let second = removal.then_delete("a", &[]);
    let rls = rls.then("undo --list -o table");
    // Columns are two blanks apart; when it was differs from run to run.
    let row = |line: &str| {
        let cells = line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).map(str::to_owned);
        cells.enumerate().filter(|(column, _)| *column != 1).map(|(_, cell)| cell).collect::<Vec<_>>()
    };
    let shown: Vec<_> = rls.succeeds().lines().map(row).collect();
    assert_eq!(shown[0], ["ID", "REGISTRY", "REPOSITORIES", "TAGS"]);
    assert_eq!(shown[1], [second.as_str(), "http://REGISTRY", "a, b, c and 2 more", "5"]);
    assert_eq!(shown[2..], [[first.as_str(), "http://REGISTRY", "app", "1"]]);
    let rls = rls.then("undo --list -o json");
    let json: Vec<serde_json::Value> = serde_json::from_str(&rls.succeeds()).expect("JSON");
    assert_eq!(json.len(), 2);
    let [newest, oldest] = &json[..] else { panic!("two runs") };
    let keys: Vec<_> = newest.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(keys, ["registry", "id", "time", "repositories", "tags", "manifests"]);
    assert_eq!((newest["tags"].as_u64(), newest["manifests"].as_u64()), (Some(5), Some(5)));
    assert_eq!(oldest["repositories"], serde_json::json!(["app"]));
    assert_eq!(oldest["registry"], "http://REGISTRY");
    let rls = Rls::at(&registry);
    assert_eq!(&*rls.words("undo --list").succeeds(), "", "another user has removed nothing");
}

#[test]
fn last_limits_the_list() {
    let registry = empty();
    let rls = Rls::at(&registry);
    let ids = ["1", "2", "3"].map(|tag| removed(&rls, &registry, "app", tag).0);
    let shown = rls.then("undo --list --last 2").succeeds();
    let listed: Vec<_> = shown.lines().filter_map(|line| line.split('\t').next()).collect();
    assert_eq!(listed, [ids[2].as_str(), ids[1].as_str()]);
    assert_eq!(shown.lines().next().expect("an entry").split('\t').count(), 5, "{shown}");
}

#[test]
fn conflicting_options_are_refused() {
    for words in ["undo --list app:1", "undo --list -n", "undo --last 2 app:1", "undo --last 0", "undo -y"] {
        assert_eq!(Rls::new().words(words).run().code, Some(2), "{words}");
    }
}
