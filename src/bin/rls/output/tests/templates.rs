//! Records by a template: filters, limits, and templates that are refused.

use super::*;

fn refused_template<V: View>(view: V, template: &str) -> String {
    match Output::new(view, options(Layout::Template(template.to_owned())), Vec::new())
        .map(|_| ())
        .expect_err("it is refused")
    {
        OutputError::Template(usage) => format!("{usage} | {}", usage.advice().unwrap_or_default()),
        error => panic!("{error}"),
    }
}

#[test]
fn templates_have_filters_for_sizes_and_dates() {
    let template = "{{ tag }} {{ digest|short }} {{ size|human }} {{ created|ago }} {{ platforms|join(' ') if \
         platforms else 'none' }}";
    let expected = "\
1.4.0 sha256:9b1f27c4152d 61.2 MB 3 days ago linux/amd64 linux/arm64
1.3.9 sha256:77ad0e3152d0 60.8 MB 2 weeks ago linux/amd64 linux/arm64
latest sha256:77ad0e3152d0 60.8 MB - linux/amd64 linux/arm64
broken - - - none
";
    assert_eq!(by_template(LONG, template, &long_tags()), expected);
    let template = "{% if error %}{{ error.kind }}{% else %}{{ platforms|tojson }}{% endif %}";
    let expected = "[\"linux/amd64\", \"linux/arm64\"]\n".repeat(3) + "not-found\n";
    assert_eq!(by_template(LONG, template, &long_tags()), expected);
}

#[test]
fn a_template_is_refused_before_it_is_used() {
    let fields = "the fields are registry, reference, repository, tag, error";
    let cases = [
        (
            "{{ tag",
            "invalid template \"{{ tag\": syntax error: unexpected end of input, expected end of variable \
             block | ",
        ),
        ("{{ tga }}", &format!("unknown field tga in the template: {fields} | did you mean tag?")),
        ("{{ digest }}", &format!("unknown field digest in the template: {fields} | use --digests to add it")),
        ("{{ tag|bogus }}", "invalid template \"{{ tag|bogus }}\": unknown filter: filter bogus is unknown | "),
        (
            "{% if tag is odder %}x{% endif %}",
            "invalid template \"{% if tag is odder %}x{% endif %}\": unknown test: test odder is unknown | ",
        ),
    ];
    for (template, text) in cases {
        assert_eq!(refused_template(NAMES, template), text, "{template}");
    }
}

/// Found by looking for what breaks it: `indent` once made gigabytes, and so did sixty times `tojson`, each of which
/// doubles the quotes.
#[test]
fn an_excessive_template_is_refused_before_it_is_used() {
    for template in [
        "{{ 'a'|indent(2147483647, true) }}",
        "{{ 'a'|indent(width=2147483647) }}",
        "{{ [tag]|tojson(2147483647) }}",
        "{{ [tag]|tojson(indent=2147483647) }}",
        "{{ [tag, tag]|map('indent', 2147483647, true) }}",
        "{{ '%2147483647s'|format(tag) }}",
        "{{ [1]|batch(2147483647, tag)|length }}",
        "{{ [1]|slice(2147483647)|length }}",
        "{% set x = 'aaaaaaaa' * 10000 %}{{ x|replace('', x)|length }}",
        "{% set x = 'aaaaaaaa' * 10000 %}{{ x|join(x)|length }}",
        "{{ 'x' * 90000000 }}",
        "{{ ['x' * 1000] * 90000000 }}",
        "{% for x in range(100000) %}{% for y in range(100000) %}{% endfor %}{% endfor %}",
        "{% for x in range(20000) %}__________________________________________________________________________{% \
         endfor %}",
        "{% set x %}{% for x in range(100000) %}{{ tag }}{% endfor %}{% endset %}{{ x|length }}",
        &("{% set x = [tag, tag] %}".to_owned() + &"{% set x = [x, x] %}".repeat(60) + "{{ x|string|length }}"),
        &("{% set x = [tag, tag] %}".to_owned() + &"{% set x = [x, x] %}".repeat(60) + "{{ x }}"),
        &("{{ tag".to_owned() + &"|tojson".repeat(60) + "|length }}"),
        &("{{ tag|pprint".to_owned() + &"|string|pprint".repeat(60) + "|length }}"),
    ] {
        let refused = refused_template(NAMES, template);
        assert!(refused.starts_with("the template makes too much output: "), "{template}: {refused}");
    }
    assert!(refused_template(NAMES, "{{ namespace() }}").starts_with("unknown field namespace in the template"));
}

/// The limit grows with the record: a list of tags is as long as the repository's.
#[test]
fn a_template_takes_a_record_of_any_length() {
    let tags: Vec<_> = (0..100_000).map(|number| format!("v{number}")).collect();
    let record = RepositoryRecord { tags: Field::Known(tags), ..with_tags("team/app", &[]) };
    let view = REPOS_WITH_TAGS;
    let template = "{% for tag in tags|sort %}{{ repository }}:{{ tag|replace('v', '') }}\n{% endfor %}{{ \
         tags|join(', ')|length }}";
    let shown = by_template(view, template, &[record]);
    assert_eq!((shown.lines().count(), shown.lines().last()), (100_001, Some("788888")));
}

#[test]
fn a_template_that_fails_on_a_record_writes_nothing_of_it() {
    let mut bytes = Vec::new();
    let template = Layout::Template("{{ tag }} {{ size + 1 }}".to_owned());
    let mut out = Output::new(LONG, options(template), &mut bytes).expect("an output");
    let records = long_tags();
    out.write(&records[0]).expect("memory can be written to");
    let error = out.write(&records[3]).expect_err("writing fails");
    assert!(error.to_string().starts_with("the template cannot render a record: invalid operation: "), "{error}");
    out.finish().expect("memory can be written to");
    assert_eq!(String::from_utf8(bytes).expect("UTF-8"), "1.4.0 61200001\n");
}

#[test]
fn text_in_a_template_may_have_tabs_and_line_ends() {
    let records = [tag("team/app", "1.0")];
    assert_eq!(by_template(NAMES, "a\\t{{ tag }}\\n{# \\t #}b{{ \"\\t\" }}", &records), "a\t1.0\nb\t\n");
    assert_eq!(by_template(NAMES, "{{ tag|replace(\".\", \"\\\\n\") }}", &records), "1\\n0\n");
    assert_eq!(
        by_template(NAMES, "{% for i in range(2) %}{{ loop.index }}{{ tag }} {% endfor %}", &records),
        "11.0 21.0 \n"
    );
}
