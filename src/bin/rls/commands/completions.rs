use crate::args::CompletionsArgs;
use crate::output::write_raw;
use crate::report::Stop;

/// `rls completions`
pub fn run(args: &CompletionsArgs) -> Result<(), Stop> {
    Ok(write_raw(std::io::stdout(), &crate::completions::script(args.shell), false)?)
}
