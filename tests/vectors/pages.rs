//! Further tests of how a listing goes on from page to page, and ends.

use registry_ls::error::Operation;
use registry_ls::registry::PAGE_SIZE;
use registry_ls::{Error, Kind};
use serde_json::json;
use test_support::{Reply, Server};

use crate::driven::{Driven, anonymous, exit_code, run};
use crate::links::names;

/// A whole list and what it cost.
async fn counted(server: &Server, client: &Driven, page_size: usize) -> (Vec<String>, usize) {
    let names = client.all_repositories(page_size).await.whole();
    (names, server.requests().len())
}

/// Found by random walks.
#[test]
fn without_an_accepted_page_size_listing_continues_without_one() {
    run(async {
        // Whether it honors `n` and `last`, how many names it has, and how many it sends per page.
        for (looks, all, page, requests) in
            [(true, 100, 40, 7), (true, 40, 40, 5), (false, 40, 40, 5), (false, 3000, 3000, 4)]
        {
            let server = Server::start(move |request| {
                if request.query("n").is_some() {
                    return Reply::error(400, "PAGINATION_NUMBER_INVALID");
                }
                let last = request.query("last").filter(|_| looks);
                let from = last.map_or(0, |last| last.parse::<usize>().expect("a number") + 1);
                Reply::json(json!({ "repositories": names(from, (from + page).min(all)) }).to_string())
            });
            let listed = anonymous(&server).all_repositories(PAGE_SIZE).await.whole();
            assert_eq!(listed, names(0, all), "{looks} {page}");
            assert_eq!(server.requests().len(), requests, "{looks} {page}");
        }
    });
}

#[test]
fn without_links_listing_continues_while_pages_are_full() {
    run(async {
        for (all, size, requests) in [(7, 3, 3), (6, 3, 3), (2, 3, 1), (250, 1000, 3), (200, 1000, 3)] {
            let server = Server::start(move |request| {
                let from = request.query("last").map_or(0, |last| last.parse::<usize>().expect("a number") + 1);
                let n: usize = request.query("n").expect("a size").parse().expect("a number");
                let to = (from + n.min(100)).min(all);
                Reply::json(json!({ "repositories": names(from, to) }).to_string())
            });
            assert_eq!(counted(&server, &anonymous(&server), size).await, (names(0, all), requests), "{all} by {size}");
        }
    });
}

#[test]
fn a_list_in_random_order_is_requested_as_a_whole() {
    run(async {
        for all in [4, 5, 9, 40] {
            let mut names = names(0, all);
            let sorted = names.clone();
            let server = Server::start(move |request| {
                names.rotate_left(3);
                let n = request.query("n").map_or(all, |n| n.parse().expect("a number"));
                Reply::json(json!({ "repositories": names[..n.min(all)] }).to_string())
            });
            let mut listed = anonymous(&server).all_repositories(4).await.whole();
            listed.sort();
            assert_eq!((listed, server.requests().last().expect("a request").query("n")), (sorted, None));
        }
    });
}

#[test]
fn a_registry_that_repeats_its_first_page_is_asked_for_the_whole_list() {
    run(async {
        // How many names it sends without `n`.
        for default in [7, 3] {
            let server = Server::start(move |request| {
                let n = request.query("n").map_or(default, |n| n.parse().expect("a number"));
                Reply::json(json!({ "repositories": names(0, n.min(7)) }).to_string())
            });
            let listed = anonymous(&server).all_repositories(4).await;
            if default == 7 {
                assert_eq!(listed.whole(), names(0, 7));
            } else {
                assert_eq!(listed.names, names(0, 4));
                assert_eq!(listed.failure().kind(), &Kind::Incomplete, "the list is not whole");
            }
            assert_eq!(server.requests().len(), 3);
        }
    });
}

#[test]
fn names_that_moved_to_the_next_page_are_listed_once() {
    run(async {
        // A name that is pushed between two requests moves the others: the second page begins with the end of the
        // first.
        let server = Server::start(|request| match (request.query("n"), request.query("last").as_deref()) {
            (Some(_), None) => Reply::json(r#"{"repositories":["b","c"]}"#),
            (Some(_), Some("c")) => Reply::json(r#"{"repositories":["c","d"]}"#),
            (Some(_), _) => Reply::json(r#"{"repositories":["e"]}"#),
            (None, _) => Reply::json(r#"{"repositories":["a"]}"#),
        });
        assert_eq!(anonymous(&server).all_repositories(2).await.whole(), ["b", "c", "d", "a", "e"]);
    });
}

#[test]
fn an_empty_page_ends_the_list_unless_it_leads_on() {
    run(async {
        for link in ["", "?last=", "?n=1&last=", "?last=b"] {
            let server = Server::start(move |request| match request.query("last").as_deref() {
                None => Reply::json(r#"{"tags":["a"]}"#).next("?last=a"),
                Some("a") => Reply::json(r#"{"tags":["b"]}"#).next("?last=b"),
                Some("b") if link.is_empty() => Reply::json(r#"{"tags":[]}"#),
                Some("b") => Reply::json(r#"{"tags":null}"#).next(link),
                Some(other) => panic!("requested the page after {other:?}"),
            });
            assert_eq!(anonymous(&server).all_tags().await.whole(), ["a", "b"], "{link}");
            assert_eq!(server.requests().len(), 3, "{link}");
        }
    });
}

#[test]
fn a_page_that_links_to_itself_is_a_pagination_loop() {
    run(async {
        let server = Server::start(|_| Reply::json(r#"{"tags":["a"]}"#).next("?n=1000"));
        let error = anonymous(&server).all_tags().await.failure();
        assert_eq!((error.kind(), exit_code(&error)), (&Kind::Incomplete, 6));
        assert!(error.to_string().contains("pagination loop"), "{error}");
    });
}

#[test]
fn the_largest_page_size_is_read_from_the_refusal() {
    let refusals = [
        ("UNSUPPORTED", "query parameter n is too large (n=1000, max=2)"),
        ("INVALID", "'maxResults' failed to satisfy constraint: Member must have value less than or equal to 2"),
    ];
    for (code, message) in refusals {
        run(async move {
            let server = Server::start(move |request| match request.query("n").as_deref() {
                Some("2") => Reply::json(json!({ "repositories": names(0, 1) }).to_string()),
                Some(_) => Reply::error_saying(400, code, message),
                None => panic!("requested without a page size"),
            });
            assert_eq!(anonymous(&server).all_repositories(1000).await.whole(), names(0, 1), "{code}");
            assert_eq!(server.requests().len(), 2, "{code}");
        });
    }
}

#[test]
fn a_404_from_the_catalog_means_that_it_is_not_supported() {
    for missing in [Reply::error(404, "NAME_UNKNOWN"), Reply::status(404).body("404 page not found")] {
        let error = run(async {
            let server = Server::start(move |_| missing.clone());
            anonymous(&server).all_repositories(10).await.failure()
        });
        assert_eq!(error.kind(), &Kind::Unsupported(Operation::Catalog), "{error}");
    }
}

#[test]
fn a_404_for_last_ends_the_list_and_for_a_link_is_an_error() {
    let ending = |link: Option<&'static str>| {
        run(async move {
            let server = Server::start(move |request| match (request.query("last"), link) {
                (Some(_), _) => Reply::error(404, "NAME_UNKNOWN"),
                (None, Some(link)) => Reply::json(r#"{"repositories":["a","b"]}"#).header("Link", link),
                (None, None) => Reply::json(r#"{"repositories":["a","b"]}"#),
            });
            anonymous(&server).all_repositories(2).await
        })
    };
    assert_eq!(ending(None).whole(), ["a", "b"]);
    let error: Error = ending(Some("</v2/_catalog?last=b>; rel=\"next\"")).failure();
    assert_eq!(error.kind(), &Kind::Incomplete);
    assert!(error.what().contains("after 2 entries"), "{error}");
}
