use std::time::Duration;

use serde_json::json;

use super::*;
use crate::name::{Registry, Repository};

fn read(document: &Value, rules: Rules) -> ConfigJson {
    let origin = Origin { label: "docker config", name: "~/.docker/config.json".to_owned(), exposed: Some(0o644) };
    ConfigJson::read(document, rules, origin).expect("a configuration")
}

async fn find(document: &Value, rules: Rules, registry: &str, repository: Option<&str>) -> Lookup {
    let registry: Registry = registry.parse().expect(registry);
    let repository = repository.map(|path| path.parse::<Repository>().expect(path));
    let helpers = Helpers::new(None, Duration::from_secs(1));
    let target = Target { registry: &registry, repository: repository.as_ref() };
    read(document, rules).find(&target, &helpers).await.expect("a lookup")
}

fn users(lookup: &Lookup) -> Vec<&str> {
    lookup.found.iter().map(|found| found.identity.username.as_deref().unwrap_or("-")).collect()
}

fn user(name: &str) -> Value {
    json!({"username": name, "password": "p"})
}

#[tokio::test]
async fn the_nearest_key_wins() {
    let document = json!({"auths": {
        "https://reg.corp/v1/": user("url"),
        "reg.corp/team": user("team"),
        "REG.corp": user("host"),
        "reg.corp/team/app": user("app"),
        "reg.corp:5000": user("port"),
    }});
    for (registry, repository, expected) in [
        ("reg.corp", Some("team/app"), "app"),
        ("reg.corp", Some("team/app/sub"), "app"),
        ("reg.corp", Some("team/other"), "team"),
        ("reg.corp", Some("teamwork/app"), "host"),
        ("reg.corp", None, "host"),
        ("reg.corp:5000", Some("team/app"), "port"),
    ] {
        for rules in [Rules::Docker, Rules::Containers] {
            let lookup = find(&document, rules, registry, repository).await;
            assert_eq!(users(&lookup), [expected], "{registry} {repository:?} {rules:?}");
        }
    }
    assert_eq!(
        users(&find(&document, Rules::Docker, "reg.corp:443", None).await),
        ["host"],
        "443 is the port of https"
    );
    assert!(find(&document, Rules::Docker, "reg.corp:5001", None).await.found.is_empty(), "the port counts");
}

#[tokio::test]
async fn a_key_is_reduced_to_its_host_only_when_none_is_exact() {
    for (key, docker, containers) in [
        ("https://reg.corp/v2/", true, true),
        ("http://reg.corp", true, true),
        ("https://reg.corp/whatever", true, true),
        ("reg.corp/v1/", true, true),
        ("reg.corp/team", true, false),
        ("evilreg.corp", false, false),
        ("reg.corp.evil", false, false),
        ("https://evil/reg.corp", false, false),
        ("https://reg.corp@evil", false, false),
        ("*", false, false),
    ] {
        let document = json!({"auths": {key: user("u")}});
        for (rules, expected) in [(Rules::Docker, docker), (Rules::Containers, containers)] {
            let lookup = find(&document, rules, "reg.corp", Some("other/app")).await;
            assert_eq!(!lookup.found.is_empty(), expected, "{key} {rules:?}");
        }
    }
}

#[tokio::test]
async fn docker_hub_has_several_names() {
    for key in
        ["https://index.docker.io/v1/", "docker.io", "index.docker.io", "registry-1.docker.io", "https://docker.io"]
    {
        let document = json!({"auths": {"reg.corp": user("other"), key: user("hub")}});
        let lookup = find(&document, Rules::Docker, "docker.io", Some("library/alpine")).await;
        assert_eq!(users(&lookup), ["hub"], "{key}");
    }
    let document = json!({"auths": {"docker.io": user("b"), "https://index.docker.io/v1/": user("a"), "docker.io/team": user("c")}});
    assert_eq!(users(&find(&document, Rules::Docker, "docker.io", None).await), ["a"]);
    assert_eq!(users(&find(&document, Rules::Containers, "docker.io", Some("team/app")).await), ["c"]);
}

#[tokio::test]
async fn an_invalid_entry_fails_for_its_own_host_only() {
    let document =
        json!({"auths": {"bad.corp": {"auth": "s3cret!"}, "none.corp": 7, "good.corp": user("ann"), "empty.corp": {}}});
    let good = find(&document, Rules::Docker, "good.corp", None).await;
    assert_eq!((users(&good), good.failures.len()), (vec!["ann"], 0));
    assert_eq!(good.found[0].identity.source, "docker config, ~/.docker/config.json");
    let bad = find(&document, Rules::Docker, "bad.corp", None).await;
    assert!(bad.found.is_empty());
    assert_eq!(
        bad.failures,
        [r#"the entry "bad.corp" in ~/.docker/config.json cannot be used: its auth is not base64"#]
    );
    let empty = find(&document, Rules::Docker, "empty.corp", None).await;
    assert!(empty.found.is_empty() && empty.failures.is_empty() && empty.notes.is_empty());
}

#[tokio::test]
async fn a_world_readable_file_is_noted_when_it_is_used() {
    let document = json!({"auths": {"reg.corp": user("ann")}});
    let lookup = find(&document, Rules::Docker, "reg.corp", None).await;
    assert_eq!(lookup.notes, ["~/.docker/config.json contains credentials and is readable by other users (mode 0644)"]);
    assert!(find(&document, Rules::Docker, "other.corp", None).await.notes.is_empty());
}

#[test]
fn the_helper_of_a_host_precedes_the_general_one() {
    let document = json!({
        "credsStore": "all",
        "credHelpers": {"Reg.corp:5000": "own", "docker.io": "hub", "file.corp": "", "reg\nprotocol=http": "x"},
    });
    let config = read(&document, Rules::Docker);
    for (registry, expected) in [
        ("reg.corp:5000", &[("own", "reg.corp:5000"), ("all", "reg.corp:5000")][..]),
        ("reg.corp", &[("all", "reg.corp")]),
        ("docker.io", &[("hub", "docker.io"), ("all", "https://index.docker.io/v1/")]),
        ("file.corp", &[]),
    ] {
        let registry: Registry = registry.parse().expect(registry);
        let target = Target { registry: &registry, repository: None };
        let asked = config.helpers_for(&target);
        let asked: Vec<(&str, &str)> = asked.iter().map(|(_, name, key)| (*name, key.as_str())).collect();
        assert_eq!(asked, expected, "{registry}");
    }
}

#[tokio::test]
async fn an_invalid_helper_name_is_an_error_and_a_missing_helper_is_not() {
    let registry: Registry = "reg.corp".parse().expect("a registry");
    let target = Target { registry: &registry, repository: None };
    let helpers = Helpers::new(None, Duration::from_secs(1));
    for name in ["../../tmp/evil", "-x", "a b", "#x", "a\0"] {
        let config = read(&json!({"credsStore": name, "auths": {"reg.corp": user("ann")}}), Rules::Docker);
        let error = config.find(&target, &helpers).await.expect_err(name);
        assert_eq!(error.kind(), &crate::Kind::Config);
        assert_eq!(error.causes(), ["configured by credsStore in ~/.docker/config.json"]);
    }
    let config = read(&json!({"credsStore": "none", "auths": {"reg.corp": user("ann")}}), Rules::Docker);
    let lookup = config.find(&target, &helpers).await.expect("a lookup");
    assert_eq!(users(&lookup), ["ann"]);
    assert_eq!(lookup.failures, ["docker-credential-none is not in PATH (credsStore in ~/.docker/config.json)"]);
}

#[test]
fn members_of_the_wrong_type_are_named() {
    let origin = Origin { label: "docker config", name: String::new(), exposed: None };
    for (document, why) in [
        (json!([]), "it is not a JSON object"),
        (json!({"auths": ["s3cret"]}), "auths is not an object"),
        (json!({"credHelpers": "x"}), "credHelpers is not an object"),
        (json!({"credHelpers": {"reg": 7}}), "credHelpers of \"reg\" is not a string"),
        (json!({"credsStore": {}}), "credsStore is not a string"),
    ] {
        let error = ConfigJson::read(&document, Rules::Docker, origin.clone()).expect_err(why);
        assert_eq!(error, why);
    }
    for document in [json!({}), json!({"auths": null, "credHelpers": null, "credsStore": null})] {
        let read = ConfigJson::read(&document, Rules::Docker, origin.clone());
        assert!(read.expect("a config").entries.is_empty(), "{document}");
    }
}

#[tokio::test]
async fn members_are_read_in_any_case_and_almost_right_settings_are_near_misses() {
    let document = json!({"Auths": {"reg.corp": {"Username": "ann", "Password": "p"}}});
    assert_eq!(users(&find(&document, Rules::Docker, "reg.corp", None).await), ["ann"]);
    let place = "~/.docker/config.json:";
    for (document, near) in [
        (
            json!({"auths": {" reg.corp": user("ann")}}),
            r#"the key " reg.corp" of auths contains white space; it must be "reg.corp""#,
        ),
        (
            json!({"auths": {"reg.corp:5000": user("ann")}}),
            r#"the key "reg.corp:5000" of auths is for another port; the key of this registry is "reg.corp""#,
        ),
        (
            json!({"auths": {"*.corp": user("ann")}}),
            r#"the key "*.corp" of auths has a wildcard that does not match this registry; it must be "reg.corp""#,
        ),
        (json!({"auths": {"reg.corp": {}}}), r#"the entry "reg.corp" of auths is empty: it has no password"#),
        (
            json!({"credHelpers": {"https://reg.corp": "x"}}),
            r#"the key "https://reg.corp" of credHelpers has a scheme; it must be "reg.corp""#,
        ),
        (
            json!({"credHelpers": {"reg.corp:5000": "x"}}),
            r#"the key "reg.corp:5000" of credHelpers is for another port; the key of this registry is "reg.corp""#,
        ),
        (json!({"credStore": "x"}), r#""credStore" is not a known setting; expected "credsStore""#),
        (json!({"reg.corp": user("ann")}), r#""reg.corp" is ignored; it must be in auths"#),
    ] {
        let lookup = find(&document, Rules::Docker, "reg.corp", None).await;
        assert!(lookup.found.is_empty(), "{document}");
        let shown: Vec<_> = lookup.near_misses.iter().map(ToString::to_string).collect();
        assert_eq!(shown, [format!("{place} {near}")], "{document}");
    }
    for document in
        [json!({"auths": {"other.corp": user("ann")}}), json!({"other.corp": user("ann")}), json!({"HttpHeaders": {}})]
    {
        assert!(find(&document, Rules::Docker, "reg.corp", None).await.near_misses.is_empty(), "{document}");
    }
    // Podman keeps the login of a namespace to it.
    let lookup =
        find(&json!({"auths": {"reg.corp/team": user("ann")}}), Rules::Containers, "reg.corp", Some("other/app")).await;
    assert_eq!(lookup.near_misses[0].mismatch, Mismatch::Namespace);
}

#[tokio::test]
async fn the_old_format_has_the_entries_at_its_top_level() {
    let document = json!({"https://reg.corp/v1/": {"auth": "YW5uOnA=", "email": "ann@corp"}});
    assert!(ConfigJson::is_old(&document) && !ConfigJson::is_one(&document));
    for other in [json!({"auths": {}}), json!({}), json!({"a": 1, "reg.corp": {"auth": "x"}}), json!([])] {
        assert!(!ConfigJson::is_old(&other), "{other}");
    }
    let origin = Origin { label: "docker config", name: "~/.dockercfg".to_owned(), exposed: None };
    let config = ConfigJson::read_old(&document, origin).expect("a configuration");
    let registry: Registry = "reg.corp".parse().expect("a registry");
    let target = Target { registry: &registry, repository: None };
    let lookup = config.find(&target, &Helpers::new(None, Duration::from_secs(1))).await.expect("a lookup");
    assert_eq!(users(&lookup), ["ann"]);
}
