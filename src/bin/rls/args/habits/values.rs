//! Values of other programs: formats, sort orders, numbers of jobs; and Go templates.

use crate::usage::{Result, Usage};

/// What to type in place of the value of an option; `None` if it is not known.
pub fn translate(option: &str, value: &str) -> Option<Usage> {
    let name = option.split(' ').next()?;
    let hint = match (name, value.split('=').next()?) {
        ("--jobs", start) if !start.starts_with(|c: char| c.is_ascii_digit() || c == '-') => {
            let usage = Usage::new(format!("-j {value}: expected a number"))
                .because("-j is --jobs, the number of concurrent requests");
            return Some(usage.hint("use -o json for JSON"));
        }
        ("--registry", "") => {
            let usage = Usage::new("-r needs a registry").because("-r is --registry");
            return Some(usage.hint("use --reverse to reverse the order"));
        }
        ("--output", "wide" | "long") => "use -l",
        ("--output", "name" | "text") => "use -o plain",
        (
            "--output",
            "jsonpath" | "go-template" | "custom-columns" | "jsonpath-file" | "go-template-file" | "template",
        ) => "use --format TEMPLATE; see rls help templates",
        ("--output", "ndjson" | "json-lines" | "jsonlines") => "use -o jsonl",
        ("--sort", "date" | "time" | "age" | "newest" | "created_at" | "creation") => "use --sort created",
        ("--sort", "-created" | "-date" | "-time" | "oldest") => "use --sort created --reverse",
        ("--sort", "-name") => "use --sort name --reverse",
        ("--sort", "-version" | "-semver") => "use --sort version --reverse",
        ("--sort", "-size") => "use --sort size --reverse",
        ("--sort", "semver" | "v" | "natural") => "use --sort version",
        ("--sort", "tag" | "alpha") => "use --sort name",
        _ => return None,
    };
    let what = if name == "--output" { "format" } else { "order" };
    Some(Usage::new(format!("unknown {what} {value:?}")).hint(hint))
}

/// Rejects what other programs take for `--format`: names of formats, and Go templates.
///
/// # Errors
/// It is one of those.
pub fn check_format(format: &str) -> Result<()> {
    let name = format.trim().to_ascii_lowercase();
    if ["json", "jsonl", "yaml", "table", "plain", "csv"].contains(&&*name) {
        return Err(Usage::new(format!("--format {format}: expected a template")).hint(format!("use -o {name}")));
    }
    let is_go =
        ["{{.", "{{ .", "{{-", "{{json", "{{ json", "{{range", "{{ range"].iter().any(|start| format.contains(start));
    if !is_go {
        return Ok(());
    }
    let usage = Usage::new("--format takes Jinja templates, not Go templates");
    Err(match from_go(format) {
        Some(template) if template == "-o jsonl" => usage.hint("use -o jsonl"),
        Some(template) => usage.hint(format!("use --format '{template}'")),
        None => usage.hint("see rls help templates"),
    })
}

/// Translates a Go template of plain fields.
fn from_go(format: &str) -> Option<String> {
    let format = format.strip_prefix("table ").unwrap_or(format);
    let mut result = String::new();
    let mut rest = format;
    while let Some((before, after)) = rest.split_once("{{") {
        let (action, behind) = after.split_once("}}")?;
        let field = match action.trim().trim_matches('-').trim() {
            "json ." | "." => return Some("-o jsonl".to_owned()),
            ".Repository" | ".Name" => "repository",
            ".Tag" | ".TagName" => "tag",
            ".Digest" | ".ID" => "digest",
            ".Size" => "size | human",
            ".CreatedSince" => "created | ago",
            ".CreatedAt" | ".Created" => "created",
            ".MediaType" => "mediaType",
            _ => return None,
        };
        result.push_str(before);
        result.push_str(&format!("{{{{ {field} }}}}"));
        rest = behind;
    }
    result.push_str(rest);
    // The hint puts it in single quotes.
    (!result.contains('\'')).then_some(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_and_formats_are_translated() {
        let hint = |option: &str, value: &str| translate(option, value)?.advice().map(str::to_owned);
        assert_eq!(hint("--sort <ORDER>", "date").as_deref(), Some("use --sort created"));
        assert_eq!(hint("--sort <ORDER>", "-created").as_deref(), Some("use --sort created --reverse"));
        assert_eq!(hint("--output <FORMAT>", "wide").as_deref(), Some("use -l"));
        assert_eq!(hint("--registry <REGISTRY>", "").as_deref(), Some("use --reverse to reverse the order"));
        assert_eq!(hint("--sort <ORDER>", "colour"), None);
    }

    #[test]
    fn go_templates_are_translated() {
        let refused = |format: &str| check_format(format).unwrap_err().advice().unwrap_or_default().to_owned();
        assert_eq!(refused("json"), "use -o json");
        assert_eq!(refused("{{.Tag}}"), "use --format '{{ tag }}'");
        assert_eq!(
            refused("table {{.Repository}}\\t{{ .Size }}"),
            "use --format '{{ repository }}\\t{{ size | human }}'"
        );
        assert_eq!(refused("{{json .}}"), "use -o jsonl");
        assert_eq!(refused("{{range .Tags}}{{.}}{{end}}"), "see rls help templates");
        for format in ["{{ tag }}", "json: {{ tag }}", "{{tag}}", "@pull"] {
            assert!(check_format(format).is_ok(), "{format}");
        }
    }
}
