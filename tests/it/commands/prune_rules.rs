//! The rules of `rls prune`: how those of the command line and of the configuration file add up, and what is in use.

use insta::assert_snapshot;
use registry_fixture::Running;
use registry_fixture::content::ImageSpec;
use test_support::Rls;

use crate::registries::empty;

use super::prune::{self, assert_unchanged, image};

/// Four versions, from the oldest on.
fn dated() -> Running {
    let registry = empty();
    for number in 0..4 {
        let created = format!("202{number}-01-01T00:00:00Z");
        registry.push_image("team/app", &format!("1.{number}"), &ImageSpec::new(&created).created(&created));
    }
    registry
}

#[test]
fn rules_of_the_command_line_and_the_configuration_add_up() {
    let registry = dated();
    let rls = Rls::at(&registry).config("[prune.\"team/*\"]\nkeep = \"1.0\"\nolder-than = \"2022-06-01\"");
    let rls = rls.words("prune team/app --keep-last 1 -q --format").arg("{{ tag }}: {{ action }}, {{ reason }}");
    assert_snapshot!(rls.succeeds(), @"
    1.3: kept, the newest
    1.2: would-remove, older than the newest
    1.1: would-remove, older than the newest
    1.0: kept, matches '1.0' (configuration file)
    ");
    let rls = rls.then("prune team/app --keep-last 1 --no-config-rule");
    assert_snapshot!(rls.run(), @"
    exit 0
    --- stdout
    kept→team/app:1.3
    would-remove→team/app:1.2
    would-remove→team/app:1.1
    would-remove→team/app:1.0
    --- stderr
    warning: ignoring the rule for team/app in the configuration file
    would remove 3 of 4 tags, 3 manifests; the registry's next garbage collection frees 10.1 kB
    nothing was changed; run again with --yes to apply
    ");
    // --allow-empty for one rule does not apply to another.
    let rls = rls.config("[prune.\"team/*\"]\nolder-than = \"2025-01-01\"\nallow-empty = true");
    let rls = rls.then("prune team/app -q");
    assert_eq!(rls.succeeds().matches("would-remove").count(), 4);
    let rls = rls.then("prune team/app --older-than 2025-01-01 -q");
    assert_eq!(rls.run().stdout.matches("would-remove").count(), 0);
}

#[test]
fn images_in_use_are_kept() {
    let registry = dated();
    let host = registry.host();
    let digest = registry.resolve("team/app", "1.1").expect("a tag of the seed");
    let pods = format!(
        r#"{{"items": [
            {{"spec": {{"containers": [{{"image": "{host}/team/app:1.0"}}, {{"image": "team/app:1.2"}}]}},
             "status": {{"containerStatuses": [{{"imageID": "docker-pullable://{host}/team/app@{digest}"}}]}}}}
        ]}}"#
    );
    let rls = Rls::at(&registry).stdin(&pods);
    let rls = rls
        .words("prune team/app --keep-last 1 --keep-used - -q --format")
        .arg("{{ tag }}: {{ action }}, {{ reason }}");
    assert_snapshot!(rls.succeeds(), @"
    1.3: kept, the newest
    1.2: would-remove, older than the newest
    1.1: kept, in use
    1.0: kept, in use
    ");
    // A file of another cluster protects nothing here: a warning.
    let rls = rls.stdin("other.corp/team/app:1.0\n").then("prune team/app --keep-last 1 --keep-used -");
    assert_snapshot!(rls.run().stderr, @"
    warning: standard input names no image of http://REGISTRY
    would remove 3 of 4 tags, 3 manifests; the registry's next garbage collection frees 10.1 kB
    nothing was changed; run again with --yes to apply
    ");
    // In the configuration file, the file's path is relative to that.
    let rls = Rls::at(&registry).config("[prune.\"team/*\"]\nkeep-used = \"used.txt\"");
    let rls = rls.with_file(".config/rls/used.txt", format!("{host}/team/app:1.2\n"));
    assert_snapshot!(rls.words("prune team/app --keep-last 1 -q").succeeds(), @"
    kept→team/app:1.3
    kept→team/app:1.2
    would-remove→team/app:1.1
    would-remove→team/app:1.0
    ");
}

#[test]
fn no_request_is_sent_when_the_images_in_use_are_unknown() {
    let registry = dated();
    let rls = Rls::at(&registry);
    let rls = rls.words("prune team/app --keep-last 1 --yes --keep-used").arg("none.json");
    assert_snapshot!(rls.fails(2), @"
    error: cannot read --keep-used none.json
    cause: No such file or directory
    ");
    let rls = Rls::at(&registry).stdin("kind: List\nitems: []\n");
    let rls = rls.words("prune team/app --keep-last 1 --yes --keep-used -");
    assert_snapshot!(rls.fails(2), @"
    error: cannot use --keep-used -
    cause: no image is named as in use
    hint:  use the output of 'kubectl get pods -A -o json', a rendered chart, a compose file, or one reference per line
    ");
    let rls = rls.then("prune team/app --keep-last 1 --keep-used - --password-stdin -u ann");
    assert_snapshot!(rls.fails(2), @"error: --keep-used - and --password-stdin both read standard input");
    let rls = rls.then("prune team/app --older-than 2999-01-01");
    assert_snapshot!(rls.fails(2), @"
    error: invalid value '2999-01-01' for --older-than
    cause: expected a date in the past
    ");
    assert_eq!(registry.lines(), [""; 0]);
}

#[test]
fn the_configuration_file_may_hold_a_rule() {
    let registry = prune::dated();
    registry.push_image("base/alpine", "3.20", &image("alpine", "2024-01-01T00:00:00Z"));
    registry.push_image("team/web", "1", &image("web", "2024-01-01T00:00:00Z"));
    registry.create_repository("team/empty");
    let rls = Rls::at(&registry)
        .config("[prune.\"team/*\"]\nkeep-last = 1\n[prune.\"team/web\"]\nolder-than = \"2024-01-01\"");
    let rls = rls.words("prune team/app team/web");
    assert_snapshot!(rls.run(), @"
    exit 0
    --- stdout
    kept→team/app:1.2
    would-remove→team/app:1.1
    would-remove→team/app:1.0
    kept→team/web:1
    --- stderr
    would remove 2 of 4 tags, 2 manifests; the registry's next garbage collection frees 2.0 MB
    nothing was changed; run again with --yes to apply
    ");
    // A tag is removed only if the command line's rule removes it too.
    let rls = rls.then("prune team/app --keep-last 2 -q");
    assert_eq!(rls.succeeds().lines().filter(|line| line.starts_with("kept")).count(), 2);
    let rls = rls.then("prune team/app --match 1.*");
    assert_snapshot!(rls.run(), @"
    exit 2
    --- stderr
    error: the rule does not say what to remove
    cause: --match and --exclude select the tags that it is about, --sort their order
    hint:  add --older-than AGE, or what to keep: --keep-last N, --keep-newer-than AGE, --keep-semver RANGE, --keep GLOB
    ");
    let rls = rls.then("prune team/app base/alpine");
    assert_snapshot!(rls.run(), @r#"
    exit 2
    --- stderr
    error: no rule for base/alpine
    cause: none is given on the command line, and no table in the configuration file matches
    hint:  use --keep-last N or --older-than AGE, or add [prune."base/alpine"] to the configuration file
    "#);
    let rls = rls.then("prune --match-repo *");
    assert_snapshot!(rls.run(), @"
    exit 0
    --- stderr
    warning: no repository in the catalog matches --match-repo
    ");
    let rls = rls.then("prune --match-repo ** --format").arg("{{ repository }}:{{ tag }} {{ action }}");
    assert_snapshot!(rls.run(), @"
    exit 0
    --- stdout
    team/app:1.2 kept
    team/app:1.1 would-remove
    team/app:1.0 would-remove
    team/web:1 kept
    --- stderr
    warning: no rule for 1 of 4 repositories
    would remove 2 of 4 tags, 2 manifests; the registry's next garbage collection frees 2.0 MB
    nothing was changed; run again with --yes to apply
    ");
    let rls = rls.then("prune --match-repo none/*");
    assert_snapshot!(rls.run(), @"
    exit 0
    --- stderr
    warning: no repository in the catalog matches --match-repo
    ");
    assert_unchanged(&registry);
}

#[test]
fn an_invalid_rule_is_refused_before_anything_is_sent() {
    let registry = prune::dated();
    let rls = Rls::at(&registry);
    let mut report = String::new();
    let mut rls = rls;
    for words in [
        "prune team/app",
        "prune team/app --exclude 1.0",
        "prune team/app --keep-last 0",
        "prune team/app --older-than 6m",
        "prune team/app --keep-semver newest",
        "prune team/app --keep-last 1 --yes --dry-run",
        "prune --keep-last 1",
        "prune team/app --match-repo * --keep-last 1",
    ] {
        rls = rls.then(words);
        let outcome = rls.run();
        assert_eq!(outcome.code, Some(2), "{words}: {outcome}");
        let text: Vec<_> = outcome.stderr.lines().take_while(|line| !line.is_empty()).collect();
        report += &format!("{words}\n  {}\n", text.join("\n  "));
    }
    assert_snapshot!(report, @r#"
    prune team/app
      error: no rule for team/app
      cause: none is given on the command line, and no table in the configuration file matches
      hint:  use --keep-last N or --older-than AGE, or add [prune."team/app"] to the configuration file
    prune team/app --exclude 1.0
      error: the rule does not say what to remove
      cause: --match and --exclude select the tags that it is about, --sort their order
      hint:  add --older-than AGE, or what to keep: --keep-last N, --keep-newer-than AGE, --keep-semver RANGE, --keep GLOB
    prune team/app --keep-last 0
      error: invalid value '0' for --keep-last
      cause: expected a number, at least 1
    prune team/app --older-than 6m
      error: invalid value '6m' for --older-than
      cause: expected hours at least; a month is 1mo, 1m would be a minute
    prune team/app --keep-semver newest
      error: invalid value 'newest' for --keep-semver
      cause: unexpected character 'n' while parsing major version number
    prune team/app --keep-last 1 --yes --dry-run
      error: --yes cannot be used with --dry-run
    prune --keep-last 1
      error: rls prune needs <REPO>
      hint:  for example: rls prune registry.corp:5000/team/app --keep-last 10 --older-than 30d
    prune team/app --match-repo * --keep-last 1
      error: REPO cannot be used with --match-repo
    "#);
    assert_eq!(registry.lines(), [""; 0]);
}
