//! Many removals at once: from standard input, and all tags of a repository. And manifests that an index lists.

use insta::assert_snapshot;
use registry_fixture::content::{ImageSpec, IndexSpec};
use registry_fixture::{Personality, Registry};
use test_support::Rls;

use super::state;
use crate::registries::{empty, seeded, with_seed};

#[test]
fn references_are_read_from_standard_input() {
    let registry = empty();
    for (repository, tag) in [("app", "1"), ("app", "2"), ("app", "3"), ("web", "1"), ("web", "2")] {
        registry.push_image(repository, tag, &ImageSpec::new(&format!("{repository}:{tag}")));
    }
    let lines = "# what is old\napp:1\n\n  web:1\napp:2\n";
    let outcome = Rls::at(&registry).words("rm - -q").args(["-r", &registry.url()]).stdin(lines).run();
    // A repository at a time.
    let expected = "removed\tapp:1\nremoved\tapp:2\nremoved\tweb:1\n";
    assert_eq!((outcome.code, &*outcome.stdout), (Some(0), expected), "{outcome}");
    assert_eq!((registry.tags("app"), registry.tags("web")), (vec!["3".to_owned()], vec!["2".to_owned()]));
    assert_eq!(&*Rls::at(&registry).words("rm -").stdin("").succeeds(), "");
    let twice = Rls::at(&registry).words("rm - -").fails(2);
    assert_eq!(&*twice, "error: - is standard input, which can be read only once\n");
    let both = Rls::at(&registry).words("rm - -u ann --password-stdin").fails(2);
    assert_eq!(&*both, "error: - and --password-stdin both read standard input\n");
}

#[test]
fn all_tags_needs_confirmation() {
    for personality in [Personality::Distribution28, Personality::Distribution3, Personality::Google] {
        let registry = with_seed(Registry::builder(), "shared").personality(personality).start();
        let before = state(&registry, "shared/app");
        let refused = Rls::at(&registry).words("rm shared/app --all-tags").fails(2);
        let error = "error: confirmation needed to remove all 5 tags of shared/app";
        assert_eq!(refused.lines().next(), Some(error));
        assert_eq!(state(&registry, "shared/app"), before);
        let outcome = Rls::at(&registry).words("rm shared/app --all-tags --yes -q").run();
        assert_eq!((outcome.code, outcome.stdout.lines().count()), (Some(0), 5), "{outcome}");
        assert_eq!(registry.tags("shared/app"), [""; 0]);
    }
}

#[test]
fn all_tags_cannot_be_used_with_a_tag() {
    let registry = seeded("shared");
    assert_snapshot!(Rls::at(&registry).words("rm shared/app:1.4 --all-tags --yes").fails(2), @"
    error: --all-tags cannot be used with shared/app:1.4, which is one tag
    hint:  use --with-siblings to remove its manifest with all tags on it, or REPO --all-tags to remove all tags
    ");
    assert_eq!(registry.tags("shared/app").len(), 5);
}

#[test]
fn force_removes_a_child_of_an_index() {
    let registry = empty();
    let index = IndexSpec::three_platforms("app").build();
    registry.push("app", "1.0", &index);
    let child = &index.manifests[0].digest;
    registry.tag("app", "amd64", child);
    assert_snapshot!(Rls::at(&registry).words("rm app:amd64 --force -n -o table").run(), @"
    exit 0
    --- stdout
    would-remove→app:amd64→delete manifest; sha256:13b94997ce64; breaks sha256:da023cd1c3ad, which lists it
    ");
    assert_eq!(Rls::at(&registry).words("rm app:amd64 --force -q").run().code, Some(0));
    assert!(!registry.contains("app", child.as_str()));
    assert_eq!(registry.tags("app"), ["1.0"]);
}

#[test]
fn the_garbage_collection_hint_is_given_once() {
    let registry = empty();
    for tag in ["1", "2", "3"] {
        registry.push_image("app", tag, &ImageSpec::new(tag));
        registry.push_image("other", tag, &ImageSpec::new(tag));
    }
    let outcome = Rls::at(&registry).words("rm app:1 other:1 app:2 other:2").run();
    assert_eq!(outcome.stderr.matches("garbage collection").count(), 1, "{outcome}");
}
