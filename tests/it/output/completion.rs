//! Completion of names, in the shells themselves.

use std::process::Command;

use registry_fixture::Running;
use test_support::Rls;

use crate::registries::seeded;

/// What a shell offers for a line; its `rls` is the one under test.
fn offered(registry: &Running, shell: &[&str], script: &str, line: &str) -> String {
    let rls = Rls::at(registry);
    let command = rls.command();
    let folder = std::path::Path::new(command.get_program()).parent().expect("the program is in a folder").to_owned();
    let path =
        std::env::join_paths([folder].into_iter().chain(std::env::split_paths("/usr/bin:/bin"))).expect("a path");
    let variables = command.get_envs().filter_map(|(name, value)| Some((name, value?)));
    let mut program = Command::new(shell[0]);
    program.args(&shell[1..]).arg(script).env_clear().envs(variables).env("PATH", path).env("LINE", line);
    let output = program.current_dir(rls.home()).output().expect("the shell is installed (apt-get install fish)");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{line}");
    rls.readable(&output.stdout).to_string()
}

const BASH: &str = r#"
    source <(rls completions bash)
    compopt() { printf 'nospace '; }
    COMP_LINE="$LINE" COMP_POINT=${#LINE}
    _rls
    echo "${COMPREPLY[*]}"
"#;

/// With `COMP_WORDBREAKS` as it is, readline replaces what follows the last colon.
#[test]
fn bash_completes_names_with_colons() {
    let registry = seeded("demo");
    let bash = |line: &str| offered(&registry, &["bash", "-c"], BASH, line);
    assert_eq!(bash("rls tags "), "base/alpine team/app team/chart team/web\n");
    assert_eq!(bash("rls manifest team/app:1.4"), "1.4.0\n");
    assert_eq!(bash("rls inspect team/app:1.4"), "1.4.0\n");
    assert_eq!(bash("rls digest team/w"), "nospace team/web:\n");
    let port = registry.host().rsplit(':').next().expect("a port").to_owned();
    assert_eq!(bash(&format!("rls tags http://{}/team/a", registry.host())), format!("{port}/team/app\n"));
    assert_eq!(bash("rls tag"), "tags\n");
    assert!(bash("rls ").starts_with("repos tags manifest digest "), "{}", bash("rls "));
    assert_eq!(bash("rls tags --rev"), "--reverse\n");
    assert_eq!(bash("rls manifest x --platform linux/amd"), "linux/amd64\n");
}

#[test]
fn fish_completes_names() {
    let registry = seeded("demo");
    let script = "rls completions fish | source; complete -C \"$LINE\"";
    let fish = |line: &str| offered(&registry, &["fish", "--no-config", "-c"], script, line);
    assert_eq!(fish("rls manifest team/app:1.4"), "team/app:1.4.0\n");
    assert_eq!(fish("rls tag"), "tags→List tags\n");
}

#[test]
fn what_cannot_be_looked_up_is_silent() {
    let registry = seeded("demo");
    registry.inject(
        registry_fixture::Match::get("/v2/_catalog"),
        registry_fixture::Answer::error(401, "UNAUTHORIZED", "no"),
    );
    let rls = Rls::at(&registry).args(["__complete", "bash", "--", "rls", "tags", ""]);
    assert_eq!(&*rls.succeeds(), "");
    let nobody =
        Rls::new().env("RLS_REGISTRY", "http://127.0.0.1:1").args(["__complete", "bash", "--", "rls", "tags", ""]);
    assert_eq!(&*nobody.succeeds(), "");
    let registry = seeded("demo");
    let prompts = Rls::at(&registry).config("username = \"ann\"").args(["__complete", "bash", "--", "rls", "tags", ""]);
    assert_eq!(&*prompts.succeeds(), "");
}

#[test]
fn registries_are_those_of_docker() {
    let config = r#"{"auths": {"registry.corp:5000": {}, "https://index.docker.io/v1/": {}}}"#;
    let rls = Rls::new().docker_config(config).args(["__complete", "bash", "--", "rls", "tags", "-r", ""]);
    assert_eq!(&*rls.succeeds(), "docker.io\nregistry.corp:5000\n");
}
