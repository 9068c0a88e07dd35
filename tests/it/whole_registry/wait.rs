use insta::assert_snapshot;
use registry_fixture::content::{ImageSpec, IndexSpec};
use registry_fixture::{Answer, Match};
use test_support::Rls;

use crate::registries::empty;

#[test]
fn waits_until_the_tag_exists() {
    let registry = empty();
    let digest = registry.push_image("app", "other", &ImageSpec::new("app"));
    // The third look finds it.
    registry.on_request(Match::manifest("app", "1.0").nth(5), {
        let digest = digest.clone();
        move |registry, _| registry.tag("app", "1.0", &digest)
    });
    let run = Rls::at(&registry).words("wait app:1.0 --interval 10ms").run();
    assert_eq!(run.result(), (Some(0), &*format!("{digest}\n")), "{run}");
    assert_eq!(&*run.stderr, "waiting: app:1.0 does not exist\n");
}

#[test]
fn a_digest_and_a_platform_are_waited_for() {
    let registry = empty();
    let digest = registry.push_index("app", "1", &IndexSpec::new(vec![ImageSpec::new("a").platform("linux/amd64")]));
    let wait = |words: &str| Rls::at(&registry).words("wait app:1 --interval 10ms").words(words).run();
    assert_eq!(wait(&format!("--digest {digest}")).code, Some(0));
    assert_eq!(wait("--platform linux/amd64").code, Some(0));
    let other = format!("sha256:{}", "0".repeat(64));
    assert_snapshot!(wait(&format!("--digest {other} --timeout 1s")), @"
    exit 12
    --- stderr
    waiting: app:1 is sha256:791ca803dd5c56cd7191eaed482541ca8b0577a5f85e5eb8817a8ea8b0324bc4, not sha256:0000000000000000000000000000000000000000000000000000000000000000
    error: timed out after 1s
    cause: app:1 is sha256:791ca803dd5c56cd7191eaed482541ca8b0577a5f85e5eb8817a8ea8b0324bc4, not sha256:0000000000000000000000000000000000000000000000000000000000000000
    ");
    assert_snapshot!(wait("--platform linux/s390x --timeout 1s"), @"
    exit 12
    --- stderr
    waiting: app:1 has no image for linux/s390x, but for linux/amd64
    error: timed out after 1s
    cause: app:1 has no image for linux/s390x, but for linux/amd64
    ");
}

#[test]
fn transient_failures_are_waited_out_and_others_end_it() {
    let registry = empty();
    let digest = registry.push_image("app", "1", &ImageSpec::new("app"));
    registry.inject(Match::manifest("app", "1").times(3), Answer::new(503));
    let run = Rls::at(&registry).words("wait app:1 --interval 10ms --retries 0").run();
    assert_eq!(run.result(), (Some(0), &*format!("{digest}\n")), "{run}");
    registry.inject(Match::manifest("app", "1").always(), Answer::error(403, "DENIED", "not yours"));
    assert_eq!(Rls::at(&registry).words("wait app:1 --interval 10ms").run().code, Some(4));
}
