use std::num::NonZeroUsize;
use std::path::PathBuf;

use jiff::Timestamp;
use registry_ls::name::Glob;
use registry_ls::retention::{self, Rule};
use semver::VersionReq;

use super::age::{Age, parse_age};
use super::filter::{FilterArgs, not_blank, parse_glob};
use super::global::ConfigFile;
use crate::usage::{Result, Usage};

/// Apply a retention rule to a repository's tags
///
/// Without --yes this prints the plan and changes nothing.
///
/// The rule removes every tag that it does not keep; with --older-than, only older ones. Keeping always takes
/// precedence. Tags that cannot be read stay, and so do tags of unknown age where the age matters. A repository of
/// which every tag would be removed is left alone unless --allow-empty is given.
///
/// A manifest is deleted after its last tag, together with platform manifests and referrers (signatures, SBOMs,
/// attestations) that nothing needs any longer; --untag-only leaves manifests to the garbage collection of the
/// registry. Manifests listed by an image index that stays are never deleted. Leftovers of an interrupted removal are
/// always removed.
///
/// A rule can also be in the configuration file, in a table whose glob matches the repository's path; the most specific
/// one applies: [prune."team/*"] with keep-last = 10, keep = ["v*"], older-than = "30d" and so on. It combines with a
/// rule on the command line: a tag is removed only if both remove it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
AGE is 12h, 30d, 2w, 6mo, 1y, or a date in the past: 2026-01-31, 2026-01-31T12:00:00Z.

A creation time is unknown if the image has none, or one set by a build tool: before 2000, in the future, or shared to the
second by at least three images that are more than half of the repository.

Examples:
  rls prune registry.corp:5000/team/app --keep-last 10 --older-than 30d
  rls prune team/app --match 'pr-*' --older-than 2w --yes
  rls prune team/app --keep-semver '>=2' --keep latest --sort version --keep-last 5
  kubectl get pods -A -o json | rls prune team/app --keep-last 5 --keep-used -
  rls prune -r registry.corp:5000 --match-repo 'team/*' --keep-newer-than 6mo")]
pub struct PruneArgs {
    /// The repositories
    #[arg(value_name = "REPO", required_unless_present = "match_repo", conflicts_with = "match_repo")]
    pub repositories: Vec<String>,

    /// Instead of REPO: repositories in the catalog that match GLOB; repeatable
    ///
    /// Repositories without a rule, here or in the configuration file, are left alone.
    #[arg(long, value_name = "GLOB", value_parser = parse_glob)]
    pub match_repo: Vec<Glob>,

    /// The retention rule.
    #[command(flatten)]
    pub rule: RuleArgs,

    /// Ignore the rules in the configuration file
    #[arg(long)]
    pub no_config_rule: bool,

    /// Apply the plan
    #[arg(short, long)]
    pub yes: bool,

    /// Print the plan, change nothing; the default without --yes
    #[arg(short = 'n', long, conflicts_with = "yes")]
    pub dry_run: bool,

    /// Where a tag cannot be removed alone, push a tiny manifest to it and delete that; needs permission to push
    #[arg(long)]
    pub placeholder: bool,

    /// Do not save copies of what is removed for rls undo
    #[arg(long)]
    pub no_undo: bool,

    /// Save the plan to FILE, for rls rm --apply
    #[arg(long, value_name = "FILE")]
    pub save_plan: Option<PathBuf>,

    /// `--config` after the command's name.
    #[command(flatten)]
    pub config: ConfigFile,
}

/// A rule as given on the command line, or in the configuration file under the same names.
#[derive(Debug, Default, Clone, PartialEq, Eq, clap::Args)]
pub struct RuleArgs {
    /// Keep the N newest tags, or with --sort version the N highest versions, of those selected
    ///
    /// Ties with the last of them stay too: tags created in the same second, or of the same version, such as 17.11 and
    /// 17.11-alpine. Tags of unknown creation time, or that are not versions, stay and do not count; nor do signatures
    /// and the like.
    #[arg(long, value_name = "N", value_parser = parse_count)]
    pub keep_last: Option<NonZeroUsize>,

    /// Keep tags that match GLOB; repeatable
    #[arg(long, value_name = "GLOB", value_parser = parse_glob)]
    pub keep: Vec<Glob>,

    /// Keep tags created within AGE, and tags of unknown creation time
    #[arg(long, value_name = "AGE", value_parser = parse_age)]
    pub keep_newer_than: Option<Age>,

    /// Keep versions in RANGE, such as '>=1.4, <2' or '^1.4'
    ///
    /// Ranges are read as in Cargo: a pre-release is only in a range that names a pre-release of the same version. A
    /// variant is in the range where its version is: 17.11-alpine is in '>=17.10'. In doubt a tag is kept: 1.4 may be
    /// any 1.4.x.
    #[arg(long, value_name = "RANGE", value_parser = parse_range)]
    pub keep_semver: Option<VersionReq>,

    /// Keep the images that FILE names, by tag or digest; `-` reads standard input
    ///
    /// FILE is YAML or JSON, such as the output of 'kubectl get pods -A -o json', a rendered chart or a compose file,
    /// or has one reference per line. Every string under a key image, imageID or images counts, and every mapping with
    /// a repository and a tag. References count only for the registry whose host they name. An index stays if one of
    /// its platform manifests is named.
    #[arg(long, value_name = "FILE")]
    pub keep_used: Option<PathBuf>,

    /// Remove only tags older than AGE
    #[arg(long, value_name = "AGE", value_parser = parse_age)]
    pub older_than: Option<Age>,

    /// The tags that the rule applies to; all others are kept.
    #[command(flatten)]
    pub filter: FilterArgs,

    /// What --keep-last counts by, and the order of the plan [default: created]
    #[arg(long, value_name = "ORDER", value_enum)]
    pub sort: Option<Order>,

    /// Remove only tags; manifests stay until the garbage collection of the registry
    #[arg(long)]
    pub untag_only: bool,

    /// Allow a rule to remove every tag of a repository
    #[arg(long)]
    pub allow_empty: bool,
}

/// What --keep-last counts by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Order {
    /// The newest image first
    Created,
    /// The highest version first
    Version,
}

impl RuleArgs {
    /// Whether any part of a rule is given. Switches for applying a rule do not count.
    pub fn is_given(&self) -> bool {
        let Self { untag_only, allow_empty, .. } = *self;
        *self != Self { untag_only, allow_empty, ..Self::default() }
    }

    /// The rule, without `--keep-used`; ages count back from `now`.
    ///
    /// # Errors
    /// It does not say what to remove.
    pub fn rule(&self, now: Timestamp) -> Result<Rule> {
        let Self { keep_last, keep, keep_newer_than, keep_semver, keep_used, older_than, filter, sort, .. } =
            self.clone();
        let mut rule = Rule::default();
        rule.keep_last = keep_last;
        rule.keep = keep;
        rule.keep_newer_than = keep_newer_than.map(|age| age.before(now));
        rule.keep_semver = keep_semver;
        rule.older_than = older_than.map(|age| age.before(now));
        rule.matches = filter.matches;
        rule.exclude = filter.exclude;
        rule.order = match sort {
            Some(Order::Version) => retention::Order::Version,
            Some(Order::Created) | None => retention::Order::Created,
        };
        if rule.has_criteria() || keep_used.is_some() { Ok(rule) } else { Err(Self::says_nothing()) }
    }

    fn says_nothing() -> Usage {
        Usage::new("the rule does not say what to remove")
            .because("--match and --exclude select the tags that it is about, --sort their order")
            .hint(
                "add --older-than AGE, or what to keep: --keep-last N, --keep-newer-than AGE, --keep-semver RANGE, \
                 --keep GLOB",
            )
    }
}

/// Parses a number that is at least 1; keeping 0 tags is not a rule.
///
/// # Errors
/// What is expected.
pub fn parse_count(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| "expected a number, at least 1".to_owned())
}

/// Reads a range of versions.
///
/// # Errors
/// What is wrong with it.
pub fn parse_range(text: &str) -> Result<VersionReq, String> {
    not_blank(text, "range")?;
    text.parse().map_err(|error: semver::Error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_that_only_chooses_tags_is_refused() {
        let glob = |text| vec![parse_glob(text).expect("a glob")];
        let filter = FilterArgs { matches: glob("v*"), exclude: glob("x") };
        let args = RuleArgs { filter, sort: Some(Order::Version), ..RuleArgs::default() };
        assert!(args.is_given() && !RuleArgs::default().is_given());
        assert_eq!(
            args.rule(Timestamp::UNIX_EPOCH).expect_err("it is refused").what(),
            "the rule does not say what to remove"
        );
        let args = RuleArgs { keep_last: parse_count("3").ok(), ..args };
        let rule = args.rule(Timestamp::UNIX_EPOCH).expect("a rule");
        assert_eq!((rule.matches.len(), rule.exclude.len(), rule.order), (1, 1, retention::Order::Version));
    }

    #[test]
    fn switches_are_not_a_rule_and_keep_used_is_one() {
        let args = RuleArgs { untag_only: true, allow_empty: true, ..RuleArgs::default() };
        assert!(!args.is_given());
        assert_eq!(
            args.rule(Timestamp::UNIX_EPOCH).expect_err("it is refused").what(),
            "the rule does not say what to remove"
        );
        let args = RuleArgs { keep_used: Some("pods.json".into()), ..args };
        assert!(args.is_given());
        args.rule(Timestamp::UNIX_EPOCH).expect("a rule");
    }

    #[test]
    fn a_wrong_range_says_why() {
        assert_eq!(parse_range(">=1.4, <2").expect("a range").to_string(), ">=1.4, <2");
        assert_eq!(
            parse_range("one").expect_err("it is refused"),
            "unexpected character 'o' while parsing major version number"
        );
    }
}
