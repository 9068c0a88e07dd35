//! Colours.

use std::io::{stderr, stdout};

use anstyle::{AnsiColor, Style};

/// `--color`
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set; always if CLICOLOR_FORCE is set
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

/// Whether one stream is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Styles {
    colored: bool,
}

impl Styles {
    /// With or without colours.
    pub fn new(colored: bool) -> Self {
        Self { colored }
    }

    /// For standard output.
    pub fn for_stdout(choice: ColorChoice) -> Self {
        Self::choose(choice, || anstream::AutoStream::choice(&stdout()))
    }

    /// For standard error.
    pub fn for_stderr(choice: ColorChoice) -> Self {
        Self::choose(choice, || anstream::AutoStream::choice(&stderr()))
    }

    fn choose(choice: ColorChoice, auto: impl FnOnce() -> anstream::ColorChoice) -> Self {
        Self::new(match choice {
            ColorChoice::Auto => auto() != anstream::ColorChoice::Never,
            ColorChoice::Always => true,
            ColorChoice::Never => false,
        })
    }

    /// Whether there are colours.
    pub fn colored(self) -> bool {
        self.colored
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

    #[test]
    fn the_option_wins_over_what_the_stream_says() {
        let on = || anstream::ColorChoice::Always;
        let off = || anstream::ColorChoice::Never;
        assert!(Styles::choose(ColorChoice::Auto, on).colored());
        assert!(!Styles::choose(ColorChoice::Auto, off).colored());
        assert!(Styles::choose(ColorChoice::Always, off).colored());
        assert!(!Styles::choose(ColorChoice::Never, on).colored());
    }
}
