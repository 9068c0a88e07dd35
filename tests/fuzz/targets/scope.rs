//! Scopes: equal after writing and parsing, and never larger than a scopes needs.

use registry_ls::auth::{Action, Permission, Scope, Scopes};
use registry_ls::name::Repository;

use super::vectors;

pub fn seeds() -> Vec<Vec<u8>> {
    let file = include_str!("../../../fixtures/vectors/scopes.json");
    let mut seeds = vectors::texts(file, &["grammar", "challenge-scope", "merge", "merge-actions", "delete-scope"]);
    seeds.push(b"repository(plugin):host:5000/a/b:push,pull registry:catalog:* repository:a/b:delete,*".to_vec());
    seeds.push(br#"[{"Type":"repository","Class":"","Name":"a/b","Action":"pull"}]"#.to_vec());
    seeds
}

pub fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Ok(scope) = text.parse::<Scope>() {
        let written = scope.to_string();
        assert_eq!(written.parse::<Scope>().ok(), Some(scope));
        harmless(&written);
    }
    for scopes in [Scopes::parse(text), Scopes::from_detail(text)] {
        let written = scopes.to_string();
        assert!(scopes.iter().count() <= 32);
        assert!(written.len() > 8 * 1024 || Scopes::parse(&written) == scopes, "{written}");
        scopes.iter().for_each(|scope| harmless(&scope.to_string()));
    }
    let repository: Repository = "a/b".parse().expect("a repository");
    for action in [Action::Catalog, Action::Pull, Action::Push, Action::Delete] {
        let right = if action == Action::Catalog { Permission::catalog() } else { Permission::on(&repository, action) };
        let scopes = Scopes::for_request(Some(text), Some(&right));
        assert!(scopes.is_empty() == text.trim().is_empty(), "{scopes}");
        for scope in scopes.iter() {
            match action {
                Action::Catalog => assert_eq!((scope.resource_type(), scope.name()), ("registry", "catalog")),
                _ => assert_eq!((scope.resource_type(), scope.name()), ("repository", "a/b")),
            }
            let more = |action: &str| !matches!(action, "pull" | "metadata_read");
            assert!(action != Action::Pull || !scope.actions().any(more), "{scope}");
        }
    }
}

/// It is one word in a list of scopes, and needs no quoting in a header or a form.
fn harmless(scope: &str) {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"()._-/:,*".contains(&byte);
    assert!(scope.bytes().all(allowed), "{scope:?}");
}
