use crate::args::CompletionsArgs;
use crate::output::{OutputError, is_closed, write_raw};
use crate::report::Stop;

/// `rls completions`
pub fn run(args: &CompletionsArgs) -> Result<(), Stop> {
    if is_closed() {
        return Err(OutputError::Nowhere.into());
    }
    Ok(write_raw(std::io::stdout(), &crate::completions::script(args.shell), false)?)
}
