use std::num::NonZeroUsize;
use std::path::PathBuf;

use jiff::Timestamp;
use registry_ls::name::Glob;
use registry_ls::retention::{self, Rule};
use semver::VersionReq;

use super::age::{Age, parse_age};
use super::filter::parse_glob;
use super::{ConfigFile, FilterArgs};
use crate::usage::{Result, Usage};

/// Apply a retention rule to a repository's tags
///
/// Without --yes the plan is shown and nothing is changed.
///
/// What the rule keeps stays; of the rest all goes, or with --older-than only what is older. Of several reasons to keep one is
/// enough, and each wins over any to remove. A tag that could not be read stays, and so does one whose age matters and is not
/// known.
///
/// A manifest goes with its last tag only, and never while an image index that stays lists it. Signatures, SBOMs and whatever
/// else refers to a manifest stay and go with it, unless --keep or --exclude names them. What an interrupted removal left behind
/// always goes.
///
/// A rule can stand in the configuration file, in the table of a glob that the repository's path matches, the most specific one:
/// [prune."team/*"] with keep-last = 10, keep = ["v*"], older-than = "30d" and so on. It is used where the command line has no
/// part of a rule.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
AGE is 12h, 30d, 2w, 6mo, 1y, or a date: 2026-01-31, 2026-01-31T12:00:00Z.

Examples:
  rls prune registry.corp:5000/team/app --keep-last 10 --older-than 30d
  rls prune team/app --match 'pr-*' --older-than 2w --yes
  rls prune team/app --keep-semver '>=2' --keep latest --sort version --keep-last 5
  rls prune -r registry.corp:5000 --match-repo 'team/*' --keep-newer-than 6mo")]
pub struct PruneArgs {
    /// The repositories
    #[arg(value_name = "REPO", required_unless_present = "match_repo", conflicts_with = "match_repo")]
    pub repositories: Vec<String>,

    /// Instead of REPO: the repositories in the registry's catalog that match GLOB; repeatable
    ///
    /// Those that have no rule, neither here nor in the configuration file, are left as they are.
    #[arg(long, value_name = "GLOB", value_parser = parse_glob)]
    pub match_repo: Vec<Glob>,

    /// The rule.
    #[command(flatten)]
    pub rule: RuleArgs,

    /// Carry it out
    #[arg(short, long)]
    pub yes: bool,

    /// Show the plan, change nothing: what happens anyway without --yes
    #[arg(short = 'n', long, conflicts_with = "yes")]
    pub dry_run: bool,

    /// Where the registry cannot remove one tag without others on its manifest: move it onto a tiny manifest first; needs the
    /// right to push
    #[arg(long)]
    pub placeholder: bool,

    /// Write what would be removed to FILE, for rls rm --apply
    #[arg(long, value_name = "FILE")]
    pub save_plan: Option<PathBuf>,

    /// `--config` after the command's name.
    #[command(flatten)]
    pub config: ConfigFile,
}

/// A rule as it is written: on the command line, and in the configuration file with the same names.
#[derive(Debug, Default, Clone, PartialEq, Eq, clap::Args)]
pub struct RuleArgs {
    /// Keep the N newest tags of those that the rule is about, or the N highest versions with --sort version
    ///
    /// A tag that has no place in that order is kept and does not count: one whose time of creation is not known, or that is no
    /// version. Signatures and the like do not count either.
    #[arg(long, value_name = "N", value_parser = parse_count)]
    pub keep_last: Option<NonZeroUsize>,

    /// Keep tags that match GLOB; repeatable
    #[arg(long, value_name = "GLOB", value_parser = parse_glob)]
    pub keep: Vec<Glob>,

    /// Keep what was made within AGE, and what nobody knows the age of
    #[arg(long, value_name = "AGE", value_parser = parse_age)]
    pub keep_newer_than: Option<Age>,

    /// Keep versions in RANGE, such as '>=1.4, <2' or '^1.4'
    ///
    /// As Cargo reads ranges: a pre-release is only in one that names a pre-release of the same version. What a tag leaves out of
    /// its version is zero; dates such as 2024-01-02 are no versions here.
    #[arg(long, value_name = "RANGE", value_parser = parse_range)]
    pub keep_semver: Option<VersionReq>,

    /// Remove only what is older than AGE
    #[arg(long, value_name = "AGE", value_parser = parse_age)]
    pub older_than: Option<Age>,

    /// Which tags the rule is about; all others are kept.
    #[command(flatten)]
    pub filter: FilterArgs,

    /// What --keep-last counts by, and in which order the plan is shown [default: created]
    #[arg(long, value_name = "ORDER", value_enum)]
    pub sort: Option<Order>,
}

/// What tags are kept by, the last first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Order {
    /// The newest image first
    Created,
    /// The highest version first
    Version,
}

impl RuleArgs {
    /// Whether there is any part of a rule.
    pub fn is_given(&self) -> bool {
        *self != Self::default()
    }

    /// The rule; ages count back from `now`.
    ///
    /// # Errors
    /// It does not say what is to go.
    pub fn rule(&self, now: Timestamp) -> Result<Rule> {
        let Self { keep_last, keep, keep_newer_than, keep_semver, older_than, filter, sort } = self.clone();
        let rule = Rule {
            keep_last,
            keep,
            keep_newer_than: keep_newer_than.map(|age| age.before(now)),
            keep_semver,
            older_than: older_than.map(|age| age.before(now)),
            matches: filter.matches,
            exclude: filter.exclude,
            order: match sort {
                Some(Order::Version) => retention::Order::Version,
                Some(Order::Created) | None => retention::Order::Created,
            },
        };
        if rule.says_what_goes() { Ok(rule) } else { Err(Self::says_nothing()) }
    }

    fn says_nothing() -> Usage {
        Usage::new("the rule does not say what goes")
            .because("--match and --exclude say which tags it is about, --sort in which order")
            .hint("--older-than AGE, or what to keep of them: --keep-last N, --keep-newer-than AGE, --keep-semver RANGE, --keep GLOB")
    }
}

/// Reads a number that is not zero: to keep none of them is no rule.
///
/// # Errors
/// A text that says what is expected.
pub fn parse_count(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| "expected a number, at least 1".to_owned())
}

/// Reads a range of versions.
///
/// # Errors
/// A text that says what is wrong with it.
pub fn parse_range(text: &str) -> Result<VersionReq, String> {
    text.parse().map_err(|error: semver::Error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_that_only_chooses_tags_is_refused() {
        let filter = FilterArgs { matches: vec![parse_glob("v*").unwrap()], exclude: vec![parse_glob("x").unwrap()] };
        let args = RuleArgs { filter, sort: Some(Order::Version), ..RuleArgs::default() };
        assert!(args.is_given() && !RuleArgs::default().is_given());
        assert_eq!(args.rule(Timestamp::UNIX_EPOCH).unwrap_err().what(), "the rule does not say what goes");
        let args = RuleArgs { keep_last: parse_count("3").ok(), ..args };
        let rule = args.rule(Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!((rule.matches.len(), rule.exclude.len(), rule.order), (1, 1, retention::Order::Version));
    }

    #[test]
    fn a_wrong_range_says_why() {
        assert!(parse_range(">=1.4, <2").is_ok());
        assert_eq!(parse_range("one").unwrap_err(), "unexpected character 'o' while parsing major version number");
    }
}
