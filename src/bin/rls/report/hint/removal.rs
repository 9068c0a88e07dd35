//! Hints for removals: what the registry does not delete, and what rls does not remove.

use registry_ls::error::{Danger, Error};

use crate::command_line::rls;

/// Why a registry does not delete, as far as its response shows: several causes have the same response.
pub(super) fn no_deletion(error: &Error) -> &'static str {
    match error.reply() {
        Some(reply) if reply.status == 404 => {
            "a gateway in front of the registry may block DELETE, or a rule of the registry may forbid it"
        }
        // zot responds like this to the deletion of a manifest that an index lists.
        Some(reply) if reply.errors.iter().any(|error| error.code == "DENIED") => {
            "an index may list this manifest, which must be removed first, or a rule of the registry may protect it"
        }
        // Only a saved plan has no alternative method.
        Some(reply) if reply.status == 400 => "this registry deletes manifests, not tags; save a new plan for it",
        // distribution responds like this when read-only; if deletion is disabled, the response has an error code.
        Some(reply) if reply.status == 405 && reply.errors.is_empty() => {
            "the registry may be in read-only mode (storage.maintenance.readonly in config.yml), or a proxy may block \
             DELETE"
        }
        _ => {
            "on the distribution registry: set REGISTRY_STORAGE_DELETE_ENABLED=true (storage.delete.enabled in \
             config.yml); pull-through caches (proxy.remoteurl) and read-only registries \
             (storage.maintenance.readonly) refuse deletion too"
        }
    }
}

/// The hint for a safety stop.
pub(super) fn danger_hint(danger: &Danger) -> Option<String> {
    match danger {
        Danger::Siblings { .. } => Some(
            "use --with-siblings to remove these tags too, or --placeholder to remove only the named one (it pushes a \
             tiny manifest first)"
                .to_owned(),
        ),
        Danger::Tagged { .. } => Some("use --all-tags to remove the manifest with its tags".to_owned()),
        Danger::InIndex { .. } => Some(
            "remove the index that lists it instead, or use --placeholder to remove only the tag; --force breaks the \
             index"
                .to_owned(),
        ),
        Danger::Unlisted => Some(
            "use --placeholder to remove only this tag (it pushes a tiny manifest first), or --with-siblings to \
             remove every tag on the manifest"
                .to_owned(),
        ),
        Danger::Unreadable { names } => {
            let broken = names.first().map(|name| format!(", or remove {name} first")).unwrap_or_default();
            Some(format!(
                "use --placeholder, which does not depend on other tags (it pushes a tiny manifest \
                 first){broken}"
            ))
        }
        Danger::Moved { .. } => Some("check what it points to now before removing it".to_owned()),
        Danger::TagExists { .. } => Some(format!(
            "existing tags are never overwritten; to restore it, remove the tag, then run '{}' (see '{}')",
            rls("undo ID"),
            rls("undo --list")
        )),
        Danger::MissingBlobs { .. } => Some(
            "the registry's garbage collection has deleted them; push the image again from where it was \
             built"
                .to_owned(),
        ),
        Danger::DamagedCopy => Some("push the image again from where it was built".to_owned()),
        Danger::DigestMismatch => Some("a proxy or the registry altered the data; it was not used".to_owned()),
        _ => None,
    }
}
