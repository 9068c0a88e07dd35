//! What to do about settings that almost belong to a registry.

use registry_ls::error::{Mismatch, NearMiss};

/// What makes the setting count; `login` is what to do without it.
pub fn near_miss_remedy(near_miss: &NearMiss, login: &str) -> String {
    let place = &near_miss.place;
    let expected = near_miss.expected.as_deref().unwrap_or_default();
    match &near_miss.mismatch {
        Mismatch::Port => format!(
            "if the credentials are for this registry, change the key to {expected:?} in {place}; otherwise {login}"
        ),
        Mismatch::Member => format!("rename it to {expected:?} in {place}; otherwise {login}"),
        Mismatch::Outside if near_miss.member.is_empty() => format!("move it into {expected}; otherwise {login}"),
        Mismatch::Outside => format!("move {} out of {}; otherwise {login}", near_miss.key, near_miss.member),
        Mismatch::Missing => format!("correct or unset {place}; otherwise {login}"),
        Mismatch::FileName => format!("mv {place} {expected}; otherwise {login}"),
        Mismatch::WhiteSpace
        | Mismatch::Malformed
        | Mismatch::Scheme
        | Mismatch::Path
        | Mismatch::Wildcard
        | Mismatch::Host => format!("change the key to {expected:?} in {place}; otherwise {login}"),
        Mismatch::Variable => {
            format!(
                "if the credentials are for this registry, change the key to {expected:?} in {place}; otherwise {login}"
            )
        }
        _ => login.to_owned(),
    }
}
