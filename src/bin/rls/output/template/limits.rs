//! How much a template may make of one record, and how long it may take for it.
//!
//! A template is the user's own, but a number in it may be the registry's, and gigabytes that are asked for by mistake
//! are better refused than attempted. The engine counts steps. Text is counted where it is shown and where a filter
//! makes it, before it is made.

use std::fmt::{self, Write as _};
use std::io;

use minijinja::value::{Rest, ValueKind, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind, State, Value, filters};

/// The bytes that may be made of any record.
const LEAST: usize = 1 << 20;

/// The bytes that may be made of each byte of a record: one may hold the names of a million tags.
const PER_BYTE: usize = 128;

/// The bytes for which there is a step.
const PER_STEP: usize = 8;

/// What a list takes for each of its items, at least.
const ITEM: usize = 64;

/// Gives what is rendered from now on the room of a record of so many bytes.
pub fn set(environment: &mut Environment<'_>, record: usize) {
    let bytes = LEAST.saturating_add(record.saturating_mul(PER_BYTE));
    environment.set_fuel(Some((bytes / PER_STEP) as u64));
}

fn all(environment: &Environment<'_>) -> usize {
    environment.fuel().map_or(LEAST, |steps| usize::try_from(steps).unwrap_or(usize::MAX).saturating_mul(PER_STEP))
}

/// The bytes that a rendering has made by now.
#[derive(Default)]
struct RenderedBytes(usize);

/// Takes room before text is made: `bytes` is told how much is left, which is as far as it need count.
fn take(state: &mut State<'_, '_>, bytes: impl FnOnce(usize) -> usize) -> Result<(), Error> {
    let all = all(state.env());
    let made = &mut state.get_or_insert_extension_with(RenderedBytes::default).0;
    let left = all.saturating_sub(*made);
    let bytes = bytes(left);
    if bytes > left {
        return Err(Error::new(ErrorKind::OutOfFuel, format!("more than {all} bytes")));
    }
    *made += bytes;
    Ok(())
}

/// Takes the room that a value needs which is to be shown.
pub fn take_shown(state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    take(state, |left| length(value, left))
}

/// Whether an error says that there was no room.
pub fn is_short(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::OutOfFuel | ErrorKind::WriteFailure)
}

/// A line that takes no more than there is room for.
pub struct Line {
    text: Vec<u8>,
    room: usize,
}

impl Line {
    pub fn new(environment: &Environment<'_>) -> Self {
        Self { text: Vec::new(), room: all(environment) }
    }

    pub fn into_text(self) -> String {
        String::from_utf8(self.text).expect("only text is written")
    }
}

impl io::Write for Line {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        if self.text.len() + text.len() > self.room {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.text.extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Leaves out what a line has no use for, and has the filters that make texts and lists take the room for them first.
pub fn bound(environment: &mut Environment<'_>) {
    // A namespace that is put into itself is shown without an end, and `debug` shows all that there is.
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
            take(state, |left| made(name, &arguments, left))?;
            filter.call(state, &arguments)
        });
    }
}

/// About how much a filter makes of a value and of what else it is told.
fn made(filter: &str, arguments: &[Value], most: usize) -> usize {
    let [value, told @ ..] = arguments else { return 0 };
    let length = length(value, most);
    let text = value.as_str().unwrap_or_default();
    let times = match filter {
        "batch" | "slice" => ITEM,
        "indent" => text.split('\n').count(),
        "join" => value.len().unwrap_or(length),
        "replace" => told.first().and_then(Value::as_str).map_or(0, |from| text.matches(from).count()),
        // Each of its members may be on a line of its own.
        "tojson" => length,
        // Widths.
        "format" => return text.split(|c: char| !c.is_ascii_digit()).map(width).fold(length, usize::saturating_add),
        _ => 0,
    };
    let told = told.iter().map(|value| weight(value, most)).fold(0, usize::saturating_add);
    length.saturating_add(times.saturating_mul(told))
}

fn width(digits: &str) -> usize {
    if digits.is_empty() { 0 } else { digits.parse().unwrap_or(usize::MAX) }
}

/// What one more argument may stand for: a number for as much as it says, a text for itself.
fn weight(value: &Value, most: usize) -> usize {
    match value.kind() {
        ValueKind::Number => value.as_usize().unwrap_or(0),
        ValueKind::Map => {
            let named = value.try_iter().into_iter().flatten().filter_map(|name| value.get_item(&name).ok());
            named.map(|value| weight(&value, most)).fold(0, usize::saturating_add)
        }
        _ => length(value, most),
    }
}

/// The length of a value as it is shown, or more than `most`.
fn length(value: &Value, most: usize) -> usize {
    if let Some(text) = value.as_str() {
        return text.len();
    }
    // Showing a list goes through all of it, whatever becomes of the first items.
    if value.len().is_some_and(|items| items > most) {
        return usize::MAX;
    }
    let mut length = Length { counted: 0, most };
    match write!(length, "{value}") {
        Ok(()) => length.counted,
        Err(fmt::Error) => usize::MAX,
    }
}

struct Length {
    counted: usize,
    most: usize,
}

impl fmt::Write for Length {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.counted += text.len();
        if self.counted > self.most { Err(fmt::Error) } else { Ok(()) }
    }
}
