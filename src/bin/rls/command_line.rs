//! Command lines as they are typed: by which name the program was run, which may be that of a link (docker-ls,
//! docker-rm, docker-tags), and what its commands are called for whoever typed that name.

use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

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

/// A command of the program as it is typed here, from the words after the program's name: `rls tags REPO`, or `docker
/// tags REPO` where docker runs the program as its plugin.
pub fn rls(words: impl Display) -> String {
    static PLUGIN: LazyLock<Option<Plugin>> =
        LazyLock::new(|| Plugin::of(&std::env::args_os().collect::<Vec<_>>(), is_on_path()));
    let words = words.to_string();
    PLUGIN.as_ref().map_or_else(|| format!("rls {words}"), |plugin| plugin.typed(&words))
}

/// A text whose commands are between braces, with each as it is typed here: `{tags -l}` is `rls tags -l`.
pub fn with_commands(text: &str) -> String {
    let mut pieces = text.split(['{', '}']);
    let mut shown = pieces.next().unwrap_or_default().to_owned();
    while let (Some(command), Some(rest)) = (pieces.next(), pieces.next()) {
        shown += &rls(command);
        shown += rest;
    }
    shown
}

/// A word for a shell.
pub fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:~@%+,=".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// docker, which runs the program as its plugin.
struct Plugin {
    /// How docker is called: `docker`, `docker --config DIR`.
    docker: String,
    /// How the program itself is called, which takes all commands.
    program: String,
}

impl Plugin {
    /// `None` if the program is not run as a plugin. `is_on_path`: whether it can be called `rls`, too.
    fn of(argv: &[OsString], is_on_path: bool) -> Option<Self> {
        let program = argv.first().filter(|program| is_plugin(program))?;
        let program = if is_on_path { "rls".to_owned() } else { quoted(&program.to_string_lossy()) };
        let argv = without_link(argv.to_vec());
        let words: Vec<_> = argv.iter().map_while(|word| word.to_str()).take_while(|word| *word != "tags").collect();
        Some(Self { docker: typed(&words).join(" "), program })
    }

    fn typed(&self, words: &str) -> String {
        match words.split(' ').next() {
            _ if words == "help tags" => format!("{} tags --help", self.docker),
            Some("tags" | "login" | "logout") => format!("{} {words}", self.docker),
            _ => format!("{} {words}", self.program),
        }
    }
}

/// Whether `rls` is this program; rustup has one of that name.
fn is_on_path() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join("rls")).find(|file| file.is_file());
    let real = |file: PathBuf| file.canonicalize().ok();
    found.and_then(real).is_some_and(|found| std::env::current_exe().ok().and_then(real) == Some(found))
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
    }

    #[test]
    fn commands_are_called_as_docker_knows_them() {
        let plugin = |line: &str| Plugin::of(&line.split(' ').map(OsString::from).collect::<Vec<_>>(), false);
        let named = |line: &str, words: &str| plugin(line).expect("a plugin").typed(words);
        assert_eq!(named("/p/docker-tags tags app", "tags reg/app"), "docker tags reg/app");
        assert_eq!(named("/p/docker-tags --config /d -D tags app", "login reg"), "docker --config /d login reg");
        assert_eq!(named("/p/docker-tags tags app", "help tags"), "docker tags --help");
        assert_eq!(named("/p/docker-tags tags app", "doctor reg"), "/p/docker-tags doctor reg");
        assert!(plugin("rls tags app").is_none());
        assert_eq!(rls(format_args!("tags {}", "app")), "rls tags app");
        assert_eq!(
            with_commands("use {repos --tags} or {tags -l}, as {docs}"),
            "use rls repos --tags or rls tags -l, as rls docs"
        );
        assert_eq!(with_commands("use --json"), "use --json");
    }
}
