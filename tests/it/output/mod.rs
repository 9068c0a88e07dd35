//! The output: formats, templates, escapes, `-q`.

mod formats;
mod hostile;
mod quiet;
mod streams;
mod templates;
