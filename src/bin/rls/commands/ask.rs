//! Questions to a person, on the terminal.

use std::io::{BufRead, IsTerminal, Write, stderr, stdin};

use crate::output::escape;
use crate::stdin::from_stdin;
use crate::usage::{Result, Usage};

/// Whether there is somebody who could see a question and answer it.
pub(super) fn is_possible() -> bool {
    stdin().is_terminal() && stderr().is_terminal()
}

/// Asks, and gives the answer without the blanks around it. Dropping the future gives the question up, so that a signal is
/// heeded while it stands.
///
/// # Errors
///
/// When the terminal cannot be read or written.
pub(super) async fn ask(question: &str) -> Result<String> {
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
pub(super) fn is_yes(answer: &str) -> bool {
    matches!(answer.to_ascii_lowercase().as_str(), "y" | "yes")
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
