//! Registries that come as one program or crate, and that the other tests leave out, because they lack a list or a next
//! page, or have it in their own way.

use insta::assert_snapshot;
use registry_fixture::content::ImageSpec;
use registry_fixture::{Auth, Match, Personality, Registry, Running, User};
use test_support::Rls;

fn start(personality: Personality, auth: Auth) -> Running {
    Registry::builder().personality(personality).auth(auth).user(User::admin("ann", "secret")).start()
}

fn ann(registry: &Running) -> Rls {
    Rls::at(registry).user("ann", "secret")
}

#[test]
fn cranes_catalog_is_whole_although_its_order_is_random_and_pages_are_cut() {
    for count in [999, 1000, 1001, 2500] {
        let registry = start(Personality::Crane, Auth::None);
        let digest = registry.push_image("app-0000", "1", &ImageSpec::new("1"));
        let image = registry.manifest("app-0000", digest.as_str()).expect("an image");
        let names: Vec<_> = (0..count).map(|number| format!("app-{number:04}")).collect();
        for name in &names[1..] {
            registry.push_raw_manifest(name, "1", "application/vnd.oci.image.manifest.v1+json", image.clone());
        }
        let listed = Rls::at(&registry).words("repos").succeeds();
        let mut listed: Vec<_> = listed.lines().collect();
        listed.sort_unstable();
        assert!(listed == names, "{} of {count}", listed.len());
        assert!(registry.count(&Match::ending("/_catalog")) <= 3, "{count}");
    }
}

#[test]
fn cranes_tags_have_no_links_and_begin_again_after_the_last() {
    let registry = start(Personality::Crane, Auth::None);
    let digest = registry.push_image("team/app", "t0000", &ImageSpec::new("1"));
    (1..1000).for_each(|number| registry.tag("team/app", &format!("t{number:04}"), &digest));
    let listed = Rls::at(&registry).words("tags team/app").run();
    assert_eq!((listed.code, listed.stdout.lines().count(), &*listed.stderr), (Some(0), 1000, ""));
}

#[test]
fn cloudflares_links_are_followed_at_the_address_in_use() {
    let registry = start(Personality::Cloudflare, Auth::Basic);
    let digest = registry.push_image("team/app", "t000", &ImageSpec::new("1"));
    (1..120).for_each(|number| registry.tag("team/app", &format!("t{number:03}"), &digest));
    let listed = ann(&registry).words("tags team/app").run();
    assert_eq!((listed.code, listed.stdout.lines().count()), (Some(0), 120), "{listed}");
    assert_snapshot!(listed.stderr, @"warning: the registry links its next page at http://127.0.0.1; reading it at http://REGISTRY");
    assert_eq!(&*ann(&registry).words("repos -q").succeeds(), "team/app\n");
}

#[test]
fn olareg_has_tokens_of_nanoseconds_and_no_catalog() {
    let registry = start(Personality::Olareg, Auth::Token);
    registry.push_image("team/app", "1.0", &ImageSpec::new("1"));
    assert_eq!(&*ann(&registry).words("tags team/app").succeeds(), "1.0\n");
    assert_eq!(registry.tokens_issued(), 1);
    assert_snapshot!(ann(&registry).words("repos").run(), @"
    exit 7
    --- stderr
    error: http://REGISTRY does not list its repositories
    cause: 404 Not Found
    hint:  use 'rls tags REPO', which works without a list of repositories
    ");
}

#[test]
fn pulp_deletes_with_a_delay() {
    let registry = start(Personality::Pulp, Auth::Token);
    registry.push_image("team/app", "1.0", &ImageSpec::new("1"));
    registry.push_image("team/app", "2.0", &ImageSpec::new("2"));
    let removed = ann(&registry).words("rm team/app:1.0").run();
    assert_eq!(removed.result(), (Some(0), "removed\tteam/app:1.0\n"), "{removed}");
    assert_eq!(registry.tags("team/app"), ["2.0"]);
}

#[test]
fn cue_states_the_largest_page_in_its_refusal() {
    let registry = start(Personality::Distribution3, Auth::None);
    for name in ["a", "b", "c", "d", "e"] {
        registry.push_image(name, "1", &ImageSpec::new(name));
    }
    let refusal =
        "{\"errors\":[{\"code\":\"UNSUPPORTED\",\"message\":\"query parameter n is too large (n=1000, max=2)\"}]}";
    let refusal = registry_fixture::Answer::new(400).header("Content-Type", "text/plain").body(refusal);
    registry.inject(Match::get("/v2/_catalog").query("n=1000").always(), refusal);
    assert_eq!(&*Rls::at(&registry).words("repos").succeeds(), "a\nb\nc\nd\ne\n");
    assert_eq!(registry.lines()[..2], ["GET /v2/_catalog?n=1000", "GET /v2/_catalog?n=2"]);
}
