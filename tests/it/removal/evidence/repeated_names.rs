//! A name that a list repeats is one tag.

use registry_fixture::content::ImageSpec;
use registry_fixture::{Match, Personality, Registry, Running, TagList};
use test_support::Rls;

use super::{app, removed, rls};

fn versions() -> Running {
    app(Personality::Distribution28, &["v1", "v2", "v3", "v4", "v5"])
}

fn doubled() -> Running {
    let registry = versions();
    let list = TagList::new().twice("v5").twice("v5").twice("v1");
    registry.inject(Match::tags("app").always(), list);
    registry
}

#[test]
fn a_rule_counts_each_name_once() {
    let registry = doubled();
    let outcome = rls(&registry, "prune app --keep-last 2 --yes");
    assert_eq!((outcome.code, removed(&outcome).len()), (Some(0), 3), "{outcome}");
    assert_eq!(registry.tags("app"), ["v4", "v5"], "{outcome}");
    assert!(outcome.stderr.contains("removed 3 of 5 tags"), "{outcome}");
}

#[test]
fn a_plan_names_each_tag_once() {
    let registry = doubled();
    let outcome = rls(&registry, "prune app --keep-last 2");
    let rows: Vec<_> = outcome.stdout.lines().collect();
    assert_eq!(rows.len(), 5, "{outcome}");
    assert!(outcome.stderr.contains("would remove 3 of 5 tags"), "{outcome}");
    assert_eq!(registry.count(&Match::manifest("app", "v5")), 1, "it is requested once");
    let all = rls(&registry, "rm app --all-tags -n");
    assert_eq!(all.stdout.lines().count(), 5, "{all}");
}

#[test]
fn all_tags_are_removed_and_reported_once() {
    let registry = doubled();
    let outcome = rls(&registry, "rm app --all-tags --yes -q");
    assert_eq!((outcome.code, removed(&outcome).len()), (Some(0), 5), "{outcome}");
    assert_eq!(registry.tags("app"), [""; 0]);
    assert_eq!(registry.count(&Match::deletes("app").of_digests()), 6, "one probe and five deletions");
}

#[test]
fn overlapping_pages_list_each_tag_once() {
    let registry = Registry::builder().personality(Personality::Distribution3).tag_pages(Some(3), None).start();
    for (number, tag) in (1..).zip(["v1", "v2", "v3", "v4", "v5", "v6", "v7"]) {
        let image = ImageSpec::new(tag).created(&format!("2024-0{number}-01T00:00:00Z"));
        registry.push_image("app", tag, &image);
    }
    registry.inject(Match::tags("app").always(), TagList::new().overlapping(2));
    let outcome = rls(&registry, "prune app --keep-last 2 --yes");
    assert_eq!((outcome.code, removed(&outcome).len()), (Some(0), 5), "{outcome}");
    assert_eq!(registry.tags("app"), ["v6", "v7"], "{outcome}");
}

#[test]
fn a_tag_listed_twice_is_removed_once() {
    let registry = versions();
    let digest = registry.resolve("app", "v1").expect("it was pushed");
    let lines = format!("app:v1\napp:v1\napp@{digest}\napp@{digest}\n");
    let rls = Rls::at(&registry).words("rm - --all-tags --yes -q").args(["-r", &registry.url()]);
    let outcome = rls.stdin(&lines).run();
    // With --all-tags a tag cannot be named, so each is tried alone.
    assert_eq!(outcome.code, Some(2), "{outcome}");
    let rls = Rls::at(&registry).words("rm app:v1 app:v1 - -q").args(["-r", &registry.url()]);
    let outcome = rls.stdin("app:v1\napp:v2\napp:v2\n").run();
    assert_eq!((outcome.code, removed(&outcome)), (Some(0), vec!["v1", "v2"]), "{outcome}");
}
