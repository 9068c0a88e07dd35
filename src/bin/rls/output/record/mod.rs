//! The records, one struct for each command, each with its [`View`].
//!
//! Every record says where its subject is: `registry`, and `reference`, the full name. People see the full name if they
//! requested it, and always if the name alone would be read back as one in another registry.
//!
//! A field has the same name in all formats. Times and sizes are machine values here; only tables and the filters of
//! templates make them human.

mod cache;
mod certificate;
mod check;
mod difference;
mod digest;
mod drift;
mod explanation;
mod field;
mod file;
mod find;
mod inspection;
mod integrity;
mod kind;
mod login;
mod manifest;
mod name;
mod prune;
mod referrer;
mod removal;
mod repository;
mod tag;
mod time;
mod trust;
mod undo;
mod usage;

pub use cache::{CacheRecord, CacheView};
pub use certificate::{CertificateRecord, day};
pub use check::{CheckRecord, CheckStatus, CheckView, FactRecord};
pub use difference::{DifferenceRecord, DifferenceView, difference_kind};
pub use digest::{DigestRecord, DigestView};
pub use drift::{Change, DriftRecord, DriftView, SnapshotView};
pub use explanation::{ExplanationRecord, ExplanationView};
pub use field::{Failure, Field, UNKNOWN};
pub use file::{FileRecord, FileView};
pub use find::{FindRecord, FindView};
pub use inspection::{InspectedRecord, InspectionRecord, InspectionView, KeyRecord, UseRecord};
pub use integrity::{Integrity, IntegrityRecord, IntegrityView};
pub use kind::kind_words;
pub use login::{LoginRecord, LoginView, LogoutRecord, LogoutView};
pub use manifest::{ConfigRecord, HistoryRecord, LayerRecord, ManifestRecord, ManifestView, PlatformRecord};
pub use prune::{PruneRecord, PruneView};
pub use referrer::{Branch, ReferrerRecord, ReferrerView};
pub use removal::{Action, RemovalRecord, RemovalView, SiblingsRecord};
pub use repository::{RepositoryRecord, RepositoryView};
pub use tag::{Detail, TagRecord, TagView};
pub use time::Time;
pub use trust::{SettingRecord, TrustRecord, TrustView, WrittenRecord};
pub use undo::{UndoRunRecord, UndoRunView};
pub use usage::{UsageRecord, UsageView};

#[cfg(doc)]
use super::View;
