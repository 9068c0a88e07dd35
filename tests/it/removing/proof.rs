//! What is looked at before a deletion, and proved after it.

use insta::assert_snapshot;
use registry_fixture::content::ImageSpec;
use registry_fixture::{Answer, Fault, Match, Personality, Registry, Running};

use super::state;
use crate::registries::{seeded, with_seed};
use crate::runner::Rls;

fn deletes_tags() -> Running {
    with_seed(Registry::builder(), "shared").personality(Personality::Distribution3).start()
}

#[test]
fn a_tag_that_goes_by_its_name_takes_four_requests() {
    let registry = deletes_tags();
    assert_eq!(Rls::at(&registry).words("rm shared/app:1.4 -q").run().code, Some(0));
    let lines: Vec<_> = registry.lines().iter().map(|line| line.replace("/v2/shared/app/manifests/", "")).collect();
    assert!(lines[0].starts_with("DELETE rls-probe-"), "{lines:?}");
    assert_eq!(lines[1..], ["HEAD 1.4", "DELETE 1.4", "HEAD 1.4"]);
}

#[test]
fn each_further_tag_takes_three() {
    let registry = deletes_tags();
    assert_eq!(Rls::at(&registry).words("rm shared/app:1.4 shared/app:1 -q").run().code, Some(0));
    assert_eq!(registry.lines().len(), 7);
}

#[test]
fn a_registry_that_only_seemed_to_delete_tags_is_dealt_with_as_it_is() {
    // It knows that there is no such tag before it notices that it was to delete one.
    let registry = seeded("shared");
    registry.inject(
        Match::under("/v2/shared/app/manifests/rls-probe-").always(),
        Answer::error(404, "MANIFEST_UNKNOWN", "no"),
    );
    let before = state(&registry, "shared/app");
    assert_snapshot!(Rls::at(&registry).words("rm shared/app:1.4").run(), @"
    exit 9
    --- stdout
    failed→shared/app:1.4
    --- stderr
    error: removing shared/app:1.4 would also remove shared/app:1, shared/app:1.4.0, shared/app:latest
    cause: http://REGISTRY deletes manifests, not tags, and all of them are sha256:1b9c9487898f34ac010f8b0d780ffe8688b7d28277e1dcad1740ab484048d552
    hint:  --with-siblings removes all these tags; --placeholder removes only the one that was named (pushes a tiny manifest first)
    ");
    assert_eq!(state(&registry, "shared/app"), before);
    assert_eq!(Rls::at(&registry).words("rm shared/app:1.3.9 -q").run().code, Some(0));
    assert_eq!(registry.tags("shared/app"), ["1", "1.4", "1.4.0", "latest"]);
}

#[test]
fn a_reply_that_is_lost_is_settled_by_looking() {
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
fn a_lost_reply_and_a_tag_that_is_pushed_anew() {
    // The deletion arrived, its reply did not, and somebody has pushed since: that is not ours to remove.
    let registry = deletes_tags();
    registry.inject(Match::delete("/v2/shared/app/manifests/1.3.9"), Fault::LoseReply);
    registry.on_request(Match::head("/v2/shared/app/manifests/1.3.9").after(1), |registry, _| {
        registry.push_image("shared/app", "1.3.9", &ImageSpec::new("anew"));
    });
    let outcome = Rls::at(&registry).words("rm shared/app:1.3.9").run();
    assert_eq!(outcome.code, Some(9), "{outcome}");
    assert!(registry.tags("shared/app").contains(&"1.3.9".to_owned()));
    assert_eq!(registry.count(&Match::delete("/v2/shared/app/manifests/1.3.9")), 1);
}

#[test]
fn siblings_that_go_too_although_the_registry_should_keep_them_are_told() {
    let registry = deletes_tags();
    registry.on_request(Match::delete("/v2/shared/app/manifests/1.4"), |registry, _| {
        registry.untag("shared/app", "latest");
    });
    assert_snapshot!(Rls::at(&registry).words("rm shared/app:1.4 -o jsonl").run(), @r#"
    exit 6
    --- stdout
    {"repository":"shared/app","tag":"1.4","digest":"sha256:1b9c9487898f34ac010f8b0d780ffe8688b7d28277e1dcad1740ab484048d552","action":"failed","method":null,"reason":"shared/app:latest went too, which was not meant","siblings":{"stay":["1","1.4.0","latest"],"go":[]},"indexes":[],"referrers":[],"error":{"kind":"incomplete","message":"shared/app:latest went too, which was not meant: the registry took it along, or somebody removed it meanwhile; it was on sha256:1b9c9487898f34ac010f8b0d780ffe8688b7d28277e1dcad1740ab484048d552"}}
    --- stderr
    plan:  shared/app:1.4 is sha256:1b9c9487898f34ac010f8b0d780ffe8688b7d28277e1dcad1740ab484048d552 and goes by its name; shared/app:1, shared/app:1.4.0, shared/app:latest stay
    error: shared/app:latest went too, which was not meant
    cause: the registry took it along, or somebody removed it meanwhile; it was on sha256:1b9c9487898f34ac010f8b0d780ffe8688b7d28277e1dcad1740ab484048d552
    "#);
}
