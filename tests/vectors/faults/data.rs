//! Bodies that are too large, malformed, or of another encoding.

use registry_ls::name::{Algorithm, Digest};
use test_support::{Reply, Server};

use crate::driven::{anonymous, as_user, exit_code, run};
use crate::exemptions::Case;

use super::listing::{always, assert_exit, assert_says, tags, token_reply, with_token};

pub(super) fn data(case: &Case) {
    let list = |body: &[u8]| Reply::status(200).body(body);
    match case.id.as_str() {
        "fault-053" => {
            assert_eq!(always(case, Reply::status(200).endless(&[b' '; 256 * 1024])).1, 1);
        }
        "fault-054" => run(async {
            let server = Server::start(|_| Reply::status(200).endless(&[b' '; 64 * 1024]));
            let client = anonymous(&server);
            let error = client.tagged("v1").await.expect_err("too large");
            assert_exit(case, Some(&error));
            assert_says(case, &error, &server);
            // And the piece in which the limit lies.
            assert!(client.stats.totals().bytes <= (4 << 20) + (512 << 10));
        }),
        "fault-055" => drop(always(case, Reply::status(400).endless(&[b' '; 64 * 1024]))),
        "fault-056" => drop(with_token(case, token_reply(Reply::status(200).endless(&[b' '; 64 * 1024])), true)),
        "fault-057" => {
            for encoding in ["br", "deflate", "zstd", "x-unknown"] {
                assert_eq!(always(case, tags().header("Content-Encoding", encoding)).1, 1);
            }
            let garbage = always(case, tags().header("Content-Encoding", "gzip"));
            assert_eq!(garbage.1, 1);
        }
        "fault-058" => drop(always(case, list(b"{\"tags\":[\"a\xff\"]}"))),
        "fault-059" => {
            let deep = [br#"{"x":"#, "[".repeat(5_000_000).as_bytes()].concat();
            let bodies: [&[u8]; 4] =
                [br#"{"tags":[],"tags":["a"]}"#, br#"{"tags":[]}{}"#, &deep, br#"{"tags":["\ud800"]}"#];
            bodies.iter().for_each(|body| drop(always(case, list(body))));
        }
        "fault-062" => {
            let next = |link: &str| tags().header("Link", format!("<{link}>; rel=\"next\""));
            drop(always(case, next("/v2/team/app/tags/list?n=1000")));
            drop(always(case, next("/v2/team/app/tags/list?n=1000&last=b")));
        }
        "fault-063" => run(async {
            let other = Server::start(|_| tags());
            // Another port of the same host would be the registry as a proxy sees it.
            let elsewhere = other.url().replace("127.0.0.1", "localhost");
            let link = format!("<{elsewhere}/v2/team/app/tags/list?last=b>; rel=\"next\"");
            let server = Server::start(move |_| tags().header("Link", link.as_str()));
            let listed = as_user(&server, "ann", "secret").all_tags().await;
            assert_eq!((listed.names.len(), other.requests().len()), (2, 0));
            let error = listed.failure();
            assert_exit(case, Some(&error));
            assert_says(case, &error, &server);
        }),
        "fault-064" => {
            let (listed, _) = always(case, tags().header("Link", "</v2/team/app/tags/list?last=b; rel=next"));
            assert_eq!(listed.names, ["a", "b"]);
        }
        "fault-065" => run(async {
            let server = Server::start(|_| Reply::json("{}"));
            let digest = Digest::of(Algorithm::Sha256, b"x");
            let error = anonymous(&server).app().manifest(&digest).await;
            let error = error.expect_err("malformed or another");
            assert!(exit_code(&error) == 5 || exit_code(&error) == 9, "{error}");
            mismatch(case).await;
        }),
        other => panic!("unknown fault {other}"),
    }
}

async fn mismatch(case: &Case) {
    let server = Server::start(|_| Reply::json(r#"{"schemaVersion":2,"config":{},"layers":[]}"#));
    let digest = Digest::of(Algorithm::Sha256, b"x");
    let error = anonymous(&server).app().manifest(&digest).await.expect_err("another");
    assert_exit(case, Some(&error));
    assert_says(case, &error, &server);
}
