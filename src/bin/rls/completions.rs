//! Completion scripts, from the grammar of the command line. `make generated` writes those in `completions/`.

use clap_complete::Shell;

use crate::args;

/// The script for a shell.
pub fn script(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    // In zsh a colon ends the description of a value: HOST:PORT:ADDR would make it run PORT.
    let mut command = args::command().mut_arg("resolve", |resolve| resolve.value_name("ADDRESS"));
    clap_complete::generate(shell, &mut command, "rls", &mut script);
    script
}

/// The script for docker-ls.
pub fn docker_ls(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut crate::compat::docker_ls(), "docker-ls", &mut script);
    script
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;
    use clap_complete::Generator;

    use super::*;

    /// If this fails, run `make generated` and review the changes.
    #[test]
    fn the_scripts_in_the_repository_are_current() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("completions");
        for shell in Shell::value_variants() {
            let path = folder.join(shell.file_name("rls"));
            let stored = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert!(stored == script(*shell), "{} is not what rls completions --static {shell} prints", path.display());
        }
    }

    #[test]
    fn a_script_offers_commands_and_options_and_no_password() {
        for shell in Shell::value_variants() {
            let script = String::from_utf8(script(*shell)).expect("UTF-8");
            for word in ["manifest", "registry", "with-siblings", "password-stdin"] {
                assert!(script.contains(word), "{shell}: {word}");
            }
            let passwords = script.matches("password").count();
            let allowed =
                ["password-stdin", "for the password on", "Read the password from", "holds the password itself"];
            assert_eq!(passwords, allowed.iter().map(|text| script.matches(text).count()).sum::<usize>(), "{shell}");
        }
    }

    #[test]
    fn no_value_in_zsh_has_a_name_that_it_would_run() {
        let script = String::from_utf8(script(Shell::Zsh)).expect("UTF-8");
        let options = script.lines().filter(|line| line.starts_with("'-") || line.starts_with("'*-"));
        for line in options.filter_map(|line| line.strip_suffix(":_default' \\")) {
            let (_, name) = line.rsplit_once("]:").unwrap_or_else(|| panic!("{line}"));
            assert!(!name.contains(':'), "{line}");
        }
    }
}
