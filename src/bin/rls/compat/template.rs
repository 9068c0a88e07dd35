//! Go templates, in the subset that docker-ls templates use: fields, `range`, `if`, `else`, `len`, `printf`, constants.
//!
//! Anything else is refused by its name when the template is read.

use serde_json::Value;

use crate::command_line::rls;
use crate::usage::{Result, Usage};

/// Maximum nesting of blocks and parentheses.
const MAX_DEPTH: usize = 32;

/// A parsed template.
#[derive(Debug, Clone, PartialEq)]
pub struct GoTemplate(Vec<Node>);

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Text(String),
    Print(Expr),
    /// `range`, and what `else` is for an empty list.
    Range(Expr, Vec<Node>, Vec<Node>),
    If(Expr, Vec<Node>, Vec<Node>),
}

#[derive(Debug, Clone, PartialEq)]
enum Expr {
    /// `.`, `.Field`, `.Field.Field`
    Field(Vec<String>),
    Text(String),
    Number(i64),
    Len(Box<Expr>),
    Printf(Vec<Expr>),
}

/// A piece of the source.
enum Piece {
    Text(String),
    Action(String),
}

impl GoTemplate {
    /// Parses a template.
    ///
    /// # Errors
    /// Syntax errors, and what is not in the subset.
    pub fn parse(source: &str) -> Result<Self> {
        let mut pieces = split(source)?.into_iter();
        let (nodes, end) = block(&mut pieces, 0)?;
        match end {
            None => Ok(Self(nodes)),
            Some(end) => Err(invalid(format!("unexpected {{{{{end}}}}}"))),
        }
    }

    /// Renders a value.
    ///
    /// # Errors
    /// A field that the value does not have, or a value that an action cannot use.
    pub fn render(&self, value: &Value) -> Result<String> {
        let mut out = String::new();
        render(&self.0, value, &mut out)?;
        Ok(out)
    }
}

fn invalid(why: impl std::fmt::Display) -> Usage {
    Usage::new("cannot use the template").because(why)
}

fn unsupported(name: &str) -> Usage {
    invalid(format!("{name} is not supported; docker-ls templates may use fields, range, if, else, len and printf"))
        .hint(format!("use rls with --format; see {}", rls("help templates")))
}

/// Splits at `{{` and `}}`. `{{-` and `-}}` trim the text beside them.
fn split(source: &str) -> Result<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut rest = source;
    let mut trims = false;
    loop {
        let start = rest.find("{{");
        let mut text = &rest[..start.unwrap_or(rest.len())];
        if trims {
            text = text.trim_start();
        }
        let Some(start) = start else {
            pieces.push(Piece::Text(text.to_owned()));
            return Ok(pieces);
        };
        let inside = &rest[start + 2..];
        let end = action_end(inside).ok_or_else(|| invalid("{{ without }}"))?;
        let mut action = &inside[..end];
        if let Some(trimmed) = action.strip_prefix("- ") {
            (action, text) = (trimmed, text.trim_end());
        }
        trims = action.ends_with(" -");
        action = action.strip_suffix(" -").unwrap_or(action);
        pieces.push(Piece::Text(text.to_owned()));
        let action = action.trim();
        if !action.starts_with("/*") {
            pieces.push(Piece::Action(action.to_owned()));
        }
        rest = &inside[end + 2..];
    }
}

/// Where `}}` ends an action: not within a string.
fn action_end(action: &str) -> Option<usize> {
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in action.char_indices() {
        match quote {
            Some('"') if escaped => escaped = false,
            Some('"') if c == '\\' => escaped = true,
            Some(open) if open == c => quote = None,
            Some(_) => {}
            None if c == '"' || c == '`' => quote = Some(c),
            None if action[at..].starts_with("}}") => return Some(at),
            None => {}
        }
    }
    None
}

/// Parses up to `end` or `else`, which is returned.
fn block(pieces: &mut std::vec::IntoIter<Piece>, depth: usize) -> Result<(Vec<Node>, Option<String>)> {
    if depth > MAX_DEPTH {
        return Err(invalid("it is nested too deeply"));
    }
    let mut nodes = Vec::new();
    while let Some(piece) = pieces.next() {
        let action = match piece {
            Piece::Text(text) => {
                nodes.push(Node::Text(text));
                continue;
            }
            Piece::Action(action) => action,
        };
        let (word, rest) = action.split_once(char::is_whitespace).unwrap_or((&action, ""));
        match word {
            "end" | "else" => return Ok((nodes, Some(action))),
            "range" | "if" => {
                let subject = expression(rest)?;
                let (inner, end) = block(pieces, depth + 1)?;
                let otherwise = match end.as_deref() {
                    Some("end") => Vec::new(),
                    Some("else") => match block(pieces, depth + 1)? {
                        (otherwise, Some(end)) if end == "end" => otherwise,
                        _ => return Err(invalid(format!("{word} without end"))),
                    },
                    Some(other) => return Err(unsupported(other)),
                    None => return Err(invalid(format!("{word} without end"))),
                };
                nodes.push(if word == "range" {
                    Node::Range(subject, inner, otherwise)
                } else {
                    Node::If(subject, inner, otherwise)
                });
            }
            _ => nodes.push(Node::Print(expression(&action)?)),
        }
    }
    Ok((nodes, None))
}

/// A pipeline: the value of each part is the last argument of the next.
fn expression(text: &str) -> Result<Expr> {
    let tokens = tokens(text)?;
    let mut value = None;
    for part in tokens.split(|token| token == "|") {
        value = Some(call(part, value)?);
    }
    value.ok_or_else(|| invalid("an action is empty"))
}

/// Words, strings and parenthesized expressions.
fn tokens(text: &str) -> Result<Vec<String>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => 1 + closing_quote(&rest[1..]).ok_or_else(|| invalid("a string is not closed"))?,
            '`' => 1 + rest[1..].find('`').ok_or_else(|| invalid("a string is not closed"))? + 1,
            '(' => closing_parenthesis(rest).ok_or_else(|| invalid("a parenthesis is not closed"))?,
            '|' => 1,
            _ => rest.find(|c: char| c.is_whitespace() || "|(".contains(c)).unwrap_or(rest.len()),
        };
        tokens.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

/// The length up to the closing quote, which is included.
fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, c)| {
        let closes = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        closes.then_some(at + 1)
    })
}

fn closing_parenthesis(text: &str) -> Option<usize> {
    let mut depth = 0;
    text.char_indices().find_map(|(at, c)| {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        (depth == 0).then_some(at + 1)
    })
}

/// A value, or a function with its arguments. `piped` is the value of the part before a bar.
fn call(tokens: &[String], piped: Option<Expr>) -> Result<Expr> {
    let Some((first, arguments)) = tokens.split_first() else { return Err(invalid("an action is empty")) };
    let values = || -> Result<Vec<Expr>> {
        let mut values = arguments.iter().map(|token| operand(token)).collect::<Result<Vec<_>>>()?;
        values.extend(piped.clone());
        Ok(values)
    };
    match first.as_str() {
        "len" => match <[Expr; 1]>::try_from(values()?) {
            Ok([value]) => Ok(Expr::Len(Box::new(value))),
            Err(_) => Err(invalid("len takes one argument")),
        },
        "printf" => Ok(Expr::Printf(values()?)),
        _ if arguments.is_empty() && piped.is_none() => operand(first),
        other => Err(unsupported(other)),
    }
}

fn operand(token: &str) -> Result<Expr> {
    if let Some(inner) = token.strip_prefix('(') {
        if token.matches('(').count() > MAX_DEPTH {
            return Err(invalid("it is nested too deeply"));
        }
        return expression(&inner[..inner.len() - 1]);
    }
    if let Some(text) = token.strip_prefix('`') {
        return Ok(Expr::Text(text.trim_end_matches('`').to_owned()));
    }
    if token.starts_with('"') {
        return serde_json::from_str(token)
            .map(Expr::Text)
            .map_err(|_| invalid(format!("{token} is not a string constant")));
    }
    if let Ok(number) = token.parse() {
        return Ok(Expr::Number(number));
    }
    let fields = token.strip_prefix('.').ok_or_else(|| unsupported(token))?;
    let fields: Vec<String> = fields.split('.').filter(|field| !field.is_empty()).map(str::to_owned).collect();
    match fields.iter().find(|field| !field.chars().all(|c| c.is_alphanumeric() || c == '_')) {
        None => Ok(Expr::Field(fields)),
        Some(_) => Err(unsupported(token)),
    }
}

fn render(nodes: &[Node], value: &Value, out: &mut String) -> Result<()> {
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
