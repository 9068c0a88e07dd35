//! Reads the vector files, and lists the cases that do not apply to rls.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

/// What does not apply to rls: the file, a kind or a single id in it, and why.
pub const EXEMPT: &[(&str, &str, &str)] = &[
    (
        "challenges.json",
        "chal-030",
        "a host has only ASCII letters; an internationalized name is written in its xn-- form",
    ),
    ("challenges.json", "chal-126", "plain HTTP is used only when requested"),
    ("credentials.json", "cred-020", HELPER_WARNS),
    ("credentials.json", "cred-028", HELPER_WARNS),
    ("credentials.json", "cred-031", HELPER_WARNS),
    ("credentials.json", "cred-038", TRUST),
    ("credentials.json", "cred-039", TRUST),
    ("credentials.json", "cred-040", TRUST),
    ("credentials.json", "cred-041", "the program reads the password, not the keychain"),
    ("credentials.json", "cred-043", "about proxies, which no keychain knows"),
    ("credentials.json", "cred-044", TRUST),
    ("digests.json", "dig-002", "sha384 is not one of the two algorithms that rls computes and so can verify"),
    ("errors.json", "err-008", "about a status that a caller expects; here each request has one way to succeed"),
    ("errors.json", "err-089", "texts are kept as they came: the program escapes what it prints"),
    ("faults.json", "fault-001", A_RESOLVER),
    ("faults.json", "fault-002", A_RESOLVER),
    ("faults.json", "fault-004", "needs a network that swallows packets"),
    ("faults.json", "fault-015", "needs a server that violates HTTP/2; a broken stream is a lost connection"),
    (
        "faults.json",
        "fault-017",
        "hyper skips them one by one, and no list of them is kept: only the limit of silence ends it",
    ),
    ("faults.json", "fault-018", "the environment names a proxy: the program is run with it"),
    ("faults.json", "fault-051", "a token's lifetime is counted from receipt, on a monotonic clock"),
    ("faults.json", "fault-052", "the keychain runs helpers, and is tested with such ones"),
    ("faults.json", "fault-060", "the program escapes what it prints"),
    ("faults.json", "fault-061", "held in a test of its own, which counts memory"),
    ("faults.json", "fault-076", THE_COMMAND),
    ("faults.json", "fault-077", THE_COMMAND),
    ("faults.json", "fault-078", THE_COMMAND),
    ("faults.json", "fault-079", THE_COMMAND),
    ("faults.json", "fault-083", THE_COMMAND),
    ("links.json", "link-015", "`&` is allowed in a token (RFC 9110 5.6.2), and so in the name of a parameter"),
    ("links.json", "link-022", ONLY_NEXT),
    ("links.json", "link-023", ONLY_NEXT),
    (
        "links.json",
        "link-029",
        "as its own text has it: what cannot be used is an error, and only an empty one is the end",
    ),
    ("links.json", "link-048", "as it says, a client cannot notice it"),
    ("links.json", "link-083", "the path is kept and the query taken: this token is sent to no other repository"),
    ("redaction.json", "redact-010", NO_BODIES),
    ("redaction.json", "redact-012", NO_BODIES),
    ("redaction.json", "redact-015", "the program has a command line, the library has none"),
    ("redirects.json", "foreign-url", "rls fetches no layers, and does not read where else they may be"),
    ("redirects.json", "redir-042", "only GET and HEAD are ever redirected, wherever to"),
    ("references.json", "ref-228", PORT_TOO_LARGE),
    ("references.json", "ref-229", PORT_TOO_LARGE),
    ("references.json", "ref-230", PORT_TOO_LARGE),
    ("references.json", "ref-236", PORT_TOO_LARGE),
    ("references.json", "ref-264", "`a` is no host to docker and rls, so the path has more than 255 characters"),
    ("references.json", "ref-412", "an empty port is refused, as ref-574 wants of a name and ref-504 of an address"),
    ("references.json", "ref-426", EMPTY_TAG),
    ("references.json", "ref-427", EMPTY_TAG),
    ("references.json", "ref-464", FINAL_DOT),
    ("references.json", "ref-465", FINAL_DOT),
    ("references.json", "ref-491", "read as a repository with a tag of digits, as ref-079, ref-031 and ref-307 want"),
    ("references.json", "ref-511", FINAL_DOT),
    ("references.json", "is-private", "every host is contacted over HTTPS, so private hosts need no rule"),
    ("retries.json", "backoff", "the waits of other clients; those of rls double from 0.25 s on, with jitter"),
    ("retries.json", "body-reconnect", "a body that breaks off is fetched again as often as a request, whatever came"),
    ("retries.json", "retry-011", NO_UPLOADS),
    ("retries.json", "retry-037", SILENCE),
    ("retries.json", "retry-041", SILENCE),
    ("retries.json", "retry-045", "who cancels drops the future, and nothing is left that could be retried"),
    ("retries.json", "retry-051", "a reply to HEAD has no body: the GET shows whether tag or repository is unknown"),
    ("retries.json", "retry-073", NO_UPLOADS),
    (
        "retries.json",
        "retry-077",
        "a lifetime counts from receipt: issued_at is not read, so that clocks need not agree",
    ),
    ("retries.json", "retry-132", "a fraction is rounded up: who asks for 7.5 s does not ask for no wait"),
    ("retries.json", "retry-141", "a registry and the proxy before it may each send one: the longer wait counts"),
    ("retries.json", "retry-143", "the program is what Ctrl-C ends"),
    ("scopes.json", "per-host", "rls takes no hints from its caller: each request has the scopes of its own challenge"),
    ("scopes.json", "scope-044", "actions on one resource are united, as scope-019 and scope-037 want"),
    ("scopes.json", "scope-052", "actions on one resource are united, as scope-019 and scope-037 want"),
    ("scopes.json", "scope-053", "actions on one resource are united, as scope-019 and scope-037 want"),
    (
        "scopes.json",
        "upgrade",
        "a token is fetched for the scopes of one challenge and never for those of an earlier one",
    ),
    (
        "scopes.json",
        "scope-062",
        "the registry's challenge comes first: a scope that it does not bring is never guessed",
    ),
];

const HELPER_WARNS: &str = "a helper that fails is a warning, and reading goes on without its credentials";
const TRUST: &str = "about certificates, which no keychain knows";
const ONLY_NEXT: &str = "nothing but the next page is looked for in a Link header";
const NO_UPLOADS: &str = "rls uploads no blobs, and sends no body that it could not send again";
const SILENCE: &str = "a server that is silent for the whole limit is not retried: the limit is a minute";
const NO_BODIES: &str = "bodies are not logged at all, so that there is nothing to say of them";
const A_RESOLVER: &str = "needs a resolver that fails in this way";
const THE_COMMAND: &str = "about what the command decides before and after it deletes; the program is run for it";
const PORT_TOO_LARGE: &str = "a port above 65535 cannot be connected to and is refused, as ref-572 wants";
const EMPTY_TAG: &str = "distribution/reference has no empty tag; it is refused, as ref-335 wants";
const FINAL_DOT: &str = "distribution/reference has no host that ends with a dot; it is refused, as ref-290 wants";

/// The files whose cases are all either checked or listed in [`EXEMPT`].
const FILES: &[&str] = &[
    "challenges.json",
    "credentials.json",
    "digests.json",
    "errors.json",
    "faults.json",
    "links.json",
    "redaction.json",
    "redirects.json",
    "references.json",
    "retries.json",
    "sanitize.json",
    "scopes.json",
];

/// One fact. The shapes of `input` and `expect` depend on the `kind`.
#[derive(Debug, Deserialize)]
pub struct Case {
    /// Distinct within the file.
    pub id: String,
    /// What sort of fact it is.
    pub kind: String,
    /// What is given.
    pub input: Value,
    /// What must come of it.
    pub expect: Value,
}

/// The cases of `file` that apply to rls, in the file's order.
pub fn cases(file: &str) -> Vec<Case> {
    let applies =
        |case: &Case| !EXEMPT.iter().any(|(of, what, _)| *of == file && (*what == case.kind || *what == case.id));
    let mut cases = read(file);
    cases.retain(applies);
    cases
}

/// Runs `test` on every case of `file` that applies; a panic in it fails the case, and all that failed are named at the
/// end.
pub fn check(file: &str, test: impl Fn(&Case)) {
    let cases = cases(file);
    let failed: Vec<String> = cases.iter().filter_map(|case| failure(case, &test)).collect();
    assert!(failed.is_empty(), "{} of {} cases in {file} fail:\n{}", failed.len(), cases.len(), failed.join("\n"));
}

fn failure(case: &Case, test: &impl Fn(&Case)) -> Option<String> {
    let panic = catch_unwind(AssertUnwindSafe(|| test(case))).err()?;
    let message = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    let Case { id, kind, input, expect } = case;
    Some(format!("{id} ({kind}) {input} should give {expect}: {}", message.unwrap_or("a panic")))
}

fn read(file: &str) -> Vec<Case> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/vectors").join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_exemption_names_existing_cases_and_a_reason() {
    for (file, what, why) in EXEMPT {
        assert!(FILES.contains(file), "{file} is not one of the files");
        assert!(read(file).iter().any(|case| case.kind == *what || case.id == *what), "{file} has no {what}");
        assert!(why.split_whitespace().count() > 2, "{file} {what}: no reason is given");
    }
}

#[test]
fn no_case_is_exempted_twice() {
    for file in FILES {
        let listed = |case: &Case| {
            EXEMPT.iter().filter(|(of, what, _)| of == file && (*what == case.kind || *what == case.id)).count()
        };
        let twice: Vec<String> =
            read(file).iter().filter(|case| listed(case) > 1).map(|case| case.id.clone()).collect();
        assert!(twice.is_empty(), "{file}: {twice:?}");
    }
}

#[test]
fn every_file_has_cases_with_distinct_ids() {
    for file in FILES {
        let all = read(file);
        let ids: BTreeSet<&str> = all.iter().map(|case| case.id.as_str()).collect();
        assert!(!all.is_empty() && ids.len() == all.len(), "{file}: {} cases, {} ids", all.len(), ids.len());
    }
}

#[test]
fn a_failing_case_is_named_and_the_others_still_run() {
    let ran = std::cell::Cell::new(0);
    let fails_once = || {
        check("digests.json", |case| {
            ran.set(ran.get() + 1);
            assert_ne!(case.id, "dig-003", "as it should");
        });
    };
    let panic = catch_unwind(AssertUnwindSafe(fails_once)).expect_err("a case fails");
    let message = panic.downcast_ref::<String>().expect("a text");
    assert!(
        message.contains("dig-003 (parse) \"\" should give {")
            && message.contains("as it should")
            && message.starts_with("1 of"),
        "{message}"
    );
    assert_eq!(ran.get(), cases("digests.json").len());
}
