//! Lists the cases that do not apply to rls, and those for which cli.md, or the vector itself, says
//! otherwise.

use super::{Case, cases};

/// What is not injected here: the case, and why.
const EXEMPT: &[(&str, &str)] =
    &[("fault-002", "needs a resolver that fails in this way, and the system's is the only one that the program asks")];

/// Cases in which a limit is waited for that no option shortens, or much is computed.
pub const TAKE_LONG: &[&str] = &["fault-011", "fault-013", "fault-052", "fault-053", "fault-061"];

/// What is expected instead of what a vector has.
struct Deviation {
    /// The case, and if it is not the whole of it, the name of the scenario.
    id: &'static str,
    scenario: Option<&'static str>,
    exit: Option<i32>,
    says: Option<&'static [&'static str]>,
    why: &'static str,
}

impl Deviation {
    const fn exit(id: &'static str, scenario: Option<&'static str>, exit: i32, why: &'static str) -> Self {
        Self { id, scenario, exit: Some(exit), says: None, why }
    }

    const fn says(
        id: &'static str,
        scenario: Option<&'static str>,
        says: &'static [&'static str],
        why: &'static str,
    ) -> Self {
        Self { id, scenario, exit: None, says: Some(says), why }
    }
}

const DEVIATIONS: &[Deviation] = &[
    Deviation::exit("fault-015", Some("GoAway"), 10, LOST),
    Deviation::exit("fault-015", Some("ResetStream"), 10, LOST),
    Deviation::exit(
        "fault-017",
        None,
        0,
        "RFC 9110 §15.2: a client parses any number of them before the answer, which then is a right one",
    ),
    Deviation::says(
        "fault-029",
        None,
        &["TLS handshake with ", " timed out"],
        "the message names the server that did not answer",
    ),
    Deviation::says(
        "fault-021",
        None,
        &["unknown authority (x509)", "--ca-file"],
        "an unknown issuer is named in the words of docker and Go, which people search for",
    ),
    Deviation {
        id: "fault-049",
        scenario: Some("time-out"),
        exit: Some(12),
        says: Some(&["timed out after 1s"]),
        why: "the limit for the whole command was reached, which is 12 whatever it was that it waited for",
    },
    Deviation::says("fault-057", Some("manifest bomb"), &["larger than 4 MiB"], BOMB),
    Deviation::says("fault-057", Some("token bomb"), &["token reply too large"], BOMB),
    Deviation::says(
        "fault-065",
        Some("ambiguous"),
        &["is ambiguous"],
        "nothing is compared: it can be read in two ways",
    ),
    Deviation::says("fault-072", None, &[], "it is in the record, which goes to standard output"),
    Deviation::says(
        "fault-077",
        None,
        &["team/app:v2, team/app:v3 point to the same manifest"],
        "the words that cli.md asks for: the siblings are named",
    ),
    Deviation::says(
        "fault-079",
        None,
        &[],
        "a plan (rm -n) names what would be orphaned; a tag that goes by its name orphans nothing",
    ),
];

const LOST: &str = "cli.md: a connection that is lost is 10, whatever it was lost by";
const BOMB: &str =
    "gzip was requested, and the unpacked body is limited like any other of its kind, as the vector allows";

/// The expected result of a scenario.
pub struct Expected {
    pub exit: i32,
    pub says: Vec<String>,
}

pub fn is_exempt(id: &str) -> bool {
    EXEMPT.iter().any(|(exempt, _)| *exempt == id)
}

/// The expectation of the vector, or of the deviation listed here.
pub fn expected(case: &Case, scenario: &str) -> Expected {
    let listed = DEVIATIONS
        .iter()
        .filter(|otherwise| otherwise.id == case.id && otherwise.scenario.is_none_or(|name| name == scenario))
        .max_by_key(|otherwise| otherwise.scenario.is_some());
    let exit = case.expect["exit"].as_i64().and_then(|exit| i32::try_from(exit).ok()).expect("an exit code");
    let says = case.expect["message_contains"].as_array().expect("texts");
    let says = says.iter().map(|text| text.as_str().expect("a text").to_owned()).collect();
    Expected {
        exit: listed.and_then(|listed| listed.exit).unwrap_or(exit),
        says: listed
            .and_then(|listed| listed.says)
            .map_or(says, |says| says.iter().map(|&text| text.to_owned()).collect()),
    }
}

#[test]
fn every_deviation_names_an_existing_case_and_a_reason() {
    let ids: Vec<_> = cases().into_iter().map(|case| case.id).collect();
    assert_eq!(ids.len(), 84);
    let listed = EXEMPT.iter().copied().chain(DEVIATIONS.iter().map(|otherwise| (otherwise.id, otherwise.why)));
    for (id, why) in listed {
        assert!(ids.iter().any(|known| known == id), "{id} is no case");
        assert!(why.split_whitespace().count() > 3, "{id}: no reason is given");
    }
    assert!(TAKE_LONG.iter().all(|id| ids.iter().any(|known| known == id)));
}
