//! Questions on the terminal, whatever standard output is. Dropping the future abandons the question, so that a signal
//! or the time limit can end it.

use std::fs::File;
use std::io::{BufRead, ErrorKind, IsTerminal, Write, stderr, stdin};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use secrecy::SecretString;

use crate::input::from_stdin;
use crate::output::escape;
use crate::report::{CommandError, Exit};
use crate::usage::{Result, Usage};

/// Whether a question can be shown and answered.
pub fn is_possible() -> bool {
    stdin().is_terminal() && stderr().is_terminal()
}

/// Asks a question, and returns the trimmed answer.
///
/// # Errors
/// The terminal cannot be read or written.
pub async fn ask(question: &str) -> Result<String> {
    write!(stderr(), "{} ", escape(question))
        .map_err(|error| Usage::new("cannot ask on the terminal").because(error))?;
    let mut line = QuestionLine { is_open: true };
    let answer = from_stdin(|mut input| {
        let mut answer = String::new();
        input.read_line(&mut answer).map(|_| answer)
    });
    let answer = answer.await?;
    line.is_open = !answer.ends_with('\n');
    Ok(answer.trim().to_owned())
}

/// Whether an answer is yes.
pub fn is_yes(answer: &str) -> bool {
    matches!(answer.to_ascii_lowercase().as_str(), "y" | "yes")
}

/// Asks for confirmation, by a question such as `Remove team/app:1.0?`.
///
/// # Errors
/// There is no terminal to ask on, or the answer is no.
pub async fn confirm(question: &str) -> Result<()> {
    if !is_possible() {
        return Err(Usage::new(format!("confirmation needed to {}", uncapitalized(question.trim_end_matches('?'))))
            .because("no terminal to ask on")
            .hint("use --yes to confirm, or -n to see what would be removed"));
    }
    if is_yes(&ask(&format!("{question} [y/N]")).await?) {
        Ok(())
    } else {
        Err(Usage::new("cancelled; nothing was changed"))
    }
}

fn uncapitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

/// Asks for a password, without echo.
///
/// # Errors
/// There is no terminal to ask on, or Ctrl-C.
pub async fn password(username: &str, whose: &str) -> Result<SecretString, CommandError> {
    if !stderr().is_terminal() {
        let usage = Usage::new(format!("no password for {username}, and no terminal to ask on"));
        return Err(usage.hint("use --password-stdin, or set RLS_PASSWORD").into());
    }
    let unable = |error: std::io::Error| CommandError::from(Usage::new("cannot ask for the password").because(error));
    let _hidden = EchoOff::begin().map_err(unable)?;
    let mut line = QuestionLine { is_open: true };
    let prompt = format!("Password for {} at {}: ", escape(username), escape(whose));
    let typed = tokio::task::spawn_blocking(move || rpassword::prompt_password(prompt).map(SecretString::from)).await;
    match typed.unwrap_or_else(|panicked| Err(std::io::Error::other(panicked))) {
        Ok(password) => {
            line.is_open = false;
            Ok(password)
        }
        Err(error) if error.kind() == ErrorKind::Interrupted => Err(CommandError::Signal(Exit::INTERRUPTED)),
        Err(error) => Err(unable(error)),
    }
}

/// Disables the echo of the terminal, from before the question is shown until it is dropped.
struct EchoOff {
    terminal: File,
    modes: Termios,
}

impl EchoOff {
    fn begin() -> std::io::Result<Self> {
        let terminal = File::options().read(true).write(true).open("/dev/tty")?;
        let modes = tcgetattr(&terminal)?;
        let mut hiding = modes.clone();
        hiding.local_modes.remove(LocalModes::ECHO);
        tcsetattr(&terminal, OptionalActions::Now, &hiding)?;
        Ok(Self { terminal, modes })
    }
}

impl Drop for EchoOff {
    fn drop(&mut self) {
        // The terminal may be gone.
        let _ = tcsetattr(&self.terminal, OptionalActions::Now, &self.modes);
    }
}

/// The line of a question. It is ended by the answer or, without one, when this is dropped.
struct QuestionLine {
    is_open: bool,
}

impl Drop for QuestionLine {
    fn drop(&mut self) {
        if self.is_open {
            // The terminal may be gone.
            drop(stderr().write_all(b"\n"));
        }
    }
}
