//! Standard output: records in every format, exact bytes, colours and progress.
//!
//! ```text
//! let options = OutputOptions::for_stdout(layout, header, no_trunc, color);
//! let view = TagView { qualified, detail, group, full };
//! let mut out = Output::new(view, options, std::io::stdout())?;   // before any request
//! out.write(&TagRecord { … })?;                     // as records arrive
//! out.flush()?;                                     // when the next record is not there yet
//! out.finish()?;                                    // always, also after an error: it closes lists and prints tables
//! ```
//!
//! Records and their views are in [`record`]: [`RepositoryRecord`] with [`RepositoryView`], [`TagRecord`] with
//! [`TagView`], [`ManifestRecord`] with [`ManifestView`], [`DigestRecord`] with [`DigestView`], [`RemovalRecord`] with
//! [`RemovalView`], [`PruneRecord`] with [`PruneView`], [`LoginRecord`] with [`LoginView`], [`LogoutRecord`] with
//! [`LogoutView`], [`TrustRecord`] with [`TrustView`], [`InspectionRecord`] with [`InspectionView`], [`UndoRunRecord`]
//! with [`UndoRunView`]. A [`Field`] is absent, unknown or known; [`Failure`] is the `"error"` of one record.
//!
//! Those about layers and whole registries: [`FileRecord`], [`DifferenceRecord`], [`FindRecord`], [`IntegrityRecord`],
//! [`DriftRecord`].
//!
//! [`write_raw`] writes exact bytes, escaped on a terminal; [`write_exact`] never escapes. [`OutputError`]
//! distinguishes a closed pipe (141), a full disk (13) and a template error (2). [`Styles`], [`Tone`], [`escape()`] and
//! [`Progress`] are for standard error.

mod closed;
mod csv;
mod escape;
mod format;
mod human;
mod json;
mod marks;
mod progress;
mod raw;
mod record;
mod sink;
mod styles;
mod table;
mod template;
mod view;
mod writer;
mod yaml;

pub use closed::is_closed;
pub use escape::escape;
pub use format::{Format, Layout, OutputOptions, text_width};
pub use human::{Human, some_of};
pub use progress::{Progress, ProgressChoice, clear_progress, on_terminal};
pub use raw::{write_exact, write_raw};
pub use record::*;
pub use sink::OutputError;
pub use styles::{ColorChoice, Styles, Tone};
#[cfg(test)]
pub use template::has_filter;
pub use view::{Cell, Column, Lines, View};
pub use writer::Output;

#[cfg(test)]
mod tests;
