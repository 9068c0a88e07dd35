//! Deletions that go wrong, or that would take along what nobody named.

use registry_fixture::content::{ImageSpec, IndexSpec};
use registry_fixture::{Answer, Auth, Match, Personality, Registry, Running, User};

use super::scene::{Scene, Setup};
use crate::asked::Asked;
use crate::canary;
use crate::reply::{Reply, Then};
use crate::runner::{Holder, Rls};
use crate::server::Server;

/// The embedded registry, whose owner is the one who runs the program.
fn registry(personality: Personality, auth: Auth) -> Running {
    let owner = User::admin(canary::USER, canary::PASSWORD);
    Registry::builder().personality(personality).auth(auth).user(owner).start()
}

/// By a password, or by a token that stands for it.
fn owner(setup: &Setup, registry: &Running) -> Rls {
    let rls = Rls::new().env("RLS_REGISTRY", registry.url());
    match setup.holder {
        Holder::RefreshToken => {
            let entry = format!(r#"{{"identitytoken":"{}"}}"#, registry.identity_token(canary::USER));
            rls.env("DOCKER_AUTH_CONFIG", format!(r#"{{"auths":{{"{}":{entry}}}}}"#, registry.host()))
        }
        _ => rls.holding(Holder::Environment, &registry.host()),
    }
}

fn auth(setup: &Setup) -> Auth {
    if setup.holder == Holder::RefreshToken { Auth::Token } else { Auth::Basic }
}

/// How many deletions of something that exists were accepted.
fn accepted(registry: &Running) -> u64 {
    let is_accepted = |status: Option<u16>| status.is_some_and(|status| (200..300).contains(&status));
    let deletions = registry.requests().into_iter().filter(|seen| seen.method == "DELETE" && is_accepted(seen.status));
    deletions.count() as u64
}

fn there() -> Reply {
    Reply::status(200).header("Docker-Content-Digest", format!("sha256:{}", "a".repeat(64)))
}

fn gone() -> Reply {
    Reply::error(404, "MANIFEST_UNKNOWN")
}

/// `rls rm team/app:v1`, where DELETE is answered with `replies` in turn and afterwards the tag is as `after` says.
fn removal(setup: &Setup, replies: Vec<Reply>, after: Reply) -> Scene {
    let sent = replies.len();
    let mut replies = replies.into_iter();
    let mut is_deleted = false;
    let server = Server::start(setup.guarded(move |asked| match asked.method.as_str() {
        "DELETE" => {
            is_deleted = true;
            replies.next().unwrap_or_else(|| Reply::status(599))
        }
        _ if is_deleted => after.clone(),
        _ => there(),
    }));
    let rls = setup.rls(&server).words("rm team/app:v1");
    Scene::new(rls).check(move |_| {
        let is_deletion = |asked: &Asked| asked.method == "DELETE" && asked.authorization().is_some();
        assert_eq!(server.count(is_deletion), sent);
        assert_eq!(server.count(|asked| matches!(asked.method.as_str(), "PUT" | "POST") && !asked.is_for_token()), 0);
    })
}

pub fn scenes(setup: &Setup) -> Vec<Scene> {
    match setup.case.id.as_str() {
        "fault-076" => vec![moved(setup)],
        "fault-077" => vec![shared(setup)],
        "fault-078" => vec![index(setup)],
        "fault-079" => vec![referred(setup)],
        "fault-080" => {
            // Once by its name, once to learn whether deletion by digest is off too; neither takes effect.
            vec![removal(setup, vec![Reply::error(405, "UNSUPPORTED"), Reply::error(405, "UNSUPPORTED")], there())]
        }
        "fault-081" => vec![removal(setup, vec![Reply::error(202, "UNKNOWN")], gone())],
        "fault-082" => vec![removal(setup, vec![Reply::status(202)], there())],
        "fault-083" => vec![partial(setup)],
        "fault-084" => {
            let lost = || Reply::raw("").then(Then::Reset);
            vec![removal(setup, vec![lost()], gone()).named("it had arrived"), resent(setup, lost())]
        }
        other => panic!("unknown fault {other}"),
    }
}

/// The first request is lost on its way, and the second one counts.
fn resent(setup: &Setup, lost: Reply) -> Scene {
    let mut deletions = 0;
    let server = Server::start(setup.guarded(move |asked| match asked.method.as_str() {
        "DELETE" => {
            deletions += 1;
            if deletions == 1 { lost.clone() } else { Reply::status(202) }
        }
        _ if deletions > 1 => gone(),
        _ => there(),
    }));
    let rls = setup.rls(&server).words("rm team/app:v1");
    Scene::new(rls).named("it had not arrived").check(move |_| {
        assert_eq!(server.count(|asked| asked.method == "DELETE" && asked.authorization().is_some()), 2);
    })
}

fn moved(setup: &Setup) -> Scene {
    let registry = registry(Personality::Distribution28, auth(setup));
    let old = registry.push_image("team/app", "v1", &ImageSpec::new("one"));
    registry.push_image("team/app", "v2", &ImageSpec::new("two"));
    // Before the manifest is deleted, somebody pushes.
    registry.on_request(
        Match::get("/v2/team/app/tags/list").when(|seen| seen.authorization().is_some()),
        |registry, _| {
            registry.push_image("team/app", "v1", &ImageSpec::new("three"));
        },
    );
    let new = ImageSpec::new("three");
    let scratch = Registry::builder().start();
    let new = scratch.push_image("team/app", "v1", &new);
    let most = setup.expected("deletes_sent");
    let scene = Scene::new(owner(setup, &registry).words("rm team/app:v1"));
    scene.saying("old digest", old.as_str()).saying("new digest", new.as_str()).check(move |_| {
        assert_eq!((accepted(&registry), registry.tags("team/app")), (most, vec!["v1".to_owned(), "v2".to_owned()]));
    })
}

fn shared(setup: &Setup) -> Scene {
    let registry = registry(Personality::Distribution28, auth(setup));
    let digest = registry.push_image("team/app", "v1", &ImageSpec::new("one"));
    ["v2", "v3"].iter().for_each(|tag| registry.tag("team/app", tag, &digest));
    let most = setup.expected("deletes_sent");
    let scene = Scene::new(owner(setup, &registry).words("rm team/app:v1"));
    scene.check(move |_| assert_eq!((accepted(&registry), registry.tags("team/app").len()), (most, 3)))
}

fn index(setup: &Setup) -> Scene {
    let registry = registry(Personality::Distribution3, auth(setup));
    registry.push_index("team/app", "v1", &IndexSpec::three_platforms("one"));
    let bytes = registry.manifest("team/app", "v1").expect("it was pushed");
    let index: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
    let children = index["manifests"].as_array().expect("children").clone();
    let most = setup.expected("deletes_sent");
    Scene::new(owner(setup, &registry).words("rm team/app:v1")).check(move |_| {
        assert_eq!((accepted(&registry), registry.tags("team/app")), (most, Vec::new()));
        let is_there =
            |child: &serde_json::Value| registry.contains("team/app", child["digest"].as_str().expect("a digest"));
        assert!(children.len() == 3 && children.iter().all(is_there));
    })
}

fn referred(setup: &Setup) -> Scene {
    let registry = registry(Personality::Distribution3, auth(setup));
    let image = ImageSpec::new("one").build();
    registry.push("team/app", "v1", &image);
    let signature = registry_fixture::content::cosign_signature(image.root());
    let referrer = registry.push_referrer("team/app", &signature, image.root());
    Scene::new(owner(setup, &registry).words("rm team/app:v1")).check(move |_| {
        assert_eq!(accepted(&registry), 1);
        assert!(registry.contains("team/app", referrer.as_str()));
    })
}

fn partial(setup: &Setup) -> Scene {
    let registry = registry(Personality::Distribution3, auth(setup));
    let tags: Vec<_> = (0..10).map(|number| format!("v{number}")).collect();
    tags.iter().for_each(|tag| drop(registry.push_image("team/app", tag, &ImageSpec::new(tag))));
    let refused = Match::delete("/v2/team/app/manifests/v3").when(|seen| seen.authorization().is_some());
    registry.inject(refused.always(), Answer::error(403, "DENIED", "not this one"));
    let rls = owner(setup, &registry).words("rm").args(tags.iter().map(|tag| format!("team/app:{tag}")));
    let scene = Scene::new(rls).saying("9 deleted, 1 failed", "9 of 10 deleted, 1 failed");
    scene.hinting(&["9 deleted, 1 failed"]).check(move |outcome| {
        assert_eq!(registry.tags("team/app"), ["v3"], "{outcome}");
        assert_eq!(outcome.lines().iter().filter(|line| line.starts_with("removed\t")).count(), 9, "{outcome}");
    })
}
