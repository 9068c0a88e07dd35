//! Unreachable servers.

use insta::assert_snapshot;
use registry_fixture::{Fault, Match};
use test_support::server::unused_address;
use test_support::{Rls, Server};

use crate::registries::{empty, seeded};

#[test]
fn connection_refused() {
    let gone = unused_address();
    let rls =
        |scheme: &str| Rls::new().naming(&gone, "REGISTRY").args(["tags", "app", "-r", &format!("{scheme}{gone}")]);
    assert_snapshot!(rls("").fails(10), @"
    error: cannot connect to REGISTRY
    cause: connection refused
    hint:  check that the registry is running and the port is right; the default is 443, or 80 with http://
    ");
    assert_snapshot!(rls("http://").fails(10), @"
    error: cannot connect to REGISTRY
    cause: connection refused
    hint:  check that the registry is running and the port is right; the default is 443, or 80 with http://
    ");
}

#[test]
fn a_name_that_does_not_resolve() {
    let error = Rls::new().words("repos registry.example.invalid:5000").fails(10);
    // The resolver has its own words for it.
    let lines: Vec<_> = error.lines().filter(|line| !line.starts_with("cause: ")).collect();
    assert_snapshot!(lines.join("\n"), @"
    error: cannot resolve registry.example.invalid
    hint:  check the host name, or use --resolve HOST:PORT:ADDR to bypass DNS
    ");
}

#[test]
fn a_broken_connection() {
    let registry = seeded("1x1");
    let tags = |fault: Fault| {
        registry.clear_faults();
        registry.inject(Match::get("/v2/grid/repo-000/tags/list").always(), fault);
        Rls::at(&registry).words("tags grid/repo-000 --retries 0").fails(10)
    };
    assert_snapshot!(tags(Fault::CloseBeforeReply), @"
    error: lost the connection to REGISTRY
    cause: the server closed the connection before it answered
    ");
    assert_snapshot!(tags(Fault::ResetMidBody(5)), @"
    error: lost the connection to REGISTRY
    cause: connection reset in the middle of a reply
    ");
}

#[test]
fn a_server_that_does_not_speak_http() {
    let ssh = Server::answering("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n");
    let rls = Rls::new().naming(ssh.host(), "REGISTRY").args(["repos", "-r", &ssh.url()]);
    assert_snapshot!(rls.fails(5), @"
    error: cannot read the reply from REGISTRY as HTTP
    cause: not an HTTP reply, or a malformed one (invalid HTTP version parsed)
    hint:  another service may listen on REGISTRY; registries usually use port 443 or 5000
    ");
}

#[test]
fn several_targets_on_several_registries() {
    let (here, gone) = (empty(), unused_address());
    let rls = Rls::beside(&here).naming(&gone, "GONE").env("RLS_PLAIN_HTTP", "1");
    let (here, gone) = (format!("{}/app", here.host()), format!("{gone}/app"));
    assert_snapshot!(rls.args(["tags", &here, &gone, "-q"]).run(), @r#"
    exit 6
    --- stderr
    error: app not found on http://REGISTRY
    cause: 404 Not Found: NAME_UNKNOWN: repository name not known to registry: {"name":"app"}
    error: cannot connect to GONE
    cause: connection refused
    "#);
}
