//! Errors that the user has to fix: an option, a variable, the configuration file. Exit code 2, before any request.

use std::fmt;

use registry_ls::Error;
use registry_ls::error::UnusableFile;

/// An error in the command line or in local configuration, with a hint.
///
/// It never contains a secret: values of passwords are left out.
#[derive(Debug, Clone)]
pub struct Usage {
    error: Error,
    hint: Option<String>,
}

/// A result whose error is [`Usage`].
pub type Result<T, E = Usage> = std::result::Result<T, E>;

impl Usage {
    /// An error; `what` names what is wrong, in lower case and without a full stop.
    pub fn new(what: impl Into<String>) -> Self {
        Error::config(what).into()
    }

    /// Adds a cause; the first is the most specific.
    #[must_use]
    pub fn because(self, cause: impl fmt::Display) -> Self {
        Self { error: self.error.because(cause), ..self }
    }

    /// Sets what to do about it.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// What is wrong, in one line.
    pub fn what(&self) -> &str {
        self.error.what()
    }

    /// Why, the most specific cause first.
    pub fn causes(&self) -> &[String] {
        self.error.causes()
    }

    /// The file that has to be converted first, if that is what is wrong.
    pub fn unusable_file(&self) -> Option<&UnusableFile> {
        self.error.unusable_file()
    }

    /// What to do about it, if known.
    pub fn advice(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for Usage {}

impl From<Error> for Usage {
    fn from(error: Error) -> Self {
        Self { error, hint: None }
    }
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
}
