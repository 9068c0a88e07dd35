//! `references.json`: how names are parsed.
//!
//! The grammar of `distribution/reference` takes everything before the first `/` as a domain; docker and rls only what
//! looks like a host. Where the two differ, the whole name is compared. rls lower-cases hosts.

use registry_ls::name::{Digest, Located, Reference, Registry, Repository, Tag, Target};
use serde_json::Value;

use crate::exemptions::{Case, check};
use crate::values::text;

/// Kinds whose subject is the key under which credentials are stored. They are the keychain's to meet.
pub const OF_KEYCHAIN: &[&str] = &["config-key-to-host", "helper-server-url"];

#[test]
fn references() {
    check("references.json", |case| match case.kind.as_str() {
        "grammar-parse" | "reference-regexp" => grammar(case),
        "name-regexp" | "split-domain" => path_and_domain(case),
        "docker-normalized" | "any-reference" | "docker-ref" => normalized(case),
        "domain-regexp" | "ggcr-registry" => valid::<Registry>(case),
        "ggcr-strict-repository" | "ggcr-weak-repository" | "ggcr-repository" | "repository-name-only" => {
            valid::<Located<Repository>>(case);
        }
        "ggcr-strict-digest" | "ggcr-weak-digest" | "ggcr-digest" => digested(case),
        "ggcr-strict-tag" | "ggcr-weak-tag" | "ggcr-tag" => valid::<Located<Reference>>(case),
        "fully-qualified" | "regclient-ref" => taken_apart(case),
        "hex-id" => image_id(case),
        "default-registry" => defaulted(case),
        "default-scheme" => assert_eq!(case.expect["scheme"], registry(text(&case.input)).base().scheme()),
        "canonical-host-port" => connected_to(case),
        "is-loopback" => assert_eq!(case.expect["loopback"], is_loopback(text(&case.input))),
        "is-loopback-or-linklocal" => assert_eq!(case.expect["local"], is_loopback(text(&case.input))),
        "components" => components(case),
        "hardening" => hardening(case),
        kind if OF_KEYCHAIN.contains(&kind) => {}
        kind => panic!("unknown kind {kind}"),
    });
}

fn registry(text: &str) -> Registry {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

/// Parses the input; `None` where both sides say that it is invalid.
fn parsed<T: std::str::FromStr<Err = registry_ls::Error>>(case: &Case) -> Option<T> {
    let parsed = text(&case.input).parse::<T>();
    let refused = parsed.as_ref().err().map(ToString::to_string);
    assert_eq!(parsed.is_ok(), case.expect["valid"], "{refused:?}");
    parsed.ok()
}

fn valid<T: std::str::FromStr<Err = registry_ls::Error>>(case: &Case) {
    parsed::<T>(case);
}

/// `HOST[:PORT]/PATH` or `PATH`, as written but for the case of the host.
fn whole(registry: Option<&Registry>, path: &Repository) -> String {
    registry.map_or(path.to_string(), |registry| format!("{}/{path}", registry.authority()))
}

/// Asserts that the domain is `expected`, which is one only where docker takes it for one.
fn assert_domain(registry: Option<&Registry>, expected: &str) {
    if expected.contains(['.', ':']) || expected == "localhost" || expected.is_empty() {
        assert_eq!(registry.map_or(String::new(), Registry::authority), expected);
    }
}

fn assert_tag_and_digest(reference: &Reference, expect: &Value) {
    assert_eq!(expect["tag"], reference.tag().map_or("", Tag::as_str));
    assert_eq!(expect["digest"], reference.digest().map_or("", Digest::as_str));
}

fn grammar(case: &Case) {
    let Some(Located { registry, name, .. }) = parsed::<Located<Reference>>(case) else { return };
    assert_eq!(whole(registry.as_ref(), name.repository()), text(&case.expect["name"]));
    if let Some(domain) = case.expect.get("domain") {
        assert_domain(registry.as_ref(), text(domain));
    }
    assert_tag_and_digest(&name, &case.expect);
}

fn path_and_domain(case: &Case) {
    let Some(Located { registry, name, .. }) = parsed::<Located<Repository>>(case) else { return };
    assert_eq!(whole(registry.as_ref(), &name), text(&case.input).to_lowercase());
    if let Some(domain) = case.expect.get("domain") {
        let path = text(&case.expect["path"]);
        assert_domain(registry.as_ref(), text(domain));
        assert!(name.as_str() == path || name.as_str() == format!("{}/{path}", text(domain)), "{name}");
    }
}

/// As docker reads it, with Docker Hub as the default.
fn normalized(case: &Case) {
    if let Some(part) = case.expect.get("error_contains") {
        let quoted = text(part).rsplit(' ').next().expect("a last word");
        let error = text(&case.input).parse::<Located<Reference>>().expect_err("invalid");
        assert!(error.what().contains(quoted), "{error}");
    }
    let Some(located) = parsed::<Located<Reference>>(case) else { return };
    let (registry, name) = located.within(&Registry::docker_hub());
    let repository = whole(Some(&registry), name.repository());
    if let Some(domain) = case.expect.get("domain") {
        assert_eq!(registry.authority(), text(domain).to_lowercase());
        assert_eq!(name.repository().as_str(), text(&case.expect["path"]));
    }
    let Some(full) = case.expect.get("full").map(text) else { return };
    let shown = match name.target() {
        Target::Digest(digest) if case.kind == "docker-ref" => format!("{repository}@{digest}"),
        Target::Tag(tag) if case.kind == "docker-ref" => format!("{repository}:{tag}"),
        _ => format!("{}/{name}", registry.authority()),
    };
    assert!(shown.eq_ignore_ascii_case(full), "{shown}");
    if let Some(familiar) = case.expect.get("familiar") {
        let familiar: Located<Repository> = text(familiar).parse().expect("a repository");
        assert_eq!(familiar.within(&Registry::docker_hub()), (registry, name.repository().clone()));
    }
}

fn digested(case: &Case) {
    if let Some(Located { name, .. }) = parsed::<Located<Reference>>(case) {
        assert!(name.digest().is_some_and(|digest| text(&case.input).ends_with(digest.as_str())));
    }
}

/// Cases of projects that have a default registry, and of one that has none.
fn taken_apart(case: &Case) {
    let Some(located) = parsed::<Located<Reference>>(case) else { return };
    assert!(located.registry.is_some() || case.kind == "regclient-ref");
    let (registry, name) = located.within(&Registry::docker_hub());
    assert_eq!(registry.authority(), text(&case.expect["domain"]).to_lowercase());
    assert_eq!(name.repository().as_str(), text(&case.expect["path"]));
    assert_tag_and_digest(&name, &case.expect);
}

/// An image ID is refused as an ID, never read as a repository.
fn image_id(case: &Case) {
    let refused = text(&case.input).parse::<Located<Reference>>().err();
    let as_an_id = refused.is_some_and(|error| error.causes().iter().any(|cause| cause.contains("image ID")));
    assert_eq!(case.expect["valid"], as_an_id);
}

fn defaulted(case: &Case) {
    let located: Located<Reference> = text(&case.input["ref"]).parse().expect("a reference");
    let (registry, name) = located.within(&registry(text(&case.input["default_registry"])));
    let tag = name.tag().map_or(text(&case.input["default_tag"]), Tag::as_str);
    assert_eq!(format!("{}:{tag}", whole(Some(&registry), name.repository())), text(&case.expect["full"]));
}

fn connected_to(case: &Case) {
    let registry = registry(text(&case.input["address"]));
    let registry = if case.input["scheme"] == "http" { registry.with_plain_http() } else { registry };
    let host =
        if registry.host().contains(':') { format!("[{}]", registry.host()) } else { registry.host().to_owned() };
    assert_eq!(format!("{host}:{}", registry.effective_port()), text(&case.expect["host_port"]));
    let base = registry.base();
    assert_eq!(base.port_or_known_default(), Some(registry.effective_port()));
    assert_eq!(base.host_str(), Some(host.as_str()));
}

/// What is no registry is not this machine either.
fn is_loopback(text: &str) -> bool {
    text.parse::<Registry>().is_ok_and(|registry| registry.is_loopback())
}

fn components(case: &Case) {
    let input = &case.input;
    let reference = text(&input["Reference"]);
    let registry_is_valid = text(&input["Registry"]).parse::<Registry>().is_ok();
    let repository_is_valid = text(&input["Repository"]).parse::<Repository>().is_ok();
    let reference_is_valid = reference.parse::<Tag>().is_ok() || reference.parse::<Digest>().is_ok();
    assert_eq!(case.expect["valid"], registry_is_valid && repository_is_valid && reference_is_valid);
}

/// Refused by everything that a user can write it in, and so never in a URL.
fn hardening(case: &Case) {
    assert_eq!(case.expect["must_not_send_request"], true);
    valid::<Located<Reference>>(case);
    valid::<Located<Repository>>(case);
    valid::<Registry>(case);
    valid::<Repository>(case);
    let elsewhere = registry("mirror.corp");
    let message = Located::<Reference>::parse_in(text(&case.input), &elsewhere).expect_err("invalid").to_string();
    assert!(!message.contains("pw"), "{message}");
}
