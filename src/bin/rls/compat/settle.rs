//! Turns a command line of docker-ls or docker-rm into one of ours. Order: option, `DOCKER_LS_…`, configuration file,
//! default.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::ArgMatches;
use clap::parser::ValueSource;
use serde_json::Value;

use super::grammar::{docker_ls, docker_rm};
use super::invocation::{Encoding, Invocation, Operation};
use super::template::GoTemplate;
use crate::args::{Cli, Command, Global, MAX_JOBS, Refusal};
use crate::input;
use crate::output::ProgressChoice;
use crate::usage::{Result, Usage};

/// docker-ls' default registry.
const REGISTRY: &str = "https://index.docker.io";

/// The settings of one run.
struct Layers<'a> {
    options: &'a ArgMatches,
    environment: &'a dyn Fn(&str) -> Option<OsString>,
    file: BTreeMap<String, Value>,
}

/// Our command line for one of docker-ls or docker-rm, whose name comes first. `environment` looks up a variable.
///
/// # Errors
/// Errors of the command line, the configuration file or a template.
pub async fn settle(words: &[OsString], environment: &dyn Fn(&str) -> Option<OsString>) -> Result<Cli, Refusal> {
    let removes = words.first().is_some_and(|name| name == "docker-rm");
    let grammar = if removes { docker_rm() } else { docker_ls() };
    let matches = grammar.try_get_matches_from(words).map_err(Refusal::Clap)?;
    let (name, options) = match matches.subcommand() {
        Some((name, options)) => (name, options),
        None => ("remove", &matches),
    };
    match name {
        "version" => return Ok(Cli::of(Global::default(), Command::Version)),
        "autocomplete" => {
            let shell = options.get_one("shell").copied().unwrap_or(clap_complete::Shell::Bash);
            return Ok(Cli::of(Global::default(), Command::DockerLsCompletions(shell)));
        }
        _ => {}
    }
    let named = options.get_one::<String>("config").map(PathBuf::from);
    let file = read_config(named.as_deref(), environment).await?;
    let layers = Layers { options, environment, file };
    let operation = layers.operation(name)?;
    let encoding = layers.encoding(&operation)?;
    Ok(Cli::of(layers.global()?, Command::DockerLs(Box::new(Invocation { operation, encoding }))))
}

/// The configuration file: the named one, or the first of `~/.docker-ls.{yaml,json,toml}` that exists.
async fn read_config(
    named: Option<&Path>,
    environment: &dyn Fn(&str) -> Option<OsString>,
) -> Result<BTreeMap<String, Value>> {
    let home = environment("HOME").map(PathBuf::from);
    let places = match (named, home) {
        (Some(named), _) => vec![named.to_owned()],
        (None, Some(home)) => {
            ["json", "toml", "yaml", "yml"].map(|end| home.join(format!(".docker-ls.{end}"))).to_vec()
        }
        (None, None) => Vec::new(),
    };
    for place in places {
        let called = format!("the configuration file {}", place.display());
        match input::read_file(&place, input::MAX_CONFIG).await {
            Ok(bytes) => {
                return parse_config(&place, &bytes)
                    .map_err(|why| Usage::new(format!("cannot read {called}")).because(why));
            }
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(input::unreadable(&called, &error)),
        }
    }
    Ok(BTreeMap::new())
}

fn parse_config(path: &Path, bytes: &[u8]) -> Result<BTreeMap<String, Value>, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    let value: Value = match path.extension().and_then(|end| end.to_str()) {
        Some("json") => serde_json::from_str(text).map_err(|error| error.to_string())?,
        Some("toml") => toml::from_str(text).map_err(|error| error.message().to_owned())?,
        _ if text.trim().is_empty() => return Ok(BTreeMap::new()),
        _ => serde_saphyr::from_str(text).map_err(|error| error.to_string())?,
    };
    match value {
        // Its keys do not depend on case.
        Value::Object(members) => Ok(members.into_iter().map(|(key, value)| (key.to_lowercase(), value)).collect()),
        _ => Err("expected a table of options".to_owned()),
    }
}

impl Layers<'_> {
    /// The value of an option.
    fn text(&self, name: &str) -> Option<String> {
        let is_given = self.options.try_contains_id(name).unwrap_or(false)
            && self.options.value_source(name) == Some(ValueSource::CommandLine);
        if is_given {
            return self.options.get_one::<String>(name).cloned();
        }
        let variable = format!("DOCKER_LS_{}", name.to_uppercase().replace('-', "_"));
        let set = (self.environment)(&variable).and_then(|value| value.into_string().ok());
        set.filter(|value| !value.is_empty()).or_else(|| match self.file.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
            scalar => Some(scalar.to_string()),
        })
    }

    /// A switch, which Go reads.
    fn switch(&self, name: &str, default: bool) -> Result<bool> {
        match self.text(name).as_deref() {
            None => Ok(default),
            Some("1" | "t" | "T" | "true" | "TRUE" | "True") => Ok(true),
            Some("0" | "f" | "F" | "false" | "FALSE" | "False") => Ok(false),
            Some(other) => {
                Err(Usage::new(format!("invalid value {other:?} for --{name}")).because("expected true or false"))
            }
        }
    }

    fn number(&self, name: &str) -> Result<Option<u64>> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let number = text
            .parse()
            .map_err(|_| Usage::new(format!("invalid value {text:?} for --{name}")).because("expected a number"));
        number.map(Some)
    }

    fn operation(&self, name: &str) -> Result<Operation> {
        let level = self.number("level")?.unwrap_or(0);
        let argument = |name: &str| self.options.get_one::<String>(name).cloned().unwrap_or_default();
        Ok(match name {
            "repositories" => Operation::Repositories { tags: level > 0 },
            "tags" => Operation::Tags { repository: argument("repository"), details: level > 0 },
            "tag" => {
                let (repository, tag) = split(&argument("reference"))?;
                Operation::Tag {
                    repository,
                    tag,
                    raw: self.switch("raw-manifest", false)?,
                    history: self.switch("parse-history", false)?,
                    schema1: self.number("manifest-version")? == Some(1),
                }
            }
            _ => {
                let (repository, tag) = split(&argument("reference"))?;
                Operation::Remove { repository, tag, with_siblings: self.options.get_flag("with-siblings") }
            }
        })
    }

    fn encoding(&self, operation: &Operation) -> Result<Encoding> {
        if matches!(operation, Operation::Remove { .. }) {
            return Ok(Encoding::Yaml);
        }
        if let Some(source) = self.text("template-source") {
            return GoTemplate::parse(&source).map(Encoding::Template);
        }
        if let Some(name) = self.text("template") {
            let templates = self.file.get("templates").and_then(Value::as_object);
            let source =
                templates.and_then(|templates| templates.iter().find(|(key, _)| key.eq_ignore_ascii_case(&name)));
            let source = source.and_then(|(_, source)| source.as_str());
            let source = source.ok_or_else(|| {
                Usage::new(format!("template {name:?} does not exist"))
                    .hint("define it below templates in ~/.docker-ls.yaml")
            })?;
            return GoTemplate::parse(source).map(Encoding::Template);
        }
        let is_table = matches!(operation, Operation::Repositories { .. }) && self.switch("table", false)?;
        Ok(match is_table {
            true => Encoding::Table,
            false if self.switch("json", false)? => Encoding::Json,
            false => Encoding::Yaml,
        })
    }

    /// Our global options.
    fn global(&self) -> Result<Global> {
        let registry = self.text("registry").unwrap_or_else(|| REGISTRY.to_owned());
        let jobs = self.number("max-requests")?.map(|jobs| jobs.clamp(1, MAX_JOBS) as u16);
        let insecure = self.switch("allow-insecure", false)? && !registry.starts_with("http://");
        let is_interactive = self.switch("interactive-password", false)?;
        let password = self.text("password").filter(|_| !is_interactive);
        let progress = (!self.switch("progress-indicator", true)?).then_some(ProgressChoice::Never);
        Ok(Global {
            registry: Some(registry),
            username: self.text("user").filter(|user| !user.is_empty()),
            password: password.map(Into::into),
            insecure,
            jobs,
            progress,
            verbose: u8::from(self.switch("debug", false)?),
            stats: self.switch("statistics", false)?,
            ..Global::default()
        })
    }
}

/// `REPO:TAG`, whose tag may be a digest.
fn split(reference: &str) -> Result<(String, String)> {
    match reference.split_once(':') {
        Some((repository, tag)) if !repository.contains('@') && !tag.is_empty() => {
            Ok((repository.to_owned(), tag.to_owned()))
        }
        Some((repository, digest)) if repository.contains('@') => {
            let repository = repository.split('@').next().unwrap_or_default();
            Err(Usage::new(format!("invalid reference {reference:?}"))
                .because("expected REPOSITORY:TAG or REPOSITORY:DIGEST")
                .hint(format!("use {repository}:sha256:{digest}")))
        }
        _ => Err(Usage::new(format!("invalid reference {reference:?}"))
            .because("expected REPOSITORY:TAG or REPOSITORY:DIGEST")
            .hint(format!("use {}:latest", reference.trim_end_matches(':')))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn settled(line: &str, variables: &[(&str, &str)]) -> Result<Cli, Refusal> {
        let words: Vec<OsString> = line.split(' ').map(Into::into).collect();
        let lookup =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(*value));
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(settle(&words, &lookup))
    }

    fn invocation(cli: Cli) -> (Global, Invocation) {
        match cli.command {
            Command::DockerLs(invocation) => (cli.global, *invocation),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn options_win_over_the_environment() {
        let variables = [
            ("DOCKER_LS_REGISTRY", "http://reg:5000"),
            ("DOCKER_LS_USER", "ann"),
            ("DOCKER_LS_PASSWORD", "s3cret"),
            ("DOCKER_LS_JSON", "true"),
            ("DOCKER_LS_LEVEL", "1"),
            ("DOCKER_LS_MAX_REQUESTS", "3"),
            ("DOCKER_LS_PROGRESS_INDICATOR", "false"),
        ];
        let (global, run) =
            invocation(settled("docker-ls repositories", &variables).expect("a command line of docker-ls"));
        assert_eq!((global.registry.as_deref(), global.username.as_deref()), (Some("http://reg:5000"), Some("ann")));
        assert_eq!(global.password.expect("a password").expose_secret(), "s3cret");
        assert_eq!((global.jobs, global.progress), (Some(3), Some(ProgressChoice::Never)));
        assert_eq!(run.operation, Operation::Repositories { tags: true });
        assert!(matches!(run.encoding, Encoding::Json));
        let (global, run) = invocation(
            settled("docker-ls tags -r reg2 -l 0 --json=false app", &variables).expect("a command line of docker-ls"),
        );
        assert_eq!(global.registry.as_deref(), Some("reg2"));
        assert_eq!(run.operation, Operation::Tags { repository: "app".to_owned(), details: false });
        assert!(matches!(run.encoding, Encoding::Yaml));
        let (global, _) = invocation(settled("docker-ls tags app", &[]).expect("a command line of docker-ls"));
        assert_eq!(global.registry.as_deref(), Some(REGISTRY));
    }

    #[test]
    fn references_are_split_at_the_first_colon() {
        let (_, run) = invocation(settled("docker-rm app:sha256:00", &[]).expect("a command line of docker-ls"));
        let expected =
            Operation::Remove { repository: "app".to_owned(), tag: "sha256:00".to_owned(), with_siblings: false };
        assert_eq!(run.operation, expected);
        for (line, why) in [
            ("docker-ls tag app", "invalid reference \"app\": expected REPOSITORY:TAG or REPOSITORY:DIGEST"),
            (
                "docker-ls tag app@sha256:00",
                "invalid reference \"app@sha256:00\": expected REPOSITORY:TAG or REPOSITORY:DIGEST",
            ),
            ("docker-rm app", "invalid reference \"app\": expected REPOSITORY:TAG or REPOSITORY:DIGEST"),
            ("docker-ls tags", "MissingRequiredArgument"),
            ("docker-rm", "MissingRequiredArgument"),
            ("docker-ls x", "InvalidSubcommand"),
            ("docker-ls tags app -l x", "invalid value \"x\" for --level: expected a number"),
        ] {
            let refusal = settled(line, &[]).expect_err(line);
            let said = match &refusal {
                Refusal::Usage(usage) => format!("{}: {}", usage.what(), usage.causes().join(": ")),
                Refusal::Clap(error) => format!("{:?}", error.kind()),
            };
            assert_eq!(said, why, "{line}");
        }
    }
}
