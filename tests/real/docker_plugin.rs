//! `docker tags …`: rls as a plugin of the real docker client, which needs no daemon for it.

use std::fs;
use std::process::Command;

use registry_fixture::Auth;
use registry_fixture::content::ImageSpec;
use serde_json::Value;
use test_support::docker_registry::{DockerRegistry, PASSWORD, USER};
use test_support::{Outcome, Rls};

/// A home in which docker has the plugin and is logged in to the registry.
fn machine(registry: &DockerRegistry) -> Rls {
    let rls = Rls::new().naming(registry.host(), "REGISTRY");
    let rls = rls.env("RLS_CA_FILE", registry.companion().ca_file()).with_file(".docker/cli-plugins/.keep", "");
    let login = [
        &["login", registry.host(), "-u", USER, "--password-stdin"][..],
        &["compat", "--install", ".docker/cli-plugins"],
    ];
    let mut rls = rls;
    for words in login {
        rls = rls.then("").args(words).stdin(PASSWORD);
        let outcome = rls.run();
        assert_eq!(outcome.code, Some(0), "{outcome}");
    }
    rls
}

/// docker with these arguments.
fn docker(rls: &Rls, words: &[&str]) -> Outcome {
    let words = [&["docker"], words].concat();
    rls.outcome(&command(rls, &words).output().expect("docker is installed (apt-get install docker.io)"))
}

fn command(rls: &Rls, words: &[&str]) -> Command {
    rls.command_of(words)
}

fn registry() -> DockerRegistry {
    let registry = DockerRegistry::builder().auth(Auth::Basic).tls(true).start();
    for tag in ["1.4.0", "latest"] {
        registry.push("team/app", tag, &ImageSpec::new("1.4.0").build());
    }
    registry
}

#[test]
fn docker_lists_tags_with_its_own_login() {
    let registry = registry();
    let rls = machine(&registry);
    let name = format!("{}/team/app", registry.host());
    let outcome = docker(&rls, &["tags", &name]);
    assert_eq!((outcome.code, &*outcome.stdout), (Some(0), "1.4.0\nlatest\n"), "{outcome}");
    let outcome = docker(&rls, &["tags", &name, "-d", "--limit", "1", "-o", "json"]);
    assert!(outcome.stdout.contains("\"tag\":\"1.4.0\"") && outcome.stdout.contains("sha256:"), "{outcome}");
    // The exit code is that of rls.
    let outcome = docker(&rls, &["tags", &format!("{}/team/nope", registry.host())]);
    assert_eq!(outcome.code, Some(3), "{outcome}");
    // docker's own options come first: another folder has other credentials.
    fs::create_dir_all(rls.home().join("other/cli-plugins")).expect("a folder");
    let (from, to) =
        (rls.home().join(".docker/cli-plugins/docker-tags"), rls.home().join("other/cli-plugins/docker-tags"));
    fs::copy(from, to).expect("the plugin is copied");
    fs::write(rls.home().join("other/config.json"), "{}").expect("a file");
    let outcome = docker(&rls, &["--config", "other", "tags", &name]);
    assert_eq!(outcome.code, Some(4), "{outcome}");
    assert!(outcome.stderr.contains("not logged in to"), "{outcome}");
    assert!(outcome.stderr.contains("\nhint:  run 'docker --config other login REGISTRY'"), "{outcome}");
}

/// What is typed for docker is answered with commands of docker.
#[test]
fn hints_can_be_pasted_after_docker() {
    let registry = registry();
    let rls = machine(&registry);
    let hint = |words: &[&str]| {
        let outcome = docker(&rls, words);
        outcome.stderr.lines().find_map(|line| line.strip_prefix("hint:  ")).unwrap_or_default().to_owned()
    };
    assert_eq!(hint(&["tags", "team/app", "--json"]), "docker tags team/app -o json");
    assert_eq!(hint(&["--config", ".docker", "tags", "app", "-n", "5"]), "docker --config .docker tags app --limit 5");
    assert_eq!(hint(&["tags"]), "for example: docker tags registry.corp:5000/team/app");
    assert_eq!(hint(&["tags", "app", "--zebra"]), "see docker tags --help");
    let line = format!("run 'rls repos {}' to list its repositories", "REGISTRY");
    assert_eq!(hint(&["tags", registry.host()]), line);
    // Without rls in the PATH its other commands are those of the plugin.
    let mut docker = command(&rls, &["docker", "tags", registry.host()]);
    let outcome = docker.env("PATH", "/usr/local/bin:/usr/bin:/bin").output().expect("docker runs");
    let stderr = String::from_utf8_lossy(&outcome.stderr).into_owned();
    let shown = stderr.split('\'').rev().nth(1).unwrap_or_default();
    assert!(shown.ends_with(&format!("/docker-tags repos {}", registry.host())), "{stderr}");
    let mut shell = command(&rls, &["sh", "-c", shown]);
    let outcome = rls.outcome(&shell.output().expect("sh runs"));
    assert_eq!((outcome.code, &*outcome.stdout), (Some(0), "team/app\n"), "{outcome}");
}

#[test]
fn docker_knows_the_plugin_and_shows_its_help() {
    let registry = registry();
    let rls = machine(&registry);
    let help = docker(&rls, &["tags", "--help"]);
    assert_eq!((help.code, &*help.stderr), (Some(0), ""), "{help}");
    assert!(
        help.stdout.starts_with("List tags\n") && help.stdout.contains("Usage: docker tags [OPTIONS] <REPO>..."),
        "{help}"
    );
    assert!(
        help.stdout.contains("docker tags registry.corp:5000/team/app") && !help.stdout.contains("rls tags"),
        "{help}"
    );
    assert_eq!(docker(&rls, &["help", "tags"]).stdout, help.stdout);
    let commands = docker(&rls, &["--help"]).stdout;
    assert!(commands.contains("tags*       List the tags of a repository in a registry"), "{commands}");
    // Without a daemon it fails, and prints what it knows of the client.
    let info = docker(&rls, &["info", "--format", "{{json .ClientInfo.Plugins}}"]).stdout;
    let plugins: Value = serde_json::from_str(info.lines().next().unwrap_or_default()).expect("JSON");
    let plugin = plugins.as_array().and_then(|plugins| plugins.iter().find(|plugin| plugin["Name"] == "tags"));
    let plugin = plugin.unwrap_or_else(|| panic!("{plugins}"));
    assert_eq!((&plugin["SchemaVersion"], &plugin["Vendor"]), (&"0.1.0".into(), &"registry-ls".into()), "{plugin}");
    assert!(plugin.get("Err").is_none_or(Value::is_null), "{plugin}");
}

#[test]
fn docker_completes_names_of_the_registry() {
    let registry = registry();
    let rls = machine(&registry);
    let shown = docker(&rls, &["__complete", "tags", &format!("{}/te", registry.host())]).stdout;
    assert_eq!(shown.to_string(), "REGISTRY/team/app→\n:36\n");
    // docker asks no plugin behind its own --config; the variable has the same meaning.
    fs::rename(rls.home().join(".docker"), rls.home().join("elsewhere")).expect("the folder is renamed");
    let mut docker = command(&rls, &["docker", "__complete", "tags", &format!("{}/te", registry.host())]);
    let shown = rls.outcome(&docker.env("DOCKER_CONFIG", "elsewhere").output().expect("docker runs")).stdout;
    assert_eq!(shown.to_string(), "REGISTRY/team/app→\n:36\n");
}
