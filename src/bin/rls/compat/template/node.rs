//! What a template consists of, and the errors of reading and rendering it.

use crate::command_line::rls;
use crate::usage::Usage;

/// A part of a template.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Text(String),
    Print(Expr),
    /// `range`, and what `else` is for an empty list.
    Range(Expr, Vec<Node>, Vec<Node>),
    If(Expr, Vec<Node>, Vec<Node>),
}

/// What has a value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expr {
    /// `.`, `.Field`, `.Field.Field`
    Field(Vec<String>),
    Text(String),
    Number(i64),
    Len(Box<Expr>),
    Printf(Vec<Expr>),
}

pub(super) fn invalid(why: impl std::fmt::Display) -> Usage {
    Usage::new("cannot use the template").because(why)
}

pub(super) fn unsupported(name: &str) -> Usage {
    invalid(format!("{name} is not supported; docker-ls templates may use fields, range, if, else, len and printf"))
        .hint(format!("use rls with --format; see {}", rls("help templates")))
}
