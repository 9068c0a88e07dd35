use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use insta::assert_snapshot;
use registry_fixture::content::kinds::bundle;
use registry_fixture::content::{Content, ImageSpec, IndexSpec, Layer};
use registry_fixture::{Answer, Digest, Fault, Match, Method, RecordedRequest, Running};
use test_support::Rls;

use crate::registries::{empty, seeded};

#[test]
fn an_intact_repository_is_success() {
    let registry = seeded("demo");
    assert_snapshot!(Rls::at(&registry).words("check").run(), @"
    exit 0
    --- stderr
    checked 14 tags: 0 problems
    ");
    assert_snapshot!(Rls::at(&registry).words("check base/alpine -o jsonl").run(), @r#"
    exit 0
    --- stdout
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/base/alpine:3.19","status":"ok","problem":null,"detail":null}
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/base/alpine:3.20","status":"ok","problem":null,"detail":null}
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/base/alpine:latest","status":"ok","problem":null,"detail":null}
    --- stderr
    checked 3 tags: 0 problems
    "#);
}

#[test]
fn missing_content_is_reported() {
    let registry = empty();
    let image = |seed: &str| ImageSpec::new(seed);
    let (amd64, arm64) = (image("a").platform("linux/amd64"), image("b").platform("linux/arm64"));
    registry.push_index("app", "index", &IndexSpec::new(vec![amd64, arm64.clone()]));
    registry.remove_manifest("app", arm64.build().digest());
    let layer = Layer::file("lost", "lost");
    registry.push_image("app", "image", &image("c").layer(layer.clone()));
    registry.remove_blob("app", &layer.blob().digest);
    registry.push_image("app", "signed", &image("d"));
    let gone = Digest::sha256(b"gone");
    registry.push_image("app", &format!("sha256-{}.sig", &gone.as_str()[7..]), &image("e"));
    registry.push_image("app", "whole", &image("f"));
    assert_snapshot!(Rls::at(&registry).words("check app").run(), @"
    exit 6
    --- stdout
    broken→http://REGISTRY/app:image→missing-blob→blob sha256:54e24820fa5bb13ce9fa32ad5abbe92e004f6a4ed1173f517e852d6378da29c0 is gone
    broken→http://REGISTRY/app:index→missing-manifest→index sha256:32812ff452db20d23ad4ebab2e6a95e79a2e6bcc4e825758fc2aabfb0ee41372 lists sha256:e2a11c91031481d838862fec16f9e7b0675fc011fbc30b77d97b28103f89c239, which is gone
    broken→http://REGISTRY/app:sha256-283bb9deef02e6843abfb538efa1eca70801bd8a701c3f98191e123496339247.sig→missing-subject→it belongs to sha256:283bb9deef02e6843abfb538efa1eca70801bd8a701c3f98191e123496339247, which is gone
    --- stderr
    checked 5 tags: 3 problems
    ");
    assert_snapshot!(Rls::at(&registry).words("check app -o table").run(), @"
    exit 6
    --- stdout
    STATUS  REFERENCE                                                                                               PROBLEM           DETAIL
    broken  http://REGISTRY/app:image                                                                        missing-blob      blob sha256:54e24820fa5bb13ce9fa32ad5abbe92e004f6a4ed1173f517e852d6378da29c0 is gone
    broken  http://REGISTRY/app:index                                                                        missing-manifest  index sha256:32812ff452db20d23ad4ebab2e6a95e79a2e6bcc4e825758fc2aabfb0ee41372 lists sha256:e2a11c91031481d838862fec16f9e7b0675fc011fbc30b77d97b28103f89c239, which is gone
    broken  http://REGISTRY/app:sha256-283bb9deef02e6843abfb538efa1eca70801bd8a701c3f98191e123496339247.sig  missing-subject   it belongs to sha256:283bb9deef02e6843abfb538efa1eca70801bd8a701c3f98191e123496339247, which is gone
    --- stderr
    checked 5 tags: 3 problems
    ");
    let records = Rls::at(&registry).words("check app -o jsonl -q").run();
    assert_eq!(records.code, Some(6));
    assert!(records.stdout.lines().any(|line| line.contains(":whole\"") && line.contains(r#""status":"ok""#)));
    let skipped = Rls::at(&registry).words("check app --skip-blobs").run();
    assert!(!skipped.stdout.contains("missing-blob"), "{skipped}");
    assert!(!registry.lines().is_empty());
}

#[test]
fn unreadable_content_is_unknown() {
    let registry = empty();
    registry.push_image("app", "1", &ImageSpec::new("a"));
    registry.inject(Match::manifest("app", "1").always(), Answer::error(403, "DENIED", "not yours"));
    assert_snapshot!(Rls::at(&registry).words("check app").run(), @"
    exit 6
    --- stdout
    unknown→http://REGISTRY/app:1→denied→the tag: not allowed to pull app on http://REGISTRY: 403 Forbidden: DENIED: not yours
    --- stderr
    checked 1 tag: 1 problem
    ");
}

#[test]
fn what_a_server_does_not_tell_is_unknown_and_not_broken() {
    let subject = ImageSpec::new("app").build();
    let referrer = bundle("https://slsa.dev/provenance/v1").subject(subject.root()).build();
    let by_tag = format!("{}.sig", subject.digest().as_tag());
    for (tag, content) in [("sbom", &referrer), (&by_tag, &ImageSpec::new("signature").build())] {
        let registry = empty();
        registry.push("app", tag, content);
        for (fault, problem) in [(500, "protocol"), (403, "denied")] {
            let reads = Match::manifest("app", subject.digest().as_str()).reads().always();
            registry.inject(reads, Fault::status(fault));
            let run = Rls::at(&registry).words("check app --retries 0").run();
            let start = format!("unknown\thttp://REGISTRY/app:{tag}\t{problem}\tsubject {}: ", subject.digest());
            assert!(run.code == Some(6) && run.stdout.starts_with(&start), "{run}");
            registry.clear_faults();
        }
    }
}

#[test]
fn a_single_not_found_is_checked_again() {
    let registry = empty();
    let layer = Layer::file("app", "app");
    let index = IndexSpec::new(vec![ImageSpec::new("a").layer(layer.clone()), ImageSpec::new("b")]);
    let digest = registry.push_index("app", "1", &index);
    let child = index.build().manifests[0].digest.clone();
    let stale = || Answer::not_found("MANIFEST_UNKNOWN");
    for (reads, denial) in [
        (Match::manifest("app", "1").reads().times(2), stale()),
        (Match::manifest("app", digest.as_str()).reads(), stale()),
        (Match::manifest("app", child.as_str()).reads(), stale()),
        // Some servers do not answer HEAD for a blob that they have.
        (Match::blobs("app").method(Method::HEAD).always(), Answer::new(404)),
        (Match::blobs("app").method(Method::HEAD).always(), Answer::new(403)),
        (Match::blobs("app").method(Method::HEAD).always(), Answer::new(405)),
        (Match::blobs("app").method(Method::HEAD).always(), Answer::new(500)),
    ] {
        registry.inject(reads, denial);
        let outcome = Rls::at(&registry).words("check app --retries 0").run();
        assert_eq!((outcome.code, &*outcome.stderr), (Some(0), "checked 1 tag: 0 problems\n"), "{outcome}");
        registry.clear_faults();
    }
}

#[test]
fn a_404_page_of_a_proxy_makes_nothing_missing() {
    let registry = empty();
    let index = IndexSpec::new(vec![ImageSpec::new("a"), ImageSpec::new("b")]);
    registry.push_index("app", "1", &index);
    let child = index.build().manifests[0].digest.clone();
    for page in [Answer::html(404, "no such site"), Answer::text(404, "404 page not found"), denied()] {
        for reads in [
            Match::manifest("app", "1").reads().always(),
            Match::manifest("app", child.as_str()).reads().always(),
            Match::blobs("app").reads().always(),
        ] {
            registry.inject(reads, page.clone());
            let outcome = Rls::at(&registry).words("check app --retries 0").run();
            assert_eq!(outcome.code, Some(6), "{outcome}");
            assert!(outcome.stdout.lines().all(|line| line.starts_with("unknown\t")), "{outcome}");
            registry.clear_faults();
        }
        registry.inject(Match::tags("app").always(), page);
        let outcome = Rls::at(&registry).words("check app --retries 0").run();
        assert!(outcome.code.is_some_and(|code| code > 2) && outcome.stderr.contains("error:"), "{outcome}");
        registry.clear_faults();
    }
}

/// A registry that hides what others may not see.
fn denied() -> Answer {
    Answer::error(404, "DENIED", "requested access to the resource is denied")
}

/// Sends this page for every manifest and blob that is not of `served`, as a server of static files does.
fn send_files(registry: &Running, served: &[&Content], page: &Answer) {
    let manifests = served.iter().flat_map(|content| &content.manifests).map(|manifest| &manifest.digest);
    let digests = manifests.chain(served.iter().flat_map(|content| &content.blobs).map(|blob| &blob.digest));
    let mut served: BTreeSet<_> = digests.map(ToString::to_string).collect();
    served.remove(lost().blob().digest.as_str());
    served.extend(registry.tags("app").into_iter().filter(|tag| tag != "gone"));
    let is_absent = move |request: &RecordedRequest| {
        request.reference.as_ref().is_some_and(|reference| !served.contains(reference))
    };
    registry.inject(Match::any().reads().when(is_absent).always(), page.clone());
}

fn lost() -> Layer {
    Layer::file("lost", "lost")
}

fn pages() -> [Answer; 3] {
    let xml = "<?xml version='1.0' encoding='UTF-8'?><Error><Code>NoSuchKey</Code><Message>The specified key does not \
               exist.</Message></Error>";
    let xml = Answer::new(404).header("Content-Type", "application/xml").body(xml);
    [Answer::html(404, "404 Not Found"), Answer::text(404, "404 page not found"), xml]
}

#[test]
fn the_page_of_a_file_server_is_its_way_to_say_not_found() {
    for page in pages() {
        let registry = empty();
        let (whole, half) = (ImageSpec::new("a").build(), ImageSpec::new("b").layer(lost()).build());
        registry.push("app", "whole", &whole);
        registry.push("app", "half", &half);
        registry.push_image("app", "gone", &ImageSpec::new("c"));
        send_files(&registry, &[&whole, &half], &page);
        let outcome = Rls::at(&registry).words("check app").run();
        let problems: Vec<_> = outcome.stdout.lines().map(|line| line.split('\t').collect::<Vec<_>>()).collect();
        let kinds: Vec<_> = problems.iter().map(|problem| (problem[0], problem[2])).collect();
        assert_eq!(kinds, [("broken", "dangling-tag"), ("broken", "missing-blob")], "{outcome}");
        assert_eq!((outcome.code, &*outcome.stderr), (Some(6), "checked 3 tags: 2 problems\n"), "{outcome}");
        let refs = Rls::beside(&registry).words("check --plain-http --refs -");
        let refs = refs.stdin(format!("{0}/app:whole\n{0}/app:gone\n", registry.host())).run();
        let statuses: Vec<_> = refs.stdout.lines().filter_map(|line| line.split('\t').next()).collect();
        assert_eq!((refs.code, statuses), (Some(6), vec!["missing"]), "{refs}");
    }
}

#[test]
fn a_page_without_another_tag_that_is_served_proves_nothing() {
    for page in pages() {
        let registry = empty();
        registry.push_image("app", "gone", &ImageSpec::new("c"));
        send_files(&registry, &[], &page);
        let outcome = Rls::at(&registry).words("check app").run();
        assert!(outcome.stdout.starts_with("unknown\t"), "{outcome}");
    }
    // Two servers in turn: one has no registry behind it.
    let registry = empty();
    for tag in ["1", "2", "3"] {
        registry.push_image("app", tag, &ImageSpec::new(tag));
    }
    let turn = AtomicUsize::new(0);
    let is_odd = move |_: &RecordedRequest| turn.fetch_add(1, Ordering::Relaxed) % 2 == 1;
    registry.inject(Match::manifests("app").reads().when(is_odd).always(), Answer::html(404, "404 Not Found"));
    let outcome = Rls::at(&registry).words("check app --jobs 1 --retries 0").run();
    assert!(!outcome.stdout.contains("broken"), "{outcome}");
}
