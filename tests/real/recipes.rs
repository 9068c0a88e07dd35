//! Every block of `docs/recipes.md`, run by a shell against docker-registry: the lines of shell blocks, the scripts in
//! those of CI systems, crontabs.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use registry_fixture::Auth;
use registry_fixture::content::{ArtifactSpec, ImageSpec, IndexSpec};
use serde_json::Value;
use test_support::docker_registry::{DockerRegistry, PASSWORD, USER};
use test_support::{Outcome, Rls};

const PAGE: &str = include_str!("../../docs/recipes.md");
/// The registry on the page.
const REGISTRY: &str = "registry.corp:5000";

/// Blocks that need what the test does not have, by a part of their text.
const NOT_RUN: [&str; 2] = ["kubectl debug node/NAME", "registry garbage-collect"];

/// A block of code.
#[derive(Debug, Clone)]
struct Block {
    /// The nearest heading above it.
    heading: String,
    language: String,
    text: String,
}

/// The blocks of the page.
fn blocks() -> Vec<Block> {
    let (mut blocks, mut heading, mut open): (Vec<Block>, _, Option<Block>) = (Vec::new(), String::new(), None);
    for line in PAGE.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(language)) => {
                let (heading, language) = (heading.clone(), language.to_owned());
                open = Some(Block { heading, language, text: String::new() });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => block.text.push_str(&format!("{line}\n")),
            (None, None) if line.starts_with('#') => heading = line.trim_start_matches(['#', ' ']).to_owned(),
            (None, None) => {}
        }
    }
    blocks
}

/// A machine with a registry: tags of team/app and team/web, a chart, and what the recipes find on it.
struct Machine {
    registry: DockerRegistry,
    rls: Rls,
}

impl Machine {
    fn start() -> Self {
        let registry = DockerRegistry::builder().auth(Auth::Basic).tls(true).start();
        for number in 1..=14 {
            let image = ImageSpec::new(&format!("0.{number}.0")).created(&format!("2024-01-{number:02}T00:00:00Z"));
            registry.push("team/app", &format!("0.{number}.0"), &image.build());
        }
        registry.push("team/app", "1.4.0", &IndexSpec::three_platforms("1.4.0").build());
        registry.push("team/app", "1.3.9", &ImageSpec::new("1.3.9").build());
        registry.push("team/app", "latest", &ImageSpec::new("latest").build());
        for pr in ["pr-117", "pr-118"] {
            registry.push("team/app", pr, &ImageSpec::new(pr).created("2024-02-01T00:00:00Z").build());
        }
        registry.push("team/web", "2.0.0", &ImageSpec::new("web").build());
        registry.push("team/web", "latest", &ImageSpec::new("web").build());
        registry.push("team/chart", "0.9.0", &ArtifactSpec::helm("chart", "0.9.0").build());
        let ca = fs::read_to_string(registry.companion().ca_file()).expect("the CA");
        let pods = format!(
            r#"{{"items": [{{"spec": {{"containers": [{{"image": "{}/team/app:0.1.0"}}]}}}}]}}"#,
            registry.host()
        );
        let secret = format!(
            "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/dockerconfigjson\nstringData:\n  .dockerconfigjson: '{{\"auths\": {{\"{}\": {{\"username\": \"{USER}\", \"password\": \"{PASSWORD}\"}}}}}}'\n",
            registry.host()
        );
        let rls = Rls::new()
            .naming(registry.host(), "REGISTRY")
            .envs(registry.environment())
            .with_file("corp-root.pem", ca)
            .with_file("pull-secret.yaml", &secret)
            .with_file("deployment.yaml", format!("      image: {}/team/app:latest\n", registry.host()))
            .with_file("pods.json", pods)
            .with_file("var/log/.keep", "")
            .program("sudo", r#"exec "$@""#)
            .program("kubectl", r#"case "$*" in *secret*) cat pull-secret.yaml;; *yaml*) echo "image: $(grep -o '[0-9.:]*/team/app:[0-9.]*' pods.json)";; *) cat pods.json;; esac"#);
        Self { registry, rls }
    }

    /// Has bash run a script that must succeed.
    #[track_caller]
    fn run(&self, script: &str) -> Outcome {
        let outcome = self.try_run(script);
        assert_eq!(outcome.code, Some(0), "{script}\n{outcome}");
        outcome
    }

    fn try_run(&self, script: &str) -> Outcome {
        let home = self.rls.home().display().to_string();
        let script = script.replace("-u ci ", &format!("-u {USER} ")).replace("=ci ", &format!("={USER} "));
        let script = script.replace(REGISTRY, self.registry.host());
        let script =
            script.replace("/etc/rls/", &format!("{home}/etc/rls/")).replace("/var/log/", &format!("{home}/var/log/"));
        let mut command = self.rls.command_of(&["bash", "-euo", "pipefail", "-c", &script]);
        command.env("REGISTRY_PASSWORD", PASSWORD).env("TAG", "1.4.0").env("FINGERPRINT", self.fingerprint());
        command.env("CI_PROJECT_PATH", "team/app").env("CI_COMMIT_REF_SLUG", "pr-118");
        self.rls.outcome(&command.output().expect("bash runs"))
    }

    /// The fingerprint of the registry's certificate, which it sends alone.
    fn fingerprint(&self) -> String {
        let file = self.registry.companion().files().join("leaf.pem");
        let output =
            Command::new("openssl").args(["x509", "-noout", "-fingerprint", "-sha256", "-in"]).arg(file).output();
        let output = String::from_utf8(output.expect("openssl runs").stdout).expect("text");
        output.trim().split('=').next_back().unwrap_or_default().to_owned()
    }

    /// The tags of a repository.
    fn tags(&self, repository: &str) -> BTreeSet<String> {
        self.run(&format!("rls tags {repository}")).stdout.lines().map(str::to_owned).collect()
    }

    /// Asserts that the oldest four of fourteen versions are gone, and nothing else.
    fn is_pruned(&self) {
        let tags = self.tags("team/app");
        assert!(!tags.contains("0.1.0") && tags.contains("0.14.0") && tags.contains("latest"), "{tags:?}");
        assert_eq!(self.tags("team/web").len(), 2);
    }
}

/// The blocks below a heading, in this language.
fn of(heading: &str, language: &str) -> Vec<String> {
    let found = blocks().into_iter().filter(|block| block.heading == heading && block.language == language);
    let found: Vec<_> =
        found.map(|block| block.text).filter(|text| !NOT_RUN.iter().any(|part| text.contains(part))).collect();
    assert!(!found.is_empty(), "{heading}");
    found
}

/// The headings whose blocks a test runs.
const SHELL: [&str; 9] = [
    "Pipelines",
    "Pin images by digest",
    "A private CA",
    "A certificate for a homelab registry",
    "Logging in from a script",
    "Kubernetes: keep what runs",
    "Undo",
    "Move from docker-ls",
    "Prune on a schedule",
];
const OTHERS: [&str; 4] = ["cron", "GitHub Actions", "GitLab CI", "Drone"];

#[test]
fn every_block_of_the_page_is_run() {
    for block in blocks() {
        let is_run = SHELL.contains(&&*block.heading) || OTHERS.contains(&&*block.heading);
        let is_known = NOT_RUN.iter().any(|part| block.text.contains(part));
        assert!(is_run || is_known, "no test runs {block:?}");
    }
}

#[test]
fn pipelines() {
    let machine = Machine::start();
    let blocks = of("Pipelines", "sh");
    let lacks = |tool: &str| machine.try_run(&format!("command -v {tool}")).code != Some(0);
    let shown: Vec<_> = blocks[..blocks.len() - 1]
        .iter()
        .filter_map(|block| {
            // Debian does not have them; `make test` installs them where pip can.
            let mut tools = ["duckdb", "sqlite-utils"].into_iter().filter(|tool| block.contains(tool));
            tools.all(|tool| !lacks(tool)).then(|| machine.run(block).stdout.to_string())
        })
        .collect();
    let shown = shown.concat();
    for part in ["1.4.0", "19→team/app", "|2.0.0 latest", "REGISTRY/team/app:0.14.0"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    for (tool, part) in [("duckdb", "│ team/app   │    19 │"), ("sqlite-utils", "team/web,2.0.0")] {
        assert!(lacks(tool) || shown.contains(part), "{tool}: {part}: {shown}");
    }
    assert!(!shown.lines().any(|line| line == "null"), "a field is not there: {shown}");
    // The last one removes.
    let removed = machine.run(&blocks[blocks.len() - 1]).stdout;
    assert!(removed.contains("pr-117"), "{removed}");
    assert!(!machine.tags("team/app").contains("pr-118"));
}

#[test]
fn images_are_pinned_and_waited_for() {
    let machine = Machine::start();
    of("Pin images by digest", "sh").iter().for_each(|block| drop(machine.run(block)));
    let pinned = fs::read_to_string(machine.rls.home().join("deployment.yaml")).expect("the file");
    assert!(pinned.contains("/team/app@sha256:"), "{pinned}");
}

#[test]
fn a_private_ca_is_trusted() {
    let machine = Machine::start();
    let blocks = of("A private CA", "sh");
    let without_ca = |script: &str| machine.run(&format!("unset RLS_CA_FILE\n{script}"));
    without_ca(&blocks[0]);
    without_ca("rls repos");
    fs::remove_dir_all(machine.rls.home().join(".config/rls")).expect("rls trusts the CA");
    assert_eq!(machine.try_run("unset RLS_CA_FILE; rm -r system/etc/docker; rls repos").code, Some(11));
    without_ca(&blocks[1]);
    without_ca("rls repos");
}

#[test]
fn a_homelab_registry_gets_a_certificate() {
    let machine = Machine::start();
    let blocks = of("A certificate for a homelab registry", "sh");
    let here = |block: &str| block.replace("registry.home", "localhost").replace("10.1.2.3", "127.0.0.1");
    machine.run(&here(&blocks[0]));
    let file = |name: &str| machine.rls.home().join(name);
    let registry = DockerRegistry::builder().certificate(file("registry.pem"), file("registry.key")).start();
    let address = registry.host().replace("127.0.0.1", "localhost");
    let script = here(&blocks[1]).replace("localhost:5000", &address);
    let clean = "unset RLS_CA_FILE RLS_REGISTRY RLS_USERNAME RLS_PASSWORD\n";
    let outcome = machine.run(&format!("{clean}{script}rls repos {address}"));
    // It is empty, and trusted.
    assert!(outcome.stdout.contains("✓ tls"), "{outcome}");
}

#[test]
fn scripts_log_in() {
    let machine = Machine::start();
    let outcome = machine.run(&of("Logging in from a script", "sh")[0]);
    assert!(outcome.stdout.contains("team/app"), "{outcome}");
}

/// The lines of a crontab: variables, and the command after five fields.
fn crontab(text: &str) -> String {
    let line =
        |line: &str| match line.split_whitespace().nth(4).filter(|_| line.starts_with(|c: char| c.is_ascii_digit())) {
            Some(_) => line.split_whitespace().skip(5).collect::<Vec<_>>().join(" "),
            None => format!("export {line}"),
        };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn cron_prunes_by_the_configuration_file() {
    let machine = Machine::start();
    let config = of("Prune on a schedule", "toml").concat().replace(REGISTRY, machine.registry.host());
    machine.rls.file("etc/rls/config.toml", config);
    machine.rls.file("etc/rls/corp-root.pem", fs::read(machine.rls.home().join("corp-root.pem")).expect("the CA"));
    machine.run(&format!(
        "printf %s {PASSWORD} | rls login {REGISTRY} -u {USER} --password-stdin --auth-file /etc/rls/auth.json"
    ));
    let nothing = "unset RLS_REGISTRY RLS_CA_FILE RLS_USERNAME RLS_PASSWORD\n";
    machine.run(&format!("{nothing}{}", crontab(&of("cron", "")[0])));
    let log = fs::read_to_string(machine.rls.home().join("var/log/rls-prune.jsonl")).expect("the log");
    assert!(log.contains("\"removed\""), "{log}");
    machine.is_pruned();
    assert_eq!(machine.tags("team/chart").len(), 1);
}

/// The commands of a document of a CI system, in order: `run` of GitHub, `script` of GitLab, `commands` of Drone.
fn commands(value: &Value) -> Vec<String> {
    let lines = |value: &Value| match value {
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        other => other.as_str().map(str::to_owned).into_iter().collect::<Vec<_>>(),
    };
    match value {
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, value)| match name.as_str() {
                "run" | "script" | "commands" => lines(value),
                _ => commands(value),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(commands).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn pipelines_of_ci_systems_prune_after_a_review() {
    for (system, variables) in [("GitHub Actions", "env"), ("GitLab CI", "variables"), ("Drone", "environment")] {
        let machine = Machine::start();
        let text = of(system, "yaml")[0].replace(REGISTRY, machine.registry.host());
        let document: Value = serde_saphyr::from_str(&text).expect("YAML");
        // The user name is a variable of the document; the password is a secret of the system.
        assert_eq!(document[variables]["RLS_REGISTRY"], machine.registry.host(), "{system}");
        let found = commands(&document);
        assert!(found.len() >= 2 && found[0].contains("--save-plan") && found[1].contains("--apply"), "{found:?}");
        machine.run(&found[0]);
        assert!(machine.tags("team/app").contains("0.1.0"), "{system}: the plan removed something");
        found[1..].iter().for_each(|command| drop(machine.run(command)));
        machine.is_pruned();
        assert!(system != "GitLab CI" || !machine.tags("team/app").contains("pr-118"));
    }
}

#[test]
fn running_images_are_kept_and_undo_restores() {
    let machine = Machine::start();
    of("Kubernetes: keep what runs", "sh").iter().for_each(|block| drop(machine.run(block)));
    let tags = machine.tags("team/app");
    assert!(tags.contains("0.1.0") && !tags.contains("0.2.0"), "{tags:?}");
    machine.run("rls rm team/app:1.3.9");
    let undo = of("Undo", "sh").concat();
    let lines: Vec<_> = undo.lines().collect();
    // The last line brings one tag back, which the first has brought back already.
    assert!(lines[0].starts_with("rls undo ") && lines[lines.len() - 1].contains("1.3.9"), "{undo}");
    lines[1..].iter().for_each(|line| drop(machine.run(line)));
    assert!(machine.tags("team/app").contains("1.3.9"));
    machine.run("rls rm team/app:1.3.9");
    machine.run(lines[0]);
    assert!(machine.tags("team/app").contains("1.3.9"));
}

#[test]
fn docker_ls_scripts_keep_working() {
    let machine = Machine::start();
    machine.run(&format!("printf %s {PASSWORD} | rls login {REGISTRY} -u {USER} --password-stdin"));
    machine.run(&format!("rls trust {REGISTRY} --ca-file corp-root.pem --write rls"));
    let outcome = machine.run(&of("Move from docker-ls", "sh")[0]);
    assert!(outcome.stdout.contains("- team/app") && outcome.stdout.contains("schemaVersion"), "{outcome}");
}
