//! Values of other programs: formats, sort orders, numbers of jobs; and Go templates.

use std::ffi::OsString;

use super::options::{At, find};
use crate::command_line::rls;
use crate::usage::{Result, Usage};

/// Values of an option that mean the same, and what to type in place of option and value, both separated by blanks.
type Meaning = (&'static str, &'static str, &'static str);

const MEANINGS: &[Meaning] = &[
    ("--output", "wide long", "-l"),
    ("--output", "name text", "-o plain"),
    ("--output", "ndjson json-lines jsonlines", "-o jsonl"),
    ("--output", "tree", ""),
    ("--sort", "date time age newest created_at creation", "--sort created"),
    ("--sort", "-created -date -time oldest", "--sort created --reverse"),
    ("--sort", "-name", "--sort name --reverse"),
    ("--sort", "-version -semver", "--sort version --reverse"),
    ("--sort", "-size", "--sort size --reverse"),
    ("--sort", "semver v natural", "--sort version"),
    ("--sort", "tag alpha", "--sort name"),
];

fn meaning(argument: &str, value: &str) -> Option<&'static Meaning> {
    let name = argument.split(' ').next()?;
    MEANINGS.iter().find(|(option, values, _)| *option == name && values.split(' ').any(|known| known == value))
}

/// What to type in place of the value of an option; `None` if it is not known.
pub fn translate(argument: &str, value: &str) -> Option<Usage> {
    let name = argument.split(' ').next()?;
    let what = if name == "--output" { "format" } else { "order" };
    let usage = Usage::new(format!("unknown {what} {value:?}"));
    match (name, value.split('=').next()?) {
        ("--jobs", start) if !start.starts_with(|c: char| c.is_ascii_digit() || c == '-') => {
            let usage = Usage::new(format!("-j {value}: expected a number"))
                .because("-j is --jobs, the number of concurrent requests");
            Some(usage.hint("use -o json for JSON"))
        }
        ("--registry", "") => {
            let usage = Usage::new("-r needs a registry").because("-r is --registry");
            Some(usage.hint("use --reverse to reverse the order"))
        }
        (
            "--output",
            "jsonpath" | "go-template" | "custom-columns" | "jsonpath-file" | "go-template-file" | "template",
        ) => Some(usage.hint(format!("use --format TEMPLATE; see {}", rls("help templates")))),
        (name, _) => Some(match meaning(argument, value)? {
            (.., "") => usage.hint(format!("leave out {name}")),
            (.., words) => usage.hint(format!("use {words}")),
        }),
    }
}

/// The command line with an option and its value replaced.
pub fn replace(argument: &str, value: &str, words: &[OsString]) -> Option<Vec<OsString>> {
    let (name, _, instead) = meaning(argument, value)?;
    let short = if *name == "--output" { "-o" } else { name };
    let (at, taken) = match find(name, words).or_else(|| find(short, words))? {
        At::Alone(at) => (at, 2),
        At::WithValue(at, _) => (at, 1),
        At::Among(..) => return None,
    };
    let mut words = words.to_vec();
    words.splice(at..at + taken, instead.split_whitespace().map(Into::into));
    Some(words)
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
    if ["raw", "raw-body", "rawbody"].contains(&&*name) {
        return Err(Usage::new(format!("--format {format}: expected a template"))
            .hint(format!("use {}", rls("manifest --raw"))));
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
        None => usage.hint(format!("see {}", rls("help templates"))),
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
        let refused =
            |format: &str| check_format(format).expect_err("it is refused").advice().unwrap_or_default().to_owned();
        assert_eq!(refused("json"), "use -o json");
        assert_eq!(refused("raw-body"), "use rls manifest --raw");
        assert_eq!(refused("{{.Tag}}"), "use --format '{{ tag }}'");
        assert_eq!(
            refused("table {{.Repository}}\\t{{ .Size }}"),
            "use --format '{{ repository }}\\t{{ size | human }}'"
        );
        assert_eq!(refused("{{json .}}"), "use -o jsonl");
        assert_eq!(refused("{{range .Tags}}{{.}}{{end}}"), "see rls help templates");
        for format in ["{{ tag }}", "json: {{ tag }}", "{{tag}}", "@pull"] {
            check_format(format).expect(format);
        }
    }
}
