use clap_complete::Shell;

/// Print a completion script for a shell
///
/// In bash, zsh and fish the script asks rls for names of registries, repositories, tags, platforms and templates.
/// Registries are those in the configuration of rls, docker, podman, containerd, k3s and rke2, and those whose names
/// were completed before. A look-up takes a second at most, fails silently and never asks for a password. Names are
/// kept for a minute, in a file that only you can read; `rls cache clear` removes it, --no-cache keeps none.
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
