//! `HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY`. The embedded registry answers requests in the form that proxies get, so it
//! stands for a proxy with a registry behind it.

use insta::assert_snapshot;
use registry_fixture::content::ImageSpec;
use test_support::server::unused_address;
use test_support::{Rls, Server};

use crate::registries::{empty, seeded};

#[test]
fn plain_http_uses_the_proxy() {
    let proxy = seeded("1x1");
    let rls = || Rls::new().words("tags grid/repo-000 -r http://registry.example.invalid:5000");
    assert_eq!(&*rls().env("HTTP_PROXY", proxy.url()).succeeds(), "latest\n");
    assert_eq!(&*rls().env("ALL_PROXY", proxy.url()).succeeds(), "latest\n");
    assert_eq!(proxy.requests()[0].header("host"), Some("registry.example.invalid:5000"));
    let direct = rls().env("HTTP_PROXY", proxy.url()).env("NO_PROXY", "example.invalid");
    assert_eq!(direct.run().code, Some(10));
}

#[test]
fn docker_hub_is_the_default() {
    let proxy = empty();
    proxy.push_image("library/alpine", "3", &ImageSpec::new("alpine"));
    proxy.push_image("owner/app", "1", &ImageSpec::new("app"));
    let rls = || Rls::new().env("HTTP_PROXY", proxy.url()).env("RLS_PLAIN_HTTP", "1");
    assert_eq!(&*rls().words("tags alpine").succeeds(), "3\n");
    assert_eq!(proxy.requests()[0].header("host"), Some("registry-1.docker.io"));
    for name in ["owner/app", "docker.io/owner/app", "index.docker.io/owner/app"] {
        assert_eq!(&*rls().args(["tags", name]).succeeds(), "1\n", "{name}");
    }
    assert!(proxy.requests().iter().all(|request| request.header("host") == Some("registry-1.docker.io")));
}

#[test]
fn https_uses_a_tunnel_through_the_proxy() {
    let proxy = Server::answering("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
    let rls = Rls::new().naming(proxy.host(), "PROXY").env("HTTPS_PROXY", format!("http://{}", proxy.host()));
    assert_snapshot!(rls.words("tags alpine").run(), @"
    exit 10
    --- stderr
    error: cannot reach registry-1.docker.io through the proxy http://PROXY
    cause: tunnel error: proxy authorization required
    hint:  check HTTPS_PROXY, HTTP_PROXY and ALL_PROXY; NO_PROXY lists hosts to reach directly
    ");
    let request = proxy.requests().remove(0);
    assert_eq!((&*request.method, &*request.target), ("CONNECT", "registry-1.docker.io:443"));
}

#[test]
fn an_unreachable_proxy_is_named() {
    let gone = unused_address();
    let rls = Rls::new().naming(&gone, "PROXY").env("HTTPS_PROXY", format!("http://user:hunter2@{gone}"));
    let outcome = rls.words("tags alpine --retries 0 -vv").run();
    assert!(!outcome.stderr.contains("hunter2"), "{outcome}");
    assert_snapshot!(outcome, @"
    exit 10
    --- stderr
    > GET https://registry-1.docker.io/v2/library/alpine/tags/list?n=1000
    error: cannot reach registry-1.docker.io through the proxy http://PROXY
    cause: Connection refused (os error 111)
    hint:  check HTTPS_PROXY, HTTP_PROXY and ALL_PROXY; NO_PROXY lists hosts to reach directly
    ");
}
