//! Globs, which select names.

use std::str::FromStr;

use super::text::text;
use crate::error::Error;

/// A glob for tags or repository paths; it must match a name as a whole.
///
/// `*` and `?` match within a path component, `**` across them where it is a whole component; `[a-z]`, `[!ab]` and
/// `{a,b}` are as in a shell.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Glob(String);

text!(Glob);

impl Glob {
    /// Whether `name` matches.
    pub fn is_match(&self, name: &str) -> bool {
        fast_glob::glob_match(&self.0, name)
    }

    /// Its specificity: the number of its characters that are not wildcards.
    pub fn specificity(&self) -> usize {
        self.0.chars().filter(|c| !"*?[]{},!".contains(*c)).count()
    }
}

impl FromStr for Glob {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refuse = |cause: String| Error::invalid(format!("'{text}' is not a glob")).because(cause);
        // It would match nothing, and what it should keep would be deleted.
        if text.trim().is_empty() {
            return Err(refuse("the pattern is empty".to_owned()));
        }
        // It would match all names but these: a single character would decide what is kept.
        if text.starts_with('!') {
            return Err(refuse("it must not begin with '!'".to_owned()));
        }
        fast_glob::validate(text).map_err(|error| refuse(error.to_string()))?;
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glob(text: &str) -> Glob {
        text.parse().expect("a glob")
    }

    fn matching<'a>(text: &str, names: &[&'a str]) -> Vec<&'a str> {
        let glob = glob(text);
        names.iter().copied().filter(|name| glob.is_match(name)).collect()
    }

    #[test]
    fn a_star_stays_within_a_component() {
        let names = ["app", "team/app", "team/web", "team/sub/app", "Team"];
        assert_eq!(matching("*", &names), ["app", "Team"]);
        assert_eq!(matching("team/*", &names), ["team/app", "team/web"]);
        assert_eq!(matching("team/**", &names), ["team/app", "team/web", "team/sub/app"]);
        assert_eq!(matching("**/app", &names), ["app", "team/app", "team/sub/app"]);
        assert_eq!(matching("**", &names), names);
        assert_eq!(matching("t*p", &names), [""; 0]);
    }

    #[test]
    fn the_rest_is_as_in_a_shell() {
        let names = ["1.2.0", "1.2.0-rc.1", "1.3.0", "v1", "v2", "latest"];
        assert_eq!(matching("1.2.?", &names), ["1.2.0"]);
        assert_eq!(matching("v[1-9]", &names), ["v1", "v2"]);
        assert_eq!(matching("v[!1]", &names), ["v2"]);
        assert_eq!(matching("v[^1]", &names), ["v2"]);
        assert_eq!(matching("{v1,1.*}", &names), ["1.2.0", "1.2.0-rc.1", "1.3.0", "v1"]);
        assert_eq!(matching("*rc*", &names), ["1.2.0-rc.1"]);
        assert_eq!(matching("1", &names), [""; 0]);
    }

    #[test]
    fn an_invalid_glob_says_why() {
        for (text, cause) in [
            ("v[1", "unclosed character class at byte 1"),
            ("{a,b", "unclosed brace expansion at byte 0"),
            ("a\\", "trailing backslash at byte 1"),
            ("!v1", "it must not begin with '!'"),
            ("", "the pattern is empty"),
            (" \t", "the pattern is empty"),
        ] {
            let error = text.parse::<Glob>().expect_err(text);
            assert!(error.causes()[0].starts_with(cause), "{error:?}");
        }
    }

    #[test]
    fn matching_takes_at_most_the_stars_times_the_length() {
        let stars = "*a".repeat(60);
        assert!(!glob(&format!("{stars}b")).is_match(&"a".repeat(128)));
        let braces = "{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}b";
        assert!(!glob(braces).is_match(&"a".repeat(128)));
    }
}
