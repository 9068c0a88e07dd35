//! docker-registry starts in each configuration, and accepts what it should.

use registry_fixture::client::{basic, parameter, token};
use registry_fixture::content::{ImageSpec, IndexSpec};
use registry_fixture::{Auth, Digest, User};
use test_support::docker_registry::{DockerRegistry, PASSWORD, USER};

#[test]
fn every_configuration_starts_and_can_be_pushed_to() {
    for auth in [Auth::None, Auth::Basic, Auth::Token] {
        for tls in [false, true] {
            let real = DockerRegistry::builder().auth(auth).tls(tls).start();
            let content = IndexSpec::three_platforms("app").with_attestations().build();
            let digest = real.push("team/app", "1.0", &content);
            let pusher = real.pusher();
            let accept = [("Accept", content.root().media_type.as_str())];
            let reply = pusher.send("GET", "/v2/team/app/manifests/1.0", &accept, Vec::new());
            assert_eq!(reply.header("docker-content-digest"), digest.as_str(), "{auth:?} {tls}: {}", real.log());
            assert_eq!(reply.body, content.root().bytes);
            let catalog = pusher.send("GET", "/v2/_catalog", &[], Vec::new());
            assert_eq!(catalog.strings("repositories"), ["team/app"]);
            let open = real.http().get(format!("{}/v2/", real.url()));
            assert_eq!(open.status, if auth == Auth::None { 200 } else { 401 });
        }
    }
}

#[test]
fn deletion_can_be_disabled() {
    for delete in [true, false] {
        let real = DockerRegistry::builder().delete(delete).start();
        let digest = real.push("app", "1", &ImageSpec::new("app").build());
        let reply = real.http().delete(format!("{}/v2/app/manifests/{digest}", real.url()));
        assert_eq!(reply.status, if delete { 202 } else { 405 }, "{}", real.log());
    }
}

#[test]
fn the_htpasswd_user_can_log_in() {
    let real = DockerRegistry::builder().auth(Auth::Basic).start();
    let url = format!("{}/v2/", real.url());
    assert_eq!(real.http().get_as(url.clone(), &basic(USER, PASSWORD)).status, 200);
    let wrong = real.http().get_as(url, &basic(USER, "wrong"));
    assert_eq!((wrong.status, wrong.header("www-authenticate")), (401, "Basic realm=\"Registry Realm\""));
}

#[test]
fn the_embedded_token_server_grants_access() {
    let bob = User::new("bob", "bob's").allow("team/*", "pull");
    let real = DockerRegistry::builder().auth(Auth::Token).tls(true).user(bob).start();
    real.push("team/app", "1", &ImageSpec::new("app").build());
    let http = real.http();
    let tags = format!("{}/v2/team/app/tags/list", real.url());
    let challenge = http.get(tags.clone()).header("www-authenticate").to_owned();
    assert_eq!(parameter(&challenge, "realm"), Some(real.companion().realm()));
    assert_eq!(parameter(&challenge, "scope"), Some("repository:team/app:pull"));
    let bob = token(&http, &challenge, Some(&basic("bob", "bob's")));
    assert_eq!(http.get_as(tags.clone(), &bob).strings("tags"), ["1"]);
    let manifest = format!("{}/v2/team/app/manifests/{}", real.url(), Digest::sha256(b"none"));
    let denied = http.send("DELETE", &manifest, &[("Authorization", &bob)], "");
    let error = parameter(denied.header("www-authenticate"), "error").map(str::to_owned);
    assert_eq!((denied.status, error.as_deref()), (401, Some("insufficient_scope")));
    let forged = format!("{}AAAA", &bob[..bob.len() - 4]);
    assert_eq!(http.get_as(tags, &forged).status, 401);
    assert!(real.companion().tokens_issued() > 0);
}

#[test]
fn the_environment_points_to_the_registry() {
    let open = DockerRegistry::builder().start();
    assert_eq!(open.environment(), [("RLS_REGISTRY", open.url()), ("RLS_PLAIN_HTTP", "true".to_owned())]);
    let closed = DockerRegistry::builder().auth(Auth::Basic).tls(true).start();
    let environment = closed.environment();
    let names: Vec<_> = environment.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["RLS_REGISTRY", "RLS_CA_FILE", "RLS_USERNAME", "RLS_PASSWORD"]);
    let file = std::fs::read_to_string(&environment[1].1).expect("a readable file");
    let http = registry_fixture::client::Http::trusting_pem(&file, None);
    assert_eq!(http.get_as(format!("{}/v2/", closed.url()), &basic(&environment[2].1, &environment[3].1)).status, 200);
}
