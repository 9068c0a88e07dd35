//! Limits the output and the run time of a template, for each record.
//!
//! Templates are written by the user, but numbers in them may come from the registry, and gigabytes by mistake are
//! better refused than attempted. The engine counts steps (fuel), but a single step of a filter such as `indent` or
//! `format` can make text of any length. So text is counted before it is made: where it is shown, and in every filter.

use std::fmt::{self, Write as _};
use std::io;

use minijinja::value::{Rest, ValueKind, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind, State, Value, filters};

/// Minimum limit of the output of a record, in bytes.
const MIN_BYTES: usize = 1 << 20;

/// Limit of the output for each byte of a record, which may contain the names of a million tags.
const PER_BYTE: usize = 128;

/// Number of bytes for which one step is allowed.
const PER_STEP: usize = 8;

/// Minimum size of a list item, in bytes.
const ITEM: usize = 64;

/// Sets the limits for a record of this size.
pub fn set(environment: &mut Environment<'_>, record: usize) {
    let bytes = MIN_BYTES.saturating_add(record.saturating_mul(PER_BYTE));
    environment.set_fuel(Some((bytes / PER_STEP) as u64));
}

fn total(environment: &Environment<'_>) -> usize {
    environment.fuel().map_or(MIN_BYTES, |steps| usize::try_from(steps).unwrap_or(usize::MAX).saturating_mul(PER_STEP))
}

/// Number of bytes made so far.
#[derive(Default)]
struct RenderedBytes(usize);

/// Charges text before it is made. `bytes` computes its length, and need not count beyond what is left, its argument.
fn charge(state: &mut State<'_, '_>, bytes: impl FnOnce(usize) -> usize) -> Result<(), Error> {
    let total = total(state.env());
    let made = &mut state.get_or_insert_extension_with(RenderedBytes::default).0;
    let left = total.saturating_sub(*made);
    let bytes = bytes(left);
    if bytes > left {
        return Err(Error::new(ErrorKind::OutOfFuel, format!("more than {total} bytes")));
    }
    *made += bytes;
    Ok(())
}

/// Charges a value that is shown.
pub fn charge_shown(state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    charge(state, |left| length(value, left))
}

/// Whether an error means that a limit was exceeded.
pub fn is_exceeded(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::OutOfFuel | ErrorKind::WriteFailure)
}

/// A writer that fails beyond the limit.
pub struct Line {
    text: Vec<u8>,
    limit: usize,
}

impl Line {
    pub fn new(environment: &Environment<'_>) -> Self {
        Self { text: Vec::new(), limit: total(environment) }
    }

    pub fn into_text(self) -> String {
        String::from_utf8(self.text).expect("only text is written")
    }
}

impl io::Write for Line {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        if self.text.len() + text.len() > self.limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.text.extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Removes functions that cannot be limited, and makes the filters charge their results first.
pub fn install(environment: &mut Environment<'_>) {
    // A namespace that contains itself is shown without end, and `debug` shows everything.
    environment.remove_global("namespace");
    environment.remove_global("debug");
    for (name, filter) in [
        ("batch", Value::from_function(filters::batch)),
        ("capitalize", Value::from_function(filters::capitalize)),
        ("dictsort", Value::from_function(filters::dictsort)),
        ("e", Value::from_function(filters::escape)),
        ("escape", Value::from_function(filters::escape)),
        ("format", Value::from_function(filters::format)),
        ("groupby", Value::from_function(filters::groupby)),
        ("indent", Value::from_function(filters::indent)),
        ("join", Value::from_function(filters::join)),
        ("lines", Value::from_function(filters::lines)),
        ("list", Value::from_function(filters::list)),
        ("lower", Value::from_function(filters::lower)),
        ("map", Value::from_function(filters::map)),
        ("pprint", Value::from_function(filters::pprint)),
        ("reject", Value::from_function(filters::reject)),
        ("rejectattr", Value::from_function(filters::rejectattr)),
        ("replace", Value::from_function(filters::replace)),
        ("reverse", Value::from_function(filters::reverse)),
        ("safe", Value::from_function(filters::safe)),
        ("select", Value::from_function(filters::select)),
        ("selectattr", Value::from_function(filters::selectattr)),
        ("slice", Value::from_function(filters::slice)),
        ("sort", Value::from_function(filters::sort)),
        ("split", Value::from_function(filters::split)),
        ("string", Value::from_function(filters::string)),
        ("title", Value::from_function(filters::title)),
        ("tojson", Value::from_function(filters::tojson)),
        ("trim", Value::from_function(filters::trim)),
        ("unique", Value::from_function(filters::unique)),
        ("upper", Value::from_function(filters::upper)),
        ("zip", Value::from_function(filters::zip)),
    ] {
        environment.add_filter(name, move |state: &mut State<'_, '_>, arguments: Rest<ValueOrKwargs>| {
            let arguments = arguments.into_values();
            charge(state, |left| result_size(name, &arguments, left))?;
            filter.call(state, &arguments)
        });
    }
}

/// The approximate size of the result of a filter, from its value and its arguments.
fn result_size(filter: &str, arguments: &[Value], max: usize) -> usize {
    let [value, rest @ ..] = arguments else { return 0 };
    let length = length(value, max);
    let text = value.as_str().unwrap_or_default();
    let times = match filter {
        "batch" | "slice" => ITEM,
        "indent" => text.split('\n').count(),
        "join" => value.len().unwrap_or(length),
        "replace" => rest.first().and_then(Value::as_str).map_or(0, |from| text.matches(from).count()),
        // Each member may be on a separate line.
        "tojson" => length,
        // Widths.
        "format" => return text.split(|c: char| !c.is_ascii_digit()).map(width).fold(length, usize::saturating_add),
        _ => 0,
    };
    let rest = rest.iter().map(|value| weight(value, max)).fold(0, usize::saturating_add);
    length.saturating_add(times.saturating_mul(rest))
}

fn width(digits: &str) -> usize {
    if digits.is_empty() { 0 } else { digits.parse().unwrap_or(usize::MAX) }
}

/// The size that an argument may add: the value of a number, the length of a text.
fn weight(value: &Value, max: usize) -> usize {
    match value.kind() {
        ValueKind::Number => value.as_usize().unwrap_or(0),
        ValueKind::Map => {
            let named = value.try_iter().into_iter().flatten().filter_map(|name| value.get_item(&name).ok());
            named.map(|value| weight(&value, max)).fold(0, usize::saturating_add)
        }
        _ => length(value, max),
    }
}

/// The length of a value as displayed, or more than `max`.
fn length(value: &Value, max: usize) -> usize {
    if let Some(text) = value.as_str() {
        return text.len();
    }
    // Formatting a list visits all items, even after an error.
    if value.len().is_some_and(|items| items > max) {
        return usize::MAX;
    }
    let mut length = Length { counted: 0, max };
    match write!(length, "{value}") {
        Ok(()) => length.counted,
        Err(fmt::Error) => usize::MAX,
    }
}

struct Length {
    counted: usize,
    max: usize,
}

impl fmt::Write for Length {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.counted += text.len();
        if self.counted > self.max { Err(fmt::Error) } else { Ok(()) }
    }
}
