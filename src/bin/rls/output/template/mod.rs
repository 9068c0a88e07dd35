//! `--format`: one line per record, from a Jinja template.

mod limits;

use std::collections::BTreeMap;

use minijinja::{Environment, ErrorKind, UndefinedBehavior};
use serde_json::Value;

use super::escape::escape;
use super::human::Human;
use super::record::{Time, UNKNOWN};
use crate::spelling::nearest;
use crate::usage::{Result, Usage};

/// The name of the template, which is shown in errors.
const NAME: &str = "--format";

/// Maximum length of a template, in bytes: compiling is recursive, and `1+1+1…` could overflow the stack.
const MAX_LENGTH: usize = 8 * 1024;

/// A template for the records of one command.
#[derive(Debug)]
pub struct Template {
    environment: Environment<'static>,
    fields: Vec<String>,
}

impl Template {
    /// Compiles `source` for records like `sample`, so that most errors are found before the first request.
    /// `option_for` returns the option that adds a field.
    ///
    /// # Errors
    /// The template is too long, does not parse, exceeds the limits, or uses an unknown field or filter.
    pub fn compile(
        source: &str,
        sample: &Value,
        human: Human,
        option_for: impl Fn(&str) -> Option<&'static str>,
    ) -> Result<Self> {
        if source.len() > MAX_LENGTH {
            return Err(Usage::new(format!("the template is longer than {} KiB", MAX_LENGTH >> 10)));
        }
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_formatter(|out, state, value| {
            let value = if value.is_none() { &minijinja::Value::from(UNKNOWN) } else { value };
            limits::charge_shown(state, value)?;
            minijinja::escape_formatter(out, state, value)
        });
        limits::install(&mut environment);
        add_filters(&mut environment, human);
        environment.add_template_owned(NAME, unescape(source)).map_err(|error| invalid_template(source, &error))?;
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

    /// Renders a record, without a line end. Text of the record is escaped, text of the template is not.
    ///
    /// # Errors
    /// An error that depends on the record, such as a text filter applied to a number.
    pub fn render(&mut self, record: Value) -> Result<String> {
        self.rendered(record).map_err(|error| match error.kind() {
            _ if limits::is_exceeded(&error) => limit_exceeded(),
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
                *place = escaped(value);
            }
        }
        limits::set(&mut self.environment, context.values().map(size).sum());
        let mut line = limits::Line::new(&self.environment);
        self.environment.get_template(NAME)?.render_captured_to(minijinja::value::Serde(context), &mut line)?;
        Ok(line.into_text())
    }

    fn check_names(&self, source: &str, option_for: impl Fn(&str) -> Option<&'static str>) -> Result<()> {
        let template = self.environment.get_template(NAME).map_err(|error| invalid_template(source, &error))?;
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

    /// Renders the sample, because filters are looked up when first used; other errors may be due to the sample.
    fn check_filters(&mut self, source: &str, sample: &Value) -> Result<()> {
        match self.rendered(sample.clone()) {
            Err(error) if limits::is_exceeded(&error) => Err(limit_exceeded()),
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::UnknownFilter | ErrorKind::UnknownTest | ErrorKind::UnknownFunction
                ) =>
            {
                Err(invalid_template(source, &error))
            }
            _ => Ok(()),
        }
    }
}

/// Whether templates have a filter, for the test of the documentation.
#[cfg(test)]
pub fn has_filter(name: &str) -> bool {
    let human = Human { now: jiff::Timestamp::UNIX_EPOCH, styles: super::Styles::new(false), whole: false };
    let source = format!("{{{{ tag | {name} }}}}");
    let template = Template::compile(&source, &serde_json::json!({"tag": "1.0"}), human, |_| None);
    template.map_or_else(|error| !error.to_string().contains("unknown filter"), |_| true)
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

fn invalid_template(source: &str, error: &minijinja::Error) -> Usage {
    Usage::new(format!("invalid template {source:?}")).because(reason(error))
}

fn limit_exceeded() -> Usage {
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

/// Escapes all text and keys of a record.
fn escaped(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(escape(&text).into_owned()),
        Value::Array(items) => items.into_iter().map(escaped).collect(),
        Value::Object(members) => {
            members.into_iter().map(|(key, value)| (escape(&key).into_owned(), escaped(value))).collect()
        }
        other => other,
    }
}

/// The approximate size of a record.
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
