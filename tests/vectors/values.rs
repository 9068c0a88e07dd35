//! Values of a case as Rust types. A case whose value has another type is malformed, and fails.

use serde_json::Value;

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is not a string"))
}

pub fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is not a number"))
}

pub fn status(value: &Value) -> u16 {
    number(value).try_into().unwrap_or_else(|_| panic!("{value} is not a status"))
}
