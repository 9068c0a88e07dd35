//! `rls help`: the help of commands, the references, and the schemas of records.

use std::io::stdout;

use super::context::Context;
use crate::args::{self, HelpArgs};
use crate::command_line::rls;
use crate::help::{Topic, schema};
use crate::output::{OutputError, Styles, is_closed, text_width, write_raw};
use crate::report::CommandError;
use crate::spelling::nearest;
use crate::usage::Usage;

pub fn run(args: &HelpArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let styles = Styles::for_stdout(context.settings.color);
    let text = match (&args.words[..], args.topic()) {
        ([first, rest @ ..], _) if first == "schema" => schema(rest)?,
        (_, Some(topic)) => reference(topic, styles),
        (words, None) => args::help_of(words).map(|help| styles.render(&help)).ok_or_else(|| unknown(words))?,
    };
    write(&text)
}

/// `rls version`
pub fn version() -> Result<(), CommandError> {
    write(concat!("rls ", env!("CARGO_PKG_VERSION"), "\n"))
}

/// What docker asks its CLI plugins.
pub fn plugin_metadata() -> Result<(), CommandError> {
    let metadata = serde_json::json!({
        "SchemaVersion": "0.1.0",
        "Vendor": "registry-ls",
        "Version": env!("CARGO_PKG_VERSION"),
        "ShortDescription": "List the tags of a repository in a registry",
    });
    write(&format!("{metadata}\n"))
}

fn write(text: &str) -> Result<(), CommandError> {
    if is_closed() {
        return Err(OutputError::Nowhere.into());
    }
    Ok(write_raw(stdout(), text.as_bytes(), false)?)
}

fn reference(topic: Topic, styles: Styles) -> String {
    topic.text(text_width(), styles).unwrap_or_else(|| styles.render(&args::help_of_options()))
}

/// The JSON Schema of a command's records; without a command the names of those that have one.
fn schema(words: &[String]) -> Result<String, Usage> {
    let [word] = words else {
        return match words.is_empty() {
            true => Ok(schema::commands().map(|command| format!("{command}\n")).collect()),
            false => Err(Usage::new("rls help schema takes one command").hint(rls("help schema"))),
        };
    };
    let command = args::name_of_command(word);
    match schema::schema_of(command.as_deref().unwrap_or(word)) {
        Some(schema) => Ok(schema.to_owned()),
        None => {
            let what = match &command {
                Some(command) => format!("rls {command} prints no records"),
                None => format!("there is no command {word:?}"),
            };
            let usage = Usage::new(what);
            let near = if command.is_none() { nearest(word, schema::commands()) } else { None };
            Err(usage.hint(near.map_or_else(|| rls("help schema"), |near| rls(format_args!("help schema {near}")))))
        }
    }
}

fn unknown(words: &[String]) -> Usage {
    let topics: Vec<_> = Topic::ALL.iter().map(|(name, _)| *name).chain(["schema"]).collect();
    let known = args::names_of_commands();
    let word = words.first().map(String::as_str).unwrap_or_default();
    let near = nearest(word, known.iter().map(String::as_str).chain(topics.iter().copied()));
    let name = match args::command_here(words) {
        Some(Ok(name)) => Some(name),
        Some(Err(usage)) if near.is_none() => return usage,
        _ => near,
    };
    let usage = Usage::new(format!("no help for {:?}", words.join(" ")))
        .because(format!("references are {}; the rest are commands", topics.join(", ")));
    match name {
        Some(name) => usage.hint(rls(format_args!("help {name}"))),
        None => usage.hint(rls("help")),
    }
}
