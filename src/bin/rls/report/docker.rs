//! The commands of hints where docker runs rls as its plugin: what can be typed there.

use std::ffi::OsString;
use std::path::PathBuf;

use super::quoted;
use crate::args;

/// The hint with the commands that its reader can type: `docker tags` and `docker login` where docker runs the program.
pub fn as_typed(hint: &str) -> String {
    let argv: Vec<OsString> = std::env::args_os().collect();
    let Some(docker) = args::docker(&argv) else { return hint.to_owned() };
    // The plugin itself takes all commands.
    let rls = if is_on_path() { "rls".into() } else { quoted(&argv[0].to_string_lossy()) };
    in_docker(hint, &docker, &rls)
}

/// Whether `rls` is this program; rustup has one of that name.
fn is_on_path() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join("rls")).find(|file| file.is_file());
    let real = |file: PathBuf| file.canonicalize().ok();
    found.and_then(real).is_some_and(|found| std::env::current_exe().ok().and_then(real) == Some(found))
}

/// The hint with `docker` and `rls` as they are typed.
fn in_docker(hint: &str, docker: &str, rls: &str) -> String {
    let mut text = String::new();
    let mut rest = hint;
    while let Some(at) = rest.find("rls ") {
        let (before, after) = (&rest[..at], &rest[at + 4..]);
        let command = after.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').next().unwrap_or_default();
        let is_word = !before.ends_with(|c: char| c.is_alphanumeric() || "-_./".contains(c));
        text.push_str(before);
        rest = after;
        match command {
            "help" if is_word && after.starts_with("help tags") => {
                text.push_str(&format!("{docker} tags --help"));
                rest = &after["help tags".len()..];
            }
            "tags" | "login" | "logout" if is_word => text.push_str(&format!("{docker} ")),
            _ if is_word && args::name_of_command(command).is_some() => text.push_str(&format!("{rls} ")),
            _ => text.push_str("rls "),
        }
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_name_commands_that_docker_knows() {
        let cases = [
            ("run 'rls tags reg/app' to list tags", "run 'docker tags reg/app' to list tags"),
            ("rls login reg, or set RLS_USERNAME", "docker login reg, or set RLS_USERNAME"),
            ("see rls help tags", "see docker tags --help"),
            ("rls doctor reg; sudo rls trust reg", "/p/docker-tags doctor reg; sudo /p/docker-tags trust reg"),
            ("rls never falls back to it", "rls never falls back to it"),
            ("crls tags", "crls tags"),
        ];
        for (hint, typed) in cases {
            assert_eq!(in_docker(hint, "docker", "/p/docker-tags"), typed);
        }
        assert_eq!(in_docker("rls login reg", "docker --config d", "rls"), "docker --config d login reg");
    }
}
