use std::num::NonZeroUsize;
use std::time::Duration;

use super::prune::RULE;
use super::*;
use crate::args::{FilterArgs, PruneOrder, parse_age, parse_glob, parse_range};
use crate::config::partial::PartialLogin;
use crate::output::{ColorChoice, ProgressChoice};

fn parse(text: &str) -> Result<File> {
    File::parse(Path::new("/etc/rls/config.toml"), text, Some(Path::new("/home/ann")))
}

/// The whole text that a user would see.
fn refused(text: &str) -> String {
    let usage = parse(text).expect_err("it is refused");
    match usage.advice() {
        Some(hint) => format!("{usage}\n{hint}"),
        None => usage.to_string(),
    }
}

const WHOLE: &str = r#"
registry = "registry.corp:5000"
timeout = "2m"
output = "json"
color = "never"
progress = "never"
username = "ann"
ca-file = "a.pem"
client-cert = "/c.pem"
client-key = "~/k.pem"
jobs = 4
connect-timeout = "500ms"
read-timeout = "20s"
retries = 0x5

[templates]
pull = "docker pull {{ tag }}"

[registries."registry.corp:5000"]
anonymous = true
ca-file = ["~/b.pem", "sub/c.pem"]
insecure = true
plain-http = false
jobs = 1

[registries."localhost:5000"]
auth-file = "auth.json"
anonymous = false
plain-http = true

[prune."team/*"]
keep-last = 10
keep = ["v*", "latest"]
keep-newer-than = "6mo"
keep-semver = ">=1.4, <2"
keep-used = "pods.json"
older-than = "2026-01-31"
match = "*"
exclude = ["cache"]
sort = "version"
untag-only = true
allow-empty = true
"#;

#[test]
fn every_key_is_read() {
    let login = |username: Option<&str>, auth_file: Option<&str>, anonymous| PartialLogin {
        username: username.map(str::to_owned),
        auth_file: auth_file.map(Into::into),
        anonymous,
    };
    let general = PartialConnection {
        login: login(Some("ann"), None, false),
        ca_files: vec!["/etc/rls/a.pem".into()],
        client_identity: PartialIdentity::new(
            Some("/c.pem".into()),
            Some("/home/ann/k.pem".into()),
            ["client-cert", "client-key"],
        ),
        jobs: Some(4),
        connect_timeout: Some(Duration::from_millis(500)),
        read_timeout: Some(Duration::from_secs(20)),
        retries: Some(5),
        ..PartialConnection::default()
    };
    let corp = PartialConnection {
        login: login(None, None, true),
        ca_files: vec!["/home/ann/b.pem".into(), "/etc/rls/sub/c.pem".into()],
        insecure: Some(true),
        plain_http: Some(false),
        jobs: Some(1),
        ..PartialConnection::default()
    };
    let local = PartialConnection {
        login: login(None, Some("/etc/rls/auth.json"), false),
        plain_http: Some(true),
        ..PartialConnection::default()
    };
    let globs = |texts: &[&str]| texts.iter().map(|text| parse_glob(text).expect("a glob")).collect::<Vec<_>>();
    let rule = RuleArgs {
        keep_last: NonZeroUsize::new(10),
        keep: globs(&["v*", "latest"]),
        keep_newer_than: parse_age("6mo").ok(),
        keep_semver: parse_range(">=1.4, <2").ok(),
        older_than: parse_age("2026-01-31").ok(),
        filter: FilterArgs { matches: globs(&["*"]), exclude: globs(&["cache"]) },
        sort: Some(PruneOrder::Version),
        keep_used: Some("/etc/rls/pods.json".into()),
        untag_only: true,
        allow_empty: true,
    };
    let expected = File {
        registry: Some("registry.corp:5000".parse().expect("a registry")),
        settings: PartialSettings {
            timeout: Some(Duration::from_secs(120)),
            layout: Some(Layout::Format(Format::Json)),
            color: Some(ColorChoice::Never),
            progress: Some(ProgressChoice::Never),
            verbosity: None,
            connection: general,
        },
        templates: BTreeMap::from([("pull".to_owned(), "docker pull {{ tag }}".to_owned())]),
        registries: vec![
            ("registry.corp:5000".parse().expect("a registry"), corp),
            ("localhost:5000".parse().expect("a registry"), local),
        ],
        prune: vec![Prune { repositories: parse_glob("team/*").expect("a glob"), rule }],
    };
    assert_eq!(parse(WHOLE).expect("a configuration"), expected);
    assert_eq!(parse("").expect("a configuration"), File::default());
    assert_eq!(
        parse("format = \"@pull\"").expect("a configuration").settings.layout,
        Some(Layout::Template("@pull".to_owned()))
    );
}

/// The lists that a mistyped key is compared with hold the keys that are read, all of them and no other.
#[test]
fn the_lists_of_keys_are_complete() {
    let is_known = |text: &str| !parse(text).err().is_some_and(|usage| usage.what().contains("unknown key"));
    for key in GENERAL.iter().chain(&CONNECTION).chain(&REGISTRY_ONLY) {
        assert!(is_known(&format!("{key} = []")), "{key}");
    }
    for key in CONNECTION.iter().chain(&REGISTRY_ONLY) {
        assert!(is_known(&format!("[registries.reg]\n{key} = []")), "{key}");
    }
    for key in RULE {
        assert!(is_known(&format!("[prune.app]\n{key} = []")), "{key}");
    }
    for key in GENERAL {
        assert!(!is_known(&format!("[registries.reg]\n{key} = []")), "{key}");
    }
    let lists = GENERAL.len() + CONNECTION.len();
    let all = refused("zzzzzzzzzzzz = 1");
    assert_eq!(all.matches(", ").count() + 1, lists, "{all}");
}

#[test]
fn an_unknown_key_is_reported_with_its_position_and_a_suggestion() {
    assert_eq!(refused("jobs = 1\n\n  jbos = 2"), "/etc/rls/config.toml:3:3: unknown key \"jbos\"\ndid you mean jobs?");
    assert_eq!(
        refused("[registries.\"reg:5000\"]\nca_file = \"x\""),
        "/etc/rls/config.toml:2:1: unknown key \"ca_file\"\ndid you mean ca-file?"
    );
    assert_eq!(
        refused("auth_file = \"x\""),
        "/etc/rls/config.toml:1:1: unknown key \"auth_file\"\ndid you mean auth-file?"
    );
    assert_eq!(
        refused("[registries.reg]\nzebra = 1"),
        "/etc/rls/config.toml:2:1: unknown key \"zebra\": the keys here are: username, auth-file, anonymous, ca-file, \
         client-cert, client-key, jobs, connect-timeout, read-timeout, retries, insecure, plain-http"
    );
}

#[test]
fn a_password_is_refused_with_a_hint_and_not_shown() {
    for key in ["password", "registry-password", "auth", "token", "secret", "identity-token"] {
        for text in [format!("{key} = \"s3cret\""), format!("[registries.reg]\n{key} = \"s3cret\"")] {
            let refusal = refused(&text);
            let hint = "run 'rls login' to store a password, or use RLS_PASSWORD or --password-stdin";
            assert!(
                refusal.ends_with(&format!(":1: {key} is not allowed in the configuration file\n{hint}")),
                "{refusal}"
            );
            assert!(!refusal.contains("s3cret"), "{refusal}");
        }
    }
}

#[test]
fn insecure_settings_are_allowed_per_registry_only() {
    for key in REGISTRY_ONLY {
        let expected = format!(
            "/etc/rls/config.toml:1:1: {key} can only be set for a single registry\nmove it to a table \
             [registries.\"HOST:PORT\"]"
        );
        assert_eq!(refused(&format!("{key} = true")), expected);
    }
}

#[test]
fn an_invalid_value_is_reported_with_its_position() {
    let cases = [
        ("jobs = 0", "1:8: jobs must be a number from 1 to 256"),
        ("jobs = \"4\"", "1:8: jobs must be a number from 1 to 256"),
        ("jobs = 1.5", "1:8: jobs must be a number from 1 to 256"),
        ("retries = -1", "1:11: retries must be a number from 0 to 100"),
        ("timeout = 10", "1:11: timeout must be a string"),
        (
            "timeout = \"10\"",
            "1:11: invalid timeout \"10\": expected a number with its unit, such as 500ms, 10s, 2m or 1h",
        ),
        ("output = \"xml\"", "1:10: output must be one of table, plain, json, jsonl, yaml, csv"),
        ("color = true", "1:9: color must be a string"),
        ("registry = \"\"", "1:12: registry is empty"),
        ("ca-file = [\"a\", 1]", "1:17: ca-file must be a string"),
        ("prune = 1", "1:9: prune must be a table"),
        ("[prune]\napp = 1", "2:7: app must be a table"),
        ("[prune.app]\nkeep-last = 0", "2:13: keep-last must be a number from 1 to 4294967295"),
        ("[prune.app]\nkeep = [\"a\", 1]", "2:14: keep must be a string"),
        (
            "[prune.app]\nkeep = \"v[1\"",
            "2:8: invalid keep \"v[1\": unclosed character class at byte 1; missing ']' (to match a literal '[', \
             escape it as '\\[' or '[[]')",
        ),
        (
            "[prune.app]\nolder-than = \"6m\"",
            "2:14: invalid older-than \"6m\": expected hours at least; a month is 1mo, 1m would be a minute",
        ),
        (
            "[prune.app]\nolder-than = \"2999-01-31\"",
            "2:14: invalid older-than \"2999-01-31\": expected a date in the past",
        ),
        ("[prune.app]\nsort = \"size\"", "2:8: sort must be one of created, version"),
        (
            "[prune.app]\nkeep-semver = \"new\"",
            "2:15: invalid keep-semver \"new\": unexpected character 'n' while parsing major version number",
        ),
        (
            "[prune.\"v[1\"]",
            "1:8: invalid glob \"v[1\" for repositories: unclosed character class at byte 1; missing ']' (to match a \
             literal '[', escape it as '\\[' or '[[]')",
        ),
        ("templates = \"x\"", "1:13: templates must be a table"),
        ("[templates]\na = 1", "2:5: a must be a string"),
        ("[registries]\nreg = 1", "2:7: reg must be a table"),
        ("[registries.reg]\ninsecure = \"yes\"", "2:12: insecure must be true or false"),
        ("username = \"a\"\nanonymous = true", "2:1: username, auth-file and anonymous cannot be used together"),
        ("output = \"json\"\nformat = \"x\"", "2:1: output cannot be used with format"),
    ];
    for (text, expected) in cases {
        assert_eq!(refused(text), format!("/etc/rls/config.toml:{expected}"), "{text}");
    }
}

#[test]
fn invalid_toml_is_reported_with_its_position() {
    let refusal = refused("registry = \"a\"\né = = 1");
    assert!(refusal.starts_with("/etc/rls/config.toml:2:"), "{refusal}");
    assert!(refusal.contains(": invalid TOML: "), "{refusal}");
    assert!(!refusal.contains('\n'), "{refusal}");
}

#[test]
fn the_name_of_a_table_is_a_registry() {
    let refusal = refused("[registries.\"a b\"]");
    assert!(refusal.starts_with("/etc/rls/config.toml:1:13: 'a b' is not a registry: "), "{refusal}");
    assert_eq!(
        refused("[registries.\"http://reg\"]"),
        "/etc/rls/config.toml:1:13: registry tables are named HOST:PORT, not \"http://reg\"\n\
         use plain-http = true in the table instead of http://"
    );
    assert_eq!(
        refused("[registry.\"reg:5000\"]\njobs = 1"),
        "/etc/rls/config.toml:1:2: registry must be a string: the default registry\n\
         use [registries.\"HOST:PORT\"] for the settings of one registry"
    );
}

#[test]
fn the_table_of_a_registry_is_found_by_host_and_port() {
    let file = parse(WHOLE).expect("a configuration");
    let jobs = |file: &File, registry: &str| {
        file.table_of(&registry.parse().expect("a registry")).and_then(|table| table.jobs)
    };
    assert_eq!(jobs(&file, "registry.corp:5000"), Some(1));
    assert_eq!(jobs(&file, "http://Registry.corp:5000"), Some(1));
    assert_eq!(jobs(&file, "registry.corp"), None);
    let file = parse("[registries.reg]\njobs = 2").expect("a configuration");
    let jobs = ["reg", "reg:443", "reg:80", "other"].map(|registry| jobs(&file, registry));
    assert_eq!(jobs, [Some(2), Some(2), None, None]);
}

#[tokio::test]
async fn a_named_file_must_exist() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("config.toml");
    let refused = async || File::load(Some(&path)).await.expect_err("it cannot be used").to_string();
    let unreadable = format!("cannot read the configuration file {}: ", path.display());
    assert_eq!(refused().await, format!("{unreadable}No such file or directory"));
    std::fs::write(&path, "jobs = 7\nca-file = \"x.pem\"").expect("a writable folder");
    let general = File::load(Some(&path)).await.expect("a configuration").settings.connection;
    assert_eq!((general.jobs, general.ca_files), (Some(7), vec![folder.path().join("x.pem")]));
    std::fs::write(&path, b"\xff").expect("a writable folder");
    assert_eq!(refused().await, format!("{unreadable}it is not UTF-8"));
    std::fs::File::create(&path).expect("a writable folder").set_len(input::MAX_CONFIG + 1).expect("a file of our own");
    assert_eq!(refused().await, format!("{unreadable}it is larger than 1 MiB"));
}

#[test]
fn a_prune_table_holds_the_rule_of_its_paths() {
    assert_eq!(
        refused("[prune.app]\nmatch = \"v*\""),
        "/etc/rls/config.toml:1:8: the rule does not say what to remove: --match and --exclude select the tags that \
         it is about, \
         --sort their order\nadd --older-than AGE, or what to keep: --keep-last N, --keep-newer-than AGE, --keep-semver RANGE, \
         --keep GLOB"
    );
    assert_eq!(
        refused("[prune.\"reg:5000/app\"]\nkeep-last = 1"),
        "/etc/rls/config.toml:1:8: rule tables are named after repository paths, not \"reg:5000/app\"\n\
         omit the registry and the tag; a rule applies to every registry"
    );
    assert_eq!(
        refused("[prune.app]\nkeep_last = 1"),
        "/etc/rls/config.toml:2:1: unknown key \"keep_last\"\ndid you mean keep-last?"
    );
}

#[test]
fn the_most_specific_rule_applies_to_a_repository() {
    let table = |(glob, count): (&str, u64)| format!("[prune.\"{glob}\"]\nkeep-last = {count}\n");
    let tables =
        [("**", 1), ("team/*", 2), ("team/a*", 3), ("team/app", 4), ("*/web", 5), ("te*/web", 6), ("team/w??", 7)];
    let file = parse(&tables.map(table).concat()).expect("a configuration");
    let count = |path| file.rule_for(path).map(|rule| rule.and_then(|rule| rule.keep_last).map(NonZeroUsize::get));
    assert_eq!(count("other").expect("one rule"), Some(1));
    assert_eq!(count("team/sub/app").expect("one rule"), Some(1));
    assert_eq!(count("team/x").expect("one rule"), Some(2));
    assert_eq!(count("team/abc").expect("one rule"), Some(3));
    assert_eq!(count("team/app").expect("one rule"), Some(4));
    let error = count("team/web").expect_err("it is refused");
    assert_eq!(error.what(), "two rules in the configuration file match team/web");
    assert_eq!(error.causes(), ["[prune.\"te*/web\"] and [prune.\"team/w??\"] are equally specific"]);
    assert_eq!(File::default().rule_for("team/app").expect("no rule is ambiguous"), None);
}
