//! `--match`, `--exclude` and `--limit`.

use std::num::NonZeroU64;

use registry_ls::error::Error;
use registry_ls::name::Glob;

/// Filters names.
#[derive(Debug, Default, Clone, PartialEq, Eq, clap::Args)]
pub struct FilterArgs {
    /// Only names that match GLOB; repeatable
    ///
    /// `*` and `?` match within a path component, `**` across components; `[abc]` and `{a,b}` work as in a shell. The
    /// whole name must match one of the patterns.
    #[arg(long = "match", value_name = "GLOB", value_parser = parse_glob)]
    pub matches: Vec<Glob>,

    /// Exclude names that match GLOB; repeatable, takes precedence over --match
    #[arg(long, value_name = "GLOB", value_parser = parse_glob)]
    pub exclude: Vec<Glob>,
}

/// Reads a glob.
///
/// # Errors
/// What is wrong with it.
pub fn parse_glob(text: &str) -> Result<Glob, String> {
    not_blank(text, "pattern")?;
    text.parse().map_err(|error: Error| error.causes().join("; "))
}

/// Rejects a blank value: a shell variable that is not set would protect nothing, and everything would be removed.
///
/// # Errors
/// What is blank.
pub fn not_blank(text: &str, what: &str) -> Result<(), String> {
    if text.trim().is_empty() { Err(format!("the {what} is empty; is a shell variable unset?")) } else { Ok(()) }
}

/// Reads `--limit`.
///
/// # Errors
/// What is expected.
pub fn parse_limit(text: &str) -> Result<NonZeroU64, String> {
    text.parse().map_err(|_| "expected a number, at least 1".to_owned())
}

impl FilterArgs {
    /// Whether there is any pattern.
    pub fn selects(&self) -> bool {
        !self.matches.is_empty() || !self.exclude.is_empty()
    }

    /// Whether the filter keeps a name.
    pub fn keeps(&self, name: &str) -> bool {
        let is_matched = self.matches.is_empty() || self.matches.iter().any(|glob| glob.is_match(name));
        is_matched && !self.exclude.iter().any(|glob| glob.is_match(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept<'a>(matches: &[&str], exclude: &[&str], names: &[&'a str]) -> Vec<&'a str> {
        let globs = |texts: &[&str]| texts.iter().map(|text| parse_glob(text).expect("a glob")).collect();
        let filter = FilterArgs { matches: globs(matches), exclude: globs(exclude) };
        names.iter().copied().filter(|name| filter.keeps(name)).collect()
    }

    const NAMES: [&str; 5] = ["app", "team/app", "team/web", "team/sub/app", "Team"];

    #[test]
    fn without_globs_everything_is_kept() {
        assert_eq!(kept(&[], &[], &NAMES), NAMES);
    }

    #[test]
    fn one_match_is_enough_and_an_exclusion_wins() {
        assert_eq!(kept(&["app", "team/*"], &["**/app"], &NAMES), ["team/web"]);
        assert_eq!(kept(&[], &["team/**"], &NAMES), ["app", "Team"]);
        assert_eq!(kept(&["{app,Team}"], &[], &NAMES), ["app", "Team"]);
    }

    #[test]
    fn an_empty_glob_is_refused() {
        for text in ["", " ", "\t\n"] {
            assert_eq!(
                parse_glob(text).expect_err("it is refused"),
                "the pattern is empty; is a shell variable unset?"
            );
        }
    }

    #[test]
    fn a_broken_glob_says_why() {
        assert_eq!(
            parse_glob("v[1").expect_err("it is refused"),
            "unclosed character class at byte 1; missing ']' (to match a literal '[', escape it as '\\[' or '[[]')"
        );
    }
}
