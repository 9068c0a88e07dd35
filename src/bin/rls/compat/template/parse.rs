//! Reads the source of a template.

use super::node::{Expr, Node, invalid, unsupported};
use crate::usage::Result;

/// Maximum nesting of blocks and parentheses.
const MAX_DEPTH: usize = 32;

/// A piece of the source.
enum Piece {
    Text(String),
    Action(String),
}

/// Parses a template.
pub(super) fn parse(source: &str) -> Result<Vec<Node>> {
    let mut pieces = split(source)?.into_iter();
    let (nodes, end) = block(&mut pieces, 0)?;
    match end {
        None => Ok(nodes),
        Some(end) => Err(invalid(format!("unexpected {{{{{end}}}}}"))),
    }
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
