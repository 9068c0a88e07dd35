//! The records of `rls login` and `rls logout`.

use serde::Serialize;

use crate::output::{Human, Lines, Tone, View};

/// The result of `rls login`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LoginRecord {
    /// `HOST[:PORT]`
    pub registry: String,
    /// The user.
    pub username: String,
    /// Where the credentials are stored.
    pub place: String,
    /// Whether the registry verified the password.
    pub proven: bool,
}

/// How `rls login` shows it: a sentence.
#[derive(Debug, Clone, Copy)]
pub struct LoginView;

impl View for LoginView {
    type Record = LoginRecord;

    fn sample(&self) -> LoginRecord {
        let text = |text: &str| text.to_owned();
        LoginRecord { registry: text("registry"), username: text("ann"), place: text("place"), proven: true }
    }

    fn plain(&self, record: &LoginRecord, lines: &mut Lines) {
        let LoginRecord { registry, username, place, .. } = record;
        lines.push(["logged-in", registry, username, place]);
    }

    fn text(&self, record: &LoginRecord, human: &Human) -> String {
        let LoginRecord { registry, username, place, .. } = record;
        let done = human.styles.paint(Tone::Good, "logged in");
        let escape = |text: &str| human.escape(text).into_owned();
        format!("{done} to {} as {}; credentials stored in {}", escape(registry), escape(username), escape(place))
    }
}

/// The result of `rls logout`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LogoutRecord {
    /// `HOST[:PORT]`
    pub registry: String,
    /// Where credentials were removed.
    pub places: Vec<String>,
}

/// How `rls logout` shows it: a sentence.
#[derive(Debug, Clone, Copy)]
pub struct LogoutView;

impl View for LogoutView {
    type Record = LogoutRecord;

    fn sample(&self) -> LogoutRecord {
        LogoutRecord { registry: "registry".to_owned(), places: Vec::new() }
    }

    fn plain(&self, record: &LogoutRecord, lines: &mut Lines) {
        let done = if record.places.is_empty() { "not-logged-in" } else { "logged-out" };
        lines.push([done, &record.registry].into_iter().chain(record.places.iter().map(String::as_str)));
    }

    fn text(&self, record: &LogoutRecord, human: &Human) -> String {
        let registry = human.escape(&record.registry);
        if record.places.is_empty() {
            return format!("not logged in to {registry}");
        }
        let done = human.styles.paint(Tone::Good, "logged out");
        format!("{done} of {registry}; credentials removed from {}", human.escape(&record.places.join(" and ")))
    }
}
