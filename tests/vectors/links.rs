//! `links.json`: the next page of a listing, and its end.

use registry_ls::http::internals::{NextPage, next_page};
use registry_ls::name::Tag;
use registry_ls::registry::PAGE_SIZE;
use registry_ls::{Kind, Result};
use serde_json::{Value, json};
use test_support::{Reply, Request, Server};
use tracing::Level;
use url::Url;

use crate::driven::{anonymous, exit_code, run};
use crate::exemptions::{Case, check};
use crate::log::Log;
use crate::values::text;

#[test]
fn all() {
    check("links.json", |case| match case.kind.as_str() {
        "next-page" => next(case),
        "parse" => parse(case),
        "find" => find(case),
        "walk" => walk(case),
        kind => panic!("unknown kind {kind}"),
    });
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().expect("a list").iter().map(text).collect()
}

/// The next page after `request`, by the header lines of a case.
fn read(request: &str, input: &Value) -> Result<Option<String>> {
    let request = Url::parse(request).expect("a URL");
    let lines = texts(&input["link"]);
    Ok(match next_page(&request, lines.iter().map(|line| line.as_bytes()))? {
        NextPage::Last => None,
        NextPage::Same => Some(request.into()),
        NextPage::At(url) | NextPage::Rebased { url, .. } => Some(url.into()),
    })
}

fn next(case: &Case) {
    let next = read(text(&case.input["request_url"]), &case.input);
    let expect = &case.expect;
    if expect["error"] == true {
        let error = next.expect_err("refused");
        assert!(matches!(error.kind(), Kind::Incomplete | Kind::ForeignPage { .. }), "{error}");
        // No request is sent there, so nothing can leak.
        return assert!(expect.get("requests_to_other_host").is_none_or(|requests| *requests == 0));
    }
    if expect["loop"] == true {
        // Which is an error of the list: see `a_page_that_links_to_itself_is_a_pagination_loop`.
        return assert_eq!(next.expect("a link").as_deref(), Some(text(&case.input["request_url"])));
    }
    assert_eq!(next.expect("no error"), expect["next"].as_str().map(str::to_owned));
}

fn parse(case: &Case) {
    let next = read("http://example.com/v2/_catalog", &case.input);
    match case.expect.get("uri") {
        Some(uri) => assert_eq!(next.expect("no error").as_deref(), Some(text(uri))),
        None => {
            assert_eq!(case.expect["error"], true);
            assert_eq!(next.expect_err("unreadable").what(), "cannot read the Link header");
        }
    }
}

fn find(case: &Case) {
    assert_eq!((text(&case.input["param"]), text(&case.input["value"])), ("rel", "next"));
    let next = read("http://example.com/v2/_catalog", &case.input).expect("no error");
    assert_eq!(next, Some(format!("http://example.com{}", text(&case.expect["uri"]))));
}

fn walk(case: &Case) {
    let (input, expect) = (&case.input, &case.expect);
    match case.id.as_str() {
        "link-035" | "link-036" => scripted(input, expect),
        "link-047" => first_page_again(),
        "link-049" => clamped(input, expect),
        "link-052" => assert_eq!(requested_sizes(0), [1]),
        "link-053" => assert_eq!(requested_sizes(1001), [PAGE_SIZE]),
        "link-054" => refused_sizes(expect),
        "link-055" => endless(expect),
        _ => numbered(&input["pages"], expect),
    }
}

/// Pages that say by themselves where the next is.
fn scripted(input: &Value, expect: &Value) {
    let pages = input["pages"].as_array().expect("pages").clone();
    let field = if pages[0].get("tags").is_some() { "tags" } else { "repositories" };
    run(async {
        let mut pages = pages.into_iter();
        let server = Server::start(move |request| {
            let page = pages.next().expect("a page");
            let reply = Reply::json(json!({ field: page[field] }).to_string());
            let origin = format!("http://{}", request.header("host").expect("a host"));
            match page["link"].as_str() {
                Some(link) => reply.header("Link", link.replace("/R/", "/team/app/").replace("{origin}", &origin)),
                None => reply,
            }
        });
        let client = anonymous(&server);
        let listed = if field == "tags" { client.all_tags().await } else { client.all_repositories(2).await };
        assert_eq!(listed.whole(), texts(&expect[field]));
    });
}

/// Names `from..to`, of three digits.
pub(crate) fn names(from: usize, to: usize) -> Vec<String> {
    (from..to).map(|number| format!("{number:03}")).collect()
}

/// A registry that ignores `last`.
fn first_page_again() {
    run(async {
        let server = Server::start(|_| Reply::json(json!({ "repositories": names(0, 3) }).to_string()));
        assert_eq!(anonymous(&server).all_repositories(3).await.whole(), names(0, 3));
        assert_eq!(server.count(|request| request.query("last").as_deref() == Some("002")), 1);
    });
}

/// A registry that gives pages of its own size, and says so.
fn clamped(input: &Value, expect: &Value) {
    assert_eq!(input["link"], "present");
    let (all, page) = (input["tags"].as_u64().expect("a number") as usize, 100);
    run(async {
        let server = Server::start(move |request| {
            let from = request.query("last").map_or(0, |last| last.parse::<usize>().expect("a number") + 1);
            let to = (from + page).min(all);
            let reply = Reply::json(json!({ "tags": names(from, to) }).to_string());
            let link = format!("</v2/team/app/tags/list?last={:03}&n={page}>; rel=\"next\"", to - 1);
            if to < all { reply.header("Link", link) } else { reply }
        });
        assert_eq!(anonymous(&server).all_tags().await.whole().len(), expect["tags"]);
    });
}

/// The page sizes that are requested when a caller wants this one.
fn requested_sizes(size: usize) -> Vec<usize> {
    run(async {
        let server = Server::start(|_| Reply::json(r#"{"repositories":[]}"#));
        assert_eq!(anonymous(&server).all_repositories(size).await.whole(), Vec::<String>::new());
        server.requests().iter().filter_map(|request| request.query("n")?.parse().ok()).collect()
    })
}

/// A registry that refuses every size.
fn refused_sizes(expect: &Value) {
    let (status, code) = (expect["status"].as_u64().expect("a status") as u16, text(&expect["code"]).to_owned());
    assert_eq!(expect["rls"], "retry once without n");
    run(async {
        let server = Server::start(move |request| match request.query("n") {
            Some(_) => Reply::error(status, &code),
            None => Reply::json(r#"{"repositories":["a","b"]}"#),
        });
        assert_eq!(anonymous(&server).all_repositories(1001).await.whole(), ["a", "b"]);
        let sizes: Vec<_> = server.requests().iter().map(|request| request.query("n")).collect();
        // The last looks for what a registry with pages of its own would have kept back.
        assert_eq!(sizes, [Some("1000".to_owned()), Some("100".into()), Some("50".into()), None, None]);
        let after: Vec<_> = server.requests().iter().map(|request| request.query("last")).collect();
        assert_eq!(after, [None, None, None, None, Some("b".to_owned())]);
    });
}

/// A registry whose list never ends.
fn endless(expect: &Value) {
    run(async {
        let mut page = 0;
        let server = Server::start(move |_| {
            page += 1;
            let link = format!("</v2/team/app/tags/list?last={page}>; rel=\"next\"");
            Reply::json(json!({ "tags": [page.to_string()] }).to_string()).header("Link", link)
        });
        let listed = anonymous(&server).all_tags().await;
        assert_eq!(listed.names.len(), 10_000);
        let error = listed.failure();
        assert!(error.to_string().contains(text(&expect["error"])), "{error}");
        assert_eq!(error.kind(), &Kind::Incomplete);
    });
}

/// Pages of names, each with a cursor of its own.
fn numbered(pages: &Value, expect: &Value) {
    let pages = pages.as_array().expect("pages").clone();
    let log = Log::begin();
    let listed = run(async {
        let last = pages.len() - 1;
        // A registry with a cycle gives each page the same address as before.
        let address = move |page: usize| format!("/v2/team/app/tags/list?page={page}");
        let server = Server::start(move |request: &Request| {
            let page: usize = request.query("page").map_or(0, |page| page.parse().expect("a number"));
            let reply = Reply::json(json!({ "name": "team/app", "tags": pages[page] }).to_string());
            if page < last { reply.header("Link", format!("<{}>; rel=\"next\"", address(page + 1))) } else { reply }
        });
        anonymous(&server).all_tags().await
    });
    let warnings = log.at(Level::WARN);
    if expect["detect"] == "loop" {
        let error = listed.failure();
        assert!(error.to_string().contains("pagination loop"), "{error}");
        return assert_eq!(expect["exit"], exit_code(&error));
    }
    if expect["escaped"] == true {
        assert_eq!(listed.whole(), Vec::<String>::new());
        return assert!(warnings.len() == 1 && !warnings[0].contains(char::is_control), "{warnings:?}");
    }
    assert_eq!(listed.whole(), texts(&expect["tags"]));
    if let Some(count) = expect.get("warn") {
        assert_eq!(warnings.len(), *count, "{warnings:?}");
    }
    for name in expect["invalid"].as_array().into_iter().flatten() {
        let refused = text(name).parse::<Tag>().expect_err("no tag").what().to_owned();
        assert_eq!(refused, format!("'{}' is not a tag", text(name)));
        assert!(warnings[0].contains(text(name)), "{warnings:?}");
    }
}

/// Where this `Link` leads from a page.
fn follow(link: &str) -> Result<NextPage> {
    let page = Url::parse("https://r.example:5000/v2/a/tags/list?n=2").expect("a URL");
    next_page(&page, [link.as_bytes()])
}

#[test]
fn a_link_to_another_scheme_or_port_of_the_host_is_read_at_the_registrys_own_origin() {
    for link in ["http://r.example:5000/v2/a/tags/list", "https://r.example/v2/a/tags/list", "//r.example:80/a/tags"] {
        let Ok(NextPage::Rebased { url, linked }) = follow(&format!("<{link}?n=2&last=%2Fb>; rel=next")) else {
            panic!("{link}")
        };
        assert_eq!(url.as_str(), "https://r.example:5000/v2/a/tags/list?n=2&last=%2Fb", "{link}");
        assert!(linked.contains("r.example") && !linked.contains("tags"), "{linked}");
        assert_eq!(follow(&format!("<{link}>; rel=next")).expect_err("no cursor").kind(), &Kind::Incomplete);
    }
    for other in ["https://other.example:5000/v2/a/tags/list?last=b", "http://r.example.:5000/?last=b", "//r/?last=b"] {
        let error = follow(&format!("<{other}>; rel=next")).expect_err(other);
        assert!(matches!(error.kind(), Kind::ForeignPage { host } if other.contains(host.as_str())), "{error}");
    }
}

#[test]
fn rel_may_be_in_single_quotes() {
    let next = |rel: &str| follow(&format!("</v2/a/tags/list?last=b>; rel={rel}")).expect("a link");
    for rel in ["'next'", "'prev next'", "'next' ", "'next'; title=x", "NEXT", "\"Next\"", "next'", "'next", "\"\""] {
        assert!(matches!(next(rel), NextPage::At(_)), "{rel}");
    }
    for rel in ["'prev'", "'nextish'", "'prev", "\"first last\""] {
        assert_eq!(next(rel), NextPage::Last, "{rel}");
    }
}

#[test]
fn an_empty_cursor_ends_the_list_and_an_unknown_one_does_not() {
    assert_eq!(follow("<?n=2&last=>; rel=next").expect("a link"), NextPage::Last);
    assert_eq!(follow("https://r.example/v2/a/tags/list?last=; rel=next").expect("a link"), NextPage::Last);
    for cursor in ["?last=&next_page=x", "?last=b&n=", "?n=3", "?cursor="] {
        assert!(matches!(follow(&format!("<{cursor}>; rel=next")), Ok(NextPage::At(_))), "{cursor}");
    }
}

#[test]
fn links_that_differ_by_fragment_are_the_same_page() {
    let link = |link: &'static str| json!({ "link": [link] });
    let page = "https://r.example/v2/_catalog?n=2";
    assert_eq!(read(page, &link("</v2/_catalog?n=2#1>; rel=next")).expect("a link").as_deref(), Some(page));
    let next = read(page, &link("</v2/_catalog?last=b#2>; rel=next")).expect("no error");
    assert_eq!(next.as_deref(), Some("https://r.example/v2/_catalog?last=b"));
}
