//! `--format`: one line a record, in Jinja's language.

mod limits;

use std::collections::BTreeMap;

use minijinja::{Environment, ErrorKind, UndefinedBehavior};
use serde_json::Value;

use super::escape::escape;
use super::human::Human;
use super::record::{Time, UNKNOWN};
use crate::spelling::nearest;
use crate::usage::{Result, Usage};

/// The one template in its environment; the name is shown in errors.
const NAME: &str = "--format";

/// The longest template, in bytes: it is compiled by recursion, and `1+1+1…` would otherwise use up the stack.
const LONGEST: usize = 8 * 1024;

/// A template that fits the records of one command.
#[derive(Debug)]
pub struct Template {
    environment: Environment<'static>,
    fields: Vec<String>,
}

impl Template {
    /// Compiles `source` for records like `sample`: whatever can be known to be wrong with it is found here, before any
    /// request is sent. `option_for` knows the options that add fields to the records.
    ///
    /// # Errors
    /// A template that is too long, does not parse, asks for too much, or names a field or filter that there is not.
    pub fn compile(
        source: &str,
        sample: &Value,
        human: Human,
        option_for: impl Fn(&str) -> Option<&'static str>,
    ) -> Result<Self> {
        if source.len() > LONGEST {
            return Err(Usage::new(format!("the template is longer than {} KiB", LONGEST >> 10)));
        }
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_formatter(|out, state, value| {
            let value = if value.is_none() { &minijinja::Value::from(UNKNOWN) } else { value };
            limits::take_shown(state, value)?;
            minijinja::escape_formatter(out, state, value)
        });
        limits::bound(&mut environment);
        add_filters(&mut environment, human);
        environment.add_template_owned(NAME, unescape(source)).map_err(|error| broken(source, &error))?;
        let mut fields: Vec<String> =
            sample.as_object().map(|object| object.keys().cloned().collect()).unwrap_or_default();
        if !fields.iter().any(|field| field == "error") {
            fields.push("error".to_owned());
        }
        let mut template = Self { environment, fields };
        template.check_names(source, option_for)?;
        template.check_filters(source, sample)?;
        Ok(template)
    }

    /// The record's line, without a line end. Text in the record is escaped, text in the template is not.
    ///
    /// # Errors
    /// What only this record shows to be wrong, such as a filter for text that met a number.
    pub fn render(&mut self, record: Value) -> Result<String> {
        self.rendered(record).map_err(|error| match error.kind() {
            _ if limits::is_short(&error) => too_much(),
            _ => Usage::new("the template cannot render a record").because(reason(&error)),
        })
    }

    fn rendered(&mut self, record: Value) -> std::result::Result<String, minijinja::Error> {
        let mut context: BTreeMap<&str, Value> =
            self.fields.iter().map(|field| (field.as_str(), Value::Null)).collect();
        let Value::Object(record) = record else {
            return Err(minijinja::Error::new(ErrorKind::BadSerialization, "a record is an object"));
        };
        for (field, value) in record {
            if let Some(place) = context.get_mut(field.as_str()) {
                *place = harmless(value);
            }
        }
        limits::set(&mut self.environment, context.values().map(size).sum());
        let mut line = limits::Line::new(&self.environment);
        self.environment.get_template(NAME)?.render_captured_to(minijinja::value::Serde(context), &mut line)?;
        Ok(line.into_text())
    }

    fn check_names(&self, source: &str, option_for: impl Fn(&str) -> Option<&'static str>) -> Result<()> {
        let template = self.environment.get_template(NAME).map_err(|error| broken(source, &error))?;
        let globals: Vec<&str> = self.environment.globals().map(|(name, _)| name).collect();
        let mut unknown: Vec<String> = template.undeclared_variables(false).into_iter().collect();
        unknown.retain(|name| !self.fields.contains(name) && !globals.contains(&name.as_str()));
        unknown.sort();
        let Some(name) = unknown.first() else { return Ok(()) };
        let known = self.fields.join(", ");
        let usage =
            Usage::new(format!("unknown field {name} in the template")).because(format!("the fields are {known}"));
        Err(match (option_for(name), nearest(name, self.fields.iter().map(String::as_str))) {
            (Some(option), _) => usage.hint(format!("use {option} to add it")),
            (None, Some(field)) => usage.hint(format!("did you mean {field}?")),
            (None, None) => usage,
        })
    }

    /// A filter is looked up when it is first used, so it is used here; whatever else goes wrong may be the sample's
    /// fault.
    fn check_filters(&mut self, source: &str, sample: &Value) -> Result<()> {
        match self.rendered(sample.clone()) {
            Err(error) if limits::is_short(&error) => Err(too_much()),
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::UnknownFilter | ErrorKind::UnknownTest | ErrorKind::UnknownFunction
                ) =>
            {
                Err(broken(source, &error))
            }
            _ => Ok(()),
        }
    }
}

fn add_filters(environment: &mut Environment<'_>, human: Human) {
    let on_number = move |value: minijinja::Value| match u64::try_from(value.clone()) {
        Ok(bytes) => minijinja::Value::from(human.size(bytes)),
        Err(_) => value,
    };
    let on_text = |convert: fn(&Human, &str) -> String| {
        move |value: minijinja::Value| match value.as_str() {
            Some(text) => minijinja::Value::from(convert(&human, text)),
            None => value,
        }
    };
    environment.add_filter("human", on_number);
    environment.add_filter(
        "ago",
        on_text(|human, text| Time::parse(text).map_or_else(|| text.to_owned(), |time| human.ago(time))),
    );
    environment.add_filter("short", on_text(|human, text| human.short(text)));
}

fn broken(source: &str, error: &minijinja::Error) -> Usage {
    Usage::new(format!("invalid template {source:?}")).because(reason(error))
}

fn too_much() -> Usage {
    Usage::new("the template makes too much output")
        .because("one record may make 1 MiB, or 128 times its own size if that is more, in as many steps")
        .hint("check it for large numbers and long loops")
}

fn reason(error: &minijinja::Error) -> String {
    match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    }
}

/// Text and keys of a record, escaped to any depth that our own records have.
fn harmless(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(escape(&text).into_owned()),
        Value::Array(items) => items.into_iter().map(harmless).collect(),
        Value::Object(members) => {
            members.into_iter().map(|(key, value)| (escape(&key).into_owned(), harmless(value))).collect()
        }
        other => other,
    }
}

/// The text in a record, and something for everything else.
fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(|item| 8 + size(item)).sum(),
        Value::Object(members) => members.iter().map(|(key, value)| key.len() + 8 + size(value)).sum(),
        _ => 8,
    }
}

/// `\t` and `\n` outside of `{{ }}` and `{% %}`, as docker's `--format` takes them; inside they belong to Jinja.
fn unescape(source: &str) -> String {
    let mut result = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(start) = ["{{", "{%", "{#"].iter().filter_map(|open| rest.find(open)).min() {
        let close = match &rest[start..start + 2] {
            "{{" => "}}",
            "{%" => "%}",
            _ => "#}",
        };
        let end = rest[start..].find(close).map_or(rest.len(), |length| start + length + 2);
        result.push_str(&unescape_literal(&rest[..start]));
        result.push_str(&rest[start..end]);
        rest = &rest[end..];
    }
    result + &unescape_literal(rest)
}

fn unescape_literal(text: &str) -> String {
    text.replace("\\t", "\t").replace("\\n", "\n")
}
