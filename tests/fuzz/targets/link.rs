//! `Link`, one header per line: the next page is on the same origin, without a user, and not this page.

use registry_ls::Kind;
use registry_ls::http::internals::{NextPage, next_page};
use url::Url;

use super::vectors;

pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds =
        vectors::texts(include_str!("../../../fixtures/vectors/links.json"), &["next-page", "parse", "find", "walk"]);
    seeds.push(b"<https://localhost:5000/v2/_catalog?n=1>; rel=\"next\"\n</x>; title=\"a\\\"b\"; rel=prev".to_vec());
    seeds
}

pub fn run(input: &[u8]) {
    for request in ["https://localhost:5000/v2/_catalog?n=2", "http://[::1]/prefix/v2/a/b/tags/list"] {
        let request = Url::parse(request).expect("a URL");
        match next_page(&request, input.split(|&byte| byte == b'\n')) {
            Ok(NextPage::Last | NextPage::Same) => {}
            Ok(NextPage::At(next) | NextPage::Rebased { url: next, .. }) => {
                assert_eq!(next.origin(), request.origin());
                assert!(next.username().is_empty() && next.password().is_none() && next.fragment().is_none(), "{next}");
                assert_ne!(next, request);
                assert!(next.query().is_none() || next.path() == request.path(), "{next}");
                // Written as it was read, it leads to the same place.
                let again = next_page(&request, [format!("<{next}>; rel=next").as_bytes()]).expect("the same");
                assert_eq!(again, NextPage::At(next));
            }
            Err(error) => assert!(matches!(error.kind(), Kind::Incomplete | Kind::ForeignPage { .. }), "{error}"),
        }
    }
}
