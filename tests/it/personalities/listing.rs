use insta::{allow_duplicates, assert_snapshot};
use registry_fixture::Match;

use super::profile::{ALL, Catalog, Profile};

fn with_catalog(catalog: Catalog) -> impl Iterator<Item = &'static Profile> {
    ALL.iter().filter(move |profile| profile.catalog == catalog)
}

#[test]
fn repositories_are_listed_where_the_registry_has_a_catalog() {
    for profile in with_catalog(Catalog::Listed) {
        let registry = profile.start();
        let listed = profile.rls(&registry).words("repos").succeeds();
        assert_eq!(&*listed, "grid/repo-000\nshared/app\n", "{}", profile.name());
    }
}

#[test]
fn a_missing_catalog_is_not_an_empty_list() {
    let mut outcomes = String::new();
    for profile in with_catalog(Catalog::Refused) {
        let registry = profile.start();
        outcomes += &format!("{}: {}", profile.name(), profile.rls(&registry).words("repos").run());
    }
    assert_snapshot!(outcomes, @"
    ghcr: exit 7
    --- stderr
    error: http://REGISTRY does not list its repositories
    cause: 403 Forbidden: DENIED: requested access to the resource is denied
    cause: logged in as ann (RLS_PASSWORD)
    hint:  use 'rls tags REPO', which works without a list of repositories
    gitlab: exit 7
    --- stderr
    error: http://REGISTRY does not list its repositories
    cause: 401 Unauthorized: UNAUTHORIZED: authentication required: missing registry:catalog:*
    cause: logged in as ann (RLS_PASSWORD)
    cause: the token grants registry:catalog:*, but the registry refuses it
    hint:  use 'rls tags REPO', which works without a list of repositories
    docker-hub: exit 7
    --- stderr
    error: http://REGISTRY does not list its repositories
    cause: 401 Unauthorized: UNAUTHORIZED: authentication required: missing registry:catalog:*
    cause: logged in as ann (RLS_PASSWORD)
    cause: the token grants registry:catalog:*, but the registry refuses it
    hint:  use 'rls tags REPO', which works without a list of repositories
    ");
}

#[test]
fn an_empty_catalog_of_an_unknown_host_is_accepted() {
    for profile in with_catalog(Catalog::Empty) {
        let registry = profile.start();
        assert_eq!(&*profile.rls(&registry).words("repos").succeeds(), "", "{}", profile.name());
    }
}

#[test]
fn repositories_are_listed_with_their_tags() {
    for profile in with_catalog(Catalog::Listed) {
        let registry = profile.start();
        let outcome = profile.rls(&registry).words("repos --tags --match shared/*").run();
        let tags = "shared/app:1\nshared/app:1.3.9\nshared/app:1.4\nshared/app:1.4.0\nshared/app:latest\n";
        profile.assert_lists(&outcome, tags);
    }
}

#[test]
fn tags_are_listed_over_all_pages() {
    for profile in ALL {
        // More than there are on a page of most.
        let registry = profile.start_with(120);
        let outcome = profile.rls(&registry).words("tags grid/repo-000 -q").run();
        let tags = registry.tags("grid/repo-000").join("\n") + "\n";
        assert_eq!((outcome.code, &*outcome.stdout, &*outcome.stderr), (Some(0), &*tags, ""), "{}", profile.name());
        let outcome = profile.rls(&registry).words("tags shared/app").run();
        let tags = "1\n1.3.9\n1.4\n1.4.0\nlatest\n";
        profile.assert_lists(&outcome, tags);
    }
}

#[test]
fn digests_are_the_same_on_every_registry() {
    for profile in ALL {
        let registry = profile.start();
        let outcome = profile.rls(&registry).words("tags shared/app -d").run();
        let line =
            |tag: &String| format!("{tag}\t{}\n", registry.resolve("shared/app", tag).expect("the tag is there"));
        let expected: String = registry.tags("shared/app").iter().map(line).collect();
        profile.assert_lists(&outcome, &expected);
    }
}

#[test]
fn long_listings_are_the_same_on_every_registry() {
    allow_duplicates! {
        for profile in ALL {
            let registry = profile.start();
            let long = profile.rls(&registry).words("tags shared/app -l --match 1.?* -o jsonl -q").succeeds();
            assert_snapshot!(long, profile.name(), @r#"
            {"registry":"http://REGISTRY","reference":"http://REGISTRY/shared/app:1.3.9","repository":"shared/app","tag":"1.3.9","digest":"sha256:ffba911536818c8020cb1a56777054c85610a972a90dd7fbfb5121a389eb9799","mediaType":"application/vnd.oci.image.manifest.v1+json","type":"image","artifactType":null,"platforms":["linux/amd64"],"size":4871,"created":"2026-11-18T09:12:00Z","version":null,"appVersion":null,"files":[]}
            {"registry":"http://REGISTRY","reference":"http://REGISTRY/shared/app:1.4","repository":"shared/app","tag":"1.4","digest":"sha256:1b9c9487898f34ac010f8b0d780ffe8688b7d28277e1dcad1740ab484048d552","mediaType":"application/vnd.oci.image.index.v1+json","type":"index","artifactType":null,"platforms":["linux/amd64","linux/arm64","linux/arm/v7"],"size":13023,"created":"2026-11-18T09:17:00Z","version":null,"appVersion":null,"files":[]}
            {"registry":"http://REGISTRY","reference":"http://REGISTRY/shared/app:1.4.0","repository":"shared/app","tag":"1.4.0","digest":"sha256:1b9c9487898f34ac010f8b0d780ffe8688b7d28277e1dcad1740ab484048d552","mediaType":"application/vnd.oci.image.index.v1+json","type":"index","artifactType":null,"platforms":["linux/amd64","linux/arm64","linux/arm/v7"],"size":13023,"created":"2026-11-18T09:17:00Z","version":null,"appVersion":null,"files":[]}
            "#);
        }
    }
}

#[test]
fn a_listing_stops_at_its_limit() {
    for profile in with_catalog(Catalog::Listed) {
        let registry = profile.start();
        let listed = profile.rls(&registry).words("repos --limit 1").succeeds();
        assert_eq!(&*listed, "grid/repo-000\n", "{}", profile.name());
        assert_eq!(registry.count(&Match::ending("/_catalog").query("last=")), 0, "{}", profile.name());
    }
}

#[test]
fn a_missing_repository_is_not_found() {
    for profile in ALL {
        let registry = profile.start();
        let outcome = profile.rls(&registry).words("tags shared/ap").run();
        assert_eq!((outcome.code, &*outcome.stdout), (Some(3), ""), "{}: {outcome}", profile.name());
        assert!(outcome.stderr.starts_with("error: shared/ap not found on http://REGISTRY\n"), "{outcome}");
    }
}
