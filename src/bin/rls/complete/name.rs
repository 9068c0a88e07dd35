//! A name that a value may become.

use serde::{Deserialize, Serialize};

/// A name, and what shells show beside it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Name {
    /// What is typed.
    pub text: String,
    /// Its description, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
}

impl Name {
    /// A name without a description.
    pub fn new(text: impl Into<String>) -> Self {
        Self::with(text, "")
    }

    /// A name with a description.
    pub fn with(text: impl Into<String>, about: impl Into<String>) -> Self {
        Self { text: text.into(), about: about.into() }
    }

    /// The same with text before and after the name.
    pub fn between(self, before: &str, after: &str) -> Self {
        Self { text: format!("{before}{}{after}", self.text), about: self.about }
    }
}
