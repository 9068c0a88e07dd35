//! Scopes of tokens, such as `repository:team/app:pull`.
//!
//! The grammar is that of the distribution project's "Token Scope Documentation".

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::permission::{Action, Permission};
use crate::error::{Error, Result};

/// Actions on one resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    pub(super) resource: Resource,
    pub(super) actions: BTreeSet<String>,
}

/// What the actions are on: scopes of one resource are merged.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Resource {
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

    /// zot's scope of the catalog, `repository::pull`. It names no repository, which scopes do otherwise.
    pub(super) fn nameless() -> Self {
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

    /// Whether it is about the resource of the permission.
    pub(super) fn is_about(&self, permission: &Permission) -> bool {
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

pub(super) fn write_scope(f: &mut fmt::Formatter<'_>, resource: &Resource, actions: &BTreeSet<String>) -> fmt::Result {
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
pub(super) fn merge(actions: &mut BTreeSet<String>, action: &str) {
    if action == "*" {
        actions.clear();
    }
    if !actions.contains("*") {
        actions.insert(action.to_owned());
    }
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
    fn a_scope_allows_an_action_by_name_or_by_star() {
        let allows = |scope: &str, permission: &Permission| scope.parse::<Scope>().expect(scope).allows(permission);
        assert!(allows("repository:a:pull", &on("a", Action::Pull)));
        assert!(allows("repository:a:*", &on("a", Action::Delete)));
        assert!(!allows("repository:a:pull,push", &on("a", Action::Delete)));
        assert!(!allows("repository:ab:pull", &on("a", Action::Pull)));
        assert!(allows("registry:catalog:*", &Permission::catalog()));
        assert!(!allows("repository:catalog:*", &Permission::catalog()));
    }
}
