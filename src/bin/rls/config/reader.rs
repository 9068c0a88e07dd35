//! Reads values of a TOML file; errors contain line and column.

use std::ops::Range;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use registry_ls::name::without_password;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::command_line::rls;
use crate::spelling::nearest;
use crate::usage::{Result, Usage};

/// One value in the file.
pub type Value<'i> = Spanned<DeValue<'i>>;

/// Reads the values of one file.
#[derive(Debug)]
pub struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    home: Option<&'a Path>,
}

/// A key with its position, and its value.
pub struct Entry<'a, 'i> {
    /// The key.
    pub key: &'a str,
    /// The position of the key.
    pub at: Range<usize>,
    /// The value.
    pub value: &'a Value<'i>,
}

impl<'a> Reader<'a> {
    /// A reader of `text`, the contents of `path`; `~/` in it is `home`.
    pub fn new(path: &'a Path, text: &'a str, home: Option<&'a Path>) -> Self {
        Self { path, text, home }
    }

    /// The whole file.
    ///
    /// # Errors
    /// It is not TOML.
    pub fn table(&self) -> Result<DeTable<'a>> {
        let table = DeTable::parse(self.text).map_err(|error| {
            let cause = error.message().replace('\n', ", ");
            self.fault(error.span().unwrap_or_default(), format!("invalid TOML: {cause}"))
        })?;
        Ok(table.into_inner())
    }

    /// The entries of a table in the order of the file, so that the first error is reported.
    pub fn entries<'t, 'i>(table: &'t DeTable<'i>) -> Vec<Entry<'t, 'i>> {
        let mut entries: Vec<_> =
            table.iter().map(|(key, value)| Entry { key: key.get_ref(), at: key.span(), value }).collect();
        entries.sort_by_key(|entry| entry.at.start);
        entries
    }

    /// An error at a position in the file.
    pub fn fault(&self, at: Range<usize>, what: impl std::fmt::Display) -> Usage {
        let before = self.text.get(..at.start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Usage::new(format!("{}:{line}:{column}: {what}", self.path.display()))
    }

    /// An unknown key, with the valid key that it resembles. Secrets get a hint about where they belong.
    pub fn unknown(&self, entry: &Entry<'_, '_>, keys: &[&'static str]) -> Usage {
        let is_secret = ["password", "auth", "token", "secret"].iter().any(|word| entry.key.contains(word));
        if is_secret && entry.key != "auth_file" {
            return self
                .fault(entry.at.clone(), format!("{} is not allowed in the configuration file", entry.key))
                .hint(format!("run '{}' to store a password, or use RLS_PASSWORD or --password-stdin", rls("login")));
        }
        let usage = self.fault(entry.at.clone(), format!("unknown key {:?}", without_password(entry.key)));
        match nearest(entry.key, keys.iter().copied()) {
            Some(key) => usage.hint(format!("did you mean {key}?")),
            None => usage.because(format!("the keys here are: {}", keys.join(", "))),
        }
    }

    fn expected(&self, entry: &Entry<'_, '_>, expected: impl std::fmt::Display) -> Usage {
        self.fault(entry.value.span(), format!("{} must be {expected}", entry.key))
    }

    /// A table.
    ///
    /// # Errors
    /// It is something else.
    pub fn sub<'t, 'i>(&self, entry: &Entry<'t, 'i>) -> Result<&'t DeTable<'i>> {
        entry.value.get_ref().as_table().ok_or_else(|| self.expected(entry, "a table"))
    }

    /// Text, which is not empty.
    ///
    /// # Errors
    /// It is something else.
    pub fn text<'t>(&self, entry: &Entry<'t, '_>) -> Result<&'t str> {
        match entry.value.get_ref().as_str() {
            Some("") => Err(self.fault(entry.value.span(), format!("{} is empty", entry.key))),
            Some(text) => Ok(text),
            None => Err(self.expected(entry, "a string")),
        }
    }

    /// `true` or `false`.
    ///
    /// # Errors
    /// It is something else.
    pub fn switch(&self, entry: &Entry<'_, '_>) -> Result<bool> {
        entry.value.get_ref().as_bool().ok_or_else(|| self.expected(entry, "true or false"))
    }

    /// A whole number in a range.
    ///
    /// # Errors
    /// It is something else.
    pub fn number(&self, entry: &Entry<'_, '_>, range: std::ops::RangeInclusive<u64>) -> Result<u64> {
        let integer = entry.value.get_ref().as_integer();
        let number = integer.and_then(|integer| u64::from_str_radix(integer.as_str(), integer.radix()).ok());
        number
            .filter(|number| range.contains(number))
            .ok_or_else(|| self.expected(entry, format_args!("a number from {} to {}", range.start(), range.end())))
    }

    /// Text that `parse` accepts.
    ///
    /// # Errors
    /// It is something else, or `parse` rejects it.
    pub fn parsed<T, E: std::fmt::Display>(
        &self,
        entry: &Entry<'_, '_>,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T> {
        let text = self.text(entry)?;
        parse(text).map_err(|cause| {
            self.fault(entry.value.span(), format!("invalid {} {:?}", entry.key, without_password(text))).because(cause)
        })
    }

    /// A value of an option with fixed values.
    ///
    /// # Errors
    /// It is something else.
    pub fn choice<T: ValueEnum>(&self, entry: &Entry<'_, '_>) -> Result<T> {
        let words: Vec<_> = T::value_variants()
            .iter()
            .filter_map(|value| Some(value.to_possible_value()?.get_name().to_owned()))
            .collect();
        let text = self.text(entry)?;
        T::from_str(text, false).map_err(|_| self.expected(entry, format_args!("one of {}", words.join(", "))))
    }

    /// A path: relative to the file's own folder, `~/` for the home directory.
    ///
    /// # Errors
    /// It is something else.
    pub fn path(&self, entry: &Entry<'_, '_>) -> Result<PathBuf> {
        Ok(self.located(self.text(entry)?))
    }

    /// One value or a list of them.
    ///
    /// # Errors
    /// `item` rejects one of them.
    pub fn list<T>(&self, entry: &Entry<'_, '_>, item: impl Fn(&Entry<'_, '_>) -> Result<T>) -> Result<Vec<T>> {
        let Some(items) = entry.value.get_ref().as_array() else { return Ok(vec![item(entry)?]) };
        items.iter().map(|value| item(&Entry { key: entry.key, at: entry.at.clone(), value })).collect()
    }

    fn located(&self, text: &str) -> PathBuf {
        match (text.strip_prefix("~/"), self.home, self.path.parent()) {
            (Some(below), Some(home), _) => home.join(below),
            (_, _, Some(folder)) => folder.join(text),
            (_, _, None) => PathBuf::from(text),
        }
    }
}
