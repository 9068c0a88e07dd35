//! Renders values as Go does.

use serde_json::Value;

use super::node::{Expr, Node, invalid, unsupported};
use crate::usage::Result;

/// Appends what a template makes of a value.
pub(super) fn render(nodes: &[Node], value: &Value, out: &mut String) -> Result<()> {
    for node in nodes {
        match node {
            Node::Text(text) => out.push_str(text),
            Node::Print(expr) => out.push_str(&shown(&evaluate(expr, value)?)),
            Node::If(expr, then, otherwise) => {
                render(if is_true(&evaluate(expr, value)?) { then } else { otherwise }, value, out)?;
            }
            Node::Range(expr, each, otherwise) => match evaluate(expr, value)? {
                Value::Array(items) if !items.is_empty() => {
                    items.iter().try_for_each(|item| render(each, item, out))?;
                }
                Value::Array(_) | Value::Null => render(otherwise, value, out)?,
                other => return Err(invalid(format!("range cannot iterate over {}", shown(&other)))),
            },
        }
    }
    Ok(())
}

fn evaluate(expr: &Expr, value: &Value) -> Result<Value> {
    match expr {
        Expr::Text(text) => Ok(Value::from(text.as_str())),
        Expr::Number(number) => Ok(Value::from(*number)),
        Expr::Field(fields) => fields.iter().try_fold(value.clone(), |value, field| member(&value, field)),
        Expr::Len(expr) => match evaluate(expr, value)? {
            Value::Array(items) => Ok(items.len().into()),
            Value::Null => Ok(0.into()),
            Value::String(text) => Ok(text.len().into()),
            other => Err(invalid(format!("len of {}", shown(&other)))),
        },
        Expr::Printf(arguments) => {
            let arguments = arguments.iter().map(|expr| evaluate(expr, value)).collect::<Result<Vec<_>>>()?;
            let Some((Value::String(format), arguments)) = arguments.split_first() else {
                return Err(invalid("printf needs a format"));
            };
            printf(format, arguments).map(Value::from)
        }
    }
}

/// A field of Go's structures, whose JSON name begins in lower case: `TagName` is `tagName`.
fn member(value: &Value, field: &str) -> Result<Value> {
    let mut name = field.to_owned();
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    let is_exported = field.starts_with(|c: char| c.is_ascii_uppercase());
    let member = value.get(&name).filter(|_| is_exported);
    member.cloned().ok_or_else(|| match value.as_object() {
        Some(members) => {
            let known: Vec<_> =
                members.keys().map(|key| format!(".{}{}", key[..1].to_ascii_uppercase(), &key[1..])).collect();
            invalid(format!("there is no field .{field} here; the fields are {}", known.join(", ")))
        }
        None => invalid(format!("there is no field .{field} here")),
    })
}

fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(on) => *on,
        Value::Number(number) => number.as_i64() != Some(0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(_) => true,
    }
}

/// A value as Go's `%v`.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "[]".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(" ")),
        Value::Object(members) => format!("{{{}}}", members.values().map(shown).collect::<Vec<_>>().join(" ")),
        other => other.to_string(),
    }
}

/// `%s`, `%v`, `%d`, `%q` and `%%`, with a width.
fn printf(format: &str, arguments: &[Value]) -> Result<String> {
    /// More than any table needs.
    const MAX_WIDTH: usize = 1000;
    let mut out = String::new();
    let mut arguments = arguments.iter();
    let mut rest = format;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let end = after
            .find(|c: char| c.is_ascii_alphabetic() || c == '%')
            .ok_or_else(|| invalid("printf: % without a verb"))?;
        let (flags, verb) = (&after[..end], &after[end..=end]);
        rest = &after[end + 1..];
        if verb == "%" {
            out.push('%');
            continue;
        }
        let argument = arguments.next().ok_or_else(|| invalid("printf: an argument is missing"))?;
        let text = match (verb, argument) {
            ("v" | "s", argument) => shown(argument),
            ("d", Value::Number(number)) => number.to_string(),
            ("q", Value::String(text)) => Value::from(text.as_str()).to_string(),
            _ => return Err(unsupported(&format!("printf %{flags}{verb} here"))),
        };
        let (left, width) = flags.strip_prefix('-').map_or((false, flags), |width| (true, width));
        let width = if width.is_empty() { Ok(0) } else { width.parse::<usize>() };
        let width = width
            .ok()
            .filter(|width| *width <= MAX_WIDTH)
            .ok_or_else(|| unsupported(&format!("printf %{flags}{verb}")))?;
        out.push_str(&if left { format!("{text:width$}") } else { format!("{text:>width$}") });
    }
    out.push_str(rest);
    Ok(out)
}
