use serde_json::json;

use super::*;
use crate::keychain::file;
use crate::name::{Registry, Repository};

fn config(auths: &Value) -> String {
    BASE64_STANDARD.encode(json!({"auths": auths}).to_string())
}

fn secret(name: &str, auths: &Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/dockerconfigjson",
        "metadata": {"name": name},
        "data": {".dockerconfigjson": config(auths)},
    })
}

fn user(name: &str) -> Value {
    json!({"username": name, "password": "p"})
}

fn find(documents: &[Value], registry: &str, repository: Option<&str>) -> Lookup {
    let registry: Registry = registry.parse().expect(registry);
    let repository = repository.map(|path| path.parse::<Repository>().expect(path));
    let target = Target { registry: &registry, repository: repository.as_ref() };
    PullSecrets::read(documents, "pull.yaml").expect("pull secrets").find(&target)
}

fn users(lookup: &Lookup) -> Vec<&str> {
    lookup.found.iter().map(|found| found.identity.username.as_deref().unwrap_or("-")).collect()
}

#[test]
fn every_form_of_a_secret_is_read() {
    let auths = json!({"reg.corp": user("ann")});
    let yaml = format!(
        "kind: Service\n---\napiVersion: v1\nkind: Secret\ntype: kubernetes.io/dockerconfigjson\n\
         metadata:\n  name: regcred\n  namespace: team\ndata:\n  .dockerconfigjson: >\n    {}\n",
        config(&auths)
    );
    let old = json!({"kind": "Secret", "data": {".dockercfg": BASE64_STANDARD.encode(auths.to_string())}});
    let list = json!({"kind": "List", "items": [{"kind": "ConfigMap"}, secret("regcred", &auths)]});
    let plain = json!({"kind": "Secret", "stringData": {".dockerconfigjson": json!({"auths": auths}).to_string()}});
    for (documents, source) in [
        (file::parse(&yaml).expect("YAML"), "pull secret team/regcred, pull.yaml"),
        (file::parse(&secret("regcred", &auths).to_string()).expect("JSON"), "pull secret regcred, pull.yaml"),
        (vec![old], "pull secret, pull.yaml"),
        (vec![list], "pull secret regcred, pull.yaml"),
        (vec![plain], "pull secret, pull.yaml"),
    ] {
        let lookup = find(&documents, "reg.corp", None);
        assert_eq!(users(&lookup), ["ann"], "{source}");
        assert_eq!(lookup.found[0].identity.source, source);
    }
}

#[test]
fn all_matching_entries_are_tried_longest_first() {
    let documents = [
        secret("old", &json!({"reg.corp": user("old"), "reg.corp/team": user("team"), "other.corp": user("other")})),
        secret(
            "new",
            &json!({"https://reg.corp/v1/": user("new"), "*.corp": user("any"), "reg.corp/team/app": user("app")}),
        ),
        secret("same", &json!({"reg.corp": user("old")})),
    ];
    assert_eq!(users(&find(&documents, "reg.corp", Some("team/app"))), ["app", "team", "old", "new", "any"]);
    assert_eq!(users(&find(&documents, "reg.corp", None)), ["old", "new", "any"]);
}

#[test]
fn keys_match_as_in_the_kubelet() {
    for (key, registry, repository, matched) in [
        ("reg.corp", "REG.corp", None, true),
        ("reg.corp", "reg.corp:5000", None, false),
        ("reg.corp:5000", "reg.corp:5000", None, true),
        ("*.corp:5000", "reg.corp:5000", None, true),
        ("*.corp", "a.reg.corp", None, false),
        ("*.*.corp", "a.reg.corp", None, true),
        ("reg*.corp", "registry.corp", None, true),
        ("*", "reg.corp", None, false),
        ("*", "localhost", None, true),
        ("reg.corp/team", "reg.corp", Some("team/app"), true),
        ("reg.corp/team", "reg.corp", Some("teamwork/app"), false),
        ("reg.corp/team", "reg.corp", None, false),
        ("reg.corp/v2/team", "reg.corp", Some("team/app"), true),
        ("https://reg.corp/v2/", "reg.corp", Some("team/app"), true),
        ("reg.corp/v1beta", "reg.corp", Some("team/app"), false),
        ("index.docker.io/v1/", "docker.io", Some("library/alpine"), true),
        ("https://index.docker.io/v1/", "docker.io", None, true),
        ("docker.io/library", "docker.io", Some("library/alpine"), true),
        ("[::1]:5000", "[::1]:5000", None, true),
        ("[::1]", "[::1]:5000", None, false),
    ] {
        let lookup = find(&[secret("s", &json!({key: user("u")}))], registry, repository);
        assert_eq!(!lookup.found.is_empty(), matched, "{key} {registry} {repository:?}");
    }
}

#[test]
fn an_invalid_secret_does_not_affect_the_others() {
    let bad = |data: &str| json!({"kind": "Secret", "metadata": {"name": "bad"}, "data": {".dockerconfigjson": data}});
    for (data, why) in [
        ("s3cret!", "not base64"),
        ("c2VjcmV0", "not valid JSON at line 1, column 1"),
        ("W10=", "not a JSON object"),
        ("/w==", "not UTF-8"),
        ("eyJhdXRocyI6IFtdfQ==", "without auths"),
    ] {
        let expected = format!("pull secret bad in pull.yaml cannot be used: its .dockerconfigjson is {why}");
        let lookup = find(&[bad(data), secret("good", &json!({"reg.corp": user("ann")}))], "reg.corp", None);
        assert_eq!((users(&lookup), &lookup.failures[..]), (vec!["ann"], &[expected.clone()][..]));
        assert_eq!(PullSecrets::read(&[bad(data)], "pull.yaml").expect_err(why), expected);
    }
    let entry = find(&[secret("s", &json!({"reg.corp": {"auth": "!"}, "other.corp": user("u")}))], "reg.corp", None);
    assert_eq!(
        entry.failures,
        [r#"the entry "reg.corp" of pull secret s, pull.yaml cannot be used: its auth is not base64"#]
    );
}

#[test]
fn a_file_without_a_pull_secret_is_refused() {
    let documents = [json!({"kind": "Secret", "type": "Opaque", "data": {"password": "cA=="}}), json!({"kind": "Pod"})];
    assert_eq!(PullSecrets::read(&documents, "x").expect_err("none"), "it contains no pull secret");
}

#[test]
fn glob_matching_takes_linear_time() {
    let pattern = "*a".repeat(200);
    assert!(!glob(pattern.as_bytes(), "a".repeat(199).as_bytes()));
    assert!(glob(pattern.as_bytes(), "a".repeat(200).as_bytes()));
    assert!(glob(b"**", b"") && glob(b"*b*", b"abc") && !glob(b"", b"a") && !glob(b"a*", b""));
}
