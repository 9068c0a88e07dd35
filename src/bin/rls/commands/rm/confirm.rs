//! Asking before more is removed than was named.

use std::io::{BufRead, IsTerminal, Write, stderr, stdin};

use crate::output::escape;
use crate::usage::{Result, Usage};

/// Asks on the terminal whether to go on with what would be done.
///
/// # Errors
///
/// Where nobody can be asked, and where the answer is no: nothing was changed then.
pub(super) fn confirm(what: &str) -> Result<()> {
    if !stdin().is_terminal() || !stderr().is_terminal() {
        return Err(Usage::new(format!("{what} needs a confirmation, and there is no terminal to ask on"))
            .hint("--yes confirms it"));
    }
    let unable = |error| Usage::new("cannot ask for a confirmation").because(error);
    write!(stderr(), "{}? [y/N] ", escape(what)).map_err(unable)?;
    let mut answer = String::new();
    stdin().lock().read_line(&mut answer).map_err(unable)?;
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Usage::new("not confirmed; nothing was changed")),
    }
}
