//! The placeholder: a manifest that is on one tag alone, so that the tag can go with it.

use bytes::Bytes;
use serde_json::json;

use crate::error::Result;
use crate::name::{Algorithm, Digest, Repository};
use crate::registry::{Client, Document, Manifest, media_types};

/// The type of artifact that a placeholder is, by which one that was left behind is known.
pub const PLACEHOLDER_TYPE: &str = "application/vnd.registry-ls.placeholder.v1+json";

/// The config of an artifact that has none (OCI image specification, "Guidance for an Empty Descriptor").
const EMPTY: &[u8] = b"{}";
const EMPTY_TYPE: &str = "application/vnd.oci.empty.v1+json";

/// Whether a manifest is a placeholder: something that was to be removed when rls was interrupted.
pub fn is_placeholder(document: &Document) -> bool {
    document.artifact_type.as_deref() == Some(PLACEHOLDER_TYPE)
}

/// Makes a placeholder that nobody else has, once the repository has its blob.
pub(super) async fn make(client: &Client, repository: &Repository) -> Result<Manifest> {
    let blob = client.push_blob(repository, Bytes::from_static(EMPTY)).await?;
    let empty = json!({"mediaType": EMPTY_TYPE, "digest": blob, "size": EMPTY.len()});
    // Two placeholders with one digest would be siblings of each other.
    let unique = format!("{:032x}", fastrand::u128(..));
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": media_types::OCI_MANIFEST,
        "artifactType": PLACEHOLDER_TYPE,
        "config": empty,
        "layers": [empty],
        "annotations": {"io.registry-ls.placeholder": unique},
    });
    let bytes = Bytes::from(manifest.to_string());
    let digest = Digest::of(Algorithm::Sha256, &bytes);
    Ok(Manifest { digest, media_type: media_types::OCI_MANIFEST.to_owned(), bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholder_is_known_by_its_type_alone() {
        let read = |artifact: &str| {
            let empty = r#"{"mediaType":"application/vnd.oci.empty.v1+json","size":2,
                "digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"}"#;
            let bytes = format!(r#"{{"artifactType":"{artifact}","config":{empty},"layers":[{empty}]}}"#);
            let bytes = Bytes::from(bytes);
            let digest = Digest::of(Algorithm::Sha256, &bytes);
            let manifest = Manifest { digest, media_type: media_types::OCI_MANIFEST.to_owned(), bytes };
            is_placeholder(&manifest.document().expect("a manifest"))
        };
        assert!(read(PLACEHOLDER_TYPE));
        assert!(!read("application/vnd.example.sbom"));
    }
}
