//! `rls completions`: prints the script that makes a shell complete.

use crate::args::CompletionsArgs;
use crate::output::{OutputError, is_closed, write_raw};
use crate::report::CommandError;

pub fn run(args: &CompletionsArgs) -> Result<(), CommandError> {
    match crate::complete::script(args.shell).filter(|_| !args.is_static) {
        Some(script) => write(script.as_bytes()),
        None => write(&crate::completions::script(args.shell)),
    }
}

/// Prints a script.
pub fn write(script: &[u8]) -> Result<(), CommandError> {
    if is_closed() {
        return Err(OutputError::Nowhere.into());
    }
    Ok(write_raw(std::io::stdout(), script, false)?)
}
