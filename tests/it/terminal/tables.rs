//! Tables and errors on a terminal.

use std::collections::BTreeSet;

use insta::assert_snapshot;
use registry_fixture::Running;
use registry_fixture::content::{ImageSpec, IndexSpec};
use test_support::Rls;
use test_support::terminal::Screen;

use crate::registries::{empty, seeded};

/// What is to come is shown as a date and not as an age, which would be another one every day.
fn small() -> Running {
    let registry = empty();
    let index = IndexSpec::three_platforms("app").created("2002-01-02T03:04:05Z");
    let digest = registry.push_index("team/app", "1.0", &index);
    registry.tag("team/app", "latest", &digest);
    registry.push_image("team/web", "2.0", &ImageSpec::new("web").created("2002-01-02T03:04:05Z"));
    registry
}

fn shown(rls: Rls) -> String {
    let (code, shown) = Screen::of(rls).end();
    format!("exit {}\n{shown}", code.expect("no signal"))
}

#[test]
fn tables_are_the_default_with_a_bold_header() {
    let registry = small();
    assert_snapshot!(shown(Rls::at(&registry).words("repos")), @"
    exit 0
    ␛[1mREPOSITORY␛[0m
    team/app
    team/web
    ");
    assert_snapshot!(shown(Rls::at(&registry).words("tags team/app -l")), @"
    exit 0
    ␛[1mTAG␛[0m     ␛[1mPLATFORMS␛[0m                               ␛[1mSIZE␛[0m     ␛[1mCREATED␛[0m       ␛[1mDIGEST␛[0m
    1.0     linux/amd64, linux/arm64, linux/arm/v7  13.0 kB  NN years ago  sha256:fd07d86400b0
    latest  ␛[2mlinux/amd64, linux/arm64, linux/arm/v7␛[0m  ␛[2m13.0 kB␛[0m  ␛[2mNN years ago␛[0m  ␛[2msha256:fd07d86400b0␛[0m
    ");
    assert_snapshot!(shown(Rls::at(&registry).words("repos --tags --no-header")), @"
    exit 0
    team/app  1.0
    ␛[2mteam/app␛[0m  latest
    team/web  2.0
    ");
    assert_snapshot!(shown(Rls::at(&registry).words("tags team/app -o plain")), @"
    exit 0
    1.0
    latest
    ");
    assert_snapshot!(shown(Rls::at(&registry).words("tags team/app").env("RLS_OUTPUT", "jsonl")), @r#"
    exit 0
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/team/app:1.0","repository":"team/app","tag":"1.0"}
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/team/app:latest","repository":"team/app","tag":"latest"}
    "#);
}

#[test]
fn colours_can_be_disabled() {
    let registry = small();
    let plain = shown(Rls::at(&registry).words("tags team/app -l").env("NO_COLOR", "1"));
    assert_snapshot!(plain, @"
    exit 0
    TAG     PLATFORMS                               SIZE     CREATED       DIGEST
    1.0     linux/amd64, linux/arm64, linux/arm/v7  13.0 kB  NN years ago  sha256:fd07d86400b0
    latest  linux/amd64, linux/arm64, linux/arm/v7  13.0 kB  NN years ago  sha256:fd07d86400b0
    ");
    assert_eq!(shown(Rls::at(&registry).words("tags team/app -l --color never")), plain);
    assert_eq!(
        shown(Rls::at(&registry).words("tags team/app -l").env("TERM", "dumb").config("color = \"never\"")),
        plain
    );
}

/// The commands that print tables. `rls digest` prints digests alone, and whole.
const TABLES: [&str; 11] = [
    "repos",
    "repos --tags",
    "tags team/app",
    "tags team/app -d",
    "tags team/app -l",
    "tags team/app team/web -l",
    "tags team/app -l --full",
    "snapshot team",
    "du team/app team/web",
    "find team --base team/web:2.0",
    "prune team/app --keep-last 1",
];

/// The lengths of the digests in a text, in hexadecimal digits.
fn digests(text: &str) -> Vec<usize> {
    let digits = |rest: &str| rest.chars().take_while(char::is_ascii_hexdigit).count();
    text.split("sha256:").skip(1).map(digits).collect()
}

#[test]
fn a_table_fits_the_terminal_with_whole_or_short_digests_and_nothing_cut() {
    let registry = small();
    for words in TABLES {
        for columns in [30, 40, 60, 80, 120, 200] {
            let rls = Rls::at(&registry).words(words).words("--color never -o table -q");
            let (code, shown) = Screen::with_columns(rls, columns).end();
            assert_eq!(code, Some(0), "{words}: {shown}");
            // The registry's name is shorter in the test than on the terminal.
            let width = |line: &str| line.replace("REGISTRY", &registry.host()).chars().count();
            let widest = shown.lines().map(width).max().unwrap_or_default();
            let is_cut = shown.contains('…');
            // A full name alone may be wider than the terminal, and is cut then.
            assert!(widest <= usize::from(columns), "{words} at {columns}: {shown}");
            assert!(!is_cut || (shown.contains("http://") && columns <= 40), "{words} at {columns}: {shown}");
            assert!(digests(&shown).iter().all(|digits| [12, 64].contains(digits)), "{words} at {columns}: {shown}");
        }
    }
    let rls = Rls::at(&registry).words("tags team/app -l --color never");
    assert_snapshot!(Screen::with_columns(rls, 60).end().1, @"
    TAG     SIZE     CREATED       DIGEST
    1.0     13.0 kB  NN years ago  sha256:fd07d86400b0
    latest  13.0 kB  NN years ago  sha256:fd07d86400b0
    ");
}

#[test]
fn no_trunc_shortens_nothing_on_any_terminal() {
    let registry = small();
    for words in ["tags team/app -l", "tags team/app -d", "snapshot team", "digest team/app:1.0"] {
        let narrow = Rls::at(&registry).words(words).words("--no-trunc --color never -o table");
        let (_, shown) = Screen::with_columns(narrow, 30).end();
        let digests = digests(&shown);
        assert!(!digests.is_empty() && digests.iter().all(|digits| *digits == 64), "{words}: {shown}");
        assert!(!shown.contains('…'), "{words}: {shown}");
    }
}

/// A pager shows escape sequences as such, unless colours were asked for.
#[test]
fn a_pipe_gets_no_escape_sequences_unless_colours_are_forced() {
    let registry = small();
    let colored = |variables: &[(&'static str, &'static str)], words: &str| {
        let rls = Rls::at(&registry).envs(variables.iter().copied()).words(words);
        rls.run().stdout.contains('\x1b')
    };
    let words = "tags team/app -l -o table";
    assert!(!colored(&[], words) && !colored(&[("CLICOLOR", "1")], words));
    assert!(colored(&[("FORCE_COLOR", "1")], words) && colored(&[("CLICOLOR_FORCE", "1")], words));
    assert!(!colored(&[("FORCE_COLOR", "1"), ("NO_COLOR", "1")], words) && !colored(&[("FORCE_COLOR", "0")], words));
    assert!(colored(&[("NO_COLOR", "1")], "tags team/app -l -o table --color always"));
    assert!(!colored(&[("FORCE_COLOR", "1")], "tags team/app -l -o table --color never"));
    assert!(colored(&[("FORCE_COLOR", "1")], "help tags") && colored(&[], "tags --help --color always"));
    assert!(!colored(&[], "tags --help"));
    let on_terminal = |name: &str, value: &str| {
        Screen::of(Rls::at(&registry).words("tags team/app").env(name, value)).end().1.contains('\x1b')
    };
    assert!(on_terminal("CLICOLOR", "1") && !on_terminal("CLICOLOR", "0") && !on_terminal("TERM", "dumb"));
}

#[test]
fn a_narrow_terminal_keeps_what_a_row_is_about() {
    let registry = seeded("demo");
    let at = |words: &str, columns| {
        let rls = Rls::at(&registry).words(words).words("--color never -q");
        Screen::with_columns(rls, columns).end().1.to_string()
    };
    assert_snapshot!(at("du team", 60), @"
    SIZE      UNIQUE    NAME
    50.7 kB   48.6 kB   team/app
    2.2 kB    2.2 kB    team/chart
    310.5 kB  308.5 kB  team/web
    361.4 kB  359.3 kB  total of http://REGISTRY/team
    ");
    assert_snapshot!(at("files team/app /usr", 30), @"
    MODE        PATH
    drwxr-xr-x  /usr
    drwxr-xr-x  /usr/bin
    -rw-r--r--  /usr/bin/app
    drwxr-xr-x  /usr/lib
    -rw-r--r--  /usr/lib/app.so
    ");
    assert_snapshot!(at("snapshot team/app", 80), @"
    REFERENCE                               DIGEST
    http://REGISTRY/team/app:1.2.0   sha256:d693e590d14a
    http://REGISTRY/team/app:1.3.8   sha256:c9ea0bff43d3
    http://REGISTRY/team/app:1.3.9   sha256:c4db6d4735f8
    http://REGISTRY/team/app:1.4.0   sha256:d7e263122acc
    http://REGISTRY/team/app:latest  sha256:d7e263122acc
    ");
    assert_snapshot!(at("diff team/web:2.0.0 team/web:2.1.0 --files", 100), @"
    KIND    NAME                                   LEFT                  RIGHT
    config  Labels.org.opencontainers.image.title  web 2.0.0             web 2.1.0
    config  created                                2026-08-20T13:00:00Z  2026-11-11T15:25:00Z
    layer   sha256:71defb9a0f83                    2.1 kB                -
    layer   sha256:ab3cb76a60bd                    99.9 kB               -
    layer   sha256:f4826685217f                    -                     2.1 kB
    layer   sha256:6f0fc4d2d879                    -                     99.9 kB
    size    shared                                 2.1 kB                2.1 kB
    file    /usr/bin/app                           sha256:faad7b615873   sha256:315ec362b31d
    file    /usr/share/data                        sha256:4869c6ab175b   sha256:10fc988b7bb0
    ");
    assert_snapshot!(at("find team/web --label org.opencontainers.image.title", 80), @"
    TAG              MATCHED
    team/web:2.0.0   label org.opencontainers.image.title=web 2.0.0
    team/web:2.1.0   label org.opencontainers.image.title=web 2.1.0
    team/web:latest  label org.opencontainers.image.title=web 2.1.0
    team/web:pr-118  label org.opencontainers.image.title=web pr-118
    ");
}

#[test]
fn marks_are_ascii_where_the_locale_is() {
    let registry = small();
    let commands = [
        "doctor team/app",
        "manifest team/app:1.0 -o table",
        "tags team/app -l -o table",
        "referrers team/app:1.0 -o table",
        "files team/web:2.0 -o table",
        "help output",
        "rm team/app:1.0",
    ];
    for words in commands {
        for locale in ["C", "POSIX", ""] {
            let outcome = Rls::at(&registry).env("LANG", locale).words(words).run();
            let text = format!("{}{}", &*outcome.stdout, &*outcome.stderr);
            assert!(text.is_ascii(), "{words} in {locale:?}: {text}");
        }
    }
    let narrow = Rls::at(&registry).words("tags team/app -l --full --color never").env("LC_ALL", "C");
    let (_, shown) = Screen::with_columns(narrow, 20).end();
    assert!(shown.is_ascii() && shown.contains("..."), "{shown}");
}

#[test]
fn manifests_are_shown_as_blocks() {
    let registry = small();
    assert_snapshot!(shown(Rls::at(&registry).words("manifest team/app:1.0")), @"
    exit 0
    ␛[1mteam/app:1.0␛[0m
      digest      sha256:fd07d86400b05aed575d27d4491bd6b8c204c654276a731f906d3e9cbc330c18
      type        image index, application/vnd.oci.image.index.v1+json
      size        13.0 kB in 8 blobs
      created     2002-01-02 03:04 UTC (SOME TIME ago)

      linux/amd64    sha256:34873fd39f1e832601edc79cb1061eb6fcdf5c21f4531a08d64fb4f0eb0b4906   7.1 kB   created 2002-01-02 03:04 UTC
      linux/arm64    sha256:1a4b577b46fe27667190f25bcc6adfcca286250d2305f1875b0a632f14c8edf9   7.1 kB   created 2002-01-02 03:04 UTC
      linux/arm/v7   sha256:197bc1333e5f179ff47ecb76ed9e23ae46f45d97f56f2ca501208676a464ff56   7.1 kB   created 2002-01-02 03:04 UTC
    ");
    assert_snapshot!(shown(Rls::at(&registry).words("manifest team/web:2.0 --color never")), @"
    exit 0
    team/web:2.0
      digest      sha256:dacaa5db9b27e6511bec8ced06203b06227591de902868ac9b041bdba42cbe43
      type        image, application/vnd.oci.image.manifest.v1+json
      platform    linux/amd64
      size        4.9 kB in 3 blobs
      created     2002-01-02 03:04 UTC (SOME TIME ago)
      entrypoint  /usr/bin/app
      cmd         serve

      layers
        sha256:dae5e345c582   2.1 kB   application/vnd.oci.image.layer.v1.tar+gzip
        sha256:9f2367ec7b24   2.1 kB   application/vnd.oci.image.layer.v1.tar+gzip

      env
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

      labels
        org.opencontainers.image.title   web
    ");
}

#[test]
fn removals_and_errors_are_coloured() {
    let registry = small();
    assert_snapshot!(shown(Rls::at(&registry).words("rm team/web:2.0")), @"
    exit 0
    ␛[32mremoved␛[0m→team/web:2.0
    ␛[36mhint: ␛[0m disk space is reclaimed by the registry's next garbage collection
    ");
    assert_snapshot!(shown(Rls::at(&registry).words("rm team/app:1.0")), @"
    exit 9
    ␛[1m␛[31merror:␛[0m cannot remove team/app:1.0 alone: team/app:latest points to the same manifest
    ␛[2mcause:␛[0m http://REGISTRY deletes manifests, not tags; both tags are sha256:fd07d86400b05aed575d27d4491bd6b8c204c654276a731f906d3e9cbc330c18
    ␛[36mhint: ␛[0m use --with-siblings to remove these tags too, or --placeholder to remove only the named one (it pushes a tiny manifest first)
    ␛[1m␛[31mfailed␛[0m→team/app:1.0
    ");
    assert_snapshot!(shown(Rls::at(&registry).words("digest team/app:2.0")), @r#"
    exit 3
    ␛[1m␛[31merror:␛[0m team/app:2.0 not found on http://REGISTRY
    ␛[2mcause:␛[0m 404 Not Found: MANIFEST_UNKNOWN: manifest unknown: {"Tag":"2.0"}
    ␛[36mhint: ␛[0m did you mean team/app:1.0?
    "#);
}

#[test]
fn raw_bytes_are_escaped_on_a_terminal() {
    let registry = empty();
    let manifest = "{\"schemaVersion\":2,\"layers\":[],\"annotations\":{\"a\":\"\u{9b}31m\u{202e}\"}}";
    registry.push_raw_manifest("app", "1.0", "application/vnd.oci.image.manifest.v1+json", manifest);
    assert_snapshot!(shown(Rls::at(&registry).words("manifest app:1.0 --raw")), @r#"
    exit 0
    {"schemaVersion":2,"layers":[],"annotations":{"a":"\x9b31m\u{202e}"}}<no line end>
    "#);
}

#[test]
fn an_empty_list_is_reported() {
    let registry = small();
    let last = |registry: &Running, words: &str| {
        let text = shown(Rls::at(registry).words(words));
        text.lines().last().unwrap_or_default().to_owned()
    };
    assert_eq!(last(&registry, "repos --match zzz*"), "no matching repositories in http://REGISTRY");
    assert_eq!(last(&registry, "tags team/app --match zzz*"), "no matching tags in team/app");
    assert_eq!(last(&empty(), "repos"), "no repositories in http://REGISTRY");
    assert_eq!(last(&empty(), "repos -o plain"), "no repositories in http://REGISTRY");
    assert_eq!(last(&empty(), "repos -o json"), "[]");
}

#[test]
fn a_dry_run_shows_each_tag_once() {
    let registry = seeded("shared");
    for words in [
        "rm shared/app --all-tags -n",
        "rm shared/app --match * -n",
        "rm shared/app:1.3.9 -n",
        "rm shared/app --all-tags -n -v",
    ] {
        let shown = shown(Rls::at(&registry).words(words).words("--color never"));
        let named: Vec<_> = shown.lines().filter(|line| line.contains("shared/app:")).collect();
        assert!(named.iter().all(|line| line.starts_with("would-remove→shared/app:")), "{words}: {shown}");
        let names: BTreeSet<_> = named.iter().filter_map(|line| line.split('→').nth(1)).collect();
        assert_eq!(names.len(), named.len(), "{words}: {shown}");
    }
    assert_snapshot!(shown(Rls::at(&registry).words("rm shared/app --all-tags -n --color never")), @"
    exit 0
    would-remove→shared/app:1.4.0→delete manifest; sha256:1b9c9487898f
    would-remove→shared/app:latest→delete manifest; sha256:1b9c9487898f
    would-remove→shared/app:1.4→delete manifest; sha256:1b9c9487898f
    would-remove→shared/app:1.3.9→delete manifest; sha256:ffba91153681
    would-remove→shared/app:1→delete manifest; sha256:1b9c9487898f
    ");
    for format in ["plain", "json", "jsonl", "yaml", "csv"] {
        let outcome = Rls::at(&registry).words("rm shared/app --all-tags -n -o").arg(format).run();
        assert_eq!((outcome.code, &*outcome.stderr), (Some(0), ""), "{format}: {outcome}");
    }
}
