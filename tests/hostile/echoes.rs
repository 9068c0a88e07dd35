//! Servers that repeat a secret: none of it is legible in the output, wherever they put it and however they write it.

use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use test_support::{Reply, Request, Server};

use crate::canary;
use crate::runner::{Canaries as _, Holder, Outcome, Verbosity, program};

/// Where a server puts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Message,
    Detail,
    Text,
    /// The name of the list.
    ListName,
    /// A name in the list that is no tag.
    DroppedName,
    Link,
    /// The scheme of a redirect.
    Location,
    /// The host of a redirect.
    Host,
    Encoding,
    Warning,
    /// The scheme of a challenge.
    Challenge,
    /// The token server of a challenge.
    Realm,
    /// The path of a web page that a redirect leads to.
    Page,
    /// The text of a refusal by a proxy, whose password it is.
    Proxy,
    /// The scheme of its challenge.
    ProxyScheme,
    /// The text of an error by the storage, of the signature in the URL that leads there.
    Storage,
}

const PLACES: [Place; 16] = [
    Place::Message,
    Place::Detail,
    Place::Text,
    Place::ListName,
    Place::DroppedName,
    Place::Link,
    Place::Location,
    Place::Host,
    Place::Encoding,
    Place::Warning,
    Place::Challenge,
    Place::Realm,
    Place::Page,
    Place::Proxy,
    Place::ProxyScheme,
    Place::Storage,
];

struct Echo {
    place: Place,
    form: String,
}

impl fmt::Display for Echo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "in {:?}, written {}", self.place, self.form)
    }
}

impl Place {
    fn secret(self) -> &'static str {
        match self {
            Self::Proxy | Self::ProxyScheme => canary::PROXY,
            Self::Storage => canary::PRESIGNED,
            _ => canary::PASSWORD,
        }
    }
}

/// The reply to a request with the secret.
fn reply(Echo { place, form }: &Echo) -> Reply {
    let errors = |error: String| {
        let body = format!("{{\"errors\":[{{\"code\":\"DENIED\",{error}}}]}}");
        Reply::status(403).header("Content-Type", "application/json").body(body)
    };
    match place {
        Place::Message => errors(format!("\"message\":\"not with {form}\"")),
        Place::Detail => errors(format!("\"message\":\"no\",\"detail\":{{\"sent\":\"{form}\"}}")),
        Place::Text | Place::Storage => Reply::status(403).body(format!("<p>you sent {form}</p>")),
        Place::ListName => Reply::json(format!("{{\"name\":\"{form}\",\"tags\":[\"a\"]}}")),
        Place::DroppedName => Reply::json(format!("{{\"name\":\"team/app\",\"tags\":[\"a\",\"!{form}\"]}}")),
        Place::Link => Reply::tags(&["a"]).next(&format!("http://{form}/?{form}")),
        Place::Location => Reply::redirect(format!("{form}:x")),
        Place::Host => Reply::redirect(format!("http://{form}.invalid/{form}")),
        Place::Encoding => Reply::tags(&["a"]).header("Content-Encoding", form),
        Place::Warning => Reply::tags(&["a"]).header("Warning", format!("299 - \"{form}\"")),
        Place::Challenge => Reply::status(401).header("WWW-Authenticate", format!("{form} realm=\"{form}\"")),
        Place::Realm => {
            Reply::status(401).header("WWW-Authenticate", format!("Bearer realm=\"http://{form}.invalid/{form}\""))
        }
        Place::Page => Reply::redirect(format!("/{form}")),
        Place::Proxy => Reply::status(407).body(form.clone()),
        Place::ProxyScheme => Reply::status(407).header("Proxy-Authenticate", form),
    }
}

fn observe(echo: Echo) -> Outcome {
    let signed = format!("/elsewhere?X-Amz-Signature={}", canary::PRESIGNED);
    let place = echo.place;
    let server = Server::start(move |asked: &Request| match place {
        Place::Proxy | Place::ProxyScheme => reply(&echo),
        Place::Page if !asked.path().ends_with("/tags/list") => Reply::status(200).body("<html>log in"),
        Place::Storage if asked.path() != "/elsewhere" => Reply::redirect(signed.clone()),
        Place::Storage => reply(&echo),
        _ if asked.authorization().is_none() => Reply::wants_password(),
        _ => reply(&echo),
    });
    let rls = program().telling(Verbosity::Headers).words("tags team/app --retries 0 --timeout 60s");
    let rls = match place {
        Place::Proxy | Place::ProxyScheme => rls.through(&server.host()).env("RLS_REGISTRY", "http://registry.corp"),
        _ => rls.env("RLS_REGISTRY", server.url()).holding(Holder::Environment, &server.host()),
    };
    let outcome = rls.observe();
    let sent = String::from_utf8_lossy(&server.bytes()).into_owned();
    assert!(sent.contains(place.secret()) || sent.contains(" Basic "), "the secret was not sent: {outcome}");
    outcome
}

#[test]
fn no_echo_of_a_secret_is_legible() {
    let echoes = |&place: &Place| canary::forms(place.secret()).into_iter().map(move |form| Echo { place, form });
    let every: Mutex<Vec<_>> = Mutex::new(PLACES.iter().flat_map(echoes).collect());
    let (failures, marked) = (Mutex::new(Vec::new()), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while let Some(echo) = { every.lock().expect("no panic").pop() } {
                    let name = echo.to_string();
                    let outcome = observe(echo);
                    marked.fetch_add(usize::from(outcome.messages(true).contains("REDACTED")), Ordering::Relaxed);
                    let found = canary::found_in(&[&outcome.stdout[..], outcome.stderr.as_bytes()].concat());
                    if !found.is_empty() {
                        failures.lock().expect("no panic").push(format!("{name}: {found:?} in {outcome}"));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().expect("no panic");
    assert!(failures.is_empty(), "{} leak:\n{}", failures.len(), failures.join("\n\n"));
    // Most places are in a message; what is shown nowhere proves nothing.
    assert!(marked.into_inner() > 100);
}

/// Manifests in which a part is the text, and cannot be read.
fn manifests(form: &str) -> Vec<String> {
    let descriptor = |size: &str, digest: &str| {
        format!(
            "{{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"size\":{size},\"digest\":\"{digest}\"}}"
        )
    };
    let known = format!("sha256:{}", "ab".repeat(32));
    let whole = descriptor("2", &known);
    let image = |config: &str, layers: &str, more: &str| {
        let media_type = "application/vnd.oci.image.manifest.v1+json";
        format!("{{\"schemaVersion\":2,\"mediaType\":\"{media_type}\",\"config\":{config},\"layers\":{layers}{more}}}")
    };
    let text = format!("\"{form}\"");
    vec![
        image(&text, "[]", ""),
        image(&descriptor(&text, &known), "[]", ""),
        image(&descriptor("2", form), "[]", ""),
        image(&descriptor("2", &format!("sha256:{form}")), "[]", ""),
        image(&whole, &text, ""),
        image(&whole, "[]", &format!(",\"subject\":{text}")),
        image(&whole, "[]", &format!(",\"annotations\":{{\"{form}\":5}}")),
        format!("{{\"schemaVersion\":2,\"manifests\":{text}}}"),
    ]
}

#[test]
fn no_echo_in_a_manifest_or_in_an_accepted_deletion_is_legible() {
    let words = [
        "tags team/app -l",
        "manifest team/app:a",
        "referrers team/app:a",
        "du team/app",
        "prune team/app --keep-last 1",
        "check team/app",
        "doctor team/app",
        "rm team/app:a",
    ];
    let mut every = Vec::new();
    for form in canary::forms(canary::PASSWORD).into_iter().take(8) {
        for manifest in manifests(&form) {
            every.extend(words.map(|words| (words, form.clone(), manifest.clone())));
        }
    }
    let every = Mutex::new(every);
    let (failures, marked) = (Mutex::new(Vec::new()), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while let Some((words, form, manifest)) = { every.lock().expect("no panic").pop() } {
                    let server = Server::start(move |asked: &Request| match asked.path() {
                        _ if asked.authorization().is_none() => Reply::wants_password(),
                        "/v2/" => Reply::json("{}"),
                        path if path.ends_with("/tags/list") => Reply::tags(&["a", "b"]),
                        _ if asked.method == "DELETE" && asked.path().contains("/a") => Reply::status(202)
                            .header("Content-Type", "application/json")
                            .body(format!("{{\"errors\":[{{\"code\":\"X\",\"message\":\"{form}\"}}]}}")),
                        _ if asked.method == "DELETE" => Reply::error(404, "MANIFEST_UNKNOWN"),
                        path if path.contains("/manifests/") => Reply::status(200)
                            .header("Content-Type", "application/vnd.oci.image.manifest.v1+json")
                            .body(manifest.clone()),
                        _ => Reply::error(404, "NOT_FOUND"),
                    });
                    let rls = program().telling(Verbosity::Headers).words(words).words("--retries 0 --timeout 60s");
                    let rls = rls.env("RLS_REGISTRY", server.url()).holding(Holder::Environment, &server.host());
                    let outcome = rls.observe();
                    marked.fetch_add(usize::from(outcome.messages(true).contains("REDACTED")), Ordering::Relaxed);
                    let found = canary::found_in(outcome.stderr.as_bytes());
                    if !found.is_empty() {
                        failures.lock().expect("no panic").push(format!("{words}: {found:?} in {outcome}"));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().expect("no panic");
    assert!(failures.is_empty(), "{} leak:\n{}", failures.len(), failures.join("\n\n"));
    assert!(marked.into_inner() > 100);
}

#[test]
fn no_echo_in_the_claims_of_a_token_is_legible() {
    let encoded = |claims: &str| BASE64_URL_SAFE_NO_PAD.encode(claims);
    for form in canary::forms(canary::PASSWORD) {
        let access = format!("[{{\"type\":\"repository\",\"name\":\"team/{form}\",\"actions\":[\"{form}\"]}}]");
        let claims = format!("{{\"sub\":\"{form}\",\"access\":{access}}}");
        let token = format!("{}.{}.c2ln", encoded("{\"alg\":\"none\"}"), encoded(&claims));
        let server = Server::start(move |asked: &Request| match asked.authorization() {
            _ if asked.path() == "/token" => canary::token(&token),
            Some(sent) if sent.starts_with("Bearer ") => Reply::tags(&["a"]),
            _ => Reply::wants_token_of("/token"),
        });
        for words in ["doctor team/app", "doctor team/app -o json", "tags team/app -vv"] {
            let rls = program().words(words).words("--retries 0 --timeout 60s");
            let rls = rls.env("RLS_REGISTRY", server.url()).holding(Holder::Environment, &server.host());
            let outcome = rls.observe();
            let found = canary::found_in(&[&outcome.stdout[..], outcome.stderr.as_bytes()].concat());
            assert_eq!(found, [""; 0], "{words}, written {form}: {outcome}");
        }
    }
}
