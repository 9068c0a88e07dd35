//! Requests in flight, retries, time limits, addresses.

use std::time::Duration;

use insta::assert_snapshot;
use registry_fixture::content::ImageSpec;
use registry_fixture::{Answer, Fault, Match};
use test_support::Rls;

use crate::registries::{empty, seeded};

#[test]
fn jobs_limits_the_requests_in_flight() {
    for (words, most) in
        [("tags grid/repo-000 -l -j 3", 3), ("repos --tags -j 2", 2), ("tags grid/repo-000 grid/repo-001 -d -j 4", 4)]
    {
        let registry = seeded("12x12");
        Rls::at(&registry).words(words).succeeds();
        assert!(registry.most_at_once() <= most, "{words}: {}", registry.most_at_once());
    }
    let registry = seeded("1x12");
    let rm: Vec<_> = registry.tags("grid/repo-000").iter().map(|tag| format!("grid/repo-000:{tag}")).collect();
    assert_eq!(Rls::at(&registry).words("rm -q -j 2").args(rm).run().code, Some(0));
    assert!(registry.most_at_once() <= 2, "{}", registry.most_at_once());
}

#[test]
fn requests_are_concurrent() {
    let registry = seeded("1x30");
    registry.inject(Match::under("/v2/grid/repo-000/manifests/").always(), Fault::AwaitConcurrency(8));
    let digests = Rls::at(&registry).words("tags grid/repo-000 -d -j 8 --timeout 60s").succeeds();
    assert_eq!(digests.lines().count(), 30);
    assert_eq!(registry.most_at_once(), 8);
}

#[test]
fn connections_are_reused() {
    let registry = seeded("1x40");
    Rls::at(&registry).words("tags grid/repo-000 -d -j 4").succeeds();
    assert!(registry.connections() <= 5, "{}", registry.connections());
}

#[test]
fn one_job_suffices_to_resolve_tags_while_listing() {
    let registry = seeded("1100x1");
    assert_eq!(Rls::at(&registry).words("repos --tags -j 1 --timeout 60s").succeeds().lines().count(), 1100);
    assert_eq!((registry.most_at_once(), registry.connections()), (1, 1));
    // All is in one page here, whose first names are looked at before its last ones are there.
    let registry = seeded("1x5000");
    let words = "tags grid/repo-000 -d --sort none --limit 3000 -j 1 --timeout 60s";
    assert_eq!(Rls::at(&registry).words(words).succeeds().lines().count(), 3000);
}

#[test]
fn there_are_no_more_connections_than_jobs() {
    let registry = seeded("40x1");
    // The end of each body comes later than its head.
    registry.inject(Match::ending("/tags/list").always(), Fault::PauseMidBody(5, Duration::from_millis(5)));
    let names = registry.repositories();
    assert_eq!(Rls::at(&registry).words("tags -j 2").args(names).succeeds().lines().count(), 40);
    assert_eq!(registry.connections(), 2);
}

#[test]
fn retries_limits_the_retries_of_transient_failures() {
    for (fault, code) in [
        (Fault::status(503), 5),
        (Fault::status(500), 5),
        (Fault::status(408), 5),
        (Fault::CloseBeforeReply, 10),
        (Answer::error(429, "TOOMANYREQUESTS", "slow").header("Retry-After", "0").into(), 8),
    ] {
        let registry = empty();
        registry.inject(Match::get("/v2/_catalog").always(), fault.clone());
        assert_eq!(Rls::at(&registry).words("repos --retries 0").run().code, Some(code), "{fault:?}");
        assert_eq!(registry.requests().len(), 1, "{fault:?}");
        registry.clear_requests();
        let outcome = Rls::at(&registry).words("repos --retries 1").run();
        assert_eq!(outcome.code, Some(code), "{fault:?}");
        assert!(outcome.stderr.contains("\ncause: gave up after 2 tries\n"), "{fault:?}: {outcome}");
        assert_eq!(registry.requests().len(), 2, "{fault:?}");
        registry.clear_faults();
        registry.inject(Match::get("/v2/_catalog"), fault.clone());
        assert_eq!(&*Rls::at(&registry).words("repos").succeeds(), "", "{fault:?}");
    }
}

#[test]
fn permanent_failures_are_not_retried() {
    for status in [400, 401, 403, 404, 405, 501] {
        let registry = empty();
        registry.push_image("app", "1.0", &ImageSpec::new("app"));
        registry.inject(Match::get("/v2/app/manifests/1.0").always(), Fault::status(status));
        assert_ne!(Rls::at(&registry).words("manifest app:1.0 -q").run().code, Some(0));
        assert_eq!(registry.count(&Match::get("/v2/app/manifests/1.0")), 1, "{status}");
    }
}

#[test]
fn the_state_is_checked_before_a_deletion_is_retried() {
    let registry = empty();
    let digest = registry.push_image("app", "1.0", &ImageSpec::new("app"));
    let delete = || Match::delete(format!("/v2/app/manifests/{digest}"));
    // It had its effect, and the reply was lost.
    registry.inject(delete(), Fault::LoseReply);
    assert_snapshot!(Rls::at(&registry).words("rm app:1.0 -q").run(), @"
    exit 0
    --- stdout
    removed→app:1.0
    ");
    assert_eq!(registry.count(&delete()), 1);
    // It had none.
    let digest = registry.push_image("app", "2.0", &ImageSpec::new("app 2"));
    let delete = Match::delete(format!("/v2/app/manifests/{digest}"));
    registry.inject(delete.clone(), Fault::CloseBeforeReply);
    assert_snapshot!(Rls::at(&registry).words("rm app:2.0 -q").run(), @"
    exit 0
    --- stdout
    removed→app:2.0
    ");
    assert_eq!(registry.count(&delete), 2);
    assert_eq!(registry.tags("app"), [""; 0]);
}

#[test]
fn timeout_covers_the_whole_command() {
    let registry = seeded("shared");
    let stall = || Fault::StallMidBody(1);
    registry.inject(Match::get("/v2/shared/app/tags/list").always(), stall());
    assert_snapshot!(Rls::at(&registry).words("tags shared/app --timeout 300ms").run(), @"
    exit 12
    --- stderr
    error: timed out after 300ms
    hint:  use --timeout to set the limit for the whole command, -v to see what it waits for
    ");
    assert_snapshot!(Rls::at(&registry).words("tags shared/app").env("RLS_TIMEOUT", "200ms").run(), @"
    exit 12
    --- stderr
    error: timed out after 200ms
    hint:  use --timeout to set the limit for the whole command, -v to see what it waits for
    ");
    registry.clear_faults();
    registry.inject(Match::get("/v2/shared/app/manifests/1.4").always(), stall());
    assert_snapshot!(Rls::at(&registry).words("manifest shared/app:1.4 --timeout 200ms").run(), @"
    exit 12
    --- stderr
    error: timed out after 200ms
    hint:  use --timeout to set the limit for the whole command, -v to see what it waits for
    ");
    registry.clear_faults();
    let digest = registry.resolve("shared/app", "1.3.9").expect("the tag is there");
    let deletion = Match::delete(format!("/v2/shared/app/manifests/{digest}"));
    registry.inject(deletion.always(), Fault::Delay(Duration::from_secs(600)));
    assert_snapshot!(Rls::at(&registry).words("rm shared/app:1.3.9 --timeout 5s").run(), @"
    exit 12
    --- stderr
    warning: interrupted while removing shared/app:1.3.9; check whether it is gone
    error: timed out after 5s
    hint:  use --timeout to set the limit for the whole command, -v to see what it waits for
    ");
    assert_eq!(registry.tags("shared/app").len(), 5);
    assert_eq!(Rls::at(&registry).words("tags shared/app --timeout 1h").run().code, Some(0));
}

#[test]
fn results_from_before_the_time_limit_are_shown() {
    let registry = seeded("2x2");
    registry.inject(Match::get("/v2/grid/repo-001/tags/list").always(), Fault::StallMidBody(1));
    assert_snapshot!(Rls::at(&registry).words("repos --tags --timeout 1s").run(), @"
    exit 12
    --- stdout
    grid/repo-000:1.0.0
    grid/repo-000:latest
    --- stderr
    error: timed out after 1s
    hint:  use --timeout to set the limit for the whole command, -v to see what it waits for
    ");
}

#[test]
fn a_wait_beyond_the_time_limit_fails_at_once() {
    let registry = empty();
    let slow = Answer::error(429, "TOOMANYREQUESTS", "slow down").header("Retry-After", "50");
    registry.inject(Match::get("/v2/_catalog").always(), slow);
    let outcome = Rls::at(&registry).words("repos --timeout 40s").run();
    assert_eq!(outcome.code, Some(8), "{outcome}");
    assert_eq!(registry.requests().len(), 1);
}

#[test]
fn resolve_bypasses_the_resolver() {
    let registry = seeded("1x1");
    let port = registry.port();
    let name = format!("registry.example.invalid:{port}");
    let resolve = format!("{name}:127.0.0.1");
    let rls = Rls::new().args(["tags", "grid/repo-000", "-r", &format!("http://{name}"), "--resolve", &resolve]);
    assert_eq!(&*rls.succeeds(), "latest\n");
    assert_eq!(registry.requests()[0].header("host"), Some(&*name));
    // The host is compared without regard to case, the port has to be the same.
    let upper = resolve.replace("registry", "REGISTRY");
    let rls = Rls::new().args(["tags", "grid/repo-000", "-r", &format!("http://{name}"), "--resolve", &upper]);
    assert_eq!(&*rls.succeeds(), "latest\n");
    let two = format!("{name}:[::1],127.0.0.1");
    let rls = Rls::new().args(["tags", "grid/repo-000", "-r", &format!("http://{name}"), "--resolve", &two]);
    assert_eq!(&*rls.succeeds(), "latest\n");
    let other = "registry.example.invalid:1:127.0.0.1";
    let rls = Rls::new().args(["tags", "grid/repo-000", "-r", &format!("http://{name}"), "--resolve", other]);
    assert_eq!(rls.run().code, Some(10));
}
