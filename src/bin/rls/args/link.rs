//! The name by which the program was run, which may be that of a link: docker-ls, docker-rm, docker-tags.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// docker's global options that are followed by a value.
const DOCKER_OPTIONS: [&str; 10] =
    ["--config", "-c", "--context", "-H", "--host", "-l", "--log-level", "--tlscacert", "--tlscert", "--tlskey"];

/// The name by which docker runs its plugin.
const PLUGIN: &str = "docker-tags";
/// Where docker's `--config` goes.
const AUTH_FILE: &str = "--auth-file";

/// The command line as it would be without a link; that of docker's plugin keeps its name.
pub fn without_link(argv: Vec<OsString>) -> Vec<OsString> {
    let name = argv.first().and_then(|path| Path::new(path).file_name()).and_then(|name| name.to_str());
    let (before, rest): (&[&str], Vec<OsString>) = match name {
        Some(name @ ("docker-ls" | "docker-rm")) => (&["rls", "compat", name], argv[1..].to_vec()),
        Some(PLUGIN) => (&[PLUGIN], plugin_words(&argv[1..])),
        _ => return argv,
    };
    before.iter().map(Into::into).chain(rest).collect()
}

/// The words of a docker CLI plugin. docker passes its own global options first, then the name of the plugin.
fn plugin_words(words: &[OsString]) -> Vec<OsString> {
    let mut config = None;
    let mut at = 0;
    while let Some(word) = words.get(at).and_then(|word| word.to_str()) {
        if !word.starts_with('-') {
            break;
        }
        let (name, value) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value.into())));
        let value = value.or_else(|| words.get(at + 1).cloned().filter(|_| DOCKER_OPTIONS.contains(&name)));
        at += if DOCKER_OPTIONS.contains(&word) { 2 } else { 1 };
        if name == "--config" {
            config = value;
        }
    }
    let mut rest = words.get(at..).unwrap_or_default().to_vec();
    if rest.len() > 1 && rest[0] == "help" {
        // `docker help tags`
        rest.remove(0);
        rest.push("--help".into());
    }
    if let Some(folder) = config {
        // docker's credentials are then in another folder.
        let file = Path::new(&folder).join("config.json");
        rest.splice(..0, [AUTH_FILE.into(), file.into()]);
    }
    rest
}

/// How docker is called that runs the program as its plugin: `docker`, `docker --config DIR`. `None` if it does not.
pub fn docker(argv: &[OsString]) -> Option<String> {
    let argv = argv.first().filter(|program| is_plugin(program)).map(|_| without_link(argv.to_vec()))?;
    let words: Vec<_> = argv.iter().map_while(|word| word.to_str()).take_while(|word| *word != "tags").collect();
    Some(typed(&words).join(" "))
}

/// The file of credentials that docker's `--config` names, where docker runs the program as its plugin.
pub fn docker_config(argv: &[OsString]) -> Option<PathBuf> {
    argv.first().filter(|program| is_plugin(program))?;
    match &without_link(argv.to_vec())[..] {
        [_, option, file, ..] if option == AUTH_FILE => Some(file.into()),
        _ => None,
    }
}

/// A command line as it is typed, from one without a link: `docker --config DIR tags REPO`.
pub fn typed(words: &[&str]) -> Vec<String> {
    let (before, rest): (Vec<&str>, _) = match words {
        [PLUGIN, AUTH_FILE, file, rest @ ..] => {
            let folder = Path::new(file).parent().and_then(Path::to_str).unwrap_or_default();
            (vec!["docker", "--config", folder], rest)
        }
        [PLUGIN, rest @ ..] => (vec!["docker"], rest),
        [_, rest @ ..] => (vec!["rls"], rest),
        [] => (vec!["rls"], words),
    };
    before.iter().chain(rest).map(ToString::to_string).collect()
}

/// Whether docker runs the program as its plugin, by the program's path.
pub fn is_plugin(program: &OsStr) -> bool {
    Path::new(program).file_name().is_some_and(|name| name == PLUGIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> String {
        let words = without_link(line.split(' ').map(Into::into).collect());
        words.iter().map(|word| word.to_str().expect("UTF-8")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn links_are_commands() {
        assert_eq!(words("/usr/bin/docker-ls tags -l 1 app"), "rls compat docker-ls tags -l 1 app");
        assert_eq!(words("docker-rm app:sha256:00"), "rls compat docker-rm app:sha256:00");
        assert_eq!(words("/usr/bin/rls tags app"), "/usr/bin/rls tags app");
    }

    #[test]
    fn a_plugin_gets_dockers_options_first() {
        assert_eq!(words("docker-tags tags app -l"), "docker-tags tags app -l");
        assert_eq!(words("docker-tags -D --context x tags app"), "docker-tags tags app");
        assert_eq!(words("docker-tags --config /d tags app"), "docker-tags --auth-file /d/config.json tags app");
        assert_eq!(words("docker-tags --config=/d tags app"), "docker-tags --auth-file /d/config.json tags app");
        assert_eq!(words("docker-tags help tags"), "docker-tags tags --help");
        assert_eq!(words("docker-tags docker-cli-plugin-metadata"), "docker-tags docker-cli-plugin-metadata");
    }

    #[test]
    fn what_is_typed_for_docker_can_be_pasted() {
        let typed = |line: &str| typed(&line.split(' ').collect::<Vec<_>>()).join(" ");
        assert_eq!(typed("docker-tags --auth-file /d/config.json tags app"), "docker --config /d tags app");
        assert_eq!(typed("docker-tags tags app --auth-file f"), "docker tags app --auth-file f");
        assert_eq!(typed("/usr/bin/rls tags app"), "rls tags app");
        let docker = |line: &str| docker(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
        assert_eq!(docker("/p/docker-tags --config /d -D tags app").as_deref(), Some("docker --config /d"));
        assert_eq!(docker("/p/docker-tags tags app").as_deref(), Some("docker"));
        assert_eq!(docker("rls tags app"), None);
    }
}
