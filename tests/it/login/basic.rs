//! Basic: the password goes with every request but the first.

use registry_fixture::{Auth, Registry, User};
use test_support::Rls;

use crate::registries::with_seed;

#[test]
fn one_request_of_a_listing_is_anonymous() {
    let registry = with_seed(Registry::builder(), "30x10").auth(Auth::Basic).user(User::admin("ann", "secret")).start();
    for (words, requests) in [
        ("repos", 1),
        ("tags grid/repo-000", 1),
        ("tags grid/repo-000 -d", 1 + 10),
        // Two tags are on the same manifest.
        ("tags grid/repo-000 -l", 1 + 10 + 9 + 9),
        ("repos --tags", 1 + 30),
        ("digest grid/repo-000:latest", 1),
    ] {
        registry.clear_requests();
        assert_ne!(&*Rls::at(&registry).user("ann", "secret").words(words).succeeds(), "", "{words}");
        let all = registry.requests();
        let anonymous = all.iter().filter(|request| request.header("authorization").is_none()).count();
        assert_eq!((anonymous, all.len()), (1, 1 + requests), "{words}");
    }
}
