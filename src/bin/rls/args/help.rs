use crate::help::Topic;

/// Show the help of a command, or a reference
///
/// Without arguments: all commands. The references are complete: every field of the machine formats (output), key of
/// the configuration file (config), environment variable (env), exit code (exit-codes), field and filter of templates
/// (templates), and the options that every command takes (options). 'rls help schema COMMAND' prints the JSON Schema of
/// the command's records.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rls help tags
  rls help options
  rls help schema tags
  rls help output | less")]
pub struct HelpArgs {
    /// A command, or one of output, schema, config, env, exit-codes, templates, options
    #[arg(value_name = "COMMAND|TOPIC")]
    pub words: Vec<String>,
}

impl HelpArgs {
    /// The reference that is requested, if it is one.
    pub fn topic(&self) -> Option<Topic> {
        match &self.words[..] {
            [word] => Topic::named(word),
            _ => None,
        }
    }
}
