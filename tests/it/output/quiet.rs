//! `-q`, `-v`, `--stats`, and the stream of each text.

use insta::assert_snapshot;
use registry_fixture::content::ImageSpec;
use registry_fixture::{Auth, Fault, Match, Registry};
use test_support::Rls;

use crate::registries::{empty, seeded};

#[test]
fn quiet_prints_only_errors() {
    let registry = seeded("shared");
    assert_snapshot!(Rls::at(&registry).words("tags nothing -q").run(), @r#"
    exit 3
    --- stderr
    error: nothing not found on http://REGISTRY
    cause: 404 Not Found: NAME_UNKNOWN: repository name not known to registry: {"name":"nothing"}
    "#);
    assert_snapshot!(Rls::at(&registry).words("rm shared/app:1.3.9 -q").run(), @"
    exit 0
    --- stdout
    removed→shared/app:1.3.9
    ");
    assert_snapshot!(Rls::at(&registry).words("digest shared/app:x --quiet").run(), @r#"
    exit 3
    --- stderr
    error: shared/app:x not found on http://REGISTRY
    cause: 404 Not Found: MANIFEST_UNKNOWN: manifest unknown: {"Tag":"x"}
    "#);
    // Similar tags are not requested when they will not be shown. One list is for the command itself; `rm` lists for
    // siblings and asks what follows the last of them, lists again right before it deletes, and again to verify.
    assert_eq!(registry.count(&Match::ending("/tags/list")), 5);
}

#[test]
fn verbose_shows_requests_then_headers() {
    let registry = empty();
    registry.push_image("app", "1.0", &ImageSpec::new("app"));
    assert_snapshot!(Rls::at(&registry).words("digest app:1.0 -v").run(), @"
    exit 0
    --- stdout
    sha256:d2a8d8764f7f2aa2c3c4b106bead12a7176e0e0c5ab6a7bc6e6324033ee2960a
    --- stderr
    > HEAD http://REGISTRY/v2/app/manifests/1.0
    < HTTP/1.1 200 OK for HEAD /v2/app/manifests/1.0 in N ms
    credentials for http://REGISTRY: none
    ");
    let headers = Rls::at(&registry).words("digest app:1.0 -vv").run();
    assert_eq!(headers.code, Some(0));
    for line in [
        "> HEAD http://REGISTRY/v2/app/manifests/1.0",
        "> accept-encoding: identity",
        "< etag: ",
        "< docker-distribution-api-version: registry/2.0",
    ] {
        let is_line = |report: &str| report.split_once(' ').is_some_and(|(_, report)| report.starts_with(line));
        assert!(headers.stderr.lines().any(is_line), "{line} is not in\n{headers}");
    }
    let is_time =
        |time: &str| time.len() == "2026-11-30T13:05:01.123Z".len() && time.parse::<jiff::Timestamp>().is_ok();
    let times: Vec<_> = headers.stderr.lines().map(|line| line.split(' ').next().unwrap_or_default()).collect();
    assert!(times.iter().all(|time| is_time(time)) && times.is_sorted(), "{headers}");
    assert_eq!(
        Rls::at(&registry).words("digest app:1.0").env("RLS_LOG", "1").run().to_string(),
        Rls::at(&registry).words("digest app:1.0 -v").run().to_string()
    );
}

#[test]
fn verbose_names_the_reason_of_a_retry() {
    let registry = empty();
    registry.push_image("app", "1.0", &ImageSpec::new("app"));
    registry.inject(Match::head("/v2/app/manifests/1.0"), Fault::status(503));
    assert_snapshot!(Rls::at(&registry).words("digest app:1.0 -v").run(), @"
    exit 0
    --- stdout
    sha256:d2a8d8764f7f2aa2c3c4b106bead12a7176e0e0c5ab6a7bc6e6324033ee2960a
    --- stderr
    > HEAD http://REGISTRY/v2/app/manifests/1.0
    < HTTP/1.1 503 Service Unavailable for HEAD /v2/app/manifests/1.0 in N ms
    the server is slow or turns requests away: concurrency is now 8
    http://REGISTRY failed to answer for app:1.0: 503 Service Unavailable; trying again in N ms
    > HEAD http://REGISTRY/v2/app/manifests/1.0
    < HTTP/1.1 200 OK for HEAD /v2/app/manifests/1.0 in N ms
    credentials for http://REGISTRY: none
    ");
}

#[test]
fn verbose_names_the_source_of_credentials() {
    let registry = Registry::builder().auth(Auth::Basic).start();
    registry.push_image("app", "1.0", &ImageSpec::new("app"));
    assert_snapshot!(Rls::at(&registry).user("ann", "secret").words("digest app:1.0 -v").run(), @"
    exit 0
    --- stdout
    sha256:d2a8d8764f7f2aa2c3c4b106bead12a7176e0e0c5ab6a7bc6e6324033ee2960a
    --- stderr
    > HEAD http://REGISTRY/v2/app/manifests/1.0
    < HTTP/1.1 401 Unauthorized for HEAD /v2/app/manifests/1.0 in N ms
    credentials for http://REGISTRY: ann (RLS_PASSWORD)
    > HEAD http://REGISTRY/v2/app/manifests/1.0
    < HTTP/1.1 200 OK for HEAD /v2/app/manifests/1.0 in N ms
    ");
    let config = format!("{{\"auths\":{{\"{}\":{{\"auth\":\"YW5uOnNlY3JldA==\"}}}}}}", registry.host());
    assert_snapshot!(Rls::at(&registry).docker_config(&config).words("digest app:1.0 -v").run(), @"
    exit 0
    --- stdout
    sha256:d2a8d8764f7f2aa2c3c4b106bead12a7176e0e0c5ab6a7bc6e6324033ee2960a
    --- stderr
    > HEAD http://REGISTRY/v2/app/manifests/1.0
    < HTTP/1.1 401 Unauthorized for HEAD /v2/app/manifests/1.0 in N ms
    credentials for http://REGISTRY: ann (docker config, ~/.docker/config.json)
    > HEAD http://REGISTRY/v2/app/manifests/1.0
    < HTTP/1.1 200 OK for HEAD /v2/app/manifests/1.0 in N ms
    ");
}

#[test]
fn stats_count_the_requests() {
    let registry = Registry::builder().auth(Auth::Token).start();
    registry.push_image("app", "1.0", &ImageSpec::new("app"));
    registry
        .inject(Match::get("/v2/app/tags/list").when(|request| request.authorization().is_some()), Fault::status(502));
    let run = Rls::at(&registry).user("ann", "secret").words("tags app -d --stats").run();
    let report = run.to_string();
    let (_, bytes) = report.split_once("token fetches, ").expect("the statistics");
    let bytes = bytes.split(' ').next().expect("a number");
    assert_snapshot!(report.replace(&format!(" {bytes} bytes"), " B bytes"), @"
    exit 0
    --- stdout
    1.0→sha256:d2a8d8764f7f2aa2c3c4b106bead12a7176e0e0c5ab6a7bc6e6324033ee2960a
    --- stderr
    stats: 5 requests, max concurrency 1, throttled 0 times, 1 retries, 1 token fetches, B bytes, N seconds
    ");
    assert!(bytes.parse::<u64>().is_ok_and(|bytes| bytes > 500), "{bytes}");
    assert_eq!(registry.requests().len(), 5);
    let failed = Rls::at(&registry).user("ann", "secret").words("tags nothing --stats -q").run();
    assert_eq!(failed.code, Some(3));
    assert!(
        failed.stderr.lines().last().is_some_and(|line| line
            .starts_with("stats: 3 requests, max concurrency 1, throttled 0 times, 0 retries, 1 token fetches, ")),
        "{failed}"
    );
}
