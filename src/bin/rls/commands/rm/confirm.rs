//! Asking before more is removed than was named.

use std::io::{BufRead, IsTerminal, Write, stderr, stdin};

use crate::output::escape;
use crate::stdin::from_stdin;
use crate::usage::{Result, Usage};

/// Asks on the terminal whether to go on with `what`, a sentence without its end. Dropping the future gives the question up, so
/// that a signal is heeded while it stands.
///
/// # Errors
///
/// Where nobody can be asked, and where the answer is no.
pub(super) async fn confirm(what: &str) -> Result<()> {
    if !stdin().is_terminal() || !stderr().is_terminal() {
        return Err(Usage::new(format!("{what}, which needs a confirmation"))
            .because("there is no terminal to ask on")
            .hint("--yes confirms it"));
    }
    write!(stderr(), "{}; go on? [y/N] ", escape(what))
        .map_err(|error| Usage::new("cannot ask for a confirmation").because(error))?;
    let mut line = Line { is_open: true };
    let answer = from_stdin(|mut input| {
        let mut answer = String::new();
        input.read_line(&mut answer).map(|_| answer)
    });
    let answer = answer.await?;
    line.is_open = !answer.ends_with('\n');
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Usage::new("not confirmed, so it was not done")),
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
