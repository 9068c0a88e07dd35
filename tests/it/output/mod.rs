//! The output: formats, templates, escapes, `-q`.

mod completion;
mod format_options;
mod formats;
mod hostile;
mod manual;
mod quiet;
mod schema;
mod streams;
mod templates;
