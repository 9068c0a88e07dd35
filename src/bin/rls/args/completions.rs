use clap_complete::Shell;

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rls completions bash > ~/.local/share/bash-completion/completions/rls
  rls completions zsh > \"${fpath[1]}/_rls\"
  rls completions fish > ~/.config/fish/completions/rls.fish")]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    pub shell: Shell,
}
