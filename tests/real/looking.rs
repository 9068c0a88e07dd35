//! Looking at images on docker-registry: what each command finds, and how many requests it costs, the first time and
//! with its cache.

use std::collections::BTreeSet;
use std::process::Stdio;

use registry_fixture::content::kinds::referrers;
use registry_fixture::content::{ImageSpec, IndexSpec, Layer, cosign_sbom, cosign_signature};
use serde_json::Value;
use test_support::docker_registry::DockerRegistry;
use test_support::process::wait_until;
use test_support::{Outcome, Rls};

fn rls(real: &DockerRegistry, words: &str) -> Rls {
    Rls::new().words(words).envs(real.environment()).naming(real.url(), "REGISTRY")
}

/// `METHOD /path` of each request of a run with `-v`.
fn requests(outcome: &Outcome) -> Vec<String> {
    let sent = outcome.stderr.lines().filter_map(|line| line.strip_prefix("> "));
    sent.map(|line| line.replace("REGISTRY/", "/")).collect()
}

fn count(requests: &[String], start: &str) -> usize {
    requests.iter().filter(|request| request.starts_with(start)).count()
}

/// The requests for manifests and blobs.
fn contents(requests: &[String]) -> Vec<&String> {
    let is_content = |request: &str| request.contains("/manifests/") || request.contains("/blobs/");
    requests.iter().filter(|request| request.starts_with("GET ") && is_content(request)).collect()
}

#[track_caller]
fn ends_well(rls: &Rls) -> Vec<String> {
    let outcome = rls.run();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    requests(&outcome)
}

#[test]
fn a_second_look_costs_one_head_per_tag() {
    const TAGS: usize = 500;
    const DIGESTS: usize = 25;
    let real = DockerRegistry::builder().start();
    for number in 0..DIGESTS {
        let month = number % 12 + 1;
        let image =
            ImageSpec::new(&format!("{number}")).created(&format!("2025-{month:02}-{:02}T00:00:00Z", number + 1));
        real.push("team/app", &format!("image-{number:03}"), &image.build());
    }
    for number in 0..DIGESTS {
        let tags = (1..TAGS / DIGESTS).map(|other| format!("image-{number:03}-{other:02}"));
        real.storage().tags("team/app", tags, &format!("image-{number:03}"));
    }
    for words in ["tags team/app -l -v", "du team/app -v", "prune team/app --keep-last 3 -v"] {
        let first = rls(&real, words);
        let cold = ends_well(&first);
        // The manifest and the config of each digest; du needs no configs.
        let fetched = contents(&cold);
        assert_eq!(fetched.iter().collect::<BTreeSet<_>>().len(), fetched.len(), "{words}: {fetched:#?}");
        let heads = count(&cold, "HEAD ");
        assert!(fetched.len() <= 2 * DIGESTS && heads <= TAGS, "{words}: {fetched:#?}");
        let warm = ends_well(&first);
        assert_eq!((count(&warm, "HEAD "), contents(&warm)), (TAGS, Vec::new()), "{words}");
        // prune also finds out what can be deleted, and what refers to it.
        let others = warm.len() - TAGS - count(&warm, "GET /v2/team/app/tags/list");
        assert!(others == 0 || words.starts_with("prune") && others <= 3, "{words}: {warm:#?}");
    }
}

#[test]
fn a_registry_is_measured_with_each_manifest_once() {
    let real = DockerRegistry::builder().start();
    let shared = IndexSpec::three_platforms("shared").build();
    for repository in ["team/a", "team/b", "other"] {
        for tag in ["1", "latest"] {
            real.push(repository, tag, &shared);
        }
        real.push(repository, "own", &ImageSpec::new(repository).build());
    }
    let measured = rls(&real, "du team -v -o jsonl").run();
    assert_eq!(measured.code, Some(0), "{measured}");
    let names =
        measured.stdout.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")["reference"].clone());
    assert_eq!(names.collect::<Vec<_>>(), ["REGISTRY/team/a", "REGISTRY/team/b", "REGISTRY/team"]);
    let sent = requests(&measured);
    let gets: Vec<_> = sent.iter().filter(|request| request.contains("/manifests/sha256:")).collect();
    assert_eq!((gets.len(), gets.iter().collect::<BTreeSet<_>>().len()), (10, 10), "{gets:#?}");
}

#[test]
fn everything_that_refers_to_an_image_is_found() {
    let real = DockerRegistry::builder().start();
    let image = ImageSpec::new("signed").build();
    let digest = real.push("team/app", "1.0", &image);
    real.push("team/app", &format!("{}.sig", digest.as_tag()), &cosign_signature(image.root()));
    real.push("team/app", &format!("{}.sbom", digest.as_tag()), &cosign_sbom(image.root()));
    // docker-registry has no list of referrers: clients keep an index under a tag.
    let attached = referrers(image.root());
    let listed: Vec<_> = attached
        .iter()
        .map(|(_, content)| {
            real.push("team/app", content.digest().as_str(), content);
            content.root().descriptor()
        })
        .collect();
    real.push("team/app", &digest.as_tag(), &registry_fixture::content::index_of(listed));
    let found = rls(&real, "referrers team/app:1.0 -o jsonl").succeeds();
    let digests: Vec<_> =
        found.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")["digest"].clone()).collect();
    assert_eq!(digests.iter().map(ToString::to_string).collect::<BTreeSet<_>>().len(), attached.len() + 2, "{found}");
    assert_eq!(digests.len(), attached.len() + 2, "{found}");
    let index = IndexSpec::three_platforms("attested").with_attestations().build();
    real.push("team/app", "2.0", &index);
    assert_eq!(rls(&real, "referrers team/app:2.0 --type attestation").succeeds().lines().count(), 3);
    // They are kept out of tables only.
    assert_eq!(&*rls(&real, "tags team/app -o table").succeeds(), "TAG\n1.0\n2.0\n");
    assert_eq!(rls(&real, "tags team/app").succeeds().lines().count(), 5);
}

#[test]
fn a_file_costs_its_layer_alone() {
    let real = DockerRegistry::builder().start();
    let (lower, upper) = (Layer::sized("lower", 4 << 20), Layer::file("etc/motd", "hello\n"));
    real.push("team/app", "1.0", &ImageSpec::new("layers").layer(lower.clone()).layer(upper.clone()).build());
    let printed = rls(&real, "cat team/app:1.0 /etc/motd -v").run();
    assert_eq!(printed.result(), (Some(0), "hello\n"), "{printed}");
    let blobs: Vec<_> = requests(&printed).into_iter().filter(|request| request.contains("/blobs/")).collect();
    assert_eq!(blobs, [format!("GET /v2/team/app/blobs/{}", upper.blob().digest)]);
}

#[test]
fn changes_are_detected() {
    let real = DockerRegistry::builder().start();
    for tag in ["1.0", "1.1"] {
        real.push("team/app", tag, &ImageSpec::new(tag).label("version", tag).build());
    }
    let saved = rls(&real, "snapshot team -o jsonl").succeeds().replace("REGISTRY", &real.url());
    let labelled = rls(&real, "find team --label version=1.1").succeeds();
    assert!(labelled.starts_with("team/app:1.1\t") && labelled.lines().count() == 1, "{labelled}");
    let differing = rls(&real, "diff team/app:1.0 team/app:1.1").succeeds();
    assert!(differing.contains("config\tLabels.version\t1.0\t1.1\n"), "{differing}");
    let moved = real.push("team/app", "1.1", &ImageSpec::new("moved").build());
    let drifted = rls(&real, "drift -").stdin(&saved).run();
    assert_eq!(drifted.code, Some(6), "{drifted}");
    assert!(
        drifted.stdout.starts_with("moved\tteam/app:1.1\t") && drifted.stdout.contains(moved.as_str()),
        "{drifted}"
    );
    let named = "image: REGISTRY/team/app:1.0\n---\nimage: REGISTRY/team/app:9\n".replace("REGISTRY", real.host());
    let checked = rls(&real, "check --refs -").stdin(named).run();
    assert_eq!(checked.code, Some(6), "{checked}");
    assert!(checked.stdout.starts_with("missing\t") && checked.stdout.contains("/team/app:9\t"), "{checked}");
}

#[test]
fn a_tag_that_is_pushed_later_is_waited_for() {
    let real = DockerRegistry::builder().start();
    real.push("team/app", "1.0", &ImageSpec::new("1.0").build());
    let waiting = rls(&real, "wait team/app:1.1 --interval 20ms --timeout 60s");
    let mut command = waiting.command();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().expect("rls starts");
    wait_until(|| real.log().contains("/v2/team/app/manifests/1.1"));
    let digest = real.push("team/app", "1.1", &ImageSpec::new("1.1").build());
    let outcome = waiting.outcome(&child.wait_with_output().expect("it ends"));
    assert_eq!(outcome.result(), (Some(0), &*format!("{digest}\n")), "{outcome}");
}
