use clap_complete::Shell;

/// Print a completion script for a shell
///
/// In bash, zsh and fish the script asks rls for names of registries, repositories, tags, platforms and templates.
/// Registries are those in the configuration of rls, docker, podman, containerd, k3s and rke2, and those whose names
/// were completed before. A lookup takes at most a second, fails silently and never asks for a password. Names are
/// kept for a minute, in a file that only you can read; `rls cache clear` removes it, --no-cache keeps none.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rls completions bash > ~/.local/share/bash-completion/completions/rls
  rls completions zsh > \"${fpath[1]}/_rls\"
  rls completions fish > ~/.config/fish/completions/rls.fish")]
pub struct CompletionsArgs {
    /// Complete only commands and options, nothing from registries; powershell and elvish have no other script
    #[arg(long = "static")]
    pub is_static: bool,

    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    pub shell: Shell,
}
