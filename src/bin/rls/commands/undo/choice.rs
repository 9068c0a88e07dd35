//! The selection of `rls undo`: from its arguments to runs, and to the removals of each run to restore.

use registry_ls::error::{Error, Kind, Missing, Result};
use registry_ls::name::{Digest, Registry, Repository, Tag};
use registry_ls::removal::{Archive, Entry, Restoration, RunId};

use crate::args::UndoArgs;
use crate::command_line::rls;
use crate::config::Settings;
use crate::usage::{self, Usage};

/// The removals to restore.
#[derive(Debug)]
pub(super) struct Choice {
    /// The only registry to restore to, if one is named.
    registry: Option<Registry>,
    named: Vec<Named>,
    /// Number of runs, if none is named.
    last: usize,
}

/// A named run, or what was removed.
#[derive(Debug)]
enum Named {
    Run(RunId),
    Removed { registry: Registry, repository: Repository, tag: Option<Tag>, digest: Option<Digest> },
}

/// A run, and the names that select its removals.
#[derive(Debug)]
struct SelectedRun<'a> {
    id: RunId,
    /// If empty, all of them.
    named: Vec<&'a Named>,
}

impl Choice {
    /// Reads the arguments.
    ///
    /// # Errors
    ///
    /// One is neither a run nor a reference.
    pub(super) fn read(args: &UndoArgs, settings: &Settings) -> usage::Result<Self> {
        let named = args.lists.iter().map(|text| named(text, settings)).collect::<usage::Result<_>>()?;
        let last = args.last.map_or(1, |last| usize::try_from(last.get()).unwrap_or(usize::MAX));
        Ok(Self { registry: settings.requested_registry().cloned(), named, last })
    }

    /// Plans what to restore, in order. Blocks on files.
    ///
    /// # Errors
    /// Something named was not removed, or its copy has expired; the archive cannot be read.
    pub(super) fn plan(&self, archive: &Archive) -> Result<Vec<Restoration>> {
        let mut restorations = Vec::new();
        for SelectedRun { id, named } in self.runs(archive)? {
            let is_selected = |entry: &Entry| {
                self.covers(&entry.registry)
                    && (named.is_empty() || named.iter().any(|named| named.matches(&id, entry)))
            };
            restorations.extend(Restoration::plan(archive, archive.entries(&id)?, is_selected));
        }
        Ok(restorations)
    }

    /// The selected runs, newest first.
    fn runs(&self, archive: &Archive) -> Result<Vec<SelectedRun<'_>>> {
        let ids: Vec<RunId> = archive.runs()?.into_iter().map(|run| run.id).collect();
        let mut runs: Vec<_> = ids.into_iter().map(|id| SelectedRun { id, named: Vec::new() }).collect();
        let contains = |id: &RunId, is_selected: &dyn Fn(&Entry) -> bool| {
            Ok::<_, Error>(archive.entries(id)?.any(|entry| self.covers(&entry.registry) && is_selected(&entry)))
        };
        if self.named.is_empty() {
            let mut last = Vec::new();
            for run in runs {
                if last.len() < self.last && contains(&run.id, &|_| true)? {
                    last.push(run);
                }
            }
            let from = self.registry.as_ref().map_or(String::new(), |registry| format!(" from {registry}"));
            let nothing = Error::new(Kind::NotFound(Missing::Manifest), "nothing to undo")
                .because(format!("{} has no removals{from}", archive.folder().display()));
            return if last.is_empty() { Err(nothing) } else { Ok(last) };
        }
        for named in &self.named {
            let mut at = None;
            for (number, run) in runs.iter().enumerate() {
                if at.is_none() && contains(&run.id, &|entry| named.matches(&run.id, entry))? {
                    at = Some(number);
                }
            }
            runs[at.ok_or_else(|| named.missing())?].named.push(named);
        }
        runs.retain(|run| !run.named.is_empty());
        Ok(runs)
    }

    /// Whether removals from a registry are restored.
    pub(super) fn covers(&self, registry: &Registry) -> bool {
        self.registry.as_ref().is_none_or(|only| is_same_place(only, registry))
    }
}

impl Named {
    /// Whether it matches a removal of a run.
    fn matches(&self, id: &RunId, entry: &Entry) -> bool {
        match self {
            Self::Run(run) => run == id,
            Self::Removed { registry, repository, tag, digest } => {
                is_same_place(registry, &entry.registry)
                    && *repository == *entry.repository
                    && tag.as_ref().is_none_or(|tag| entry.tag.as_ref() == Some(tag))
                    && digest.as_ref().is_none_or(|digest| entry.digest == *digest)
            }
        }
    }

    fn missing(&self) -> Error {
        let what = match self {
            Self::Run(id) => format!("no run {id} to undo"),
            Self::Removed { registry, repository, tag, digest } => {
                let tag = tag.as_ref().map_or(String::new(), |tag| format!(":{tag}"));
                let digest = digest.as_ref().map_or(String::new(), |digest| format!("@{digest}"));
                format!("nothing to undo for {repository}{tag}{digest} on {registry}")
            }
        };
        Error::new(Kind::NotFound(Missing::Manifest), what)
    }
}

/// Parses an argument; the ID of a run is never a valid reference.
fn named(text: &str, settings: &Settings) -> usage::Result<Named> {
    if let Some(id) = RunId::parse(text) {
        return Ok(Named::Run(id));
    }
    let (registry, reference) = settings.reference(text).map_err(|error| {
        Usage::from(error).hint(format!("name a run (see '{}'), or a REF or REPO that was removed", rls("undo --list")))
    })?;
    let (tag, digest) = (reference.tag().cloned(), reference.digest().cloned());
    Ok(Named::Removed { registry, repository: reference.repository().clone(), tag, digest })
}

/// Whether host, port and prefix are the same. The scheme is known to the archive and not part of a name.
fn is_same_place(one: &Registry, other: &Registry) -> bool {
    one.authority() == other.authority() && one.prefix() == other.prefix()
}
