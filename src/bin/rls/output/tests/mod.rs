mod templates;

use std::io;

use super::sink::tests::Failing;
use super::*;
use registry_ls::name::Registry;

const DIGEST: &str = "sha256:9b1f27c4152d0c44e2b751aa77ad0e3152d09b1f27c4152d0c44e2b751aa77ad";
const OTHER: &str = "sha256:77ad0e3152d09b1f27c4152d0c44e2b751aa77ad9b1f27c4152d0c44e2b751aa";

fn options(layout: Layout) -> OutputOptions {
    let human =
        Human { now: "2026-11-21T12:00:00Z".parse().expect("a time"), styles: Styles::new(false), whole: false };
    OutputOptions { layout, header: true, width: None, human }
}

fn written<V: View>(view: V, options: OutputOptions, records: &[V::Record]) -> String {
    let mut bytes = Vec::new();
    let mut out = Output::new(view, options, &mut bytes).expect("an output");
    records.iter().try_for_each(|record| out.write(record)).expect("memory can be written to");
    out.finish().expect("memory can be written to");
    String::from_utf8(bytes).expect("UTF-8")
}

/// In a format; where a record is, which each says first, is left out of it.
fn in_format<V: View>(view: V, format: Format, records: &[V::Record]) -> String {
    without_place(&written(view, options(Layout::Format(format)), records))
}

fn without_place(text: &str) -> String {
    let (json, yaml) =
        ("\"registry\":\"reg:5000\",\"reference\":\"reg:5000/", "registry: reg:5000\n  reference: reg:5000/");
    let rest = |start, end| {
        let mut parts = text.split(start);
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |text, part| text + part.split_once(end).map_or(part, |(_, rest)| rest))
    };
    if text.contains(yaml) { rest(yaml, "\n  ") } else { rest(json, "\",") }
}

#[test]
fn every_record_names_its_registry_and_reference() {
    let records = [tag("team/app", "1.0"), TagRecord::failed(&registry(), "team/gone", Detail::Names, None)];
    let expected = "{\"registry\":\"reg:5000\",\"reference\":\"reg:5000/team/app:1.0\",\"repository\":\"team/app\",\"tag\":\"1.0\"}\n\
         {\"registry\":\"reg:5000\",\"reference\":\"reg:5000/team/gone\",\"repository\":\"team/gone\",\"tag\":null}\n";
    assert_eq!(written(NAMES, options(Layout::Format(Format::Jsonl)), &records), expected);
    let mut record = TagRecord::failed(&"http://registry".parse().expect("a registry"), "app", Detail::Names, None);
    for name in ["1.0", "latest", "2"] {
        record.set_tag(name.to_owned());
        assert_eq!(record.reference, format!("http://registry/app:{name}"));
    }
    let full = TagView { qualified: true, full: true, ..NAMES };
    assert_eq!(in_format(full, Format::Plain, &[tag("team/app", "1.0")]), "reg:5000/team/app:1.0\n");
    let table = in_format(full, Format::Table, &[tag("team/app", "1.0")]);
    assert_eq!(table, "REPOSITORY         TAG\nreg:5000/team/app  1.0\n");
    // What begins like a host would be read back as one.
    let mirrored = repositories(&["ghcr.io/owner/app", "team/app"]);
    assert_eq!(in_format(REPOS, Format::Plain, &mirrored), "reg:5000/ghcr.io/owner/app\nteam/app\n");
    assert_eq!(
        in_format(REPOS_WITH_TAGS, Format::Plain, &[with_tags("localhost/app", &["1"])]),
        "reg:5000/localhost/app:1\n"
    );
}

fn by_template<V: View>(view: V, template: &str, records: &[V::Record]) -> String {
    written(view, options(Layout::Template(template.to_owned())), records)
}

fn repositories(names: &[&str]) -> Vec<RepositoryRecord> {
    let record = |name: &&str| RepositoryRecord { tags: Field::Absent, ..with_tags(name, &[]) };
    names.iter().map(record).collect()
}

fn with_tags(repository: &str, tags: &[&str]) -> RepositoryRecord {
    let tags = Field::Known(tags.iter().map(|tag| (*tag).to_owned()).collect());
    let (registry, reference) = ("reg:5000".to_owned(), format!("reg:5000/{repository}"));
    RepositoryRecord { registry, reference, repository: repository.to_owned(), tags, error: None }
}

fn registry() -> Registry {
    "reg:5000".parse().expect("a registry")
}

fn failure() -> Option<Failure> {
    Some(Failure { kind: "not-found".to_owned(), message: "no such repository".to_owned() })
}

fn tag(repository: &str, tag: &str) -> TagRecord {
    let mut record = TagRecord::failed(&registry(), repository, Detail::Names, None);
    record.set_tag(tag.to_owned());
    record
}

fn long(name: &str, digest: &str, size: u64, created: &str) -> TagRecord {
    let mut record = TagRecord::failed(&registry(), "team/app", Detail::Long, None);
    record.set_tag(name.to_owned());
    TagRecord {
        kind: Field::Known("index"),
        digest: Field::Known(digest.to_owned()),
        media_type: Field::Known("application/vnd.oci.image.index.v1+json".to_owned()),
        platforms: Field::Known(vec!["linux/amd64".to_owned(), "linux/arm64".to_owned()]),
        size: Field::Known(size),
        created: Time::parse(created).into(),
        ..record
    }
}

fn long_tags() -> Vec<TagRecord> {
    let mut unknown = TagRecord::failed(&registry(), "team/app", Detail::Long, failure());
    unknown.tag = Some("broken".to_owned());
    vec![
        long("1.4.0", DIGEST, 61_200_000, "2026-11-18T09:12:00Z"),
        long("1.3.9", OTHER, 60_800_000, "2026-11-05T09:12:00+02:00"),
        long("latest", OTHER, 60_800_000, "0001-01-01T00:00:00Z"),
        unknown,
        TagRecord::failed(&registry(), "team/gone", Detail::Long, failure()),
    ]
}

const LONG: TagView = TagView { qualified: false, detail: Detail::Long, group: false, full: false };
const NAMES: TagView = TagView { detail: Detail::Names, ..LONG };
const REPOS: RepositoryView = RepositoryView { tags: false, full: false };
const REPOS_WITH_TAGS: RepositoryView = RepositoryView { tags: true, full: false };

#[test]
fn an_empty_list_in_every_format() {
    let cases =
        [(Format::Table, ""), (Format::Plain, ""), (Format::Json, "[]\n"), (Format::Jsonl, ""), (Format::Yaml, "[]\n")];
    for (format, text) in cases {
        assert_eq!(in_format(REPOS, format, &[]), text, "{format:?}");
    }
    assert_eq!(by_template(REPOS, "{{ repository }}", &[]), "");
    let options = OutputOptions { header: false, ..options(Layout::Format(Format::Table)) };
    assert_eq!(written(REPOS, options, &[]), "");
}

#[test]
fn repositories_in_every_format() {
    let records = repositories(&["base/alpine", "team/app"]);
    let cases = [
        (Format::Table, "REPOSITORY\nbase/alpine\nteam/app\n"),
        (Format::Plain, "base/alpine\nteam/app\n"),
        (Format::Json, "[\n  {\"repository\":\"base/alpine\"},\n  {\"repository\":\"team/app\"}\n]\n"),
        (Format::Jsonl, "{\"repository\":\"base/alpine\"}\n{\"repository\":\"team/app\"}\n"),
        (Format::Yaml, "- repository: base/alpine\n- repository: team/app\n"),
    ];
    for (format, text) in cases {
        assert_eq!(in_format(REPOS, format, &records), text, "{format:?}");
    }
    assert_eq!(by_template(REPOS, "<{{ repository|upper }}>", &records), "<BASE/ALPINE>\n<TEAM/APP>\n");
}

#[test]
fn repositories_with_their_tags() {
    let mut failed = RepositoryRecord { tags: Field::Unknown, error: failure(), ..with_tags("team/x", &[]) };
    let records = [with_tags("base/alpine", &["3.19", "3.20"]), with_tags("team/empty", &[]), failed.clone()];
    let table = "REPOSITORY   TAG\nbase/alpine  3.19\nbase/alpine  3.20\nteam/empty   -\nteam/x       -\n";
    assert_eq!(in_format(REPOS_WITH_TAGS, Format::Table, &records), table);
    assert_eq!(in_format(REPOS_WITH_TAGS, Format::Plain, &records), "base/alpine:3.19\nbase/alpine:3.20\n");
    let lines = "{\"repository\":\"base/alpine\",\"tags\":[\"3.19\",\"3.20\"]}\n\
         {\"repository\":\"team/empty\",\"tags\":[]}\n\
         {\"repository\":\"team/x\",\"tags\":null,\"error\":{\"kind\":\"not-found\",\"message\":\"no such \
              repository\"}}\n";
    assert_eq!(in_format(REPOS_WITH_TAGS, Format::Jsonl, &records), lines);
    failed.repository = "no".to_owned();
    let yaml = "- repository: base/alpine\n  tags:\n  - \"3.19\"\n- repository: \"no\"\n  tags: null\n  error:\n    \
         kind: not-found\n    message: no such repository\n";
    assert_eq!(in_format(REPOS_WITH_TAGS, Format::Yaml, &[with_tags("base/alpine", &["3.19"]), failed]), yaml);
}

#[test]
fn tags_with_and_without_their_repository() {
    let records = [
        tag("team/app", "1.0"),
        TagRecord::failed(&registry(), "team/gone", Detail::Names, failure()),
        tag("team/web", "2.0"),
    ];
    let qualified = TagView { qualified: true, ..NAMES };
    assert_eq!(in_format(NAMES, Format::Plain, &records), "1.0\n2.0\n");
    assert_eq!(in_format(qualified, Format::Plain, &records), "team/app:1.0\nteam/web:2.0\n");
    assert_eq!(in_format(qualified, Format::Table, &records), "REPOSITORY  TAG\nteam/app    1.0\nteam/web    2.0\n");
    let lines = "{\"repository\":\"team/app\",\"tag\":\"1.0\"}\n\
         {\"repository\":\"team/gone\",\"tag\":null,\"error\":{\"kind\":\"not-found\",\"message\":\"no such \
              repository\"}}\n\
         {\"repository\":\"team/web\",\"tag\":\"2.0\"}\n";
    assert_eq!(in_format(qualified, Format::Jsonl, &records), lines);
}

#[test]
fn tags_with_digests() {
    let view = TagView { detail: Detail::Digests, ..NAMES };
    let mut records = vec![TagRecord { digest: Field::Known(DIGEST.to_owned()), ..tag("team/app", "1.3.9") }];
    records.push(TagRecord { digest: Field::Unknown, error: failure(), ..tag("team/app", "gone") });
    assert_eq!(in_format(view, Format::Plain, &records), format!("1.3.9\t{DIGEST}\ngone\t-\n"));
    assert_eq!(in_format(view, Format::Table, &records), format!("TAG    DIGEST\n1.3.9  {DIGEST}\ngone   -\n"));
    assert_eq!(by_template(view, "{{ tag }}\\t{{ digest }}", &records), format!("1.3.9\t{DIGEST}\ngone\t-\n"));
    let json = format!(
        "[\n  {{\"repository\":\"team/app\",\"tag\":\"1.3.9\",\"digest\":\"{DIGEST}\"}},\n  \
         {{\"repository\":\"team/app\",\"tag\":\"gone\",\
         \"digest\":null,\"error\":{{\"kind\":\"not-found\",\"message\":\"no such repository\"}}}}\n]\n"
    );
    assert_eq!(in_format(view, Format::Json, &records), json);
}

#[test]
fn long_tags_in_a_table() {
    let table = "\
TAG     PLATFORMS                 SIZE     CREATED      DIGEST
1.4.0   linux/amd64, linux/arm64  61.2 MB  3 days ago   sha256:9b1f27c4152d
1.3.9   linux/amd64, linux/arm64  60.8 MB  2 weeks ago  sha256:77ad0e3152d0
latest  linux/amd64, linux/arm64  60.8 MB  -            sha256:77ad0e3152d0
broken  -                         -        -            -
";
    assert_eq!(in_format(LONG, Format::Table, &long_tags()), table);
    let options = OutputOptions { header: false, ..options(Layout::Format(Format::Table)) };
    let first = "1.4.0  linux/amd64, linux/arm64  61.2 MB  3 days ago  sha256:9b1f27c4152d\n";
    assert_eq!(written(LONG, options, &long_tags()[..1]), first);
}

#[test]
fn long_tags_in_machine_formats() {
    let index = "application/vnd.oci.image.index.v1+json";
    let plain = format!(
        "1.4.0\t{DIGEST}\t{index}\tlinux/amd64,linux/arm64\t61200000\t2026-11-18T09:12:00Z\tindex\t-\t-\n\
         1.3.9\t{OTHER}\t{index}\tlinux/amd64,linux/arm64\t60800000\t2026-11-05T07:12:00Z\tindex\t-\t-\n\
         latest\t{OTHER}\t{index}\tlinux/amd64,linux/arm64\t60800000\t-\tindex\t-\t-\n\
         broken\t-\t-\t-\t-\t-\t-\t-\t-\n"
    );
    assert_eq!(in_format(LONG, Format::Plain, &long_tags()), plain);
    let line = format!(
        "{{\"repository\":\"team/app\",\"tag\":\"1.4.0\",\"digest\":\"{DIGEST}\",\"mediaType\":\"{index}\",\
         \"type\":\"index\",\"artifactType\":null,\"platforms\":[\"linux/amd64\",\"linux/arm64\"],\"size\":61200000,\
         \"created\":\"2026-11-18T09:12:00Z\",\"version\":null,\"appVersion\":null,\"files\":null}}\n"
    );
    assert_eq!(in_format(LONG, Format::Jsonl, &long_tags()[..1]), line);
    let failed = "{\"repository\":\"team/gone\",\"tag\":null,\"digest\":null,\"mediaType\":null,\"type\":null,\"artifactType\":null,\
         \"platforms\":null,\"size\":null,\"created\":null,\"version\":null,\"appVersion\":null,\"files\":null,\"error\":{\"kind\":\"not-found\",\"message\":\"no such repository\"}}\n";
    assert_eq!(in_format(LONG, Format::Jsonl, &long_tags()[4..]), failed);
    let yaml = format!(
        "- repository: team/app\n  tag: \"1.4.0\"\n  digest: {DIGEST}\n  mediaType: {index}\n  \
         type: index\n  artifactType: null\n  platforms:\n  - linux/amd64\n  - linux/arm64\n  \
         size: 61200000\n  created: \"2026-11-18T09:12:00Z\"\n  version: null\n  appVersion: null\n  files: null\n"
    );
    assert_eq!(in_format(LONG, Format::Yaml, &long_tags()[..1]), yaml);
}

#[test]
fn plain_digests_have_no_other_fields() {
    let record = DigestRecord {
        registry: "reg:5000".into(),
        reference: "reg:5000/team/app:1".into(),
        repository: "team/app".into(),
        ..Default::default()
    };
    let records = [
        DigestRecord { tag: Some("1".into()), digest: Some(DIGEST.into()), error: None, ..record.clone() },
        DigestRecord { tag: None, digest: None, error: failure(), ..record },
    ];
    assert_eq!(in_format(DigestView, Format::Table, &records), format!("{DIGEST}\n"));
    assert_eq!(in_format(DigestView, Format::Plain, &records), format!("{DIGEST}\n"));
    let lines = format!(
        "{{\"repository\":\"team/app\",\"tag\":\"1\",\"digest\":\"{DIGEST}\"}}\n{{\"repository\":\"team/app\",\"tag\":null,\"digest\":null,\
         \"error\":{{\"kind\":\"not-found\",\"message\":\"no such repository\"}}}}\n"
    );
    assert_eq!(in_format(DigestView, Format::Jsonl, &records), lines);
}

const REMOVALS: RemovalView = RemovalView { planned: false, full: false };

fn removals() -> Vec<RemovalRecord> {
    let removal = |tag: Option<&str>, action| {
        RemovalRecord {
            digest: Some(DIGEST.to_owned()),
            action,
            method: Some("tag".to_owned()),
            ..RemovalRecord::of("team/app".to_owned(), tag.map(str::to_owned))
        }
        .at(&registry())
    };
    let failed = RemovalRecord { method: None, error: failure(), ..removal(Some("x\u{202e}"), Action::Failed) };
    vec![removal(Some("1"), Action::Removed), removal(None, Action::WouldRemove), failed]
}

#[test]
fn removals_are_written_as_lines() {
    let plain = format!("removed\tteam/app:1\nwould-remove\tteam/app@{DIGEST}\nfailed\tteam/app:x\\u{{202e}}\n");
    assert_eq!(in_format(REMOVALS, Format::Plain, &removals()), plain);
    assert_eq!(in_format(REMOVALS, Format::Table, &removals()), plain);
    let mut colored = options(Layout::Format(Format::Table));
    colored.human.styles = Styles::new(true);
    let expected = format!(
        "\x1b[32mremoved\x1b[0m\tteam/app:1\n\x1b[33mwould-remove\x1b[0m\tteam/app@{DIGEST}\n\
         \x1b[1m\x1b[31mfailed\x1b[0m\tteam/app:x\\u{{202e}}\n"
    );
    assert_eq!(written(REMOVALS, colored.clone(), &removals()), expected);
    colored.layout = Layout::Format(Format::Plain);
    assert_eq!(written(REMOVALS, colored, &removals()), plain);
    let line = format!(
        "{{\"repository\":\"team/app\",\"tag\":null,\"digest\":\"{DIGEST}\",\"action\":\"would-remove\",\"method\":\"tag\",\"reason\":null}}\n"
    );
    assert_eq!(in_format(REMOVALS, Format::Jsonl, &removals()[1..2]), line);
}

#[test]
fn hostile_names_stay_on_their_line_in_every_format() {
    let records = repositories(&["a\x1b[2J\nb\tc\u{9b}\u{202e}"]);
    let human = "a\\x1b[2J\\nb\\tc\\x9b\\u{202e}\n";
    assert_eq!(in_format(REPOS, Format::Plain, &records), human);
    assert_eq!(in_format(REPOS, Format::Table, &records), format!("REPOSITORY\n{human}"));
    assert_eq!(by_template(REPOS, "{{ repository }}", &records), human);
    let json = "{\"repository\":\"a\\u001b[2J\\nb\\tc\\u009b\\u202e\"}";
    assert_eq!(in_format(REPOS, Format::Jsonl, &records), format!("{json}\n"));
    assert_eq!(in_format(REPOS, Format::Json, &records), format!("[\n  {json}\n]\n"));
    assert_eq!(in_format(REPOS, Format::Yaml, &records), format!("- {json}\n"));
}

#[test]
fn records_are_written_as_they_arrive() {
    for (format, first) in [
        (Format::Plain, "a\n"),
        (Format::Jsonl, "{\"repository\":\"a\"}\n"),
        (Format::Yaml, "- repository: a\n"),
        (Format::Table, "REPOSITORY\na\n"),
        (Format::Json, "[\n"),
    ] {
        let mut bytes = Vec::new();
        let mut out = Output::new(REPOS, options(Layout::Format(format)), &mut bytes).expect("an output");
        out.write(&repositories(&["a"])[0]).expect("memory can be written to");
        out.flush().expect("memory can be written to");
        drop(out);
        assert_eq!(without_place(&String::from_utf8(bytes).expect("UTF-8")), first, "{format:?}");
    }
}

#[test]
fn a_closed_pipe_is_distinguished_from_a_full_disk() {
    for (kind, closed) in [(io::ErrorKind::BrokenPipe, true), (io::ErrorKind::StorageFull, false)] {
        let mut out = Output::new(REPOS, options(Layout::Format(Format::Plain)), Failing(1, kind)).expect("an output");
        out.write(&repositories(&["a"])[0]).expect("memory can be written to");
        let error = out.finish().expect_err("writing fails");
        assert_eq!(matches!(error, OutputError::Closed), closed);
        assert_eq!(matches!(error, OutputError::Write(_)), !closed);
    }
}

/// What a template may name is what records have.
#[test]
fn samples_have_the_fields_of_records() {
    let keys = |value: serde_json::Value| value.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
    let sample = keys(serde_json::to_value(LONG.sample()).expect("JSON"));
    let long = [
        "registry",
        "reference",
        "repository",
        "tag",
        "digest",
        "mediaType",
        "type",
        "artifactType",
        "platforms",
        "size",
        "created",
        "version",
        "appVersion",
        "files",
    ];
    assert_eq!(sample, long);
    assert_eq!(sample, keys(serde_json::to_value(&long_tags()[0]).expect("JSON")));
    assert_eq!(
        keys(serde_json::to_value(REPOS_WITH_TAGS.sample()).expect("JSON")),
        ["registry", "reference", "repository", "tags"]
    );
    assert_eq!(keys(serde_json::to_value(REPOS.sample()).expect("JSON")), ["registry", "reference", "repository"]);
    assert_eq!(
        keys(serde_json::to_value(DigestView.sample()).expect("JSON")),
        ["registry", "reference", "repository", "tag", "digest"]
    );
    let removal = ["registry", "reference", "repository", "tag", "digest", "action", "method", "reason"];
    assert_eq!(keys(serde_json::to_value(REMOVALS.sample()).expect("JSON")), removal);
}
