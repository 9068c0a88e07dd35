//! Names and options that are nearly right.

use insta::assert_snapshot;
use registry_fixture::content::ImageSpec;
use registry_fixture::{Match, Registry, Running};
use test_support::Rls;

/// `web/nginx`, `web/api`, `team/app` and a folder with twelve repositories.
fn start() -> Running {
    let registry = Registry::builder().start();
    let names = (0..12).map(|number| format!("many/app{number:02}"));
    for name in names.chain(["web/nginx", "web/api", "team/app"].map(str::to_owned)) {
        registry.push_image(&name, "latest", &ImageSpec::new("app"));
    }
    registry
}

#[test]
fn similar_repositories_and_folders_are_suggested() {
    let registry = start();
    let hint = |words: &str| {
        let outcome = Rls::at(&registry).words(words).run();
        assert_eq!(outcome.code, Some(3), "{outcome}");
        outcome.stderr.lines().last().unwrap_or_default().to_owned()
    };
    for (words, expected) in [
        ("tags web/ngnix", "hint:  did you mean web/nginx?"),
        ("tags nginx", "hint:  did you mean web/nginx?"),
        ("tags team", "hint:  this is a folder; did you mean team/app?"),
        ("tags web", "hint:  this is a folder; repositories in it: web/api, web/nginx"),
        ("tags zebra/crossing", "hint:  run 'rls repos http://REGISTRY' to list repositories"),
        ("digest web/ngnix:latest", "hint:  the repository does not exist; did you mean web/nginx?"),
        ("prune web/ngnix --keep-last 1", "hint:  did you mean web/nginx?"),
        ("rm web/ngnix --match x", "hint:  did you mean web/nginx?"),
        ("digest web/nginx:latst", "hint:  did you mean web/nginx:latest?"),
        ("digest web/nginx:nope", "hint:  run 'rls tags http://REGISTRY/web/nginx' to list tags"),
    ] {
        assert_eq!(hint(words), expected, "{words}");
    }
    let folder = hint("tags many");
    assert!(folder.ends_with("many/app09 and 2 more") && folder.contains("many/app00"), "{folder}");
}

/// A list of repositories costs requests: many unknown names cost no more than one.
#[test]
fn suggestions_for_many_names_cost_one_list() {
    let registry = start();
    let outcome = Rls::at(&registry).words("tags a/x b/x c/x d/x").run();
    assert_eq!(outcome.code, Some(3), "{outcome}");
    assert_eq!(registry.count(&Match::under("/v2/_catalog")), 1);
    registry.clear_requests();
    Rls::at(&registry).words("tags a/x -q").run();
    assert_eq!(registry.count(&Match::under("/v2/_catalog")), 0);
}

#[test]
fn globs_hint_at_the_option_that_takes_them() {
    let registry = start();
    let hint = |words: &[&str]| {
        let outcome = Rls::at(&registry).args(words).run();
        assert_eq!(outcome.code, Some(2), "{outcome}");
        outcome.stderr.lines().last().unwrap_or_default().to_owned()
    };
    assert_eq!(hint(&["rm", "web/nginx:pr-*"]), "hint:  use web/nginx --match 'pr-*' for its tags");
    assert_eq!(hint(&["repos", "team/*"]), "hint:  use --match 'team/*'");
    let expected = "hint:  use --match-repo 'team/*' for repositories, --match GLOB for tags";
    assert_eq!(hint(&["prune", "team/*", "--keep-last", "1"]), expected);
    // A registry is not a part of the pattern.
    assert_eq!(hint(&["repos", "http://reg.corp/team/*"]), "hint:  use http://reg.corp --match 'team/*'");
    assert_eq!(hint(&["repos", "reg.corp:5000/*/app"]), "hint:  use reg.corp:5000 --match '*/app'");
    let expected = "hint:  use -r reg.corp:5000 --match-repo 'team/*' for repositories, --match GLOB for tags";
    let named = ["prune", "reg.corp:5000/team/*", "--keep-last", "1"];
    assert_eq!(Rls::new().args(named).run().stderr.lines().last(), Some(expected));
}

#[test]
fn a_transport_of_skopeo_is_named() {
    assert_snapshot!(Rls::new().args(["tags", "docker-daemon:reg.corp:5000/team/app"]).run(), @"
    exit 2
    --- stderr
    error: 'docker-daemon:reg.corp:5000/team/app' is not a repository name
    cause: 'docker-daemon:' is a transport of skopeo, not a registry; only docker:// names are read
    ");
}

#[test]
fn registries_and_folders_hint_at_the_command_that_lists_them() {
    let hint = |word: &str| {
        let outcome = Rls::new().args(["tags", word]).run();
        assert_eq!(outcome.code, Some(2), "{outcome}");
        outcome.stderr.lines().last().unwrap_or_default().to_owned()
    };
    for registry in ["registry.corp:5000", "http://localhost:5000", "localhost:5000"] {
        assert_eq!(hint(registry), format!("hint:  run 'rls repos {registry}' to list its repositories"));
    }
    let manifest = Rls::new().words("manifest registry.corp:5000").fails(2);
    assert!(manifest.ends_with("\nhint:  run 'rls repos registry.corp:5000' to list its repositories\n"), "{manifest}");
    assert_eq!(hint("team/"), "hint:  run 'rls repos team' to list the repositories below it");
    assert!(!hint("https://ann:secret@registry.corp").contains("secret"));
}

/// What people type first, and the command line that they get.
#[test]
fn commands_of_other_programs_get_the_command_line_to_use() {
    let flag = "rls tags docker://registry.corp/team/app; use --ca-file PEM to trust the registry's CA, --insecure to verify \
                nothing, or --plain-http for a registry without TLS";
    let cases = [
        ("registry.corp:5000", "rls repos registry.corp:5000"),
        ("image ls", "rls repos"),
        ("list-tags docker://registry.corp/team/app --tls-verify", flag),
        (
            "docker-ls tags -r http://registry.corp team/app",
            "rls compat docker-ls tags -r http://registry.corp team/app",
        ),
        ("image copy team/app:1 team/app:2", "use crane copy, skopeo copy or regctl image copy"),
        ("delete", "for example: rls rm registry.corp:5000/team/app:1.3.9"),
        ("lst team/app", "rls ls team/app"),
        ("help catalog", "rls help repos"),
        ("help copy", "use crane copy, skopeo copy or regctl image copy"),
        ("ls --omit-digest-tags team/app", "rls ls --exclude 'sha256-*' team/app"),
        ("manifest inspect team/app:1.4.0", "rls manifest team/app:1.4.0"),
        ("tags team/app -n 5 --json", "rls tags team/app --limit 5 -o json"),
        ("tags ls team/app", "rls tags team/app"),
        ("tags help", "rls help tags"),
        ("search nginx", "rls repos '--match=**/*nginx*'"),
        ("get tags team/app", "rls tags team/app"),
    ];
    for (words, expected) in cases {
        let rls = Rls::new().words(words);
        assert_eq!(rls.fails(2).lines().last(), Some(&*format!("hint:  {expected}")), "{words}");
    }
}

#[test]
fn a_number_of_tags_to_keep_is_not_the_name_of_one() {
    let registry = start();
    let outcome = Rls::at(&registry).words("prune web/nginx --keep 3 --allow-empty").run();
    assert!(
        outcome.stderr.contains("hint:  --keep 3 keeps the tag named 3; use --keep-last 3 for the newest"),
        "{outcome}"
    );
    let outcome = Rls::at(&registry).words("prune web/nginx --keep 3 --keep-last 1").run();
    assert!(!outcome.stderr.contains("--keep 3"), "{outcome}");
}
