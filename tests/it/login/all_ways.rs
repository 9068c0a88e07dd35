use registry_fixture::{Auth, Match, Registry, Running, Tls};
use test_support::Rls;

use crate::registries::with_seed;

const AUTHS: [Auth; 3] = [Auth::None, Auth::Basic, Auth::Token];
const SCHEMES: [Option<Tls>; 3] = [None, Some(Tls::Issued), Some(Tls::FullChain)];

/// Calls `check` with a registry for each way of logging in and each scheme, and rls at it with the right password.
fn everywhere(check: impl Fn(&Running, &dyn Fn() -> Rls, &str)) {
    for auth in AUTHS {
        for tls in SCHEMES {
            let builder = with_seed(Registry::builder(), "shared").auth(auth);
            let registry = tls.into_iter().fold(builder, registry_fixture::Builder::tls).start();
            let rls = || Rls::at(&registry).user("ann", "secret");
            check(&registry, &rls, &format!("{auth:?} {tls:?}"));
        }
    }
}

#[test]
fn repositories_and_tags_are_listed() {
    everywhere(|_, rls, place| {
        assert_eq!(&*rls().words("repos").succeeds(), "shared/app\n", "{place}");
        assert_eq!(&*rls().words("tags shared/app").succeeds(), "1\n1.3.9\n1.4\n1.4.0\nlatest\n", "{place}");
        let tags = rls().words("repos --tags").succeeds();
        assert_eq!(tags.lines().count(), 5, "{place}: {tags}");
    });
}

#[test]
fn manifests_and_digests_are_shown() {
    everywhere(|registry, rls, place| {
        let digest = registry.resolve("shared/app", "latest").expect("the tag is there");
        assert_eq!(*rls().words("digest shared/app").succeeds(), format!("{digest}\n"), "{place}");
        let bytes = rls().words("manifest shared/app --raw").bytes();
        assert_eq!(registry.manifest("shared/app", "latest").as_deref(), Some(bytes.as_slice()), "{place}");
        let arm = rls().words("manifest shared/app --config --platform linux/arm64").succeeds();
        assert!(arm.contains("\"architecture\": \"arm64\""), "{place}: {arm}");
    });
}

#[test]
fn tags_are_removed() {
    everywhere(|registry, rls, place| {
        assert_eq!(&*rls().words("rm shared/app:1.3.9 -q").succeeds(), "removed\tshared/app:1.3.9\n", "{place}");
        assert_eq!(registry.tags("shared/app"), ["1", "1.4", "1.4.0", "latest"], "{place}");
        assert_eq!(rls().words("rm shared/app:1.4 -q").run().code, Some(9), "{place}");
    });
}

#[test]
fn a_password_is_required() {
    everywhere(|registry, _, place| {
        let open = place.starts_with("None");
        for words in ["repos", "tags shared/app", "digest shared/app", "manifest shared/app", "rm -n shared/app:1.3.9"]
        {
            let code = if open { 0 } else { 4 };
            assert_eq!(Rls::at(registry).words(words).run().code, Some(code), "{place} {words}");
        }
    });
}

#[test]
fn credentials_are_sent_by_the_scheme_of_the_challenge() {
    everywhere(|registry, rls, place| {
        rls().words("tags shared/app -d").succeeds();
        let schemes: Vec<_> = registry.requests().iter().map(|request| request.scheme()).collect();
        let count = |scheme: &str| schemes.iter().filter(|request| request.as_deref() == Some(scheme)).count();
        let tokens = registry.count(&Match::get("/auth/token"));
        match place.split(' ').next() {
            Some("None") => assert_eq!((count("basic"), count("bearer"), tokens), (0, 0, 0), "{place}"),
            // One request for the list without and one with them, and one for each tag.
            Some("Basic") => assert_eq!((count("basic"), schemes.len(), tokens), (6, 7, 0), "{place}"),
            _ => assert_eq!((count("basic"), count("bearer"), tokens), (1, 6, 1), "{place}"),
        }
    });
}
