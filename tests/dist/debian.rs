//! The .deb in a new Debian system: it installs, `man` and shells find its files, and purging it removes
//! them all.

use std::process::Command;

use insta::assert_snapshot;
use registry_fixture::Registry;
use tempfile::TempDir;
use test_support::Rls;
use test_support::terminal::Screen;

use crate::release::{VERSION, can_chroot, file, leave_out, sh};

/// Clears the line that was typed.
const CTRL_U: &str = "\x15";

/// The environment in it. On a terminal without capabilities shells write plain text.
const VARIABLES: &str = "PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TERM=dumb";

/// A Debian system in a folder, as new as this machine's.
struct System(TempDir);

impl System {
    /// With apt and these packages. The error is why it cannot be made here: without a mirror, for example.
    fn with(packages: &str) -> Result<Self, String> {
        let root = tempfile::tempdir().expect("a folder");
        let script = r#". /etc/os-release; mmdebstrap --quiet --variant=apt --include="$2" "$VERSION_CODENAME" "$1""#;
        let arguments = [root.path().as_os_str(), packages.as_ref()];
        let made = Command::new("sh").args(["-euc", script, "sh"]).args(arguments).output().expect("sh runs");
        if made.status.success() { Ok(Self(root)) } else { Err(String::from_utf8_lossy(&made.stderr).into_owned()) }
    }

    /// A script that enters it as root, with devices and processes, and executes the rest of its arguments there: bash
    /// needs /proc for `<(…)`.
    fn enter(&self) -> String {
        let root = self.0.path().display();
        format!(
            "exec unshare --mount --propagation private sh -euc 'mount --rbind /dev {root}/dev; mount -t proc proc {root}/proc; \
             exec env -i {VARIABLES} timeout --foreground --signal KILL 120 chroot {root} \"$@\"' sh"
        )
    }

    /// Runs a script by this shell there.
    #[track_caller]
    fn run(&self, shell: &str, script: &str) -> String {
        sh(&format!("{} \"$@\"", self.enter()), [shell, "-c", script])
    }

    /// Asserts that a shell makes the name of a repository of `rls tags team/ch` and the tab key; `setup` is typed
    /// first.
    fn completes(&self, shell: &str, setup: &str) {
        let mut screen = Screen::of(Rls::new().by_shell(&format!("{} {shell}", self.enter())));
        // The echo of this line has the quotes.
        screen.type_in(&format!("{setup}; echo rea''dy\n"));
        screen.wait_for("ready");
        screen.type_in("rls tags team/ch\t");
        // The echo of the typed characters comes first.
        screen.wait_for("art");
        screen.type_in(&format!("{CTRL_U}exit 0\n"));
        assert_eq!(screen.end().0, Some(0), "{shell} ends");
    }
}

#[test]
fn the_deb_installs_works_and_goes() {
    const NAME: &str = "the test of the .deb";
    if !can_chroot(NAME) {
        return;
    }
    let mount = ["--mount", "--propagation", "private", "mount", "-t", "proc", "proc", "/proc"];
    let mounts = Command::new("unshare").args(mount).output();
    if !mounts.is_ok_and(|mounts| mounts.status.success()) {
        return leave_out(NAME, "nothing can be mounted here");
    }
    let system = match System::with("bash-completion,fish,man-db,zsh") {
        Ok(system) => system,
        Err(reason) => return leave_out(NAME, &format!("mmdebstrap cannot make a Debian system here:\n{reason}")),
    };
    std::fs::copy(file(".deb"), system.0.path().join("rls.deb")).expect("the package is copied");

    // Nothing is fetched, since no proxy answers at that address: what it depends on is there.
    let offline = "-o Acquire::http::Proxy=http://127.0.0.1:9 -o Acquire::https::Proxy=http://127.0.0.1:9";
    let install = format!("apt-get install --quiet=2 --yes --no-install-recommends {offline} /rls.deb");
    system.run("sh", &format!("{install} && rm /rls.deb"));
    assert!(system.run("sh", "rls --version").starts_with(&format!("rls {VERSION}")));
    assert_eq!(system.run("sh", "dpkg --verify registry-ls"), "", "every file is as packaged");
    let listed = system.run(
        "sh",
        "dpkg --listfiles registry-ls | xargs ls -ld | grep -v ^d | grep -v /man1/rls- | awk '{print $1, $3, $4, $NF}'",
    );
    assert_snapshot!(listed, @"
    -rwxr-xr-x root root /usr/bin/rls
    -rw-r--r-- root root /usr/share/bash-completion/completions/rls
    -rw-r--r-- root root /usr/share/doc/registry-ls/LICENSE-APACHE
    -rw-r--r-- root root /usr/share/doc/registry-ls/README.md
    -rw-r--r-- root root /usr/share/doc/registry-ls/changelog.gz
    -rw-r--r-- root root /usr/share/doc/registry-ls/copyright
    -rw-r--r-- root root /usr/share/fish/vendor_completions.d/rls.fish
    -rw-r--r-- root root /usr/share/man/man1/rls.1.gz
    -rw-r--r-- root root /usr/share/zsh/vendor-completions/_rls
    ");
    let fields =
        system.run("sh", "dpkg-query --show --showformat '${Section}\n${Depends}\n${Recommends}\n' registry-ls");
    assert_snapshot!(fields, @"
    utils
    libc6 (>= 2.34)
    ca-certificates
    ");

    for page in ["rls", "rls-tags"] {
        assert_eq!(system.run("sh", &format!("man --warnings {page} 2>&1 >/dev/null")), "", "no warnings");
        let text = system.run("sh", &format!("man {page}"));
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(&format!("NAME {page} - ")), "{text}");
    }
    assert!(system.run("sh", "whatis rls-prune").starts_with("rls-prune (1)"));

    let registry = Registry::builder().seed("demo".parse().expect("a seed")).start();
    let export = format!("export RLS_REGISTRY=http://{}", registry.host());
    let bash = format!("{export}; . /usr/share/bash-completion/bash_completion");
    system.completes("bash --norc", &bash);
    let zsh = format!("{export}; autoload -Uz compinit; compinit -u -D");
    system.completes("zsh -f", &zsh);
    let fish = format!("{export}; complete --do-complete 'rls tags team/ch'");
    assert_eq!(system.run("fish", &fish), "team/chart\n");

    system.run("sh", "apt-get purge --quiet=2 --yes registry-ls");
    // What rls itself has cached is the user's, and the formatted pages that man has cached are man's.
    let named = r"\( -name 'rls*' -o -name _rls -o -name 'registry-ls*' \)";
    let left = format!("find / -xdev {named} -not -path '/root/*' -not -path '/var/cache/man/*'");
    assert_eq!(system.run("sh", &left), "", "nothing is left");
}
