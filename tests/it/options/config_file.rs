//! The configuration file.

use insta::assert_snapshot;
use test_support::Rls;

use crate::registries::{empty, seeded};

#[test]
fn is_found_in_the_xdg_config_home() {
    let registry = seeded("1x1");
    let rls = || Rls::at(&registry).words("tags grid/repo-000");
    let yaml = "output = \"yaml\"\n";
    let expected = "- registry: http://REGISTRY\n  reference: http://REGISTRY/grid/repo-000:latest\n  repository: grid/repo-000\n  tag: latest\n";
    assert_eq!(&*rls().with_file(".config/rls/config.toml", yaml).succeeds(), expected);
    let elsewhere = rls().with_file("elsewhere/rls/config.toml", yaml);
    let folder = elsewhere.home().join("elsewhere");
    assert_eq!(&*elsewhere.env("XDG_CONFIG_HOME", folder).succeeds(), expected);
    assert_eq!(&*rls().with_file("my.toml", yaml).env("RLS_CONFIG", "my.toml").succeeds(), expected);
    let both =
        rls().with_file("my.toml", yaml).with_file("other.toml", "output = \"table\"").env("RLS_CONFIG", "my.toml");
    assert_eq!(&*both.words("--config other.toml").succeeds(), "TAG\nlatest\n");
    // The default file may be absent.
    assert_eq!(&*rls().succeeds(), "latest\n");
}

#[test]
fn a_named_file_must_exist() {
    let registry = empty();
    assert_snapshot!(Rls::at(&registry).words("repos --config nowhere.toml").fails(2), @"
    error: cannot read the configuration file nowhere.toml
    cause: No such file or directory
    ");
    assert_snapshot!(Rls::at(&registry).words("repos --config .").fails(2), @"
    error: cannot read the configuration file .
    cause: Is a directory
    ");
}

#[test]
fn errors_are_reported_with_line_and_column() {
    let registry = empty();
    let mut report = String::new();
    for text in [
        "registry = ",
        "registy = \"reg\"",
        "jobs = \"many\"",
        "jobs = 0",
        "output = \"xml\"",
        "\noutput = \"json\"\nformat = \"x\"",
        "timeout = 5",
        "timeout = \"5\"",
        "insecure = true",
        "plain-http = true",
        "password = \"hunter2\"",
        "[registry.\"reg:5000\"]\njobs = 1",
        "[registries.\"http://reg\"]\njobs = 1",
        "[registries.\"reg:5000\"]\noutput = \"json\"",
        "[registries.\"reg:5000\"]\nca_file = \"x\"",
        "username = \"ann\"\nanonymous = true",
        "[templates]\nshort = 5",
        "color = \"blue\"",
    ] {
        let error = Rls::at(&registry).config(text).words("repos").fails(2);
        assert!(!error.contains("hunter2"), "{error}");
        report += &format!("{text}\n{error}\n");
    }
    assert_snapshot!(report, @r#"
    registry = 
    error: HOME/.config/rls/config.toml:1:12: invalid TOML: string values must be quoted, expected literal string

    registy = "reg"
    error: HOME/.config/rls/config.toml:1:1: unknown key "registy"
    hint:  did you mean registry?

    jobs = "many"
    error: HOME/.config/rls/config.toml:1:8: jobs must be a number from 1 to 256

    jobs = 0
    error: HOME/.config/rls/config.toml:1:8: jobs must be a number from 1 to 256

    output = "xml"
    error: HOME/.config/rls/config.toml:1:10: output must be one of table, plain, json, jsonl, yaml, csv


    output = "json"
    format = "x"
    error: HOME/.config/rls/config.toml:3:1: output cannot be used with format

    timeout = 5
    error: HOME/.config/rls/config.toml:1:11: timeout must be a string

    timeout = "5"
    error: HOME/.config/rls/config.toml:1:11: invalid timeout "5"
    cause: expected a number with its unit, such as 500ms, 10s, 2m or 1h

    insecure = true
    error: HOME/.config/rls/config.toml:1:1: insecure can only be set for a single registry
    hint:  move it to a table [registries."HOST:PORT"]

    plain-http = true
    error: HOME/.config/rls/config.toml:1:1: plain-http can only be set for a single registry
    hint:  move it to a table [registries."HOST:PORT"]

    password = "hunter2"
    error: HOME/.config/rls/config.toml:1:1: password is not allowed in the configuration file
    hint:  run 'rls login' to store a password, or use RLS_PASSWORD or --password-stdin

    [registry."reg:5000"]
    jobs = 1
    error: HOME/.config/rls/config.toml:1:2: registry must be a string: the default registry
    hint:  use [registries."HOST:PORT"] for the settings of one registry

    [registries."http://reg"]
    jobs = 1
    error: HOME/.config/rls/config.toml:1:13: registry tables are named HOST:PORT, not "http://reg"
    hint:  use plain-http = true in the table instead of http://

    [registries."reg:5000"]
    output = "json"
    error: HOME/.config/rls/config.toml:2:1: unknown key "output"
    cause: the keys here are: username, auth-file, anonymous, ca-file, client-cert, client-key, jobs, connect-timeout, read-timeout, retries, insecure, plain-http

    [registries."reg:5000"]
    ca_file = "x"
    error: HOME/.config/rls/config.toml:2:1: unknown key "ca_file"
    hint:  did you mean ca-file?

    username = "ann"
    anonymous = true
    error: HOME/.config/rls/config.toml:2:1: username, auth-file and anonymous cannot be used together

    [templates]
    short = 5
    error: HOME/.config/rls/config.toml:2:9: short must be a string

    color = "blue"
    error: HOME/.config/rls/config.toml:1:9: color must be one of auto, always, never
    "#);
    assert_eq!(registry.lines(), [""; 0]);
}

#[test]
fn a_registry_table_applies_to_its_registry_only() {
    let (here, there) = (seeded("1x1"), seeded("1x1"));
    let config = format!("[registries.\"{}\"]\nplain-http = true\n", here.host());
    let rls = |registry: &registry_fixture::Running| {
        Rls::new().config(&config).args(["tags", &format!("{}/grid/repo-000", registry.host())])
    };
    assert_eq!(&*rls(&here).succeeds(), "latest\n");
    assert_eq!(rls(&there).run().code, Some(11));
    // The name of the host is compared as it is written.
    let local = Rls::new().config(&config).args(["tags", &format!("{}/grid/repo-000", here.localhost())]);
    assert_eq!(local.run().code, Some(11));
}

#[test]
fn an_invalid_file_is_an_error_even_if_an_option_overrides_it() {
    let registry = empty();
    let rls = Rls::at(&registry).config("output = \"xml\"").words("repos -o json");
    assert_eq!(rls.run().code, Some(2));
}
