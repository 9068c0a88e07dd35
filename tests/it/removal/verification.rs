//! What rls checks before a deletion and verifies after it.

use std::time::Duration;

use insta::assert_snapshot;
use registry_fixture::content::ImageSpec;
use registry_fixture::{Answer, Effect, Fault, Match, Method, Personality, Registry, Running, TagList};
use test_support::Rls;

use super::state;
use crate::registries::{seeded, with_seed};

/// What 1, 1.4, 1.4.0 and latest are on, and what 1.3.9 is on.
const SHARED: &str = "sha256:1b9c9487898f34ac010f8b0d780ffe8688b7d28277e1dcad1740ab484048d552";
const ALONE: &str = "sha256:ffba911536818c8020cb1a56777054c85610a972a90dd7fbfb5121a389eb9799";

/// The requests without their common prefix.
fn short(registry: &Running) -> Vec<String> {
    let lines = registry.lines().into_iter();
    let lines = lines.map(|line| line.replace("/v2/shared/app/manifests/", ""));
    lines.map(|line| line.replace("/v2/shared/app/tags/list?n=1000", "list")).collect()
}

fn deletes_tags() -> Running {
    with_seed(Registry::builder(), "shared").personality(Personality::Distribution3).start()
}

/// The requests without looks that are repeated right before their deletion: on a busy machine a look may have to wait.
fn without_repeated_looks(lines: Vec<String>) -> Vec<String> {
    let is_repeated = |at: usize| {
        let since = lines[..at].iter().rposition(|line| line.starts_with("DELETE ")).map_or(0, |at| at + 1);
        lines.get(at + 1).is_some_and(|next| next.starts_with("DELETE ")) && lines[since..at].contains(&lines[at])
    };
    (0..lines.len()).filter(|at| !is_repeated(*at)).map(|at| lines[at].clone()).collect()
}

/// The requests in the rounds in which they are sent: those of one round in any order.
fn rounds(lines: &[String], sizes: &[usize]) -> Vec<Vec<String>> {
    assert_eq!(lines.len(), sizes.iter().sum::<usize>(), "{lines:?}");
    let mut rest = lines;
    let round = |size: &usize| {
        let (round, after) = rest.split_at(*size);
        rest = after;
        let mut round = round.to_vec();
        round.sort();
        round
    };
    sizes.iter().map(round).collect()
}

#[test]
fn untagging_takes_four_lookups_and_two_lists() {
    let registry = deletes_tags();
    assert_eq!(Rls::at(&registry).words("rm shared/app:1.4 -q").run().code, Some(0));
    let lines = without_repeated_looks(short(&registry));
    assert!(lines[0].starts_with("DELETE registry-ls-probe-"), "{lines:?}");
    // The list, and the tag with its manifest; the deletion; then verification: the tag, its manifest, and the list; at
    // the end the tag once more.
    let manifest = format!("GET {SHARED}");
    let rounds = rounds(&lines[1..], &[2, 1, 1, 2, 1]);
    let expected = [
        vec!["GET 1.4", "GET list"],
        vec!["DELETE 1.4"],
        vec!["GET 1.4"],
        vec!["GET list", &manifest],
        vec!["GET 1.4"],
    ];
    assert_eq!(rounds, expected);
}

#[test]
fn each_tag_after_the_first_takes_two_round_trips() {
    let registry = deletes_tags();
    assert_eq!(Rls::at(&registry).words("rm shared/app:1.4 shared/app:1 shared/app:latest -q").run().code, Some(0));
    let manifest = format!("GET {SHARED}");
    let rounds = rounds(&without_repeated_looks(short(&registry))[5..], &[3, 1, 4, 1, 3, 3]);
    let expected = [
        vec!["GET 1", "GET list", &manifest],
        vec!["DELETE 1"],
        vec!["GET 1", "GET latest", "GET list", &manifest],
        vec!["DELETE latest"],
        vec!["GET latest", "GET list", &manifest],
        vec!["GET 1", "GET 1.4", "GET latest"],
    ];
    assert_eq!(rounds, expected);
}

/// A repository with `a`, `b` and `c`, and with as many names besides that the three are one batch.
fn with_a_batch(personality: Personality, deletion_delay: Duration) -> Running {
    let registry = Registry::builder().personality(personality).deletion_delay(deletion_delay).start();
    let kept = registry.push_image("shared/app", "kept", &ImageSpec::new("kept"));
    (0..24).for_each(|number| registry.tag("shared/app", &format!("kept-{number}"), &kept));
    for tag in ["a", "b", "c"] {
        registry.push_image("shared/app", tag, &ImageSpec::new(tag));
    }
    registry
}

#[test]
fn each_manifest_of_a_batch_takes_two_round_trips() {
    let registry = with_a_batch(Personality::Distribution28, Duration::ZERO);
    let [a, b, c] = ["a", "b", "c"].map(|tag| registry.resolve("shared/app", tag).expect("a tag that exists"));
    assert_eq!(Rls::at(&registry).words("rm shared/app:a shared/app:b shared/app:c -q").run().code, Some(0));
    let lines = without_repeated_looks(short(&registry));
    let from = lines.iter().position(|line| *line == format!("DELETE {a}")).expect("a request that was sent");
    let rounds = rounds(&lines[from..from + 9], &[1, 3, 1, 3, 1]);
    let check = |digest| format!("GET {digest}");
    let delete = |digest| vec![format!("DELETE {digest}")];
    let expected = [
        delete(&a),
        vec!["GET a".to_owned(), "GET b".to_owned(), check(&a)],
        delete(&b),
        vec!["GET b".to_owned(), "GET c".to_owned(), check(&b)],
        delete(&c),
    ];
    assert_eq!(rounds, expected);
}

#[test]
fn a_stale_lookup_is_repeated_before_the_deletion() {
    // The verification takes as long as deletions take effect late.
    for personality in [Personality::Distribution28, Personality::Distribution3] {
        let registry = with_a_batch(personality, Duration::from_millis(400));
        assert_eq!(Rls::at(&registry).words("rm shared/app:a shared/app:b shared/app:c -q").run().code, Some(0));
        let lines = short(&registry);
        let is_probe = |line: &str| line.contains("registry-ls-probe-") || line.contains("sha256:0000000000");
        let deletions = lines.iter().enumerate().filter(|(_, line)| line.starts_with("DELETE ") && !is_probe(line));
        let mut before = deletions.map(|(at, _)| lines[at - 1].as_str());
        assert_eq!(before.next_back(), Some("GET c"), "{lines:?}");
    }
}

#[test]
fn a_deletion_by_digest_checks_it_and_all_other_tags_before_and_after() {
    let registry = seeded("shared");
    assert_eq!(Rls::at(&registry).words("rm shared/app:1.3.9 -q").run().code, Some(0));
    let lines = without_repeated_looks(short(&registry));
    let at =
        |line: &str| lines.iter().position(|request| request == line).unwrap_or_else(|| panic!("{line} in {lines:?}"));
    // The plan has read every tag and manifest. Now the list, the tag and the four kept tags are read again.
    let (before, rest) = lines.split_at(at(&format!("DELETE {ALONE}")));
    let mut looks = before[before.len() - 6..].to_vec();
    looks.sort();
    assert_eq!(looks, ["GET 1", "GET 1.3.9", "GET 1.4", "GET 1.4.0", "GET latest", "GET list"], "{lines:?}");
    // Then verification: the manifest, the tag, the list, the four kept tags, and the tag once more.
    let mut looks = rest[1..4].to_vec();
    looks.sort();
    assert_eq!(looks, ["GET 1.3.9", "GET list", &format!("GET {ALONE}")], "{lines:?}");
    let mut looks = rest[4..].to_vec();
    looks.sort();
    assert_eq!(looks, ["GET 1.3.9", "HEAD 1", "HEAD 1.4", "HEAD 1.4.0", "HEAD latest"]);
}

#[test]
fn untagging_that_deletes_the_manifest_is_detected() {
    // It knows that there is no such tag before it notices that it was to delete one.
    let registry = seeded("shared");
    registry.inject(
        Match::under("/v2/shared/app/manifests/registry-ls-probe-").always(),
        Answer::error(404, "MANIFEST_UNKNOWN", "no"),
    );
    let before = state(&registry, "shared/app");
    assert_snapshot!(Rls::at(&registry).words("rm shared/app:1.4").run(), @"
    exit 9
    --- stdout
    failed→shared/app:1.4
    --- stderr
    error: cannot remove shared/app:1.4 alone: shared/app:1, shared/app:1.4.0, shared/app:latest point to the same manifest
    cause: http://REGISTRY deletes manifests, not tags; all of them are sha256:1b9c9487898f34ac010f8b0d780ffe8688b7d28277e1dcad1740ab484048d552
    hint:  use --with-siblings to remove these tags too, or --placeholder to remove only the named one (it pushes a tiny manifest first)
    ");
    assert_eq!(state(&registry, "shared/app"), before);
    assert_eq!(Rls::at(&registry).words("rm shared/app:1.3.9 -q").run().code, Some(0));
    assert_eq!(registry.tags("shared/app"), ["1", "1.4", "1.4.0", "latest"]);
}

#[test]
fn after_a_lost_reply_the_state_is_checked() {
    for (personality, reference) in [
        (Personality::Distribution3, "1.3.9"),
        (Personality::Distribution28, "sha256:ffba911536818c8020cb1a56777054c85610a972a90dd7fbfb5121a389eb9799"),
    ] {
        for (fault, sent) in [(Fault::LoseReply, 1), (Fault::CloseBeforeReply, 2)] {
            let registry = with_seed(Registry::builder(), "shared").personality(personality).start();
            let deletion = Match::delete(format!("/v2/shared/app/manifests/{reference}"));
            registry.inject(deletion.clone(), fault);
            let outcome = Rls::at(&registry).words("rm shared/app:1.3.9 -q").run();
            assert_eq!((outcome.code, &*outcome.stdout), (Some(0), "removed\tshared/app:1.3.9\n"), "{outcome}");
            assert_eq!(registry.count(&deletion), sent, "{:?}", registry.lines());
            assert_eq!(registry.tags("shared/app"), ["1", "1.4", "1.4.0", "latest"]);
        }
    }
}

#[test]
fn a_tag_pushed_again_after_a_lost_reply_is_kept() {
    // The deletion arrived, its reply did not, and another client has pushed since: that is not ours to remove.
    let registry = deletes_tags();
    registry.inject(Match::delete("/v2/shared/app/manifests/1.3.9"), Fault::LoseReply);
    registry.on_request(Match::get("/v2/shared/app/manifests/1.3.9").after(1), |registry, _| {
        registry.push_image("shared/app", "1.3.9", &ImageSpec::new("anew"));
    });
    let outcome = Rls::at(&registry).words("rm shared/app:1.3.9").run();
    assert_eq!(outcome.code, Some(9), "{outcome}");
    assert!(registry.tags("shared/app").contains(&"1.3.9".to_owned()));
    assert_eq!(registry.count(&Match::delete("/v2/shared/app/manifests/1.3.9")), 1);
}

#[test]
fn siblings_that_the_registry_deletes_unexpectedly_are_reported() {
    let registry = deletes_tags();
    registry.on_request(Match::delete("/v2/shared/app/manifests/1.4"), |registry, _| {
        registry.untag("shared/app", "latest");
    });
    assert_snapshot!(Rls::at(&registry).words("rm shared/app:1.4 -o jsonl").run(), @r#"
    exit 6
    --- stdout
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/shared/app:1.4","repository":"shared/app","tag":"1.4","digest":"sha256:1b9c9487898f34ac010f8b0d780ffe8688b7d28277e1dcad1740ab484048d552","action":"removed","method":"delete-tag","reason":null,"siblings":{"stay":["1","1.4.0","latest"],"go":[]},"indexes":[],"referrers":[]}
    --- stderr
    error: shared/app:latest is gone, and should have stayed
    cause: removed by the registry together with another tag, or by another client
    "#);
}

#[test]
fn the_list_is_checked_although_the_rest_was_planned_anew() {
    // After the first tag, the others are one batch. The registry keeps the second in its list, and refuses the third.
    let registry = deletes_tags();
    for number in 0..20 {
        registry.push_image("shared/app", &format!("kept-{number}"), &ImageSpec::new(&number.to_string()));
    }
    for tag in ["a", "b", "c"] {
        registry.push_image("shared/app", tag, &ImageSpec::new(tag));
    }
    registry.inject(
        Match::delete("/v2/shared/app/manifests/c").always(),
        Answer::error(405, "UNSUPPORTED", "The operation is unsupported."),
    );
    registry.inject(Match::tags("shared/app").after(1).always(), TagList::new().with("b"));
    let outcome = Rls::at(&registry).words("rm shared/app:a shared/app:b shared/app:c").run();
    assert_eq!(outcome.code, Some(6), "{outcome}");
    assert!(outcome.stderr.contains("shared/app:b is gone, but still listed"), "{outcome}");
}

#[test]
fn a_sibling_lost_behind_a_cache_of_heads_is_reported() {
    for words in ["rm shared/app:1.4", "rm shared/app:1.4 -q", "rm shared/app:1.4 -o json"] {
        let registry = deletes_tags();
        registry.inject(Match::delete("/v2/shared/app/manifests/1.4"), Effect::TakesSiblings);
        let cached = Answer::new(200).header("Docker-Content-Digest", SHARED);
        registry.inject(Match::manifests("shared/app").method(Method::HEAD).of(["latest", SHARED]).always(), cached);
        registry.inject(Match::tags("shared/app").always(), TagList::new().with("latest"));
        let outcome = Rls::at(&registry).words(words).run();
        assert_eq!(outcome.code, Some(6), "{words}: {outcome}");
        assert!(outcome.stderr.contains("shared/app:latest"), "{words}: {outcome}");
    }
}
