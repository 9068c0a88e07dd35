//! The rules of `rls prune`: how those of the command line and of the configuration file add up, and what is in use.

use insta::assert_snapshot;
use registry_fixture::Running;
use registry_fixture::content::ImageSpec;
use test_support::Rls;

use crate::registries::empty;

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
    // Nothing is allowed for a rule that is given by what is allowed for another.
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
    let digest = registry.resolve("team/app", "1.1").unwrap();
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
    error: invalid value '2999-01-01' for '--older-than <AGE>': expected a date in the past

    For more information, try '--help'.
    ");
    assert_eq!(registry.lines(), [""; 0]);
}
