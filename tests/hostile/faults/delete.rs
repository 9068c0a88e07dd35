//! Deletions that fail, or that would also delete tags that were not named.

use std::rc::Rc;

use registry_fixture::content::{ImageSpec, IndexSpec};
use registry_fixture::{Answer, Auth, Fault, Match, Personality, Registry, Running, User};

use test_support::Rls;

use super::scenario::{Scenario, Setup};
use crate::canary;
use crate::runner::{Canaries as _, Holder, program};

/// The embedded registry, whose owner is the one who runs the program.
pub fn registry(personality: Personality, auth: Auth) -> Running {
    let owner = User::admin(canary::USER, canary::PASSWORD);
    Registry::builder().personality(personality).auth(auth).user(owner).start()
}

/// By a password, or by a token that stands for it.
pub fn owner(setup: &Setup, registry: &Running) -> Rls {
    let rls = program().env("RLS_REGISTRY", registry.url());
    match setup.holder {
        Holder::RefreshToken => {
            let entry = format!(r#"{{"identitytoken":"{}"}}"#, registry.identity_token(canary::USER));
            rls.env("DOCKER_AUTH_CONFIG", format!(r#"{{"auths":{{"{}":{entry}}}}}"#, registry.host()))
        }
        _ => rls.holding(Holder::Environment, &registry.host()),
    }
}

pub fn auth(setup: &Setup) -> Auth {
    if setup.holder == Holder::RefreshToken { Auth::Token } else { Auth::Basic }
}

/// How many deletions of something that exists were accepted.
fn accepted(registry: &Running) -> u64 {
    let is_accepted = |status: Option<u16>| status.is_some_and(|status| (200..300).contains(&status));
    let deletions =
        registry.requests().into_iter().filter(|request| request.method == "DELETE" && is_accepted(request.status));
    deletions.count() as u64
}

/// Deletions of the tag that is named, not those by which it is found out whether they would be carried out.
fn deletion() -> Match {
    Match::delete("/v2/team/app/manifests/v1").when(|request| request.authorization().is_some())
}

/// `rls rm team/app:v1` of a registry where deletions of it go wrong in this way.
fn removal(setup: &Setup, which: Match, fault: impl Into<Fault>) -> (Scenario, Rc<Running>) {
    let registry = Rc::new(registry(Personality::Distribution3, auth(setup)));
    registry.push_image("team/app", "v1", &ImageSpec::new("one"));
    registry.inject(which, fault);
    let (scenario, sent) = (Scenario::new(owner(setup, &registry).words("rm team/app:v1")), Rc::clone(&registry));
    let pushes =
        move |_: &_| assert!(sent.requests().iter().all(|request| request.method != "PUT"), "{:?}", sent.lines());
    (scenario.check(pushes), registry)
}

pub fn scenarios(setup: &Setup) -> Vec<Scenario> {
    match setup.case.id.as_str() {
        "fault-076" => vec![moved(setup)],
        "fault-077" => vec![shared(setup)],
        "fault-078" => vec![index(setup)],
        "fault-079" => vec![referred(setup)],
        "fault-080" => [405, 400].map(|status| disabled(setup, status).named(status)).into(),
        "fault-081" => {
            let (scenario, _) = removal(setup, deletion().always(), Answer::error(202, "UNKNOWN", "not all of it"));
            vec![scenario]
        }
        "fault-082" => {
            let (scenario, registry) = removal(setup, deletion().always(), Answer::new(202));
            vec![scenario.check(move |_| assert_eq!(registry.tags("team/app"), ["v1"]))]
        }
        "fault-083" => vec![partial(setup)],
        "fault-084" => [("it had arrived", Fault::LoseReply, 1), ("it had not arrived", Fault::CloseBeforeReply, 2)]
            .map(|(name, fault, sent)| {
                let (scenario, registry) = removal(setup, deletion(), fault);
                scenario.named(name).check(move |outcome| {
                    assert_eq!(
                        (registry.tags("team/app"), registry.count(&deletion())),
                        (Vec::new(), sent),
                        "{outcome}"
                    );
                })
            })
            .into(),
        other => panic!("unknown fault {other}"),
    }
}

/// A registry that deletes nothing, and says so in this way.
fn disabled(setup: &Setup, status: u16) -> Scenario {
    let every = Match::under("/v2/team/app/manifests/").method("DELETE".parse().expect("a method"));
    let every = every.when(|request| request.authorization().is_some()).always();
    let (scenario, registry) =
        removal(setup, every, Answer::error(status, "UNSUPPORTED", "The operation is unsupported."));
    scenario.check(move |_| assert_eq!((accepted(&registry), registry.tags("team/app")), (0, vec!["v1".to_owned()])))
}

fn moved(setup: &Setup) -> Scenario {
    let registry = registry(Personality::Distribution28, auth(setup));
    let old = registry.push_image("team/app", "v1", &ImageSpec::new("one"));
    registry.push_image("team/app", "v2", &ImageSpec::new("two"));
    // The plan is made; before the manifest is deleted, another client pushes.
    let last = Match::under("/v2/team/app/referrers/").when(|request| request.authorization().is_some());
    registry.on_request(last, |registry, _| {
        registry.push_image("team/app", "v1", &ImageSpec::new("three"));
    });
    let new = ImageSpec::new("three");
    let scratch = Registry::builder().start();
    let new = scratch.push_image("team/app", "v1", &new);
    let most = setup.expected("deletes_sent");
    let scenario = Scenario::new(owner(setup, &registry).words("rm team/app:v1"));
    scenario.saying("old digest", old.as_str()).saying("new digest", new.as_str()).check(move |_| {
        assert_eq!((accepted(&registry), registry.tags("team/app")), (most, vec!["v1".to_owned(), "v2".to_owned()]));
    })
}

fn shared(setup: &Setup) -> Scenario {
    let registry = registry(Personality::Distribution28, auth(setup));
    let digest = registry.push_image("team/app", "v1", &ImageSpec::new("one"));
    ["v2", "v3"].iter().for_each(|tag| registry.tag("team/app", tag, &digest));
    let most = setup.expected("deletes_sent");
    let scenario = Scenario::new(owner(setup, &registry).words("rm team/app:v1"));
    scenario.check(move |_| assert_eq!((accepted(&registry), registry.tags("team/app").len()), (most, 3)))
}

fn index(setup: &Setup) -> Scenario {
    let registry = registry(Personality::Distribution3, auth(setup));
    registry.push_index("team/app", "v1", &IndexSpec::three_platforms("one"));
    let bytes = registry.manifest("team/app", "v1").expect("it was pushed");
    let index: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
    let children = index["manifests"].as_array().expect("children").clone();
    let most = setup.expected("deletes_sent");
    Scenario::new(owner(setup, &registry).words("rm team/app:v1")).check(move |_| {
        assert_eq!((accepted(&registry), registry.tags("team/app")), (most, Vec::new()));
        let is_there =
            |child: &serde_json::Value| registry.contains("team/app", child["digest"].as_str().expect("a digest"));
        assert!(children.len() == 3 && children.iter().all(is_there));
    })
}

fn referred(setup: &Setup) -> Scenario {
    let registry = registry(Personality::Distribution3, auth(setup));
    let image = ImageSpec::new("one").build();
    registry.push("team/app", "v1", &image);
    let signature = registry_fixture::content::cosign_signature(image.root());
    let referrer = registry.push_referrer("team/app", &signature, image.root());
    Scenario::new(owner(setup, &registry).words("rm team/app:v1")).check(move |_| {
        assert_eq!(accepted(&registry), 1);
        assert!(registry.contains("team/app", referrer.as_str()));
    })
}

fn partial(setup: &Setup) -> Scenario {
    let registry = registry(Personality::Distribution3, auth(setup));
    let tags: Vec<_> = (0..10).map(|number| format!("v{number}")).collect();
    tags.iter().for_each(|tag| drop(registry.push_image("team/app", tag, &ImageSpec::new(tag))));
    let refused = Match::delete("/v2/team/app/manifests/v3").when(|request| request.authorization().is_some());
    registry.inject(refused.always(), Answer::error(403, "DENIED", "not this one"));
    let rls = owner(setup, &registry).words("rm").args(tags.iter().map(|tag| format!("team/app:{tag}")));
    let scenario = Scenario::new(rls).saying("9 deleted, 1 failed", "removed 9 of 10, 1 failed");
    scenario.hinting(&["9 deleted, 1 failed"]).check(move |outcome| {
        assert_eq!(registry.tags("team/app"), ["v3"], "{outcome}");
        assert_eq!(outcome.lines().iter().filter(|line| line.starts_with("removed\t")).count(), 9, "{outcome}");
    })
}
