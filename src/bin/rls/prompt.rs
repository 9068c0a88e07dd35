//! Asking a person on the terminal, whatever standard output is. A question is given up when its future is dropped, so
//! that a signal and the time limit are heeded while it stands.

use std::fs::File;
use std::io::{BufRead, ErrorKind, IsTerminal, Write, stderr, stdin};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use secrecy::SecretString;

use crate::input::from_stdin;
use crate::output::escape;
use crate::report::{CommandError, Exit};
use crate::usage::{Result, Usage};

/// Whether there is somebody who could see a question and answer it.
pub fn is_possible() -> bool {
    stdin().is_terminal() && stderr().is_terminal()
}

/// Asks, and gives the answer without the blanks around it.
///
/// # Errors
///
/// When the terminal cannot be read or written.
pub async fn ask(question: &str) -> Result<String> {
    write!(stderr(), "{} ", escape(question))
        .map_err(|error| Usage::new("cannot ask on the terminal").because(error))?;
    let mut line = Line { is_open: true };
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

/// Asks a question that is answered by yes or no.
///
/// # Errors
///
/// Where nobody can be asked, and where the answer is no.
pub async fn confirm(question: &str) -> Result<()> {
    if !is_possible() {
        return Err(Usage::new(format!("confirmation needed: {question}"))
            .because("no terminal to ask on")
            .hint("use --yes to confirm, or -n to see what would be removed"));
    }
    if is_yes(&ask(&format!("{question} [y/N]")).await?) {
        Ok(())
    } else {
        Err(Usage::new("cancelled; nothing was changed"))
    }
}

/// Asks for a password, which is not shown while it is typed.
///
/// # Errors
///
/// Where nobody can be asked, and Ctrl-C.
pub async fn password(username: &str, whose: &str) -> Result<SecretString, CommandError> {
    if !stderr().is_terminal() {
        let usage = Usage::new(format!("no password for {username}, and no terminal to ask on"));
        return Err(usage.hint("use --password-stdin, or set RLS_PASSWORD").into());
    }
    let unable = |error: std::io::Error| CommandError::from(Usage::new("cannot ask for the password").because(error));
    let _hidden = Hidden::begin().map_err(unable)?;
    let mut line = Line { is_open: true };
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

/// A terminal that does not show what is typed, from before the question is seen until this is dropped.
struct Hidden {
    terminal: File,
    modes: Termios,
}

impl Hidden {
    fn begin() -> std::io::Result<Self> {
        let terminal = File::options().read(true).write(true).open("/dev/tty")?;
        let modes = tcgetattr(&terminal)?;
        let mut hiding = modes.clone();
        hiding.local_modes.remove(LocalModes::ECHO);
        tcsetattr(&terminal, OptionalActions::Now, &hiding)?;
        Ok(Self { terminal, modes })
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // The terminal may be gone.
        let _ = tcsetattr(&self.terminal, OptionalActions::Now, &self.modes);
    }
}

/// The line of a question, which is ended by whoever answers or, when nobody does, here.
struct Line {
    is_open: bool,
}

impl Drop for Line {
    fn drop(&mut self) {
        if self.is_open {
            // The terminal may be gone.
            drop(stderr().write_all(b"\n"));
        }
    }
}
