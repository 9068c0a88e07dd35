//! Sets of scopes: what a token is requested for.
//!
//! A registry's challenge is not trusted: [`Scopes::for_request`] takes from it only what the request itself needs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

use super::permission::{Action, Permission};
use super::scope::{Resource, Scope, merge, write_scope};
use crate::name::Repository;

/// The longest scope of a challenge that is parsed, in bytes. A longer one is ignored as a whole.
const MAX_LENGTH: usize = 8 * 1024;
/// The largest number of scopes of one challenge that are parsed.
const MAX_SCOPES: usize = 32;

/// A set of scopes with one entry per resource. Its text is stable, so that it can be part of a cache key.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scopes(BTreeMap<Resource, BTreeSet<String>>);

impl Scopes {
    /// Parses the scopes of a challenge, which are separated by spaces. Invalid ones are left out.
    pub fn parse(text: &str) -> Self {
        if text.len() > MAX_LENGTH {
            return Self::default();
        }
        text.split(' ')
            .filter(|part| !part.is_empty())
            .take(MAX_SCOPES)
            .filter_map(|scope| scope.parse().ok())
            .collect()
    }

    /// The scopes that a registry's error names as missing, in the `detail` of its `UNAUTHORIZED`, as distribution
    /// writes it: `[{"Type": "repository", "Class": "", "Name": "team/app", "Action": "pull"}]`
    pub fn from_detail(detail: &str) -> Self {
        let entries: Vec<Value> = serde_json::from_str(detail).unwrap_or_default();
        let scope = |entry: &Value| {
            let member = |upper, lower| entry.get(upper).or_else(|| entry.get(lower))?.as_str();
            let (kind, name) = (member("Type", "type")?, member("Name", "name")?);
            let kind = match member("Class", "class") {
                None | Some("") => kind.to_owned(),
                Some(class) => format!("{kind}({class})"),
            };
            Scope::new(&kind, name, [member("Action", "action")?]).ok()
        };
        entries.iter().take(MAX_SCOPES).filter_map(scope).collect()
    }

    /// The standard scope of a permission, for a registry that has not named one.
    ///
    /// Deletion includes `pull`, because a manifest is read before it is deleted.
    pub fn for_permission(permission: &Permission) -> Self {
        let actions: &[&str] = match permission.action {
            Action::Catalog => return Scope::new("registry", "catalog", ["*"]).into_iter().collect(),
            Action::Pull => &["pull"],
            Action::Push => &["pull", "push"],
            Action::Delete => &["delete", "pull"],
        };
        let of = |repository: &Repository| Scope::new("repository", repository.as_str(), actions).ok();
        permission.repository.as_ref().and_then(of).into_iter().collect()
    }

    /// The scopes to request a token for, when a request that needs `permission` met a challenge with this `scope`.
    ///
    /// Empty for a challenge without a scope: Gitea has none, and Quay refuses `registry:catalog:*`. Otherwise the
    /// challenge decides how the permission is called, and nothing else: other repositories, and actions that the
    /// request does not need, are left out. When nothing remains, the standard scope is requested. zot calls the
    /// permission to list repositories `repository::pull`.
    pub fn for_request(scope: Option<&str>, permission: Option<&Permission>) -> Self {
        let (Some(scope), Some(permission)) = (scope.filter(|scope| !scope.trim().is_empty()), permission) else {
            return Self::default();
        };
        if permission.action == Action::Catalog && scope.split(' ').any(|scope| scope == Scope::nameless().to_string())
        {
            return Self::from_iter([Scope::nameless()]);
        }
        let needed: Self = Self::parse(scope)
            .iter()
            .filter(|scope| scope.is_about(permission))
            .filter_map(|scope| restrict(&scope, permission))
            .collect();
        if needed.is_empty() { Self::for_permission(permission) } else { needed }
    }

    /// Whether it has no scopes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The scopes, sorted by resource.
    pub fn iter(&self) -> impl Iterator<Item = Scope> {
        self.0.iter().map(|(resource, actions)| Scope { resource: resource.clone(), actions: actions.clone() })
    }
}

impl Extend<Scope> for Scopes {
    fn extend<T: IntoIterator<Item = Scope>>(&mut self, scopes: T) {
        for scope in scopes {
            let actions = self.0.entry(scope.resource).or_default();
            scope.actions.iter().for_each(|action| merge(actions, action));
        }
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<T: IntoIterator<Item = Scope>>(scopes: T) -> Self {
        let mut set = Self::default();
        set.extend(scopes);
        set
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (resource, actions)) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            write_scope(f, resource, actions)?;
        }
        Ok(())
    }
}

/// The part of a scope that a permission needs.
fn restrict(scope: &Scope, permission: &Permission) -> Option<Scope> {
    let needed = |action: &&str| match permission.action {
        Action::Catalog => true,
        // Azure lists tags by `metadata_read`.
        Action::Pull => matches!(*action, "pull" | "metadata_read"),
        Action::Push => matches!(*action, "pull" | "push" | "metadata_read"),
        // Registries call it `delete`, `push` (Quay) or `*` (older GitLab).
        Action::Delete => true,
    };
    let actions: BTreeSet<String> = scope.actions().filter(needed).map(str::to_owned).collect();
    (!actions.is_empty()).then(|| Scope { resource: scope.resource.clone(), actions })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(repository: &str, action: Action) -> Permission {
        Permission::on(&repository.parse().expect(repository), action)
    }

    #[test]
    fn a_set_unites_actions_and_has_one_text() {
        let mut scopes = Scopes::parse("repository:b:push  repository:a:pull nonsense repository:b:pull");
        assert_eq!(scopes.to_string(), "repository:a:pull repository:b:pull,push");
        scopes.extend(Scopes::parse("repository:b:*").iter());
        scopes.extend(Scopes::parse("repository:b:delete").iter());
        assert_eq!(scopes.to_string(), "repository:a:pull repository:b:*");
        assert_eq!(Scopes::parse("").to_string(), "");
    }

    #[test]
    fn a_challenge_only_decides_what_the_permission_is_called() {
        let app = |action| Some(on("team/app", action));
        for (scope, permission, expected) in [
            (None, Some(Permission::catalog()), ""),
            (Some(" "), app(Action::Pull), ""),
            (Some("repository:team/app:pull"), None, ""),
            (Some("registry:catalog:*"), Some(Permission::catalog()), "registry:catalog:*"),
            (Some("repository:team/app:metadata_read"), app(Action::Pull), "repository:team/app:metadata_read"),
            (Some("repository:team/app:delete,pull,push"), app(Action::Pull), "repository:team/app:pull"),
            (Some("repository:team/app:*"), app(Action::Pull), "repository:team/app:pull"),
            (Some("repository:victim:pull repository:team/app:pull"), app(Action::Pull), "repository:team/app:pull"),
            (Some("repository:victim:pull,push"), app(Action::Pull), "repository:team/app:pull"),
            (Some("aws"), app(Action::Pull), "repository:team/app:pull"),
            (Some("repository:team/app:push"), app(Action::Delete), "repository:team/app:push"),
            (Some("repository:team/app:*"), app(Action::Delete), "repository:team/app:*"),
            (Some("repository:team/app:*"), app(Action::Push), "repository:team/app:pull,push"),
            (Some("repository(plugin):team/app:pull"), app(Action::Pull), "repository(plugin):team/app:pull"),
        ] {
            assert_eq!(
                Scopes::for_request(scope, permission.as_ref()).to_string(),
                expected,
                "{scope:?} {permission:?}"
            );
        }
    }

    #[test]
    fn zots_scope_of_the_catalog_is_accepted() {
        let catalog = Permission::catalog();
        let requested = |scope: &str, permission: &Permission| Scopes::for_request(Some(scope), Some(permission));
        assert_eq!(requested("repository::pull", &catalog).to_string(), "repository::pull");
        assert_eq!(requested("repository:a:pull repository::pull", &catalog).to_string(), "repository::pull");
        assert_eq!(requested("repository::pull,push", &catalog).to_string(), "registry:catalog:*");
        let pull = on("team/app", Action::Pull);
        assert_eq!(requested("repository::pull", &pull).to_string(), "repository:team/app:pull");
        assert!(Scope::nameless().allows(&catalog) && !Scope::nameless().allows(&pull));
    }

    #[test]
    fn a_flood_is_not_read() {
        let flood = |count: usize| (0..count).map(|n| format!("repository:r{n}:pull")).collect::<Vec<_>>().join(" ");
        assert_eq!(Scopes::parse(&flood(40)).iter().count(), MAX_SCOPES);
        assert!(Scopes::parse(&flood(1_000)).is_empty());
    }

    #[test]
    fn the_registrys_detail_names_the_missing_permission() {
        let detail = r#"[{"Type":"repository","Class":"","Name":"team/app","Action":"pull"},
                         {"Type":"repository","Class":"","Name":"team/app","Action":"delete"}, 7, {"Type":"x"}]"#;
        assert_eq!(Scopes::from_detail(detail).to_string(), "repository:team/app:delete,pull");
        for nothing in ["", "null", "{}", "[[]]", "\"text\"", r#"[{"Type":"a b","Name":"x","Action":"y"}]"#] {
            assert!(Scopes::from_detail(nothing).is_empty(), "{nothing}");
        }
    }
}
