//! What the output is like: formats, templates, escapes, and where nothing is said.

mod formats;
mod hostile;
mod quiet;
mod streams;
mod templates;
