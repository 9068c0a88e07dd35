//! Colours.

use std::env::var_os;
use std::ffi::OsString;
use std::io::{IsTerminal, stderr, stdout};

use anstyle::{AnsiColor, Style};
use clap::builder::StyledStr;

use super::marks;

/// `--color`
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set or CLICOLOR is 0; always if FORCE_COLOR or CLICOLOR_FORCE is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The tone of text, which determines its style.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Normal text.
    Plain,
    /// A heading.
    Heading,
    /// Repeated, or less important.
    Dim,
    /// Success.
    Good,
    /// `warning:`
    Warning,
    /// `error:`
    Bad,
    /// `hint:`
    Hint,
}

impl Tone {
    /// The colours and effects of the tone.
    pub fn style(self) -> Style {
        let style = Style::new();
        match self {
            Self::Plain => style,
            Self::Heading => style.bold(),
            Self::Dim => style.dimmed(),
            Self::Good => AnsiColor::Green.on_default(),
            Self::Warning => AnsiColor::Yellow.on_default(),
            Self::Bad => AnsiColor::Red.on_default().bold(),
            Self::Hint => AnsiColor::Cyan.on_default(),
        }
    }
}

impl From<ColorChoice> for clap::ColorChoice {
    fn from(choice: ColorChoice) -> Self {
        match choice {
            ColorChoice::Always => Self::Always,
            ColorChoice::Never => Self::Never,
            ColorChoice::Auto => match asked(|name| var_os(name)) {
                Some(true) => Self::Always,
                Some(false) => Self::Never,
                None => Self::Auto,
            },
        }
    }
}

/// What the environment says about colours: NO_COLOR, else FORCE_COLOR and CLICOLOR_FORCE, else CLICOLOR.
fn asked(lookup: impl Fn(&str) -> Option<OsString>) -> Option<bool> {
    let set = |name: &str| lookup(name).filter(|value| !value.is_empty());
    let on = |name: &str| set(name).map(|value| value != "0" && value != "false");
    if set("NO_COLOR").is_some() {
        return Some(false);
    }
    if on("FORCE_COLOR") == Some(true) || on("CLICOLOR_FORCE") == Some(true) {
        return Some(true);
    }
    (on("FORCE_COLOR") == Some(false) || on("CLICOLOR") == Some(false)).then_some(false)
}

/// How text looks on one stream: with or without colours, and with marks that its locale has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Styles {
    colored: bool,
    ascii: bool,
}

impl Styles {
    /// With or without colours, in UTF-8.
    #[cfg(test)]
    pub fn new(colored: bool) -> Self {
        Self { colored, ascii: false }
    }

    /// For standard output.
    pub fn for_stdout(choice: ColorChoice) -> Self {
        Self::choose(choice, stdout().is_terminal(), |name| var_os(name))
    }

    /// For standard error.
    pub fn for_stderr(choice: ColorChoice) -> Self {
        Self::choose(choice, stderr().is_terminal(), |name| var_os(name))
    }

    fn choose(choice: ColorChoice, terminal: bool, lookup: impl Fn(&str) -> Option<OsString>) -> Self {
        let colored = match choice {
            ColorChoice::Auto => asked(&lookup)
                .unwrap_or_else(|| terminal && lookup("TERM").is_some_and(|term| !term.is_empty() && term != "dumb")),
            ColorChoice::Always => true,
            ColorChoice::Never => false,
        };
        Self { colored, ascii: !marks::is_utf8(lookup) }
    }

    /// Whether there are colours.
    pub fn colored(self) -> bool {
        self.colored
    }

    /// What ends text that was cut.
    pub fn ellipsis(self) -> &'static str {
        if self.ascii { "..." } else { "…" }
    }

    /// `text` with the marks of the locale.
    pub fn localize(self, text: String) -> String {
        if self.ascii { marks::ascii(&text) } else { text }
    }

    /// Help as text.
    pub fn render(self, help: &StyledStr) -> String {
        self.localize(if self.colored { help.ansi().to_string() } else { help.to_string() })
    }

    /// `text` in a tone. The text must be escaped already.
    pub fn paint(self, tone: Tone, text: &str) -> String {
        if self.colored && tone != Tone::Plain {
            let style = tone.style();
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paints_only_when_asked_to() {
        assert_eq!(Styles::new(true).paint(Tone::Good, "removed"), "\x1b[32mremoved\x1b[0m");
        assert_eq!(Styles::new(true).paint(Tone::Plain, "kept"), "kept");
        assert_eq!(Styles::new(false).paint(Tone::Bad, "failed"), "failed");
    }

    fn colored(choice: ColorChoice, terminal: bool, variables: &[(&str, &str)]) -> bool {
        let lookup =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(*value));
        Styles::choose(choice, terminal, lookup).colored()
    }

    #[test]
    fn the_option_wins_over_the_environment_and_that_over_the_terminal() {
        let auto = |terminal, variables: &[(&str, &str)]| colored(ColorChoice::Auto, terminal, variables);
        let term = ("TERM", "xterm");
        assert!(auto(true, &[term]));
        assert!(!auto(false, &[term]));
        assert!(!auto(true, &[("TERM", "dumb")]));
        assert!(!auto(true, &[]));
        assert!(!auto(true, &[term, ("NO_COLOR", "1")]));
        assert!(auto(true, &[term, ("NO_COLOR", "")]));
        assert!(!auto(true, &[term, ("CLICOLOR", "0")]));
        for name in ["FORCE_COLOR", "CLICOLOR_FORCE"] {
            assert!(auto(false, &[(name, "1")]), "{name}");
            assert!(!auto(false, &[(name, "0")]), "{name}");
            assert!(!auto(false, &[(name, "1"), ("NO_COLOR", "1")]), "{name}");
        }
        assert!(colored(ColorChoice::Always, false, &[("NO_COLOR", "1")]));
        assert!(!colored(ColorChoice::Never, true, &[term, ("FORCE_COLOR", "1")]));
    }
}
