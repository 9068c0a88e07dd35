use clap_complete::Shell;

/// Print a completion script for a shell
///
/// In bash, zsh and fish the script asks rls for names of registries, repositories and tags. Registries are those that
/// docker and podman are logged in to; a look-up takes a second at most, fails silently and never asks for a password.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rls completions bash > ~/.local/share/bash-completion/completions/rls
  rls completions zsh > \"${fpath[1]}/_rls\"
  rls completions fish > ~/.config/fish/completions/rls.fish")]
pub struct CompletionsArgs {
    /// Commands and options only, nothing from registries; always so for powershell and elvish
    #[arg(long = "static")]
    pub is_static: bool,

    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    pub shell: Shell,
}
