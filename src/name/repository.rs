//! Repositories.

use std::str::FromStr;

use super::host::is_host;
use super::refusal::{name_of, refuse};
use super::text::{FromText, text};
use crate::error::Error;

const MAX: usize = 255;

/// The path of a repository within its registry, such as `team/app`, without a host.
///
/// ```text
/// PATH       COMPONENT ( "/" COMPONENT )*              at most 255 characters
/// COMPONENT  [a-z0-9]+ ( SEPARATOR [a-z0-9]+ )*
/// SEPARATOR  "." | "_" | "__" | "-"+
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Repository(String);

text!(Repository);

impl Repository {
    /// The repository of an official image on Docker Hub: `alpine` is `library/alpine`. Other paths are unchanged.
    pub(super) fn official(self) -> Self {
        let official = format!("library/{}", self.0);
        if self.0.contains('/') || official.len() > MAX { self } else { Self(official) }
    }

    /// Whether its first component could be read as a host: `ghcr.io/owner/app`, `localhost/app`. Such a name is
    /// unambiguous only after its registry.
    pub fn begins_like_a_host(&self) -> bool {
        self.0.split_once('/').is_some_and(|(first, _)| is_host(first))
    }

    /// Like `from_str`; the error is the cause alone.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match fault(text) {
            None => Ok(Self(text.to_owned())),
            Some(cause) => Err(cause),
        }
    }
}

impl FromText for Repository {
    fn from_text(text: String) -> Result<Self, String> {
        match fault(&text) {
            None => Ok(Self(text)),
            Some(_) => Err(text),
        }
    }
}

impl FromStr for Repository {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text).map_err(|cause| refuse(text, "a repository name", cause))
    }
}

fn fault(path: &str) -> Option<String> {
    if path.is_empty() {
        return Some("the repository is empty".into());
    }
    if let Some(odd) = path.chars().find(|c| !is_allowed(*c)) {
        return Some(unexpected(path, odd));
    }
    if path.len() > MAX {
        return Some(format!("a repository has at most {MAX} characters, this one has {}", path.len()));
    }
    path.split('/').find_map(|component| fault_of_component(path, component))
}

fn is_allowed(c: char) -> bool {
    matches!(c, 'a'..='z' | '0'..='9' | '.' | '_' | '-' | '/')
}

/// Why `odd` is not allowed in `path`, with a guess at what was meant.
fn unexpected(path: &str, odd: char) -> String {
    match odd {
        'A'..='Z' => {
            let lower = path.to_ascii_lowercase();
            match fault(&lower) {
                None => format!("a repository has no upper-case letters; in lower case it is '{lower}'"),
                Some(_) => format!("'{odd}' is upper case, and a repository has no upper-case letters"),
            }
        }
        '@' => alone("digest", path, odd),
        ':' => unexpected_colon(path),
        _ => format!("{} is not allowed in a repository", name_of(odd)),
    }
}

fn unexpected_colon(path: &str) -> String {
    let (before, after) = path.split_once(':').unwrap_or_default();
    if after.starts_with("//") {
        "a repository has no scheme".into()
    } else if after.is_empty() {
        "the tag after ':' is empty".into()
    } else if after.contains('/') {
        "':' is only allowed before a port or a tag".into()
    } else if !before.contains('/') && after.bytes().all(|byte| byte.is_ascii_digit()) {
        "this is a registry (HOST:PORT), not a repository".into()
    } else {
        alone("tag", path, ':')
    }
}

/// The cause for a repository with a tag or digest.
fn alone(what: &str, path: &str, mark: char) -> String {
    let before = path.split(mark).next().unwrap_or_default();
    match fault(before) {
        None => format!("expected a repository without a {what}; use '{before}'"),
        Some(_) => format!("expected a repository without a {what}"),
    }
}

/// The fault of a component, if any. Its characters are allowed in general.
fn fault_of_component(path: &str, component: &str) -> Option<String> {
    if component.is_empty() {
        return Some(match (path.starts_with('/'), path.ends_with('/')) {
            (true, _) => "a repository does not begin with '/'".into(),
            (_, true) => "a repository does not end with '/'".into(),
            _ => "empty path component between two '/'".into(),
        });
    }
    let is_separator = |c: char| matches!(c, '.' | '_' | '-');
    if component.starts_with(is_separator) || component.ends_with(is_separator) {
        return Some(format!("the component '{component}' must begin and end with a letter or a digit"));
    }
    let separators = component.split(|c: char| !is_separator(c));
    let odd = separators.filter(|run| !run.is_empty()).find(|run| !is_separating(run))?;
    Some(format!(
        "'{odd}' in '{component}': letters and digits are separated by one '.', one or two '_' or any number of '-'"
    ))
}

fn is_separating(run: &str) -> bool {
    matches!(run, "." | "_" | "__") || run.bytes().all(|byte| byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(text: &str) -> String {
        text.parse::<Repository>().expect_err("no repository").causes()[0].clone()
    }

    #[test]
    fn a_path_may_have_many_components_and_separators() {
        for path in ["a", "0", "team/app", "a.b_c__d-e----f", "ghcr.io/owner/app", "localhost/app"] {
            assert_eq!(path.parse::<Repository>().expect("a repository").as_str(), path);
        }
    }

    #[test]
    fn it_has_at_most_255_characters() {
        assert_eq!("x".repeat(255).parse::<Repository>().expect("a repository").as_str(), "x".repeat(255));
        assert_eq!(cause(&"x".repeat(256)), "a repository has at most 255 characters, this one has 256");
    }

    #[test]
    fn the_cause_names_the_part_that_is_wrong() {
        assert_eq!(cause(""), "the repository is empty");
        assert_eq!(cause("/"), "a repository does not begin with '/'");
        assert_eq!(cause("a/"), "a repository does not end with '/'");
        assert_eq!(cause("a//b"), "empty path component between two '/'");
        assert_eq!(cause("team/App"), "a repository has no upper-case letters; in lower case it is 'team/app'");
        assert_eq!(cause("-App"), "'A' is upper case, and a repository has no upper-case letters");
        assert_eq!(cause("a/../b"), "the component '..' must begin and end with a letter or a digit");
        assert_eq!(cause("a%2fb"), "'%' is not allowed in a repository");
        assert_eq!(cause("a\r\nb"), "U+000D is not allowed in a repository");
        assert!(cause("a/b..c").starts_with("'..' in 'b..c': "));
        assert!(cause("a/b___c").starts_with("'___' in 'b___c': "));
    }

    #[test]
    fn a_cause_guesses_what_was_meant() {
        assert_eq!(cause("team/app:v1"), "expected a repository without a tag; use 'team/app'");
        assert_eq!(cause("team/app:"), "the tag after ':' is empty");
        assert_eq!(cause("app@sha256:00"), "expected a repository without a digest; use 'app'");
        assert_eq!(cause("app:v1@sha256:00"), "expected a repository without a tag; use 'app'");
        assert_eq!(cause("localhost:5000"), "this is a registry (HOST:PORT), not a repository");
        assert_eq!(cause("team/app:5000/x"), "':' is only allowed before a port or a tag");
        assert_eq!(cause("https://ghcr.io/app"), "a repository has no scheme");
    }

    #[test]
    fn a_path_may_begin_like_a_host() {
        let begins = |path: &str| path.parse::<Repository>().expect("a repository").begins_like_a_host();
        for (path, like_a_host) in [
            ("ghcr.io/owner/app", true),
            ("localhost/app", true),
            ("team/app", false),
            ("evil.test", false),
            ("localhost", false),
        ] {
            assert_eq!(begins(path), like_a_host, "{path}");
        }
    }

    #[test]
    fn only_a_single_component_becomes_official() {
        let official = |path: &str| path.parse::<Repository>().expect("a repository").official().to_string();
        assert_eq!(official("alpine"), "library/alpine");
        assert_eq!(official("team/app"), "team/app");
        assert_eq!(official("library/alpine"), "library/alpine");
        let long = "x".repeat(255);
        assert_eq!(official(&long), long);
    }
}
