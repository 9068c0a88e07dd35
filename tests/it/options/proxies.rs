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
    error: cannot reach registry-1.docker.io through the proxy http://PROXY (HTTPS_PROXY)
    cause: the proxy http://PROXY requires a user name and a password, and HTTPS_PROXY has none: 407 Proxy Authentication Required
    hint:  set HTTPS_PROXY=http://USER:PASSWORD@PROXY; special characters are percent-encoded, such as @ as %40, : as %3A and # as %23
    ");
    let refused =
        Rls::new().naming(proxy.host(), "PROXY").env("ALL_PROXY", format!("http://bob:s3cret@{}", proxy.host()));
    assert_snapshot!(refused.words("tags alpine").run(), @"
    exit 10
    --- stderr
    error: cannot reach registry-1.docker.io through the proxy http://PROXY (ALL_PROXY)
    cause: the proxy http://PROXY refuses the user name and password in ALL_PROXY: 407 Proxy Authentication Required
    hint:  check the user name and password in ALL_PROXY; special characters are percent-encoded, such as @ as %40, : as %3A and # as %23
    ");
    let request = proxy.requests().remove(0);
    assert_eq!((&*request.method, &*request.target), ("CONNECT", "registry-1.docker.io:443"));
}

#[test]
fn an_unreachable_proxy_is_named() {
    let gone = unused_address();
    let rls = Rls::new().naming(&gone, "PROXY").env("HTTPS_PROXY", format!("http://user:hunter2@{gone}"));
    let outcome = rls.words("tags alpine --retries 0 -v").run();
    assert!(!outcome.stderr.contains("hunter2"), "{outcome}");
    assert_snapshot!(outcome, @"
    exit 10
    --- stderr
    > GET https://registry-1.docker.io/v2/library/alpine/tags/list?n=1000
    error: cannot reach registry-1.docker.io through the proxy http://PROXY (HTTPS_PROXY)
    cause: connection refused by PROXY
    hint:  check the proxy in HTTPS_PROXY, or set NO_PROXY=registry-1.docker.io to connect directly
    ");
}

#[test]
fn a_refusing_proxy_for_plain_http_is_quoted_without_its_password() {
    let echo = "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 23\r\n\r\nnot bob:pr0xy\\u002ds3c!";
    let proxy = Server::answering(echo);
    let variable = format!("http://bob:pr0xy-s3c!@{}", proxy.host());
    let rls = Rls::new().naming(proxy.host(), "PROXY").env("HTTP_PROXY", variable);
    assert_snapshot!(rls.words("tags app -r http://registry.corp").run(), @"
    exit 10
    --- stderr
    error: the proxy refuses the connection to http://registry.corp
    cause: the proxy http://PROXY refuses the user name and password in HTTP_PROXY
    cause: 407 Proxy Authentication Required: not bob:REDACTED
    hint:  check the user name and password in HTTP_PROXY; special characters are percent-encoded, such as @ as %40, : as %3A and # as %23
    ");
}

#[test]
fn an_unusable_variable_never_leads_to_a_direct_connection() {
    let registry = seeded("1x1");
    let name = format!("registry.corp:{}", registry.port());
    let rls = |value: &str| {
        let rls = Rls::new().args(["--resolve", &format!("{name}:127.0.0.1")]).env("HTTP_PROXY", value);
        rls.words("tags grid/repo-000 --retries 0").env("RLS_REGISTRY", format!("http://{name}"))
    };
    for (value, cause) in [
        ("\"http://proxy:3128\"", "its value begins with a quotation mark; remove the quotation marks"),
        ("ftp://proxy:21", "its scheme is ftp; a proxy is reached by http, https, socks4, socks4a, socks5 or socks5h"),
        ("http://ann:s3#cret@proxy:3128", "in its user name or password # is written %23"),
        ("http://proxy:70000", "its port 70000 is not a number from 1 to 65535"),
    ] {
        let outcome = rls(value).run();
        let expected = format!("exit 2\n--- stderr\nerror: HTTP_PROXY cannot be used as a proxy\ncause: {cause}\n");
        assert_eq!(outcome.to_string(), expected, "{value}");
        assert!(registry.requests().is_empty(), "{value}");
    }
    // It is not needed.
    assert_eq!(&*rls("ftp://proxy").env("NO_PROXY", "*.corp").succeeds(), "latest\n");
    assert_eq!(&*rls("ftp://proxy").env("RLS_REGISTRY", registry.url()).succeeds(), "latest\n");
}

#[test]
fn loopback_addresses_bypass_the_proxy() {
    let registry = seeded("1x1");
    let gone = format!("http://{}", unused_address());
    for host in ["127.0.0.1", "localhost"] {
        let rls = Rls::new().env("ALL_PROXY", &gone).env("RLS_REGISTRY", format!("http://{host}:{}", registry.port()));
        assert_eq!(&*rls.words("tags grid/repo-000").succeeds(), "latest\n", "{host}");
    }
}
