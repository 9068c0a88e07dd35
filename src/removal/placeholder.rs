//! The placeholder: a manifest that is on one tag alone, so that the tag can go with it. One that was left behind is known by its type
//! ([`media_types::PLACEHOLDER`]).

use bytes::Bytes;
use serde_json::json;

use crate::error::Result;
use crate::name::{Algorithm, Digest, Repository};
use crate::registry::{Client, Manifest, media_types};

/// The config of an artifact that has none (OCI image specification, "Guidance for an Empty Descriptor").
const EMPTY: &[u8] = b"{}";
const EMPTY_TYPE: &str = "application/vnd.oci.empty.v1+json";

/// Makes a placeholder that nobody else has, once the repository has its blob.
pub(super) async fn make(client: &Client, repository: &Repository) -> Result<Manifest> {
    let blob = client.push_blob(repository, Bytes::from_static(EMPTY)).await?;
    let empty = json!({"mediaType": EMPTY_TYPE, "digest": blob, "size": EMPTY.len()});
    // Two placeholders with one digest would be siblings of each other.
    let unique = format!("{:032x}", fastrand::u128(..));
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": media_types::OCI_MANIFEST,
        "artifactType": media_types::PLACEHOLDER,
        "config": empty,
        "layers": [empty],
        "annotations": {"io.registry-ls.placeholder": unique},
    });
    let bytes = Bytes::from(manifest.to_string());
    let digest = Digest::of(Algorithm::Sha256, &bytes);
    Ok(Manifest { digest, media_type: media_types::OCI_MANIFEST.to_owned(), bytes })
}
