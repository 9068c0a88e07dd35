//! Asking before more is removed than was named.

use crate::ask;
use crate::usage::{Result, Usage};

/// Asks on the terminal whether to go on with `what`, a sentence without its end.
///
/// # Errors
///
/// Where nobody can be asked, and where the answer is no.
pub(super) async fn confirm(what: &str) -> Result<()> {
    if !ask::is_possible() {
        return Err(Usage::new(format!("{what}, which needs a confirmation"))
            .because("there is no terminal to ask on")
            .hint("--yes confirms it"));
    }
    if ask::is_yes(&ask::ask(&format!("{what}; go on? [y/N]")).await?) {
        Ok(())
    } else {
        Err(Usage::new("not confirmed, so it was not done"))
    }
}
