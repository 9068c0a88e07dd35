//! Properties of every kind of name.

use proptest::prelude::*;

use super::*;

const COMPONENT: &str = "[a-z0-9]{1,8}((\\.|_|__|-{1,3})[a-z0-9]{1,5}){0,3}";

fn repository() -> impl Strategy<Value = String> {
    proptest::collection::vec(COMPONENT, 1..6).prop_map(|components| components.join("/"))
}

fn tag() -> impl Strategy<Value = String> {
    "[A-Za-z0-9_][A-Za-z0-9._-]{0,127}"
}

fn digest() -> impl Strategy<Value = String> {
    prop_oneof!["sha256:[0-9a-f]{64}", "sha512:[0-9a-f]{128}"]
}

fn reference() -> impl Strategy<Value = String> {
    (repository(), proptest::option::of(tag()), proptest::option::of(digest())).prop_map(|(repository, tag, digest)| {
        let tag = tag.map_or(String::new(), |tag| format!(":{tag}"));
        repository + &tag + &digest.map_or(String::new(), |digest| format!("@{digest}"))
    })
}

fn authority() -> impl Strategy<Value = String> {
    let host = prop_oneof![
        "[A-Za-z]([A-Za-z0-9-]{0,6}[A-Za-z0-9])?(\\.[a-zA-Z]([a-zA-Z0-9-]{0,5}[a-zA-Z])?){0,3}"
            .prop_filter("an international name", |host| !host.to_ascii_lowercase().contains("xn--")),
        any::<std::net::Ipv4Addr>().prop_map(|address| address.to_string()),
        any::<[u16; 8]>().prop_map(|groups| format!("[{}]", groups.map(|group| format!("{group:x}")).join(":"))),
        Just("docker.io".to_owned()),
        Just("localhost".to_owned()),
    ];
    (host, proptest::option::of(1..=u16::MAX))
        .prop_map(|(host, port)| host + &port.map_or(String::new(), |port| format!(":{port}")))
}

fn registry() -> impl Strategy<Value = String> {
    let prefix = proptest::collection::vec("[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,8}", 0..4);
    (prop_oneof!["", "http://", "https://", "HTTPS://"], authority(), prefix).prop_map(|(scheme, authority, prefix)| {
        let path = if scheme.is_empty() { String::new() } else { prefix.join("/") };
        let slash = if path.is_empty() { "" } else { "/" };
        format!("{scheme}{authority}{slash}{path}")
    })
}

/// Texts near the grammar: pieces of names in any order, with what does not belong there between them.
fn scraps() -> impl Strategy<Value = String> {
    let scrap = prop_oneof![
        4 => "[a-zA-Z0-9._:/@-]{0,4}",
        1 => "\\PC",
        1 => any::<char>().prop_map(String::from),
        1 => proptest::sample::select(vec!["://", "https://", "sha256:", "..", "//", "[::1]", ":5000", "localhost", "%2e", "%3a", "/v2/", "/tags/list", "/manifests/", "\r\n"])
            .prop_map(str::to_owned),
    ];
    proptest::collection::vec(scrap, 0..8).prop_map(|scraps| scraps.concat())
}

/// `path` joined to `base` is a URL with that very path below the base's.
fn assert_stands_in_a_url(base: &url::Url, path: &str) {
    let joined = base.join(path).expect("a URL");
    assert_eq!(joined.as_str(), format!("{base}{path}"));
    assert_eq!(joined.path(), format!("{}{path}", base.path()));
    assert_eq!(url::Url::parse(joined.as_str()).expect("a URL"), joined);
    assert_eq!((joined.query(), joined.fragment(), joined.username()), (None, None, ""));
}

proptest! {
    #[test]
    fn displayed_names_parse_back(repository in repository(), tag in tag(), digest in digest(), reference in reference()) {
        prop_assert_eq!(repository.parse::<Repository>().expect("a repository").to_string(), repository);
        prop_assert_eq!(tag.parse::<Tag>().expect("a tag").to_string(), tag);
        prop_assert_eq!(digest.parse::<Digest>().expect("a digest").to_string(), digest);
        prop_assert_eq!(reference.parse::<Reference>().expect("a reference").to_string(), reference);
    }

    #[test]
    fn displayed_registries_parse_back(text in registry()) {
        if let Ok(registry) = text.parse::<Registry>() {
            prop_assert_eq!(&registry.to_string().parse::<Registry>().expect("a registry"), &registry);
            let plain = registry.with_plain_http();
            prop_assert_eq!(&plain.to_string().parse::<Registry>().expect("a registry"), &plain);
        }
    }

    #[test]
    fn a_host_alone_is_a_registry(text in authority()) {
        text.parse::<Registry>().expect("a registry");
    }

    #[test]
    fn a_host_before_a_name_is_removed(authority in authority(), reference in reference()) {
        let authority = if authority.contains(['.', ':']) { authority } else { authority + ":5000" };
        let located: Located<Reference> = format!("{authority}/{reference}").parse().expect("a reference");
        prop_assert_eq!(&located.name.to_string(), &reference);
        let registry: Registry = authority.parse().expect("a registry");
        prop_assert_eq!(located.registry, Some(registry.clone()));
        let located = Located::<Reference>::parse_in(&format!("{authority}/{reference}"), &registry).expect("a reference");
        prop_assert_eq!(located.name.to_string(), reference);
    }

    #[test]
    fn a_qualified_name_is_read_back_whatever_the_default_is(
        text in registry(), reference in reference(), default in registry()
    ) {
        let (Ok(registry), Ok(default)) = (text.parse::<Registry>(), default.parse::<Registry>()) else { return Ok(()) };
        // A prefix cannot be distinguished from a path, unless it is the default's.
        if registry.prefix().is_none() && (!registry.is_docker_hub() || reference.contains('/')) {
            let located = Located::<Reference>::read(&registry.qualify(&reference)).expect("a reference");
            let (at, name) = located.within(&default);
            prop_assert_eq!(name.to_string(), reference.clone());
            prop_assert!(at == registry || at == default && at.authority() == registry.authority());
        }
        let located = Located::<Reference>::parse_in(&registry.qualify(&reference), &registry).expect("a reference");
        prop_assert_eq!(located.name.to_string(), reference);
    }

    #[test]
    fn valid_names_need_no_escaping_in_a_url(registry in registry(), reference in reference()) {
        if let Ok(registry) = registry.parse::<Registry>() {
            let reference: Reference = reference.parse().expect("a reference");
            assert_stands_in_a_url(&registry.base(), &format!("v2/{}/manifests/{}", reference.repository(), reference.target()));
        }
    }

    #[test]
    fn parsing_never_panics_and_parsed_names_are_safe(text in scraps()) {
        let hub = Registry::docker_hub();
        let mirror: Registry = "http://localhost:5000".parse().expect("a registry");
        if let Ok(registry) = text.parse::<Registry>() {
            prop_assert_eq!(&registry.to_string().parse::<Registry>().expect("a registry"), &registry);
            assert_stands_in_a_url(&registry.base(), "v2/");
            prop_assert_eq!(registry.base().host_str().is_some(), true);
        }
        if let Ok(tag) = text.parse::<Tag>() {
            assert_stands_in_a_url(&hub.base(), &format!("v2/a/manifests/{tag}"));
        }
        if let Ok(digest) = text.parse::<Digest>() {
            assert_stands_in_a_url(&hub.base(), &format!("v2/a/manifests/{digest}"));
        }
        let repositories =
            [text.parse::<Located<Repository>>(), Located::<Repository>::read(&text), Located::<Repository>::parse_in(&text, &mirror)];
        for located in repositories.into_iter().flatten() {
            let (registry, repository) = located.within(&hub);
            assert_stands_in_a_url(&registry.base(), &format!("v2/{repository}/tags/list"));
        }
        let references =
            [text.parse::<Located<Reference>>(), Located::<Reference>::read(&text), Located::<Reference>::parse_in(&text, &mirror)];
        for located in references.into_iter().flatten() {
            let (registry, reference) = located.within(&hub);
            let path = format!("v2/{}/manifests/{}", reference.repository(), reference.target());
            assert_stands_in_a_url(&registry.base(), &path);
        }
        if let Ok(repository) = text.parse::<Repository>() {
            prop_assert_eq!(text.parse::<Reference>().map(|reference| reference.repository().clone()).ok(), Some(repository));
        }
    }

    #[test]
    fn arbitrary_text_never_panics(text in any::<String>()) {
        let _ = (text.parse::<Registry>(), text.parse::<Repository>(), text.parse::<Tag>(), text.parse::<Digest>());
        let _ = (text.parse::<Reference>(), text.parse::<Located<Repository>>(), text.parse::<Located<Reference>>());
        let _ = (Located::<Reference>::parse_in(&text, &Registry::docker_hub()), Located::<Reference>::read(&text));
    }

    #[test]
    fn a_password_is_never_shown(secret in "[A-Z]{6}[!-~]{0,8}[A-Z]{2}", scheme in "(https?://)?", rest in reference()) {
        let text = format!("{scheme}ann:{secret}@reg.corp/{rest}");
        let refusals = [
            text.parse::<Located<Repository>>().err(),
            text.parse::<Located<Reference>>().err(),
            Located::<Repository>::read(&text).err(),
            Located::<Reference>::read(&text).err(),
            text.parse::<Registry>().err(),
            text.parse::<Repository>().err(),
            text.parse::<Reference>().err(),
            text.parse::<Tag>().err(),
            text.parse::<Digest>().err(),
            Located::<Reference>::parse_in(&text, &Registry::docker_hub()).err(),
        ];
        for refusal in refusals {
            let refusal = refusal.expect("an error").to_string();
            prop_assert!(!refusal.contains(&secret[..6]) && refusal.contains("ann:xxxxx@"), "{}", refusal);
        }
    }

    #[test]
    fn a_digest_does_not_depend_on_chunks(bytes in any::<Vec<u8>>(), cut in any::<prop::sample::Index>()) {
        for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
            let (before, after) = bytes.split_at(cut.index(bytes.len() + 1));
            let mut hasher = Digest::hasher(algorithm);
            hasher.update(before);
            hasher.update(after);
            let digest = hasher.finish();
            prop_assert!(digest.matches(&bytes));
            prop_assert_eq!(digest.to_string().parse::<Digest>().expect("a digest"), digest);
        }
    }
}

fn read_back<T>(text: &str)
where
    T: std::str::FromStr<Err = crate::Error>
        + serde::Serialize
        + serde::de::DeserializeOwned
        + PartialEq
        + std::fmt::Debug,
{
    let name: T = text.parse().unwrap_or_else(|error| panic!("{error}"));
    let json = serde_json::to_string(&name).expect("JSON");
    assert_eq!(json, format!("\"{text}\""));
    assert_eq!(serde_json::from_str::<T>(&json).expect("a name"), name);
}

#[test]
fn names_are_strings_in_json() {
    let digest = Digest::of(Algorithm::Sha256, b"");
    read_back::<Digest>(digest.as_str());
    read_back::<Tag>("v1.2_3");
    read_back::<Repository>("team/app");
    read_back::<Reference>(&format!("team/app:v1@{digest}"));
    read_back::<Registry>("http://reg.corp:5000");
    read_back::<Registry>("https://reg.corp/docker");
    read_back::<Glob>("team/*");
}

#[test]
fn an_invalid_name_in_json_is_refused_by_its_parser() {
    fn error<T: serde::de::DeserializeOwned + std::fmt::Debug>(json: &str) -> String {
        serde_json::from_str::<T>(json).expect_err(json).to_string()
    }
    for (shown, expected) in [
        (error::<Digest>("\"sha256:00\""), "sha256 has 64 hexadecimal digits, this digest has 2"),
        (error::<Tag>("\"a b\""), "' ' is not allowed in a tag"),
        (error::<Repository>("\"App\""), "a repository has no upper-case letters; in lower case it is 'app'"),
        (error::<Reference>("\"app:\""), "the tag is empty"),
        (error::<Registry>("\"ftp://reg\""), "its scheme is neither https nor http"),
        (error::<Glob>("\"\""), "the pattern is empty"),
        (error::<Tag>("7"), "invalid type: integer `7`, expected a string"),
    ] {
        assert!(shown.contains(expected), "{shown}");
    }
    let secret = error::<Registry>("\"https://ann:geheim@reg.corp\"");
    assert!(!secret.contains("geheim"), "{secret}");
}
