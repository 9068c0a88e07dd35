//! `scopes.json`: the scopes of token requests.

use registry_ls::auth::{Action, Permission, Scope, Scopes};
use registry_ls::name::{Located, Reference, Registry, Repository};
use serde_json::{Value, json};

use crate::exemptions::{Case, check};
use crate::values::text;

#[test]
fn all() {
    check("scopes.json", |case| match case.kind.as_str() {
        "build" => build(case),
        "merge" => assert_eq!(merged(&[&case.input]), texts(&case.expect)),
        "merge-actions" => merge_actions(case),
        "merge-host-and-global" => {
            assert_eq!(merged(&[&case.input["host"], &case.input["global"]]), texts(&case.expect));
        }
        "append" => assert_eq!(merged(&[&case.input["have"], &case.input["add"]]), texts(&case.expect)),
        "merge-context" => merge_context(case),
        "token-sequence" => token_sequence(case),
        "delete-scope" => delete_scope(case),
        "grammar" => grammar(case),
        "challenge-scope" => challenge_scope(case),
        kind => panic!("unknown kind {kind}"),
    });
}

/// The texts in a list; a single text is a list of one, nothing is an empty one.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Null => Vec::new(),
        Value::String(text) => vec![text.clone()],
        list => list.as_array().expect("a list").iter().map(|one| text(one).to_owned()).collect(),
    }
}

/// The scopes of several lists as one set, without invalid ones.
fn merged(lists: &[&Value]) -> Vec<String> {
    let mut scopes = Scopes::default();
    for list in lists {
        scopes.extend(texts(list).iter().filter_map(|scope| scope.parse::<Scope>().ok()));
    }
    scopes.iter().map(|scope| scope.to_string()).collect()
}

fn right(repository: &str, action: Action) -> Permission {
    Permission::on(&repository.parse().unwrap_or_else(|error| panic!("{error}")), action)
}

fn build(case: &Case) {
    let (input, expected) = (&case.input, text(&case.expect["scope"]));
    if let Some(repository) = input.get("repository") {
        let scope = Scope::new("repository", text(repository), texts(&input["actions"]));
        return assert_eq!(scope.map(|scope| scope.to_string()).unwrap_or_default(), expected);
    }
    if let Some(registry) = input.get("registry") {
        assert!(text(registry).parse::<Registry>().is_ok() && input["action"] == "*");
        return assert_eq!(Scopes::for_permission(&Permission::catalog()).to_string(), expected);
    }
    if input["op"] == "delete" {
        let located: Located<Reference> = text(&input["ref"]).parse().expect("a reference");
        let scopes = Scopes::for_permission(&Permission::on(located.name.repository(), Action::Delete));
        return assert!(scopes.iter().any(|scope| scope.actions().any(|action| action == "delete")), "{scopes}");
    }
    // `host` is no host by itself.
    let reference = text(&input["ref"]).replacen("host/", "host.example/", 1);
    let located: Located<Repository> = reference.parse().expect("a repository");
    let action = if input["push"] == true { Action::Push } else { Action::Pull };
    assert_eq!(Scopes::for_permission(&Permission::on(&located.name, action)).to_string(), expected);
}

fn merge_actions(case: &Case) {
    let scope = Scope::new("repository", "foo", texts(&case.input));
    let actions: Vec<String> = scope.iter().flat_map(Scope::actions).map(str::to_owned).collect();
    assert_eq!(actions, texts(&case.expect));
}

fn merge_context(case: &Case) {
    let none = json!([]);
    let more = case.input.get("common").or(case.input.get("append")).unwrap_or(&none);
    assert_eq!(merged(&[&case.input["context"], more]), texts(&case.expect));
}

/// A set that does not grow is the same key, so that the token in use serves.
fn token_sequence(case: &Case) {
    let (have, add) = (&case.input["have"], &case.input["add"]);
    let expected = if case.expect == "no new token needed" { merged(&[have]) } else { texts(&case.expect) };
    assert_eq!(merged(&[have, add]), expected);
}

fn delete_scope(case: &Case) {
    let right = right("r", Action::Delete);
    let requested = |challenge: &str| Scopes::for_request(Some(challenge), Some(&right)).to_string();
    match text(&case.input["registry"]) {
        "docker/distribution" => {
            assert_eq!(case.expect["needs"], "pull (to read) + delete");
            assert_eq!(Scopes::for_permission(&right).to_string(), "repository:r:delete,pull");
        }
        "quay.io" => {
            let (push, star) = (format!("repository:r:{}", text(&case.expect["needs"])), "repository:r:*");
            assert!(!requested(&push).contains(text(&case.expect["fails_if_contains"])));
            assert_eq!((requested(&push), requested(star).as_str()), (push, star));
        }
        "docker.io" => {
            let challenge = text(&case.expect["challenge"]).replace("<r>", "r");
            assert_eq!(requested(&challenge), challenge);
        }
        registry => panic!("unknown registry {registry}"),
    }
}

fn grammar(case: &Case) {
    let scope = text(&case.input).parse::<Scope>();
    if case.expect["error"] == true {
        return assert_eq!(scope.expect_err("it is refused").what(), "not a scope");
    }
    let scope = scope.expect("a scope");
    assert_eq!(scope.resource_type(), text(&case.expect["type"]));
    assert_eq!(scope.class(), case.expect["class"].as_str());
    assert_eq!(scope.name(), text(&case.expect["name"]));
    assert_eq!(scope.actions().collect::<Vec<_>>().join(","), texts(&case.expect["actions"]).join(","));
}

/// A challenge for an unrelated scope does not widen the request.
fn challenge_scope(case: &Case) {
    assert_eq!(case.expect, json!({"sent_verbatim": false, "escalation_refused": true}));
    for action in [Action::Pull, Action::Push, Action::Delete] {
        let right = right("team/app", action);
        let scopes = Scopes::for_request(Some(text(&case.input)), Some(&right));
        assert_eq!(scopes, Scopes::for_permission(&right));
    }
    assert_eq!(
        Scopes::for_request(Some(text(&case.input)), Some(&Permission::catalog())).to_string(),
        "registry:catalog:*"
    );
}
