//! The tables of rules: `[prune."team/*"]`.

use jiff::Timestamp;
use registry_ls::name::Glob;

use crate::args::{RuleArgs, parse_age, parse_glob, parse_range};
use crate::config::reader::{Entry, Reader};
use crate::usage::{Result, Usage};

/// Keys of the table of a rule.
pub(super) const RULE: [&str; 11] = [
    "keep-last",
    "keep",
    "keep-newer-than",
    "keep-semver",
    "keep-used",
    "older-than",
    "match",
    "exclude",
    "sort",
    "untag-only",
    "allow-empty",
];

/// A rule for the repositories whose path matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prune {
    /// The repositories that it applies to.
    pub repositories: Glob,
    /// The rule.
    pub rule: RuleArgs,
}

/// Reads one of the tables.
pub(super) fn read(reader: &Reader<'_>, entry: &Entry<'_, '_>) -> Result<Prune> {
    let repositories = parse_glob(entry.key).map_err(|cause| {
        reader.fault(entry.at.clone(), format!("invalid glob {:?} for repositories", entry.key)).because(cause)
    })?;
    if entry.key.contains(':') {
        return Err(reader
            .fault(entry.at.clone(), format!("rule tables are named after repository paths, not {:?}", entry.key))
            .hint("omit the registry and the tag; a rule applies to every registry"));
    }
    let mut rule = RuleArgs::default();
    for entry in Reader::entries(reader.sub(entry)?) {
        take(&mut rule, reader, &entry)?;
    }
    match rule.rule(Timestamp::now()) {
        Ok(_) => Ok(Prune { repositories, rule }),
        Err(usage) => {
            let fault = usage.causes().iter().fold(reader.fault(entry.at.clone(), usage.what()), Usage::because);
            Err(usage.advice().into_iter().fold(fault, Usage::hint))
        }
    }
}

fn take(rule: &mut RuleArgs, reader: &Reader<'_>, entry: &Entry<'_, '_>) -> Result<()> {
    let globs = || reader.list(entry, |item| reader.parsed(item, parse_glob));
    match entry.key {
        "keep-last" => {
            let number = reader.number(entry, 1..=u32::MAX.into())?;
            rule.keep_last = usize::try_from(number).ok().and_then(std::num::NonZeroUsize::new);
        }
        "keep" => rule.keep = globs()?,
        "keep-newer-than" => rule.keep_newer_than = Some(reader.parsed(entry, parse_age)?),
        "keep-semver" => rule.keep_semver = Some(reader.parsed(entry, parse_range)?),
        "keep-used" => rule.keep_used = Some(reader.path(entry)?),
        "older-than" => rule.older_than = Some(reader.parsed(entry, parse_age)?),
        "match" => rule.filter.matches = globs()?,
        "exclude" => rule.filter.exclude = globs()?,
        "sort" => rule.sort = Some(reader.choice(entry)?),
        "untag-only" => rule.untag_only = reader.switch(entry)?,
        "allow-empty" => rule.allow_empty = reader.switch(entry)?,
        _ => return Err(reader.unknown(entry, &RULE)),
    }
    Ok(())
}

/// The rule for a repository: of the tables that match its path the most specific one, measured by its literal
/// characters.
///
/// # Errors
/// Two of them are equally specific.
pub(super) fn rule_for<'a>(tables: &'a [Prune], path: &str) -> Result<Option<&'a RuleArgs>> {
    let matching = tables.iter().filter(|prune| prune.repositories.is_match(path));
    let mut best: Vec<&Prune> = Vec::new();
    for prune in matching {
        let more = best.first().map(|other| prune.repositories.specificity().cmp(&other.repositories.specificity()));
        match more {
            Some(std::cmp::Ordering::Less) => {}
            Some(std::cmp::Ordering::Equal) => best.push(prune),
            Some(std::cmp::Ordering::Greater) | None => best = vec![prune],
        }
    }
    match best[..] {
        [] => Ok(None),
        [prune] => Ok(Some(&prune.rule)),
        [one, other, ..] => {
            let tables = format!("[prune.\"{}\"] and [prune.\"{}\"]", one.repositories, other.repositories);
            Err(Usage::new(format!("two rules in the configuration file match {path}"))
                .because(format!("{tables} are equally specific"))
                .hint("add a table with the repository's full path, or give the rule on the command line"))
        }
    }
}
