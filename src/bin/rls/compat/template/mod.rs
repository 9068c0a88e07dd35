//! Go templates, in the subset that docker-ls templates use: fields, `range`, `if`, `else`, `len`, `printf`, constants.
//!
//! Anything else is refused by its name when the template is read.

mod node;
mod parse;
mod render;

use serde_json::Value;

use self::node::Node;
use crate::usage::Result;

/// A parsed template.
#[derive(Debug, Clone, PartialEq)]
pub struct GoTemplate(Vec<Node>);

impl GoTemplate {
    /// Parses a template.
    ///
    /// # Errors
    /// Syntax errors, and what is not in the subset.
    pub fn parse(source: &str) -> Result<Self> {
        parse::parse(source).map(Self)
    }

    /// Renders a value.
    ///
    /// # Errors
    /// A field that the value does not have, or a value that an action cannot use.
    pub fn render(&self, value: &Value) -> Result<String> {
        let mut out = String::new();
        render::render(&self.0, value, &mut out)?;
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rendered(source: &str) -> String {
        let value = json!({
            "repository": "app",
            "tags": [{"tagName": "v1", "digest": "sha256:aa", "layers": ["l1", "l2"]}, {"tagName": "v2", "digest": "sha256:bb", "layers": []}],
            "none": null,
        });
        GoTemplate::parse(source)
            .and_then(|template| template.render(&value))
            .unwrap_or_else(|error| panic!("{source}: {error}"))
    }

    fn refused(source: &str) -> String {
        GoTemplate::parse(source)
            .and_then(|template| template.render(&json!({"tags": []})))
            .expect_err("it is refused")
            .to_string()
    }

    #[test]
    fn the_subset_is_rendered_as_in_go() {
        let cases = [
            ("{{.Repository}}: {{range .Tags}}{{.TagName}} {{end}}", "app: v1 v2 "),
            ("{{range .Tags}}{{.Digest}}{{\"\\n\"}}{{end}}", "sha256:aa\nsha256:bb\n"),
            ("{{len .Tags}} {{.Tags | len}} {{len (printf \"%s\" .Repository)}}", "2 2 3"),
            ("{{range .None}}x{{else}}none{{end}}", "none"),
            ("{{range .Tags}}{{if .Layers}}{{len .Layers}}{{else}}-{{end}},{{end}}", "2,-,"),
            ("{{printf \"%-5s|%5s|%d|%q|%%\" .Repository `x` 7 \"y\"}}", "app  |    x|7|\"y\"|%"),
            ("a  {{- /* comment */ -}}  b", "ab"),
            ("{{range .Tags}}{{.Layers}}{{end}}", "[l1 l2][]"),
            ("{{\"}}\"}}", "}}"),
        ];
        for (source, expected) in cases {
            assert_eq!(rendered(source), expected, "{source}");
        }
    }

    #[test]
    fn what_is_not_in_the_subset_is_refused_by_name() {
        for (source, name) in [
            ("{{with .Tags}}{{end}}", "with is"),
            ("{{eq .Repository \"a\"}}", "eq is"),
            ("{{$x}}", "$x is"),
            ("{{.Repository | js}}", "js is"),
            ("{{define \"x\"}}{{end}}", "define is"),
            ("{{if .Tags}}a{{else if .Tags}}b{{end}}", "else if .Tags is"),
            ("{{printf \"%x\" 1}}", "printf %x here is"),
        ] {
            assert!(refused(source).contains(&format!("{name} not supported")), "{source}: {}", refused(source));
        }
        for source in
            ["{{", "{{range .Tags}}", "{{end}}", "{{\"a}}", "{{}}", "{{len}}", "{{printf}}", "{{.Nope}}", "{{(.Tags}}"]
        {
            assert!(refused(source).starts_with("cannot use the template"), "{source}");
        }
        let deep = "{{if .Tags}}".repeat(10_000);
        assert!(refused(&deep).contains("nested too deeply"));
    }
}
