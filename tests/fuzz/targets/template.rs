//! `--format` and a record: a template is accepted or refused, and a registry's texts are escaped in its output.

use jiff::Timestamp;

use super::{halves, is_hostile, joined};
use crate::output::{Detail, Field, Human, Layout, Output, OutputError, OutputOptions, Styles, TagRecord, TagView};

/// Templates that only print fields of a record.
const PLAIN: &[&str] = &[
    "{{ tag }} {{ digest }}",
    "{{ repository }}:{{ tag|upper }} {{ mediaType|short }} {{ reference }}",
    "{% for platform in platforms %}{{ platform }},{% endfor %}{{ size|human }} {{ created|ago }}",
    "{{ platforms }} {{ tag|tojson }} {{ tag|length }} {{ tag|e }} {{ tag|replace('a', 'b') }}",
];

/// So many operators that make a text longer may be in a template.
const OPERATORS: usize = 8;

pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<_> = PLAIN.iter().map(|template| joined(template, "v1.0")).collect();
    for (template, tag) in [
        ("{% if size and size > 10 %}{{ size // 2 }}{% else %}\\t-\\n{% endif %}", "\u{1b}[2J"),
        ("{# a #}{{ tag[1:3] }}{{ {'a': [1, 2.5]}.a|join(' ') }}{{ tag is startingwith 'v' }}", "a\nb\u{202e}c"),
        ("{% set x = tag ~ 'y' %}{{ x|title }}{{ no_such_field }}", "\u{9b}31m"),
        ("{{ tag|unknown }}", "{{ tag }}"),
        ("{{ error }}{{", "x"),
        ("{{ tag|indent(2147483647) }}{{ tag|tojson(indent=99999999) }}{{ '%-999999999s'|format(tag) }}", "x"),
        ("{% for x in range(3) %}{% for y in tag|list %}{{ loop.index ~ y }}{% endfor %}{% endfor %}", "x"),
        (
            "{% set x = tag|replace('', tag) %}{% set x = x|replace('', x)|batch(size, 2 ** 9) %}{{ x|list|join(x) }}",
            "x",
        ),
    ] {
        seeds.push(joined(template, tag));
    }
    seeds
}

pub fn run(input: &[u8]) {
    let (template, sent) = halves(input);
    let sent = String::from_utf8_lossy(sent);
    // One of them an input: to compile all takes longer than all the rest.
    let shown = rendered(PLAIN[input.len() % PLAIN.len()], &sent).expect("it fits every record");
    let line = shown.strip_suffix('\n').expect("a line");
    assert!(!line.chars().any(is_hostile), "{line:?}");
    let Ok(template) = std::str::from_utf8(template) else { return };
    // A template is the user's own and may double a text repeatedly, for which the engine has no limit.
    if template.matches(['~', '+', '*']).count() > OPERATORS {
        return;
    }
    match rendered(template, &sent) {
        Ok(shown) => assert!(shown.ends_with('\n')),
        Err(error) => assert!(matches!(error, OutputError::Template(_)), "{error:?}"),
    }
}

/// What becomes of a record whose texts a registry sent.
fn rendered(template: &str, sent: &str) -> Result<String, OutputError> {
    let view = TagView { qualified: false, detail: Detail::Long, group: false, full: false };
    let human = Human { now: Timestamp::UNIX_EPOCH, styles: Styles::new(false), whole: false };
    let layout = Layout::Template(template.to_owned());
    let mut shown = Vec::new();
    let mut output = Output::new(view, OutputOptions { layout, header: true, width: None, human }, &mut shown)?;
    output.write(&TagRecord {
        registry: sent.to_owned(),
        reference: sent.to_owned(),
        repository: sent.to_owned(),
        tag: Some(sent.to_owned()),
        tags: Field::Absent,
        digest: Field::Known(sent.to_owned()),
        media_type: Field::Known(sent.to_owned()),
        kind: Field::Known("chart"),
        artifact_type: Field::Known(sent.to_owned()),
        platforms: Field::Known(vec![sent.to_owned(), "linux/amd64".to_owned()]),
        size: Field::Known(sent.len() as u64),
        created: Field::Unknown,
        version: Field::Known(sent.to_owned()),
        app_version: Field::Known(sent.to_owned()),
        files: Field::Known(vec![sent.to_owned()]),
        error: None,
    })?;
    output.finish()?;
    Ok(String::from_utf8(shown).expect("text"))
}
