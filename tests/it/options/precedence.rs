//! Option, environment, configuration file, default; before and after the command's name.

use insta::assert_snapshot;
use registry_fixture::{Auth, Registry, Running, Tls};
use test_support::Rls;

use crate::registries::{empty, seeded, with_seed};

#[test]
fn options_may_precede_or_follow_the_command() {
    let registry = seeded("1x2");
    let url = registry.url();
    let expected =
        Rls::at(&registry).words("tags grid/repo-000 -d -o json").succeeds().replace("REGISTRY", &registry.host());
    for arguments in [
        ["-r", &url, "-o", "json", "tags", "grid/repo-000", "-d"],
        ["tags", "grid/repo-000", "-d", "-o", "json", "-r", &url],
        ["-o", "json", "tags", "-r", &url, "-d", "grid/repo-000"],
    ] {
        assert_eq!(&*Rls::new().args(arguments).succeeds(), expected, "{arguments:?}");
    }
    let config = "output = \"jsonl\"\n";
    let jsonl = Rls::at(&registry).words("tags grid/repo-000 -d -o jsonl").succeeds();
    for words in ["--config other.toml tags grid/repo-000 -d", "tags grid/repo-000 -d --config other.toml"] {
        assert_eq!(Rls::at(&registry).with_file("other.toml", config).words(words).succeeds(), jsonl, "{words}");
    }
    // Of `rls manifest`, --config is the image's config; the other one stands before.
    let rls = Rls::at(&registry).with_file("other.toml", config).words("--config other.toml manifest grid/repo-000");
    assert!(rls.succeeds().contains("\"repository\":\"grid/repo-000\","));
}

#[test]
fn output_is_chosen_by_option_environment_file_and_default() {
    let registry = seeded("1x1");
    let rls = || Rls::at(&registry).words("tags grid/repo-000").config("output = \"yaml\"");
    assert!(rls().succeeds().ends_with("\n  repository: grid/repo-000\n  tag: latest\n"));
    let table = rls().env("RLS_OUTPUT", "table");
    assert_eq!(&*table.succeeds(), "TAG\nlatest\n");
    assert_eq!(&*rls().env("RLS_OUTPUT", "table").words("-o plain").succeeds(), "latest\n");
    assert_eq!(&*Rls::at(&registry).words("tags grid/repo-000").env("RLS_OUTPUT", "").succeeds(), "latest\n");
}

#[test]
fn jobs_are_chosen_by_option_environment_and_file() {
    let most = |prepare: &dyn Fn(Rls) -> Rls| {
        let registry = seeded("1x40");
        prepare(Rls::at(&registry).words("tags grid/repo-000 -d")).succeeds();
        registry.most_at_once()
    };
    assert_eq!(most(&|rls| rls.config("jobs = 1")), 1);
    assert!(most(&|rls| rls.config("jobs = 1").env("RLS_JOBS", "2")) <= 2);
    assert_eq!(most(&|rls| rls.config("jobs = 9").env("RLS_JOBS", "9").words("-j 1")), 1);
    let table = |url: &str| format!("jobs = 9\n[registries.\"{}\"]\njobs = 1\n", &url["http://".len()..]);
    let registry = seeded("1x40");
    Rls::at(&registry).config(&table(&registry.url())).words("tags grid/repo-000 -d").succeeds();
    assert_eq!(registry.most_at_once(), 1);
}

#[test]
fn plain_http_is_chosen_by_option_environment_and_file() {
    let registry = seeded("1x1");
    let host = registry.host();
    let table = format!("[registries.\"{host}\"]\nplain-http = true\n");
    let rls = || Rls::new().args(["tags", "grid/repo-000", "-r", &host]);
    assert_eq!(&*rls().words("--plain-http").succeeds(), "latest\n");
    assert_eq!(&*rls().env("RLS_PLAIN_HTTP", "true").succeeds(), "latest\n");
    assert_eq!(&*rls().config(&table).succeeds(), "latest\n");
    assert_eq!(rls().config(&table).env("RLS_PLAIN_HTTP", "no").run().code, Some(11));
    assert_eq!(rls().run().code, Some(11));
}

#[test]
fn trust_is_chosen_by_option_environment_and_file() {
    let (registry, other) = (tls(), tls());
    let (right, wrong) = (registry.ca_file(), other.ca_file());
    let rls = || Rls::new().args(["tags", "grid/repo-000", "-r", &registry.url()]);
    assert_eq!(&*rls().arg("--ca-file").arg(&right).succeeds(), "latest\n");
    assert_eq!(&*rls().arg("--ca-file").arg(&wrong).arg("--ca-file").arg(&right).succeeds(), "latest\n");
    assert_eq!(&*rls().env("RLS_CA_FILE", &right).succeeds(), "latest\n");
    let both = std::env::join_paths([&wrong, &right]).expect("a search path");
    assert_eq!(&*rls().env("RLS_CA_FILE", both).succeeds(), "latest\n");
    assert_eq!(rls().env("RLS_CA_FILE", &right).arg("--ca-file").arg(&wrong).run().code, Some(11));
    let config = |file: &std::path::Path| format!("ca-file = {:?}\n", file.display().to_string());
    assert_eq!(&*rls().config(&config(&right)).succeeds(), "latest\n");
    assert_eq!(rls().config(&config(&right)).env("RLS_CA_FILE", &wrong).run().code, Some(11));
    let pem = registry.ca_pem();
    let relative = rls().with_file(".config/rls/ca.pem", pem).config("ca-file = \"ca.pem\"\n");
    assert_eq!(&*relative.succeeds(), "latest\n");
    let home = rls().with_file("corp.pem", pem).config("ca-file = [\"~/corp.pem\"]\n");
    assert_eq!(&*home.succeeds(), "latest\n");
    assert_eq!(rls().run().code, Some(11));
}

fn tls() -> Running {
    with_seed(Registry::builder(), "1x1").tls(Tls::Issued).start()
}

#[test]
fn the_user_is_chosen_by_option_environment_and_file() {
    let users = ["option", "variable", "file"];
    let registry = users
        .iter()
        .fold(with_seed(Registry::builder(), "1x1").auth(Auth::Basic), |builder, name| {
            builder.user(registry_fixture::User::admin(name, "secret"))
        })
        .start();
    let authorization = |rls: Rls| {
        registry.clear_requests();
        rls.succeeds();
        registry.requests().last().and_then(|request| request.authorization().map(str::to_owned))
    };
    let basic = |name: &str| Some(format!("Basic {}", base64(&format!("{name}:secret"))));
    let rls =
        || Rls::at(&registry).env("RLS_PASSWORD", "secret").config("username = \"file\"").words("tags grid/repo-000");
    assert_eq!(authorization(rls()), basic("file"));
    assert_eq!(authorization(rls().env("RLS_USERNAME", "variable")), basic("variable"));
    assert_eq!(authorization(rls().env("RLS_USERNAME", "variable").words("-u option")), basic("option"));
}

fn base64(text: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |bytes: &[u8]| {
        let bits = bytes.iter().chain([0, 0].iter()).take(3).fold(0, |bits, byte| bits << 8 | usize::from(*byte));
        let digit = |place: usize| if place <= bytes.len() { ALPHABET[bits >> (18 - 6 * place) & 63] } else { b'=' };
        (0..4).map(|place| char::from(digit(place))).collect::<String>()
    };
    text.as_bytes().chunks(3).map(group).collect()
}

#[test]
fn invalid_values_are_reported_with_their_variable() {
    let registry = empty();
    let mut report = String::new();
    for (name, value) in [
        ("RLS_REGISTRY", "reg/path"),
        ("RLS_OUTPUT", "xml"),
        ("RLS_JOBS", "0"),
        ("RLS_TIMEOUT", "10"),
        ("RLS_PLAIN_HTTP", "maybe"),
        ("RLS_INSECURE", "2"),
        ("RLS_LOG", "trace"),
        ("RLS_USERNAME", "ann:secret"),
        ("RLS_CONFIG", "/nowhere.toml"),
        ("RLS_CA_FILE", "/nowhere.pem"),
        ("RLS_CLIENT_CERT", "/nowhere.pem"),
        ("RLS_PASSWORD", "alone"),
    ] {
        let url = registry.url();
        let rls = Rls::at(&registry).env("RLS_REGISTRY", url).env(name, value).words("repos");
        let outcome = rls.run();
        report += &format!("{name}={value}: {outcome}");
    }
    assert_snapshot!(report, @"
    RLS_REGISTRY=reg/path: exit 2
    --- stderr
    error: RLS_REGISTRY cannot be used
    cause: 'reg/path' is not a registry
    cause: a registry is HOST[:PORT], here reg; a path belongs to https://HOST[:PORT]/PREFIX
    RLS_OUTPUT=xml: exit 2
    --- stderr
    error: RLS_OUTPUT=xml cannot be used
    cause: expected table, plain, json, jsonl, yaml or csv
    RLS_JOBS=0: exit 2
    --- stderr
    error: RLS_JOBS=0 cannot be used
    cause: expected a number from 1 to 256
    RLS_TIMEOUT=10: exit 2
    --- stderr
    error: RLS_TIMEOUT=10 cannot be used
    cause: expected a number with its unit, such as 500ms, 10s, 2m or 1h
    RLS_PLAIN_HTTP=maybe: exit 2
    --- stderr
    error: RLS_PLAIN_HTTP=maybe cannot be used
    cause: expected 1, true, yes or on, or 0, false, no or off
    RLS_INSECURE=2: exit 2
    --- stderr
    error: RLS_INSECURE=2 cannot be used
    cause: expected 1, true, yes or on, or 0, false, no or off
    RLS_LOG=trace: exit 2
    --- stderr
    error: RLS_LOG=trace cannot be used
    cause: expected 0, 1 (requests) or 2 (requests with their headers)
    RLS_USERNAME=ann:secret: exit 2
    --- stderr
    error: the user name contains a colon
    cause: a password after it could be read by every user on this machine
    hint:  use -u NAME to be asked for the password, or --password-stdin to read it from standard input
    RLS_CONFIG=/nowhere.toml: exit 2
    --- stderr
    error: cannot read the configuration file /nowhere.toml
    cause: No such file or directory
    RLS_CA_FILE=/nowhere.pem: exit 2
    --- stderr
    error: cannot read the CA file /nowhere.pem
    cause: No such file or directory
    RLS_CLIENT_CERT=/nowhere.pem: exit 2
    --- stderr
    error: RLS_CLIENT_CERT needs RLS_CLIENT_KEY
    RLS_PASSWORD=alone: exit 2
    --- stderr
    error: RLS_PASSWORD needs a user name
    hint:  use -u NAME, or set RLS_USERNAME
    ");
    assert_eq!(registry.lines(), [""; 0]);
}

#[test]
fn conflicting_options_are_refused() {
    let registry = empty();
    let mut report = String::new();
    for words in [
        "repos --anonymous -u ann",
        "--anonymous repos --password-stdin",
        "repos --anonymous --auth-file x.json",
        "-u ann repos --auth-file x.json",
        "repos --insecure --plain-http",
        "repos -o json --format x",
        "repos --password-stdin",
        "tags - -u ann --password-stdin",
        "tags - --auth-file -",
        "repos --client-cert a.pem",
        "repos --client-key a.pem",
        "repos -j 0",
        "repos --retries 101",
        "repos --timeout 0s",
        "repos --resolve nowhere",
        "repos --limit 0",
        "repos --match v[1",
        "repos --password=hunter2",
        "repos --password hunter2",
        "repos --password-stdin=hunter2",
        "repos -u ann:hunter2",
        "tags",
        "tags app --same-as a/b",
        "frobnicate",
        "doctor one two",
        "rm app:1 -n -y",
        "digest - -",
    ] {
        let error = Rls::at(&registry).words(words).fails(2);
        assert!(!error.contains("hunter2"), "{words}: {error}");
        report += &format!("$ rls {words}\n{error}");
    }
    assert_snapshot!(report, @r"
    $ rls repos --anonymous -u ann
    error: --anonymous cannot be used with --username
    $ rls --anonymous repos --password-stdin
    error: --anonymous cannot be used with --password-stdin
    $ rls repos --anonymous --auth-file x.json
    error: --anonymous cannot be used with --auth-file
    $ rls -u ann repos --auth-file x.json
    error: --username cannot be used with --auth-file
    $ rls repos --insecure --plain-http
    error: --insecure cannot be used with --plain-http
    $ rls repos -o json --format x
    error: --format cannot be used with --output
    $ rls repos --password-stdin
    error: --password-stdin needs a user name
    hint:  use -u NAME
    $ rls tags - -u ann --password-stdin
    error: - and --password-stdin both read standard input
    $ rls tags - --auth-file -
    error: - and --auth-file - both read standard input
    $ rls repos --client-cert a.pem
    error: --client-cert needs --client-key
    $ rls repos --client-key a.pem
    error: --client-key needs --client-cert
    $ rls repos -j 0
    error: invalid value '0' for --jobs
    cause: expected a number from 1 to 256
    $ rls repos --retries 101
    error: invalid value '101' for --retries
    cause: expected a number from 0 to 100
    $ rls repos --timeout 0s
    error: invalid value '0s' for --timeout
    cause: expected a value greater than zero
    $ rls repos --resolve nowhere
    error: invalid value 'nowhere' for --resolve
    cause: expected HOST:PORT:ADDR, such as registry.corp:5000:10.1.2.3
    $ rls repos --limit 0
    error: invalid value '0' for --limit
    cause: expected a number, at least 1
    $ rls repos --match v[1
    error: invalid value 'v[1' for --match
    cause: unclosed character class at byte 1; missing ']' (to match a literal '[', escape it as '\[' or '[[]')
    $ rls repos --password=hunter2
    error: passwords are not accepted on the command line
    cause: every user on this machine can read it there
    hint:  use -u NAME to be asked for it, --password-stdin to read it from standard input, or set RLS_PASSWORD
    $ rls repos --password hunter2
    error: passwords are not accepted on the command line
    cause: every user on this machine can read it there
    hint:  use -u NAME to be asked for it, --password-stdin to read it from standard input, or set RLS_PASSWORD
    $ rls repos --password-stdin=hunter2
    error: passwords are not accepted on the command line
    cause: every user on this machine can read it there
    hint:  use -u NAME to be asked for it, --password-stdin to read it from standard input, or set RLS_PASSWORD
    $ rls repos -u ann:hunter2
    error: the user name contains a colon
    cause: a password after it could be read by every user on this machine
    hint:  use -u NAME to be asked for the password, or --password-stdin to read it from standard input
    $ rls tags
    error: rls tags needs <REPO>
    hint:  for example: rls tags registry.corp:5000/team/app
    $ rls tags app --same-as a/b
    error: invalid value 'a/b' for --same-as
    cause: 'a/b' is not a tag: '/' is not allowed in a tag
    $ rls frobnicate
    error: unknown command frobnicate
    hint:  run 'rls -h' for the commands
    $ rls doctor one two
    error: unexpected argument two
    cause: rls doctor takes one argument, REGISTRY[/REPO][:TAG]
    hint:  see rls help doctor
    $ rls rm app:1 -n -y
    error: --dry-run cannot be used with --yes
    $ rls digest - -
    error: - is standard input, which can be read only once
    ");
    assert_eq!(registry.lines(), [""; 0]);
}
