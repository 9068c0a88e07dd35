use std::time::Duration;

use clap::CommandFactory;

use super::*;
use crate::output::{ColorChoice, Format, ProgressChoice};
use crate::sort::Order;

fn parsed(line: &str) -> Cli {
    parse(line.split(' ')).unwrap_or_else(|refusal| panic!("{line}: {refusal:?}"))
}

/// The whole text that a user would see.
fn refused(line: &str) -> String {
    match parse(line.split(' ')).expect_err("it is refused") {
        Refusal::Clap(error) => {
            assert_eq!(error.exit_code(), 2, "{line}");
            error.to_string()
        }
        Refusal::Usage(usage) => format!("{usage}\n{}", usage.advice().unwrap_or_default()),
    }
}

fn shown(line: &str) -> String {
    match parse(line.split(' ')).expect_err("it is refused") {
        Refusal::Clap(error) => {
            assert_eq!(error.exit_code(), 0, "{line}");
            error.to_string()
        }
        Refusal::Usage(usage) => panic!("{line}: {usage}"),
    }
}

#[test]
fn the_grammar_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn version_prints_the_package_version() {
    assert_eq!(shown("rls --version"), format!("rls {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(shown("rls -V"), shown("rls --version"));
    assert!(matches!(parsed("rls version").command, Command::Version));
}

#[test]
fn every_command_and_alias_is_known() {
    for line in ["rls repos", "rls repositories", "rls repos reg:5000/team"] {
        assert!(matches!(parsed(line).command, Command::Repos(_)), "{line}");
    }
    for line in ["rls tags app", "rls ls app other", "rls tags -"] {
        assert!(matches!(parsed(line).command, Command::Tags(_)), "{line}");
    }
    for line in ["rls manifest app", "rls inspect app:1"] {
        assert!(matches!(parsed(line).command, Command::Manifest(_)), "{line}");
    }
    assert!(matches!(parsed("rls digest app:1 app:2").command, Command::Digest(_)));
    assert!(matches!(parsed("rls rm app:1").command, Command::Rm(_)));
    for line in ["rls undo", "rls undo --list --last 3", "rls undo -n app:1 20261130T015018-4f2a9c"] {
        assert!(matches!(parsed(line).command, Command::Undo(_)), "{line}");
    }
    for line in ["rls prune app --keep-last 1", "rls prune --match-repo *"] {
        assert!(matches!(parsed(line).command, Command::Prune(_)), "{line}");
    }
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(matches!(parsed(&format!("rls completions {shell}")).command, Command::Completions(_)), "{shell}");
    }
    for line in [
        "rls tags",
        "rls manifest",
        "rls digest",
        "rls rm",
        "rls completions",
        "rls completions tcsh",
        "rls prune",
        "rls x y",
    ] {
        refused(line);
    }
}

#[test]
fn global_options_may_precede_or_follow_every_command() {
    let options = "-r reg:5000 -u ann --password-stdin --ca-file a.pem --ca-file b.pem --client-cert c.pem \
         --client-key k.pem \
         --insecure --resolve reg:443:[::1] --jobs 4 --timeout 2m --connect-timeout 500ms --read-timeout 20s --retries 0 -o json --no-header \
         --color never --progress never -q -vv --stats --config c.toml";
    for line in [format!("rls {options} tags app"), format!("rls tags app {options}")] {
        let cli = parsed(&line.split_whitespace().collect::<Vec<_>>().join(" "));
        let global = &cli.global;
        assert_eq!(global.registry.as_deref(), Some("reg:5000"));
        assert_eq!((global.username.as_deref(), global.password_stdin), (Some("ann"), true));
        assert_eq!(global.ca_file, [Path::new("a.pem"), Path::new("b.pem")]);
        assert_eq!(global.client_cert.as_deref(), Some(Path::new("c.pem")));
        assert_eq!(global.client_key.as_deref(), Some(Path::new("k.pem")));
        assert_eq!((global.insecure, global.plain_http, global.anonymous), (true, false, false));
        assert_eq!(global.resolve, ["reg:443:::1".parse().expect("an override")]);
        assert_eq!((global.jobs, global.retries), (Some(4), Some(0)));
        assert_eq!(global.timeout, Some(Duration::from_secs(120)));
        assert_eq!(global.connect_timeout, Some(Duration::from_millis(500)));
        assert_eq!(global.read_timeout, Some(Duration::from_secs(20)));
        assert_eq!((global.output, global.no_header), (Some(Format::Json), true));
        assert_eq!((global.color, global.progress), (Some(ColorChoice::Never), Some(ProgressChoice::Never)));
        assert_eq!((global.quiet, global.verbose, global.stats), (true, 2, true));
        assert_eq!(cli.config_file(), Some(Path::new("c.toml")));
    }
}

#[test]
fn the_image_config_is_not_the_configuration_file() {
    let cli = parsed("rls --config c.toml manifest --config app");
    assert_eq!(cli.config_file(), Some(Path::new("c.toml")));
    let Command::Manifest(manifest) = cli.command else { panic!("another command") };
    assert!(manifest.image_config && !manifest.raw);
}

#[test]
fn the_options_of_tags_are_read() {
    let Command::Tags(tags) =
        parsed("rls tags a - -d -l --match 1.* --match 2.* --exclude *-rc --limit 5 --sort version --reverse").command
    else {
        panic!("another command")
    };
    assert_eq!(tags.repositories, ["a", "-"]);
    assert!(tags.digests && tags.long && tags.reverse);
    assert_eq!((tags.limit.map(u64::from), tags.sort), (Some(5), Order::Version));
    assert_eq!(["1.0", "1.0-rc", "2.1", "3.0"].map(|tag| tags.filter.keeps(tag)), [true, false, true, false]);
    let Command::Tags(tags) = parsed("rls tags a").command else { panic!("another command") };
    assert_eq!((tags.sort, tags.limit, tags.reverse), (Order::Name, None, false));
}

#[test]
fn the_options_of_repos_manifest_and_rm_are_read() {
    let Command::Repos(repos) =
        parsed("rls repos reg --tags --prefix team/ --limit 2 --after team/a --match **").command
    else {
        panic!("another command")
    };
    assert_eq!((&repos.roots[..], repos.tags), (&["reg".to_owned()][..], true));
    assert_eq!((repos.prefix.as_deref(), repos.after.as_deref()), (Some("team/"), Some("team/a")));
    assert_eq!(repos.limit.map(u64::from), Some(2));
    let Command::Manifest(manifest) = parsed("rls manifest a:1 --raw --platform linux/arm/v7").command else {
        panic!("another command")
    };
    assert_eq!((manifest.raw, manifest.platform.expect("--platform").to_string()), (true, "linux/arm/v7".to_owned()));
    let Command::Rm(rm) = parsed("rls rm a:1 b:2 -y --ignore-missing --with-siblings --all-tags").command else {
        panic!("another command")
    };
    assert_eq!(rm.references, ["a:1", "b:2"]);
    assert!(!rm.dry_run && rm.yes && rm.ignore_missing && rm.with_siblings && rm.all_tags);
}

#[test]
fn conflicting_options_are_usage_errors_on_either_side() {
    let cases = [
        ("rls --anonymous tags a -u ann", "--anonymous cannot be used with --username\n"),
        ("rls tags a --anonymous --password-stdin", "--anonymous cannot be used with --password-stdin\n"),
        ("rls tags a --anonymous --auth-file f", "--anonymous cannot be used with --auth-file\n"),
        ("rls tags a -u ann --auth-file f", "--username cannot be used with --auth-file\n"),
        ("rls -o json tags a --format x", "--format cannot be used with --output\n"),
        ("rls tags a --insecure --plain-http", "--insecure cannot be used with --plain-http\n"),
        ("rls manifest a --raw -o json", "--raw cannot be used with --output\n"),
        ("rls --format x manifest a --raw", "--raw cannot be used with --format\n"),
        (
            "rls manifest a --config -o yaml",
            "--config cannot be used with --output: the image config is shown as JSON\n",
        ),
        ("rls tags - --password-stdin -u a", "- and --password-stdin both read standard input\n"),
        ("rls tags - --auth-file -", "- and --auth-file - both read standard input\n"),
    ];
    for (line, text) in cases {
        assert_eq!(refused(line), text, "{line}");
    }
    parsed("rls manifest a --config -o json");
    parsed("rls manifest a --config --raw");
}

#[test]
fn values_are_checked_before_anything_happens() {
    let cases = [
        ("rls tags a --jobs 0", "expected a number from 1 to 256"),
        ("rls tags a --jobs 257", "expected a number from 1 to 256"),
        ("rls tags a --retries 101", "expected a number from 0 to 100"),
        ("rls tags a --timeout 10", "expected a number with its unit, such as 500ms, 10s, 2m or 1h"),
        ("rls tags a --resolve reg:443", "expected HOST:PORT:ADDR, such as registry.corp:5000:10.1.2.3"),
        ("rls tags a --limit 0", "expected a number, at least 1"),
        ("rls tags a --sort colour", "expected name, version, created, size, none"),
        ("rls tags a --match [", "unclosed character class at byte 0; missing ']'"),
        ("rls manifest a --platform linux", "a platform is OS/ARCH or OS/ARCH/VARIANT"),
        ("rls tags a -o xml", "expected table, plain, json, jsonl, yaml, csv"),
        ("rls tags a --nosuch", "unknown option --nosuch"),
    ];
    for (line, part) in cases {
        let text = refused(line);
        assert!(text.contains(part), "{line}: {text}");
    }
}

#[test]
fn a_password_on_the_command_line_is_refused_and_never_shown() {
    let lines = [
        "rls --password SECRET tags a",
        "rls --password=SECRET tags a",
        "rls tags a --password SECRET",
        "rls tags a -p SECRET",
        "rls tags a -pSECRET",
        "rls tags a -qpSECRET",
        "rls --passwd SECRET tags a",
        "rls --pass=SECRET tags a",
        "rls --password-stdin=SECRET tags a",
        "rls tags a --password",
    ];
    for line in lines {
        let expected = "passwords are not accepted on the command line: every user on this machine can read it there\n\
             use -u NAME to be asked for it, --password-stdin to read it from standard input, or set RLS_PASSWORD";
        assert_eq!(refused(line), expected, "{line}");
    }
}

#[test]
fn every_command_has_help_without_environment_values() {
    for command in ["repos", "tags", "manifest", "digest", "rm", "undo", "completions"] {
        let long = shown(&format!("rls {command} --help"));
        let short = shown(&format!("rls {command} -h"));
        assert!(long.contains("Examples:\n  rls "), "{command}: {long}");
        assert!(short.len() < long.len(), "{command}");
        assert!(long.contains("--registry") && short.contains("--registry"), "{command}");
        assert_eq!(help_of(&[command.to_owned()]).expect("a command").to_string(), long);
    }
    let long = shown("rls --help");
    assert!(long.contains("\n  completions ") && long.contains("REGISTRY is `HOST[:PORT]`"), "{long}");
    assert_eq!(help_of(&[]).expect("the program").to_string(), long);
    assert_eq!(help_of(&["nosuch".to_owned()]).map(|help| help.to_string()), None);
}
