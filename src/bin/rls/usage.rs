//! What the user has to mend: an option, a variable, the configuration file. Always exit code 2, never any traffic.

use std::fmt;

/// A fault in the command line or in local configuration: what, why, and what to do about it.
///
/// Never holds a secret: whoever makes one leaves the value of a password out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    what: String,
    causes: Vec<String>,
    hint: Option<String>,
}

/// A result whose error is [`Usage`].
pub type Result<T, E = Usage> = std::result::Result<T, E>;

impl Usage {
    /// A fault; `what` names the thing, in lower case and without a full stop.
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), causes: Vec::new(), hint: None }
    }

    /// Adds a reason; the first is the nearest to what failed.
    #[must_use]
    pub fn because(mut self, cause: impl fmt::Display) -> Self {
        self.causes.push(cause.to_string());
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What failed, in one line.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// Why, nearest reason first.
    pub fn causes(&self) -> &[String] {
        &self.causes
    }

    /// What to do, where it is known.
    pub fn advice(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        self.causes.iter().try_for_each(|cause| write!(f, ": {cause}"))
    }
}

impl std::error::Error for Usage {}

impl From<registry_ls::Error> for Usage {
    fn from(error: registry_ls::Error) -> Self {
        error.causes().iter().fold(Self::new(error.what()), Self::because)
    }
}

/// An error of the system's in words, without its number.
pub fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    match (error.raw_os_error(), text.rfind(" (os error ")) {
        (Some(_), Some(end)) => text[..end].to_owned(),
        _ => text,
    }
}

/// The candidate that `word` was probably meant to be: the nearest one, if no more than a third of it is mistyped.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_what_then_why() {
        let usage =
            Usage::new("--jobs 0 is too small").because("at least one request").because("nothing else").hint("1");
        assert_eq!(usage.to_string(), "--jobs 0 is too small: at least one request: nothing else");
        assert_eq!(usage.advice(), Some("1"));
    }

    #[test]
    fn takes_over_a_name_error() {
        let usage = Usage::from(registry_ls::Error::invalid("\"A\" is no name").because("upper case"));
        assert_eq!((usage.what(), usage.causes()), ("\"A\" is no name", &["upper case".to_owned()][..]));
        assert_eq!(usage.advice(), None);
    }

    #[test]
    fn an_error_of_the_system_has_no_number() {
        let absent = std::fs::read("/nowhere/at/all").unwrap_err();
        assert_eq!(reason(&absent), "No such file or directory");
        assert_eq!(reason(&std::io::Error::other("odd (os error 7)")), "odd (os error 7)");
    }

    #[test]
    fn finds_the_nearest_word_and_no_far_one() {
        let keys = ["registry", "jobs", "ca-file", "connect-timeout"];
        assert_eq!(nearest("registy", keys), Some("registry"));
        assert_eq!(nearest("ca_file", keys), Some("ca-file"));
        assert_eq!(nearest("jbos", keys), Some("jobs"));
        assert_eq!(nearest("conn-timeout", keys), Some("connect-timeout"));
        assert_eq!(nearest("zebra", keys), None);
        assert_eq!(nearest("anything", []), None);
    }
}
