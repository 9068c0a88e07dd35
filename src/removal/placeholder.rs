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

/// What docker calls the parts of an image.
const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/// Pushes the one blob of all placeholders.
pub(super) async fn push_blob(client: &Client, repository: &Repository) -> Result<Digest> {
    client.push_blob(repository, Bytes::from_static(EMPTY)).await
}

/// Makes a unique placeholder. It has the form of what it replaces: distribution 2.6 takes docker's alone.
pub(super) fn make(blob: &Digest, replaced: Option<&str>) -> Manifest {
    let [form, config, layer] = match replaced.is_some_and(|replaced| replaced.contains("docker")) {
        true => [media_types::DOCKER_MANIFEST, DOCKER_CONFIG, DOCKER_LAYER],
        false => [media_types::OCI_MANIFEST, EMPTY_TYPE, EMPTY_TYPE],
    };
    let empty = |media_type| json!({"mediaType": media_type, "digest": blob, "size": EMPTY.len()});
    // Two placeholders with one digest would be siblings of each other.
    let unique = format!("{:032x}", fastrand::u128(..));
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": form,
        "artifactType": media_types::PLACEHOLDER,
        "config": empty(config),
        "layers": [empty(layer)],
        "annotations": {"io.registry-ls.placeholder": unique},
    });
    let bytes = Bytes::from(manifest.to_string());
    let digest = Digest::of(Algorithm::Sha256, &bytes);
    Manifest { digest, media_type: form.to_owned(), bytes }
}
