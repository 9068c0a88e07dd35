//! Completion of names, in the shells themselves: keys are typed on a terminal.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::time::{Duration, SystemTime};

use registry_fixture::{Answer, Auth, Match, Registry, Running};
use test_support::Rls;
use test_support::terminal::Screen;

use crate::registries::{seeded, with_seed};

/// The key that moves to the beginning of the line.
const CTRL_A: char = '\x01';

/// A shell, how it starts without the user's configuration, and how it loads the completions.
struct Shell {
    command: &'static [&'static str],
    load: &'static str,
}

const BASH: Shell = Shell {
    command: &["bash", "--norc", "--noprofile", "-i"],
    load: "bind 'set enable-bracketed-paste off'; PS1='ready> '; source <(rls completions bash)",
};
const ZSH: Shell = Shell {
    command: &["zsh", "-f", "-i"],
    load: "PS1='ready> '; autoload -U compinit; compinit -u -D; source <(rls completions zsh)",
};
const FISH: Shell = Shell {
    command: &["fish", "--no-config", "-i"],
    load: "function fish_prompt; echo 'ready> '; end; rls completions fish | source",
};

impl Shell {
    fn start(&self, rls: Rls) -> Screen {
        let mut screen = Screen::of_program(rls, self.command);
        screen.type_in(self.load);
        screen.type_in("\n");
        // Once in the echoed line, once as the prompt.
        screen.wait_for("ready> '");
        screen.wait_for("ready> ");
        screen
    }

    /// The words of the line after these keys, each in angle brackets: ⇥ is the tabulator.
    fn words(&self, rls: Rls, keys: &str) -> String {
        let mut screen = self.start(rls);
        screen.type_in(&keys.replace('⇥', "\t"));
        screen.type_in(&format!("{CTRL_A}printf '<%s>\\n' \n"));
        screen.wait_for("<rls>");
        screen.type_in("exit\n");
        let shown = screen.end().1.replace('\r', "");
        let after = shown.rsplit("<rls>").next().unwrap_or_default();
        let words = after.lines().filter_map(|line| line.strip_prefix('<')?.split_once('>')).map(|(word, _)| word);
        words.collect::<Vec<_>>().join(" ")
    }

    /// Waits until this text is shown after these keys.
    fn shows(&self, rls: Rls, keys: &str, text: &str) {
        let mut screen = self.start(rls);
        screen.type_in(&keys.replace('⇥', "\t"));
        screen.wait_for(text);
    }
}

/// What bash, zsh and fish do alike.
fn completes_names(shell: &Shell) {
    let registry = seeded("demo");
    let words = |keys: &str| shell.words(Rls::at(&registry), keys);
    assert_eq!(words("rls dig⇥ team/we⇥2.1⇥"), "digest team/web:2.1.0");
    assert_eq!(words("rls manifest team/app:1.4⇥-d"), "manifest team/app:1.4.0 -d");
    assert_eq!(words("rls inspect team/app:1.4⇥"), "inspect team/app:1.4.0");
    assert_eq!(words("rls tags --rev⇥ team/w⇥"), "tags --reverse team/web");
    assert_eq!(words("rls referrers --type sig⇥ team/app:1.4.0"), "referrers --type signature team/app:1.4.0");
    assert_eq!(words("rls compat docker-r⇥"), "compat docker-rm");
    // The host with its port, which bash splits at the colon.
    let host = registry.host();
    let words = |keys: &str| shell.words(Rls::beside(&registry), keys);
    assert_eq!(words(&format!("rls tags http://{host}/team/w⇥")), "tags http://REGISTRY/team/web");
    assert_eq!(words(&format!("rls tags --plain-http {host}/team/w⇥")), "tags --plain-http REGISTRY/team/web");
    assert_eq!(
        words(&format!("rls digest --plain-http {host}/team/app:1.4⇥")),
        "digest --plain-http REGISTRY/team/app:1.4.0"
    );
    assert_eq!(words(&format!("rls tags -r http://{host} team/w⇥")), "tags -r http://REGISTRY team/web");
    assert_eq!(
        words(&format!("rls tags --registry=http://{host} team/w⇥")),
        "tags --registry=http://REGISTRY team/web"
    );
    // The image's own platforms.
    let words = |keys: &str| shell.words(Rls::at(&registry), keys);
    assert_eq!(
        words("rls manifest team/app:1.4.0 --platform linux/arm/⇥"),
        "manifest team/app:1.4.0 --platform linux/arm/v7"
    );
    assert_eq!(words("rls tags team/app --same-as la⇥"), "tags team/app --same-as latest");
    assert_eq!(words("rls help exit⇥"), "help exit-codes");
    let rls = || Rls::at(&registry).config("[templates]\npull = \"docker pull {{ reference }}\"");
    assert_eq!(shell.words(rls(), "rls tags team/app --format @p⇥"), "tags team/app --format @pull");
    // A registry that docker is logged in to goes on with its repositories.
    let rls = || Rls::new().docker_config(r#"{"auths": {"registry.corp:5000": {}}}"#);
    assert_eq!(shell.words(rls(), "rls tags reg⇥x"), "tags registry.corp:5000/x");
    assert_eq!(shell.words(rls(), "rls tags -r reg⇥x"), "tags -r registry.corp:5000 x");
    // Local files are for options that take one.
    let rls = || Rls::at(&registry).with_file("notes", "").with_file("corp-root.pem", "");
    assert_eq!(shell.words(rls(), "rls tags no⇥"), "tags no");
    assert_eq!(shell.words(rls(), "rls tags --ca-file co⇥ x"), "tags --ca-file corp-root.pem x");
    assert_eq!(shell.words(rls(), "rls tags --ca-file=co⇥ x"), "tags --ca-file=corp-root.pem x");
}

#[test]
fn bash_completes() {
    completes_names(&BASH);
    let registry = seeded("demo");
    // Without the colon among the characters that break words, and in quotes.
    let rls = || Rls::at(&registry);
    let load = "COMP_WORDBREAKS=${COMP_WORDBREAKS//:}\n";
    assert_eq!(BASH.words(rls(), &format!("{load}rls digest team/app:1.4⇥")), "digest team/app:1.4.0");
    assert_eq!(BASH.words(rls(), "rls tags \"team/w⇥"), "tags team/web");
    BASH.shows(rls(), "true | rls tags team/w⇥", "team/web");
    BASH.shows(rls(), "rls tags team/⇥⇥", "team/app    team/chart  team/web");
    BASH.shows(rls(), "rls ⇥⇥", "repos");
}

#[test]
fn zsh_completes() {
    completes_names(&ZSH);
}

#[test]
fn fish_completes() {
    completes_names(&FISH);
}

#[test]
fn tags_are_described_by_age_and_digest() {
    let registry = seeded("demo");
    let digest = registry.resolve("team/app", "1.4.0").expect("it is there");
    for shell in [&ZSH, &FISH] {
        shell.shows(Rls::at(&registry), "rls digest team/app:1⇥⇥", &digest.to_string()[..19]);
    }
}

/// What rls answers to the script of a shell.
fn answer(rls: Rls, shell: &str, words: &[&str]) -> String {
    let rls = rls.args(["__complete", shell, "--", "rls"]).args(words);
    rls.succeeds().to_string()
}

#[test]
fn descriptions_cost_nothing_where_they_are_not_shown() {
    let registry = seeded("demo");
    assert_eq!(answer(Rls::at(&registry), "bash", &["digest", "team/app:1.4"]), "team/app:1.4.0\n");
    assert_eq!(registry.lines(), ["GET /v2/team/app/tags/list?n=1000"]);
    let shown = answer(Rls::at(&registry), "zsh", &["digest", "team/app:1.4"]);
    assert!(shown.starts_with("team/app:1.4.0→") && shown.contains(" ago, sha256:"), "{shown}");
}

/// The number of requests of two key presses in the same home, and what changes before the second.
fn requests(registry: &Running, rls: Rls, options: &[&str], change: impl FnOnce(Rls) -> Rls) -> (usize, usize) {
    let words = [&["__complete", "bash", "--", "rls", "tags"][..], options, &["team/"]].concat();
    let rls = rls.args(words);
    rls.succeeds();
    let first = registry.lines().len();
    change(rls).succeeds();
    (first, registry.lines().len() - first)
}

#[test]
fn names_are_kept_for_a_minute_for_the_same_user() {
    let registry = seeded("demo");
    assert_eq!(requests(&registry, Rls::at(&registry), &[], |rls| rls), (1, 0));
    let registry = seeded("demo");
    assert_eq!(requests(&registry, Rls::at(&registry), &["--no-cache"], |rls| rls), (1, 1));
    let registry = seeded("demo");
    let later = |rls: Rls| {
        let old = SystemTime::now() - Duration::from_secs(61);
        let files: Vec<_> = std::fs::read_dir(rls.home().join(".cache/rls/completion")).expect("a folder").collect();
        assert_eq!(files.len(), 1);
        for file in files {
            let file = file.expect("a file").path();
            assert_eq!(file.metadata().expect("metadata").permissions().mode() & 0o777, 0o600);
            let file = std::fs::File::options().append(true).open(file).expect("it can be written");
            file.set_modified(old).expect("the time is set");
        }
        rls
    };
    assert_eq!(requests(&registry, Rls::at(&registry), &[], later), (1, 1));
    let registry = with_seed(Registry::builder(), "demo").auth(Auth::Basic).start();
    let (first, second) =
        requests(&registry, Rls::at(&registry).user("ann", "secret"), &[], |rls| rls.user("bob", "wrong"));
    assert!(first > 0 && second > 0, "{first} {second}");
}

#[test]
fn failed_lookups_are_silent() {
    let words = ["tags", ""];
    let registry = seeded("demo");
    registry.inject(Match::get("/v2/_catalog"), Answer::error(401, "UNAUTHORIZED", "no"));
    assert_eq!(answer(Rls::at(&registry), "bash", &words), "");
    let closed = Rls::new().env("RLS_REGISTRY", "http://127.0.0.1:1");
    assert_eq!(answer(closed, "bash", &words), "");
    // A password would be asked for.
    let registry = seeded("demo");
    assert_eq!(answer(Rls::at(&registry).config("username = \"ann\""), "bash", &words), "");
    assert_eq!(answer(Rls::at(&registry), "bash", &["tags", "--auth-file", "-", ""]), "");
    assert_eq!(answer(Rls::at(&registry), "bash", &["tags", "-u", "ann", "--password-stdin", ""]), "");
    assert_eq!(answer(Rls::at(&registry).config("nonsense"), "bash", &words), "");
    assert_eq!(registry.lines(), [""; 0]);
}

#[test]
fn a_registry_that_hangs_is_not_waited_for() {
    let registry = seeded("demo");
    let (release, released) = channel::<()>();
    let released = Mutex::new(released);
    // Each request waits until the sender is dropped.
    registry.on_request(Match::under("/v2/team/web/manifests/").always(), move |_, _| {
        let _ = released.lock().expect("no thread panics with it").recv();
    });
    // The tags come, their descriptions do not.
    let tags = answer(Rls::at(&registry), "zsh", &["digest", "team/web:"]);
    assert_eq!(tags, "team/web:2.0.0→\nteam/web:2.1.0→\nteam/web:latest→\nteam/web:pr-118→\n");
    drop(release);
    let hanging = with_seed(Registry::builder(), "demo").latency(Duration::from_secs(3600)).start();
    assert_eq!(answer(Rls::at(&hanging), "zsh", &["tags", "te"]), "");
}

#[test]
fn registries_are_those_of_every_client() {
    let rls = Rls::new()
        .docker_config(r#"{"auths": {"registry.corp:5000": {}, "https://index.docker.io/v1/": {}}}"#)
        .config("[registries.\"own.corp\"]\nusername = \"ann\"")
        .with_file(".config/containers/auth.json", r#"{"auths": {"podman.corp/team": {}}}"#)
        .with_file(
            ".config/containers/registries.conf",
            "unqualified-search-registries = [\"search.corp\"]\n[[registry]]\nlocation = \"mirror.corp:5000/hub\"\n",
        )
        .with_file(
            "system/etc/rancher/k3s/registries.yaml",
            "mirrors:\n  k3s.corp:\n    endpoint: [http://10.0.0.1]\n  \"*\": {}\nconfigs:\n  \"node.corp:5000\": {}\n",
        )
        .with_file("system/etc/docker/daemon.json", r#"{"insecure-registries": ["lab.corp:5000"]}"#)
        .with_file("system/etc/docker/certs.d/ca.corp:5000/ca.crt", "")
        .with_file("system/etc/containerd/certs.d/ctr.corp_5000_/hosts.toml", "");
    let hosts = answer(rls, "zsh", &["tags", "-r", ""]);
    assert_eq!(
        hosts,
        "ca.corp:5000→docker\nctr.corp:5000→containerd\ndocker.io→docker\nk3s.corp→k3s\nlab.corp:5000→docker\nmirror.corp:5000→podman\n\
         node.corp:5000→k3s\nown.corp→configured in rls\npodman.corp→podman\nregistry.corp:5000→docker\nsearch.corp→podman\n"
    );
}

#[test]
fn completed_names_are_remembered_where_no_list_has_them() {
    let registry = seeded("demo");
    registry.inject(Match::get("/v2/_catalog").always(), Answer::error(401, "UNAUTHORIZED", "no"));
    let complete = |rls: Rls, words: &[&str]| {
        let rls = rls.then("__complete bash -- rls tags").args(words);
        let offered = rls.succeeds().to_string();
        (rls, offered)
    };
    let start = format!("{}/te", registry.url());
    let (rls, offered) = complete(Rls::beside(&registry), &[&start]);
    assert_eq!(offered, "");
    let rls = rls.then("__complete bash -- rls digest").arg(format!("{}/team/app:lat", registry.url()));
    assert_eq!(&*rls.succeeds(), "http://REGISTRY/team/app:latest\n");
    let (rls, offered) = complete(rls, &[&start]);
    assert_eq!(offered, "http://REGISTRY/team/app\n");
    assert_eq!(complete(rls, &["-r", ""]).1, "http://REGISTRY\n");
}

/// What docker does for `docker tags …⇥`: the protocol of the Go library cobra.
#[test]
fn docker_completes_the_plugin() {
    let registry = seeded("demo");
    let rls = Rls::at(&registry).with_file("cli-plugins/.keep", "");
    rls.command_of(&["rls", "compat", "--install", "cli-plugins"]).output().expect("rls runs");
    let plugin = rls.home().join("cli-plugins/docker-tags");
    let complete = |words: &[&str]| {
        let words = [&[plugin.to_str().expect("UTF-8")], words].concat();
        let output = rls.command_of(&words).output().expect("the plugin runs");
        rls.readable(&output.stdout).to_string()
    };
    assert_eq!(complete(&["__completeNoDesc", "tags", "team/w"]), "team/web\n:36\n");
    assert_eq!(complete(&["__complete", "tags", "--rev"]), "--reverse→Reverse the order\n:36\n");
    assert_eq!(complete(&["__complete", "tags", "--ca-file", ""]), ":0\n");
}
