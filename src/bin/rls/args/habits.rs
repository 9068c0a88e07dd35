//! What people type by habit, from docker, docker-ls, crane, skopeo, kubectl and curl: the error says what to type here.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::usage::{Result, Usage};

/// Options of other programs, and what to use here. In the latter, `N` stands for a number that was given.
const OPTIONS: &[(&[&str], &str)] = &[
    (&["--json"], "use -o json"),
    (&["--yaml"], "use -o yaml"),
    (&["--table"], "use -o table"),
    (&["--csv"], "use -o csv"),
    (&["--plain"], "use -o plain"),
    (&["--template", "--template-source", "-t", "--go-template"], "use --format TEMPLATE; see rls help templates"),
    (&["--level"], "use rls repos --tags, rls tags -d or rls tags -l"),
    (&["-n", "--last", "--max", "--count", "--max-results"], "use --limit N"),
    (
        &[
            "--tls-verify",
            "--src-tls-verify",
            "--dest-tls-verify",
            "--insecure-skip-tls-verify",
            "--skip-tls-verify",
            "-k",
        ],
        "use --ca-file PEM to trust the registry's CA, --insecure to verify nothing, or --plain-http for a registry without TLS",
    ),
    (
        &["--insecure-registry", "--allow-insecure", "--insecure-registries", "--allow-nondistributable-artifacts"],
        "use --plain-http for a registry without TLS, or --insecure to verify no certificate",
    ),
    (&["--http"], "use --plain-http"),
    (
        &["--cacert", "--tls-cacert", "--ca-cert", "--cafile", "--cert-dir", "--certificate-authority"],
        "use --ca-file PEM",
    ),
    (&["--cert", "--client-certificate", "--tls-cert"], "use --client-cert PEM and --client-key PEM"),
    (&["--key", "--tls-key"], "use --client-key PEM and --client-cert PEM"),
    (
        &["--creds", "--src-creds", "--dest-creds", "--user", "--identity-token", "--registry-token"],
        "use -u NAME, or run 'rls login REGISTRY'",
    ),
    (&["--authfile", "--registry-config"], "use --auth-file FILE"),
    (&["--no-creds", "--no-auth"], "use --anonymous"),
    (&["-i", "--interactive-password"], "use -u NAME: it asks for the password"),
    (&["--basic-auth", "--auth"], "leave it out: the registry says which authentication it needs"),
    (&["--full-ref", "--fullname"], "use --full"),
    (&["--omit-digest-tags"], "use --exclude 'sha256-*'"),
    (&["--filter", "--regex", "--grep", "--selector"], "use --match GLOB"),
    (&["--sort-by", "--order", "--order-by"], "use --sort ORDER"),
    (&["--no-headers", "--noheading", "--noheadings"], "use --no-header"),
    (&["-w", "--watch"], "use 'rls wait REF' to wait for a tag"),
    (&["--raw-manifest"], "use rls manifest --raw"),
    (&["--parse-history"], "use rls manifest --history"),
    (&["--manifest-version", "--page-size", "--user-agent"], "leave it out: rls does not need it"),
    (&["--max-requests", "--parallel", "--concurrency"], "use --jobs N"),
    (&["--progress-indicator", "--no-progress"], "use --progress never"),
    (&["--statistics"], "use --stats"),
    (&["--debug", "--trace", "--log-level"], "use -v, or -vv for headers"),
    (&["--host", "--server", "--endpoint", "--url"], "use --registry REGISTRY"),
    (&["--override-os", "--override-arch", "--os", "--arch"], "use --platform OS/ARCH"),
    (&["--all-platforms"], "leave it out: rls shows every platform"),
    (&["--force-yes", "--assume-yes", "--no-confirm"], "use --yes"),
    (&["--digest"], "use --digests"),
    (&["--command-timeout", "--request-timeout", "--max-time"], "use --timeout DURATION, such as 30s"),
];

/// Commands of other programs, and what to run here. `{}` stands for the arguments that are not options.
const COMMANDS: &[(&[&str], &str)] = &[
    (&["catalog", "list-repos", "repo", "repository", "search"], "rls repos {}"),
    (&["list-tags", "list", "images", "image", "dir"], "rls tags {}"),
    (&["tag", "get", "describe", "show", "config", "manifests"], "rls manifest {}"),
    (&["rmi", "delete", "remove", "del", "untag", "unlink"], "rls rm {}"),
    (&["validate", "verify", "ping", "status", "diagnose"], "rls doctor {}"),
    (&["autocomplete"], "rls completions bash"),
    (&["auth", "signin"], "rls login {}"),
    (&["attach", "discover", "tree"], "rls referrers {}"),
    (&["export", "extract"], "rls files {}"),
    (&["gc", "cleanup", "clean", "retention"], "rls prune {} --keep-last 10"),
    (&["sync", "watch"], "rls wait {}"),
];

/// Commands that copy images, which rls does not do.
const COPYING: &[&str] = &["pull", "push", "copy", "cp", "save", "load", "run", "build", "create", "mirror", "append"];

/// What to type in place of an unknown option or command. `None` if it is not known either.
pub fn translate(error: &clap::Error, argv: &[OsString]) -> Option<Usage> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    match error.kind() {
        ErrorKind::UnknownArgument => option(text(ContextKind::InvalidArg)?, argv),
        ErrorKind::InvalidSubcommand => command(text(ContextKind::InvalidSubcommand)?, argv),
        ErrorKind::ValueValidation | ErrorKind::InvalidValue => {
            value(text(ContextKind::InvalidArg)?, text(ContextKind::InvalidValue)?)
        }
        _ => None,
    }
}

fn option(named: &str, argv: &[OsString]) -> Option<Usage> {
    let name = named.split(['=', ' ']).next()?;
    let (_, here) = OPTIONS.iter().find(|(names, _)| names.contains(&name))?;
    let here = match number_of(name, argv) {
        Some(number) => here.replace(" N", &format!(" {number}")),
        None => (*here).to_owned(),
    };
    Some(Usage::new(format!("unknown option {name}")).hint(here))
}

/// The number that was given to an option: `-n 5`, `-n5`, `--last=5`.
fn number_of(option: &str, argv: &[OsString]) -> Option<u64> {
    let mut words = argv.iter().filter_map(|word| word.to_str());
    let after = words.find_map(|word| word.strip_prefix(option))?;
    let value = if after.is_empty() { words.next()? } else { after.trim_start_matches('=') };
    value.parse().ok()
}

fn command(name: &str, argv: &[OsString]) -> Option<Usage> {
    if COPYING.contains(&name) {
        let usage =
            Usage::new(format!("unknown command {name}")).because("rls reads and deletes; it does not copy images");
        return Some(usage.hint("use docker, skopeo or crane for that"));
    }
    let (_, here) = COMMANDS.iter().find(|(names, _)| names.contains(&name))?;
    let mut words = argv.iter().filter_map(|word| word.to_str());
    let after = words.by_ref().position(|word| word == name)?;
    // An option may have a secret as its value: what follows one is not repeated.
    let has_options = argv
        .iter()
        .take(after)
        .chain(argv.iter().skip(after + 1))
        .any(|word| word.as_encoded_bytes().starts_with(b"-"));
    // Words that belong to the other program's command: `repo ls`, `manifest get`, `get pods`.
    let arguments = words.filter(|word| !["ls", "list", "get", "inspect", "rm", "login"].contains(word));
    let arguments = if has_options { String::new() } else { arguments.collect::<Vec<_>>().join(" ") };
    let line = here.replace("{}", &arguments);
    Some(Usage::new(format!("unknown command {name}")).hint(line.split_whitespace().collect::<Vec<_>>().join(" ")))
}

fn value(option: &str, value: &str) -> Option<Usage> {
    let name = option.split(' ').next()?;
    if name == "--jobs" && !value.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
        let usage = Usage::new(format!("-j {value}: expected a number"))
            .because("-j is --jobs, the number of concurrent requests");
        return Some(usage.hint("use -o json for JSON"));
    }
    if name != "--output" {
        return None;
    }
    let hint = match value.split('=').next()? {
        "wide" | "long" => "use -l",
        "name" | "text" => "use -o plain",
        "jsonpath" | "go-template" | "custom-columns" | "jsonpath-file" | "template" => {
            "use --format TEMPLATE; see rls help templates"
        }
        "ndjson" | "json-lines" | "jsonlines" => "use -o jsonl",
        _ => return None,
    };
    Some(Usage::new(format!("unknown format {value:?}")).hint(hint))
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
    use crate::args::{Refusal, command as program, parse};

    fn hint(line: &str) -> String {
        match parse(line.split(' ')) {
            Err(Refusal::Usage(usage)) => usage.advice().unwrap_or_default().to_owned(),
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn options_typed_by_habit_get_the_option_to_use() {
        let cases = [
            ("rls tags app --json", "use -o json"),
            ("rls repos -r reg:5000 --level 1", "use rls repos --tags, rls tags -d or rls tags -l"),
            ("rls tags app -n 5", "use --limit 5"),
            ("rls tags app -n5", "use --limit 5"),
            ("rls tags app --last=5", "use --limit 5"),
            ("rls tags app --max-requests 4", "use --jobs 4"),
            ("rls tags -j web/nginx", "use -o json for JSON"),
            ("rls tags app -o wide", "use -l"),
            ("rls tags app -o jsonpath={.tag}", "use --format TEMPLATE; see rls help templates"),
            ("rls tags app --no-creds", "use --anonymous"),
            ("rls tags app --creds ann:SECRET", "use -u NAME, or run 'rls login REGISTRY'"),
        ];
        for (line, expected) in cases {
            assert_eq!(hint(line), expected, "{line}");
        }
        for line in ["rls tags app --tls-verify=false", "rls --insecure-registry reg tags app", "rls tags -k app"] {
            assert!(hint(line).contains("--plain-http"), "{line}");
        }
    }

    #[test]
    fn commands_of_other_programs_get_the_command_to_run() {
        let cases = [
            ("rls catalog registry.corp:5000", "rls repos registry.corp:5000"),
            ("rls list-tags docker://reg.corp/app", "rls tags docker://reg.corp/app"),
            ("rls repo ls reg.corp", "rls repos reg.corp"),
            ("rls delete team/app:1.0", "rls rm team/app:1.0"),
            ("rls auth login reg.corp", "rls login reg.corp"),
            ("rls images", "rls tags"),
            ("rls pull alpine", "use docker, skopeo or crane for that"),
            ("rls delete -u ann --secret x", "rls rm"),
        ];
        for (line, expected) in cases {
            assert_eq!(hint(line), expected, "{line}");
        }
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

    /// A habit that becomes an option or a command of ours has to leave the tables.
    #[test]
    fn the_tables_name_nothing_that_exists_here() {
        let program = program();
        // An option that only some commands have may be typed with another one.
        let long: Vec<_> = program.get_arguments().filter_map(clap::Arg::get_long).collect();
        for name in OPTIONS.iter().flat_map(|(names, _)| *names).filter_map(|name| name.strip_prefix("--")) {
            assert!(!long.contains(&name), "--{name} exists");
        }
        for name in COMMANDS.iter().flat_map(|(names, _)| *names).chain(COPYING) {
            assert!(program.find_subcommand(name).is_none(), "{name} exists");
        }
    }
}
