//! `--format`.

use insta::assert_snapshot;
use registry_fixture::Running;
use registry_fixture::content::{ImageSpec, IndexSpec};
use test_support::{Rls, Shown};

use crate::registries::{empty, seeded};

fn small() -> Running {
    let registry = empty();
    let digest = registry.push_index("app", "1.0", &IndexSpec::three_platforms("app"));
    registry.tag("app", "latest", &digest);
    registry.push_image("app", "web", &ImageSpec::new("web").label("k", "v"));
    registry
}

fn formatted(registry: &Running, words: &str, template: &str) -> Shown {
    Rls::at(registry).words(words).args(["--format", template]).succeeds()
}

#[test]
fn each_record_is_a_line() {
    let registry = small();
    assert_snapshot!(formatted(&registry, "tags app -d", "{{ tag }} {{ digest | short }}"), @"
    1.0 sha256:da023cd1c3ad
    latest sha256:da023cd1c3ad
    web sha256:13a0c83cab89
    ");
    assert_snapshot!(formatted(&registry, "tags app -l", r"{{ tag }}\t{{ size }}\t{{ size | human }}\t{{ platforms | join(',') }}"), @"
    1.0→12984→13.0 kB→linux/amd64,linux/arm64,linux/arm/v7
    latest→12984→13.0 kB→linux/amd64,linux/arm64,linux/arm/v7
    web→4866→4.9 kB→linux/amd64
    ");
    assert_snapshot!(formatted(&registry, "repos --tags", "{{ repository }}{% for tag in tags %} {{ tag }}{% endfor %}"), @"app 1.0 latest web");
    assert_snapshot!(formatted(&registry, "manifest app:web", "{{ config.labels.k }} {{ layers | length }} {{ mediaType }}"), @"v 2 application/vnd.oci.image.manifest.v1+json");
    assert_snapshot!(formatted(&registry, "digest app", "{{ repository }}:{{ tag }}@{{ digest }}"), @"app:latest@sha256:da023cd1c3ad9ed3e87fdcd594f87cd408cd13420df1dc39eccc3b9a7a03202a");
    assert_snapshot!(formatted(&registry, "rm -qn app:web", "{{ action }} {{ tag }} {{ method }} {{ reason }}"), @"would-remove web delete-manifest -");
}

#[test]
fn absent_and_unknown_values_are_a_dash() {
    let registry = small();
    assert_snapshot!(formatted(&registry, "manifest app:web", "{{ platforms }} {{ config.created }}"), @"- 2026-11-18T09:12:00Z");
    assert_snapshot!(formatted(&registry, "manifest app:1.0", "{{ config }} {{ tag }}"), @"- 1.0");
    let outcome =
        Rls::at(&registry).words("digest app:2.0 -q").args(["--format", "{{ digest }} {{ error.kind }}"]).run();
    assert_snapshot!(outcome, @r#"
    exit 3
    --- stderr
    error: app:2.0 not found on http://REGISTRY
    cause: 404 Not Found: MANIFEST_UNKNOWN: manifest unknown: {"Tag":"2.0"}
    "#);
}

#[test]
fn tests_and_conditions_are_supported() {
    let registry = small();
    let template = "{% if digest is startingwith('sha256:') %}{{ tag | upper }}{% else %}no{% endif %}";
    assert_snapshot!(formatted(&registry, "tags app -d", template), @"
    1.0
    LATEST
    WEB
    ");
    assert_snapshot!(formatted(&registry, "manifest app:1.0", "{% for p in platforms %}{{ p.platform }} {{ p.created is none }};{% endfor %}"), @"linux/amd64 False;linux/arm64 False;linux/arm/v7 False;");
}

#[test]
fn an_at_sign_names_a_template_in_the_configuration_file() {
    let registry = seeded("2x2");
    let config = "[templates]\nshort = \"{{ repository }}={{ tag }}\"\n";
    let rls = || Rls::at(&registry).config(config).words("tags grid/repo-000");
    assert_snapshot!(rls().words("--format @short").succeeds(), @"
    grid/repo-000=1.0.0
    grid/repo-000=latest
    ");
    assert_snapshot!(rls().words("--format @shrt").fails(2), @"
    error: unknown template @shrt
    hint:  did you mean @short?
    ");
    assert_snapshot!(rls().words("--format @other").fails(2), @"
    error: unknown template @other
    cause: the configuration file has short
    ");
    assert_snapshot!(Rls::at(&registry).words("tags grid/repo-000 --format @short").fails(2), @r#"
    error: unknown template @short
    hint:  define it in the configuration file: [templates] short = "…"
    "#);
    let by_default = Rls::at(&registry).config(&format!("format = \"@short\"\n{config}"));
    assert_snapshot!(by_default.words("tags grid/repo-001").succeeds(), @"
    grid/repo-001=1.0.0
    grid/repo-001=latest
    ");
}

#[test]
fn a_broken_template_is_refused_before_any_request() {
    let registry = small();
    registry.clear_requests();
    for (words, template) in [
        ("tags app", "{{ tag"),
        ("tags app", "{{ digest }}"),
        ("tags app -d", "{{ digst }}"),
        ("tags app -l", "{{ size | humn }}"),
        ("tags app", "{% frob %}"),
        ("repos", "{{ tags }}"),
        ("repos", "{{ repository is sunny }}"),
        ("digest app", "{{ repo }}"),
        ("rm app:1.0", "{{ taag }}"),
        ("manifest app", "{{ confg.env }}"),
    ] {
        let outcome = Rls::at(&registry).words(words).args(["--format", template]).run();
        assert_eq!((outcome.code, &*outcome.stdout), (Some(2), ""), "{words} {template}: {outcome}");
    }
    assert_eq!(registry.lines(), [""; 0]);
    let refused = |words: &str, template: &str| Rls::at(&registry).words(words).args(["--format", template]).fails(2);
    assert_snapshot!(refused("tags app", "{{ tag"), @r#"
    error: invalid template "{{ tag"
    cause: syntax error: unexpected end of input, expected end of variable block
    "#);
    assert_snapshot!(refused("tags app", "{{ digest }}"), @"
    error: unknown field digest in the template
    cause: the fields are registry, reference, repository, tag, error
    hint:  use --digests to add it
    ");
    assert_snapshot!(refused("tags app -d", "{{ digst }}"), @"
    error: unknown field digst in the template
    cause: the fields are registry, reference, repository, tag, digest, error
    hint:  did you mean digest?
    ");
    assert_snapshot!(refused("tags app -l", "{{ size | humn }}"), @r#"
    error: invalid template "{{ size | humn }}"
    cause: unknown filter: filter humn is unknown
    "#);
}

#[test]
fn format_and_output_conflict() {
    let registry = small();
    assert_snapshot!(Rls::at(&registry).words("tags app -o json --format {{tag}}").fails(2), @"error: --format cannot be used with --output");
    // Of what the environment and the file say, the template on the command line is the last word.
    let rls = Rls::at(&registry).env("RLS_OUTPUT", "json").config("output = \"yaml\"");
    assert_eq!(&*rls.words("tags app --format {{tag}}").succeeds(), "1.0\nlatest\nweb\n");
}

#[test]
fn a_template_that_fails_on_a_record_leaves_whole_lines() {
    let registry = small();
    let outcome =
        Rls::at(&registry).words("tags app -l -j 1").args(["--format", "{{ tag }} {{ platforms[1].x.y }}"]).run();
    assert_snapshot!(outcome, @"
    exit 2
    --- stderr
    error: the template cannot render a record
    cause: undefined value: `platforms[1].x` is undefined
    ");
}

/// Found by fuzzing: such a width produced a text of gigabytes.
#[test]
fn an_excessive_template_is_refused_at_once() {
    let registry = small();
    let refused = |template: &str| Rls::at(&registry).words("tags app -l").args(["--format", template]).fails(2);
    registry.clear_requests();
    assert_snapshot!(refused("{{ tag | indent(2147483647, true) }}"), @"
    error: the template makes too much output
    cause: one record may make 1 MiB, or 128 times its own size if that is more, in as many steps
    hint:  check it for large numbers and long loops
    ");
    assert_eq!(registry.lines(), [""; 0]);
    // What the number is only a record says.
    let template = "{{ tag }}{% if tag == 'latest' %}{{ 'x' | indent(size * 1000000, true) }}{% endif %}";
    assert_snapshot!(Rls::at(&registry).words("tags app -l -j 1").args(["--format", template]).run(), @"
    exit 2
    --- stdout
    1.0
    --- stderr
    error: the template makes too much output
    cause: one record may make 1 MiB, or 128 times its own size if that is more, in as many steps
    hint:  check it for large numbers and long loops
    ");
}

/// Found by looking for what breaks it: a template is compiled by recursion.
#[test]
fn a_long_template_does_not_overflow_the_stack() {
    let registry = empty();
    for (unit, end) in [("1+", "1"), ("not ", "1"), ("tag|upper~", "tag"), ("(", ""), ("[1 ", "")] {
        for length in [8 * 1024, 100 * 1024] {
            let repeated = unit.repeat((length - 8) / unit.len());
            let outcome = Rls::at(&registry).words("tags app --format").arg(format!("{{{{ {repeated}{end} }}}}")).run();
            // It may be taken, and then there is no such repository.
            assert!(matches!(outcome.code, Some(2 | 3)), "{unit} {length}: {:?}", outcome.code);
            let is_too_long = outcome.stderr.contains("the template is longer than 8 KiB");
            assert_eq!(is_too_long, length > 8 * 1024, "{unit}");
        }
    }
}
