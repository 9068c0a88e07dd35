use crate::args::CompletionsArgs;
use crate::output::{OutputError, is_closed, write_raw};
use crate::report::CommandError;

/// `rls completions`
pub fn run(args: &CompletionsArgs) -> Result<(), CommandError> {
    write(&crate::completions::script(args.shell))
}

/// Prints a script.
pub fn write(script: &[u8]) -> Result<(), CommandError> {
    if is_closed() {
        return Err(OutputError::Nowhere.into());
    }
    Ok(write_raw(std::io::stdout(), script, false)?)
}
