//! Scopes of tokens, such as `repository:team/app:pull`, and sets of them.
//!
//! The grammar is that of the distribution project's "Token Scope Documentation". A registry's challenge is not
//! trusted: [`Scopes::for_request`] takes from it only what the request itself needs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde_json::Value;

use super::permission::{Action, Permission};
use crate::error::{Error, Result};
use crate::name::Repository;

/// The longest scope of a challenge that is parsed, in bytes. A longer one is ignored as a whole.
const MAX_LENGTH: usize = 8 * 1024;
/// The largest number of scopes of one challenge that are parsed.
const MAX_SCOPES: usize = 32;

/// zot's scope of the catalog. It names no repository, which scopes do otherwise.
const NAMELESS: &str = "repository::pull";

/// Actions on one resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    resource: Resource,
    actions: BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Resource {
    kind: String,
    class: Option<String>,
    name: String,
}

impl Scope {
    /// A scope made of its parts. `*` means every action and replaces the others; empty actions are dropped.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`](crate::Kind::Invalid) when a part has a character that is not allowed in scopes, or no action
    /// is left.
    pub fn new<S: AsRef<str>>(resource_type: &str, name: &str, actions: impl IntoIterator<Item = S>) -> Result<Self> {
        let (kind, class) = match resource_type.split_once('(') {
            Some((kind, class)) => (kind, Some(class.strip_suffix(')').unwrap_or_default())),
            None => (resource_type, None),
        };
        if !is_word(kind) || class.is_some_and(|class| !is_word(class)) {
            return Err(invalid("its resource type is not a word"));
        }
        if !is_name(name) {
            return Err(invalid("its resource name is not that of a repository"));
        }
        let mut merged = BTreeSet::new();
        for action in actions {
            match action.as_ref() {
                "" => {}
                action if is_action(action) => merge(&mut merged, action),
                _ => return Err(invalid("one of its actions has a character that actions do not have")),
            }
        }
        if merged.is_empty() {
            return Err(invalid("it names no action"));
        }
        let resource = Resource { kind: kind.to_owned(), class: class.map(str::to_owned), name: name.to_owned() };
        Ok(Self { resource, actions: merged })
    }

    /// [`NAMELESS`]
    fn nameless() -> Self {
        let resource = Resource { kind: "repository".to_owned(), class: None, name: String::new() };
        Self { resource, actions: BTreeSet::from(["pull".to_owned()]) }
    }

    /// The type of the resource: usually `repository` or `registry`.
    pub fn resource_type(&self) -> &str {
        &self.resource.kind
    }

    /// The class of the resource, for instance `plugin` of `repository(plugin):team/app:pull`.
    pub fn class(&self) -> Option<&str> {
        self.resource.class.as_deref()
    }

    /// The name of the resource: a repository, or `catalog`.
    pub fn name(&self) -> &str {
        &self.resource.name
    }

    /// The actions, sorted, without duplicates.
    pub fn actions(&self) -> impl Iterator<Item = &str> {
        self.actions.iter().map(String::as_str)
    }

    /// Whether a token with this scope has the permission. `*` allows every action.
    pub fn allows(&self, permission: &Permission) -> bool {
        self.is_about(permission)
            && (permission.action == Action::Catalog
                || self.actions().any(|action| action == "*" || action == permission.action.to_string()))
    }

    fn is_about(&self, permission: &Permission) -> bool {
        match (&permission.repository, permission.action) {
            (_, Action::Catalog) => {
                (self.resource_type() == "registry" && self.name() == "catalog") || *self == Self::nameless()
            }
            (Some(repository), _) => self.resource_type() == "repository" && self.name() == repository.as_str(),
            (None, _) => false,
        }
    }
}

impl FromStr for Scope {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (kind, rest) = text.split_once(':').ok_or_else(|| invalid("it is not TYPE:NAME:ACTIONS"))?;
        let (name, actions) = rest.rsplit_once(':').ok_or_else(|| invalid("it is not TYPE:NAME:ACTIONS"))?;
        Self::new(kind, name, actions.split(','))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_scope(f, &self.resource, &self.actions)
    }
}

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

    /// The scopes that a registry's error names as missing, in the `detail` of its `UNAUTHORIZED`:
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
        if permission.action == Action::Catalog && scope.split(' ').any(|scope| scope == NAMELESS) {
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

fn write_scope(f: &mut fmt::Formatter<'_>, resource: &Resource, actions: &BTreeSet<String>) -> fmt::Result {
    f.write_str(&resource.kind)?;
    if let Some(class) = &resource.class {
        write!(f, "({class})")?;
    }
    write!(f, ":{}:", resource.name)?;
    for (index, action) in actions.iter().enumerate() {
        write!(f, "{}{action}", if index > 0 { "," } else { "" })?;
    }
    Ok(())
}

/// Adds an action to a set in which `*` replaces all others.
fn merge(actions: &mut BTreeSet<String>, action: &str) {
    if action == "*" {
        actions.clear();
    }
    if !actions.contains("*") {
        actions.insert(action.to_owned());
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

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// `[ hostname [":" port] "/" ] component *( "/" component )`, by its characters.
fn is_name(text: &str) -> bool {
    let is_path = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte))
    };
    match text.split_once(':') {
        None => is_path(text),
        Some((host, rest)) => {
            let (port, path) = rest.split_once('/').unwrap_or((rest, ""));
            !host.contains('/') && is_path(host) && is_port(port) && is_path(path)
        }
    }
}

/// `u16::from_str` accepts a sign, which a port does not have.
fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

fn is_action(text: &str) -> bool {
    text == "*" || text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./".contains(&byte))
}

fn invalid(reason: &str) -> Error {
    Error::invalid("not a scope").because(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(repository: &str, action: Action) -> Permission {
        Permission::on(&repository.parse().expect(repository), action)
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
    fn a_port_has_no_sign() {
        let refused = "repository:host:+000/a/b:pull".parse::<Scope>().expect_err("no scope");
        assert_eq!(refused.what(), "not a scope");
        assert_eq!("repository:host:000/a/b:pull".parse::<Scope>().expect("a scope").name(), "host:000/a/b");
    }

    #[test]
    fn reads_and_writes_every_part() {
        let scope: Scope = "repository(plugin):host:5000/a/b:push,pull,push".parse().expect("a scope");
        assert_eq!(
            (scope.resource_type(), scope.class(), scope.name()),
            ("repository", Some("plugin"), "host:5000/a/b")
        );
        assert_eq!(scope.actions().collect::<Vec<_>>(), ["pull", "push"]);
        assert_eq!(scope.to_string(), "repository(plugin):host:5000/a/b:pull,push");
    }

    #[test]
    fn ambiguous_scopes_are_refused() {
        for text in [
            "",
            "aws",
            "a:b",
            ":a:pull",
            "repository::pull",
            "repository:a:",
            "repository:a:,",
            "repository:a b:pull",
            "repository:a\nb:pull",
            "repository:a:pull\r",
            "repository:a\":pull",
            "repository:a,b:pull",
            "repository:a&b:pull",
            "repository:a:b:c:pull",
            "repository:a:b:pull",
            "Repository:a:pull",
            "repository(:a:pull",
            "repository(x:a:pull",
            "*:*:*",
            "repository:*:pull",
            "repository:a:pu ll",
            "repository:\u{e9}:pull",
            "repository:a/b:1/c:pull",
        ] {
            assert_eq!(text.parse::<Scope>().expect_err(text).what(), "not a scope", "{text:?}");
        }
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
    fn a_flood_is_not_read() {
        let flood = |count: usize| (0..count).map(|n| format!("repository:r{n}:pull")).collect::<Vec<_>>().join(" ");
        assert_eq!(Scopes::parse(&flood(40)).iter().count(), MAX_SCOPES);
        assert!(Scopes::parse(&flood(1_000)).is_empty());
    }

    #[test]
    fn a_scope_allows_an_action_by_name_or_by_star() {
        let allows = |scope: &str, permission: &Permission| scope.parse::<Scope>().expect(scope).allows(permission);
        assert!(allows("repository:a:pull", &on("a", Action::Pull)));
        assert!(allows("repository:a:*", &on("a", Action::Delete)));
        assert!(!allows("repository:a:pull,push", &on("a", Action::Delete)));
        assert!(!allows("repository:ab:pull", &on("a", Action::Pull)));
        assert!(allows("registry:catalog:*", &Permission::catalog()));
        assert!(!allows("repository:catalog:*", &Permission::catalog()));
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
