use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

use super::*;
use crate::documents;
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
fn contents_other_than_a_pull_secret_are_identified() {
    for (yaml, what) in [
        ("kind: Secret\ntype: kubernetes.io/tls\ndata: {tls.crt: eA==}", ", but a Secret of type kubernetes.io/tls"),
        ("kind: Secret\nmetadata: {name: x}", ", but a Secret without data"),
        ("kind: ConfigMap\ndata: {a: b}", ", but a ConfigMap"),
        ("kind: Pod\nspec: {imagePullSecrets: [{name: regcred}]}", ", but a Pod that names one: regcred"),
        ("kind: ServiceAccount\nimagePullSecrets: [{name: regcred}]", ", but a ServiceAccount that names one: regcred"),
        ("kind: Status\nmessage: secrets not found", ", but an answer of Kubernetes: secrets not found"),
    ] {
        let documents = crate::documents::parse(yaml).expect("YAML");
        let error = PullSecrets::read(&documents, "s.yaml").expect_err(yaml);
        assert_eq!(error.why, format!("it contains no pull secret{what}"), "{yaml}");
    }
    for (member, why) in [
        (".dockerconfigjson: null", "its .dockerconfigjson is not a string"),
        (".dockerConfigJson: ''", "its .dockerConfigJson is empty"),
    ] {
        let documents = crate::documents::parse(&format!("kind: Secret\ndata: {{{member}}}")).expect("YAML");
        let error = PullSecrets::read(&documents, "s.yaml").expect_err(member);
        assert!(error.why.ends_with(why), "{}", error.why);
    }
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
        (documents::parse(&yaml).expect("YAML"), "pull secret team/regcred, pull.yaml"),
        (documents::parse(&secret("regcred", &auths).to_string()).expect("JSON"), "pull secret regcred, pull.yaml"),
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
        ("", "empty"),
        ("ENC[AES256_GCM,data:Tm8=,type:str]", "encrypted with sops"),
    ] {
        let expected = format!("pull secret bad in pull.yaml cannot be used: its .dockerconfigjson is {why}");
        let lookup = find(&[bad(data), secret("good", &json!({"reg.corp": user("ann")}))], "reg.corp", None);
        assert_eq!((users(&lookup), &lookup.failures[..]), (vec!["ann"], &[expected.clone()][..]));
        assert_eq!(PullSecrets::read(&[bad(data)], "pull.yaml").expect_err(why).why, expected);
    }
    let entry = find(&[secret("s", &json!({"reg.corp": {"auth": "!"}, "other.corp": user("u")}))], "reg.corp", None);
    assert_eq!(
        entry.failures,
        [r#"the entry "reg.corp" of pull secret s, pull.yaml cannot be used: its auth is not base64"#]
    );
}

#[test]
fn what_the_kubelet_does_not_accept_is_read_and_reported() {
    let auths = json!({"reg.corp": user("ann")});
    let wrapped = json!({"auths": auths}).to_string();
    let (old, new) = (BASE64_STANDARD.encode(auths.to_string()), BASE64_STANDARD.encode(&wrapped));
    let of = |kind: &str, member: &str, data: &str| json!({"kind": "Secret", "type": kind, "data": {member: data}});
    let (json_type, cfg_type) = ("kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg");
    for (secret, mistake) in [
        (
            of(json_type, ".dockerconfigjson", &old),
            Some("its .dockerconfigjson has no auths around the entries, so the kubelet finds none"),
        ),
        (
            of(cfg_type, ".dockercfg", &new),
            Some("its .dockercfg has auths around the entries, so the kubelet finds none"),
        ),
        (
            of("Opaque", ".dockerconfigjson", &new),
            Some("its type is Opaque; for .dockerconfigjson the kubelet requires kubernetes.io/dockerconfigjson"),
        ),
        (of("Opaque", "config.json", &new), Some("the kubelet reads .dockerconfigjson, not config.json")),
        (of(json_type, ".dockerconfig", &new), Some("the kubelet reads .dockerconfigjson, not .dockerconfig")),
        (
            of(json_type, ".dockerconfigjson", &BASE64_STANDARD.encode(&new)),
            Some("its .dockerconfigjson is base64 once more in base64"),
        ),
        (
            of(json_type, ".dockerconfigjson", &wrapped),
            Some("its .dockerconfigjson is not base64, as data must be; plain JSON belongs in stringData"),
        ),
        (
            json!({"kind": "Secret", "stringData": {".dockerconfigjson": {"auths": auths}}}),
            Some("its .dockerconfigjson must be a string of JSON, not a mapping"),
        ),
        (of(json_type, ".dockerconfigjson", &new), None),
        (of(cfg_type, ".dockercfg", &old), None),
        (json!({"type": json_type, "data": {".dockerconfigjson": new}}), None),
        (json!({"kind": "SecretList", "items": [{"type": json_type, "data": {".dockerconfigjson": new}}]}), None),
        (json!({"items": [{"data": {".dockerconfigjson": new}}]}), None),
    ] {
        assert!(PullSecrets::is_one(&secret), "{secret}");
        let lookup = find(std::slice::from_ref(&secret), "reg.corp", None);
        assert_eq!(users(&lookup), ["ann"], "{secret}");
        let expected: Vec<_> = mistake.iter().map(|mistake| format!("pull secret in pull.yaml: {mistake}")).collect();
        assert_eq!(lookup.notes, expected, "{secret}");
    }
}

#[test]
fn contents_that_are_elsewhere_are_named() {
    for (kind, form) in [("SealedSecret", FileForm::SealedSecret), ("ExternalSecret", FileForm::ExternalSecret)] {
        let error = PullSecrets::read(&[json!({"kind": kind, "metadata": {"name": "regcred"}})], "x").expect_err(kind);
        assert_eq!(error.why, format!("pull secret regcred in x cannot be used: {form}"));
        assert_eq!(error.form, Some(form));
    }
}

#[test]
fn entries_that_almost_match_are_near_misses() {
    let near = |key: &str, registry: &str| {
        let lookup = find(&[secret("s", &json!({key: user("u")}))], registry, None);
        lookup.near_misses.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let place = "pull secret s, pull.yaml: the key";
    assert_eq!(
        near("reg.corp/team", "reg.corp"),
        [format!(r#"{place} "reg.corp/team" of auths is only for a part of the registry"#)]
    );
    assert_eq!(
        near("*", "reg.corp"),
        [format!(r#"{place} "*" of auths has a wildcard that does not match this registry; it must be "reg.corp""#)]
    );
    assert_eq!(
        near("reg.corp", "reg.corp:5000"),
        [format!(r#"{place} "reg.corp" of auths is for another port; the key of this registry is "reg.corp:5000""#)]
    );
    assert!(near("other.corp", "reg.corp").is_empty() && near("reg.corp", "reg.corp").is_empty());
    let empty = json!({
        "kind": "Secret",
        "stringData": {".dockerconfigjson": json!({"auths": {"reg.corp": {}}, "credsStore": "osxkeychain"}).to_string()},
    });
    let lookup = find(&[empty], "reg.corp", None);
    assert_eq!(lookup.near_misses[0].mismatch, Mismatch::Empty { store: Some("osxkeychain".to_owned()) });
}

#[test]
fn a_file_without_a_pull_secret_is_refused() {
    let documents = [json!({"kind": "Secret", "type": "Opaque", "data": {"password": "cA=="}}), json!({"kind": "Pod"})];
    assert_eq!(
        PullSecrets::read(&documents, "x").expect_err("none").why,
        "it contains no pull secret, but a Secret of type Opaque"
    );
}
