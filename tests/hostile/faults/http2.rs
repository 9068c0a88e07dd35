//! Broken HTTP/2, frame by frame (RFC 9113).

use test_support::Reply;
use test_support::http2::{DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, RST_STREAM, frame, header_block, server};
use test_support::tls::ServerCertificate;

use super::scenario::{Scenario, Setup};
use crate::canary;
use crate::runner::{Canaries as _, Holder, program};

/// What happens to every request with credentials.
#[derive(Debug, Clone, Copy)]
enum StreamFault {
    GoAway,
    ResetStream,
    ResetMidBody,
    EmptyData,
}

pub fn scenarios(setup: &Setup) -> Vec<Scenario> {
    [StreamFault::GoAway, StreamFault::ResetStream, StreamFault::ResetMidBody, StreamFault::EmptyData]
        .map(|fault| scenario(setup, fault))
        .into()
}

fn scenario(setup: &Setup, fault: StreamFault) -> Scenario {
    let shown = ServerCertificate::valid();
    // The first request gets a challenge; later ones send credentials.
    let answer = move |number, id| if number == 0 { unauthorized(id) } else { broken(id, fault) };
    let server = server(shown.config(&["h2"]), answer, &Reply::status(500));
    let rls = program().env("RLS_REGISTRY", server.host()).trusting(shown.ca());
    let rls = rls.holding(Holder::Environment, &server.host());
    let scenario = Scenario::new(rls.words("tags team/app --retries 1")).named(format!("{fault:?}")).keeping(server);
    let most = setup.expected("rss_mib_max");
    scenario.check(move |outcome| assert!(outcome.memory() < most, "{} MiB: {outcome}", outcome.memory()))
}

fn broken(id: u32, fault: StreamFault) -> Vec<u8> {
    let head = frame(HEADERS, END_HEADERS, id, &header_block(&[(":status", "200")]));
    // 2 is INTERNAL_ERROR.
    let reset = frame(RST_STREAM, 0, id, &2_u32.to_be_bytes());
    match fault {
        // The last stream, the error, and what is called debug data.
        StreamFault::GoAway => frame(GOAWAY, 0, 0, &[&[0, 0, 0, 0, 0, 0, 0, 2], canary::PASSWORD.as_bytes()].concat()),
        StreamFault::ResetStream => reset,
        StreamFault::ResetMidBody => [head, frame(DATA, 0, id, br#"{"tags":["a","#), reset].concat(),
        StreamFault::EmptyData => [head, frame(DATA, 0, id, &[]).repeat(1_000_000), reset].concat(),
    }
}

/// A 401 that wants a password.
fn unauthorized(id: u32) -> Vec<u8> {
    let block = header_block(&[(":status", "401"), ("www-authenticate", "Basic realm=\"registry\"")]);
    frame(HEADERS, END_HEADERS | END_STREAM, id, &block)
}
