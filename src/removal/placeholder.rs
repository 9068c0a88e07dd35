//! Placeholders: where a registry deletes manifests only, a tag is removed alone by pushing a manifest to it that no
//! other tag is on, and deleting that.
//!
//! 1. A placeholder is unique: two with the same digest would be siblings of each other.
//! 2. Pushing it has to move the tag, and nothing else may have moved the tag meanwhile. A push whose reply was lost is
//!    sent once more.
//! 3. Where the placeholder cannot be deleted, the tag is put back, unless another client has pushed to it.
//!
//! A placeholder that was left behind is recognised by its artifact type ([`media_types::PLACEHOLDER`]).

use bytes::Bytes;
use serde_json::json;

use crate::error::{Error, Kind, Operation, Result};
use crate::name::{Algorithm, Digest, Tag, Target};
use crate::registry::{Manifest, RepositoryHandle, Resolved, media_types, moved};

/// The config of an artifact that has none (OCI image specification, "Guidance for an Empty Descriptor").
const EMPTY: &[u8] = b"{}";
const EMPTY_TYPE: &str = "application/vnd.oci.empty.v1+json";

/// The corresponding types of docker's images.
const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/// A placeholder for one tag, whose blob is pushed.
pub(super) struct Placeholder<'a> {
    repository: &'a RepositoryHandle,
    tag: &'a Tag,
    blob: Digest,
}

impl<'a> Placeholder<'a> {
    /// Pushes the blob, which all placeholders share.
    pub(super) async fn prepare(repository: &'a RepositoryHandle, tag: &'a Tag) -> Result<Self> {
        let blob = repository.push_blob(Bytes::from_static(EMPTY)).await.map_err(refused_push)?;
        Ok(Self { repository, tag, blob })
    }

    /// Moves the tag from `digest` to a placeholder, and deletes that. Returns the digest of the placeholder.
    /// `original` is put back where the deletion fails.
    pub(super) async fn replace(
        &self,
        digest: Option<&Digest>,
        original: Option<Manifest>,
        media_type: Option<&str>,
    ) -> Result<Digest> {
        let (repository, tag) = (self.repository, self.tag);
        let placeholder = manifest(&self.blob, media_type);
        self.move_tag(&placeholder, digest).await?;
        match repository.delete_manifest(&placeholder.digest).await {
            Ok(_) => Ok(placeholder.digest),
            Err(error) => {
                let what = format!("cannot delete the placeholder that was pushed to {repository}:{tag}");
                Err(self.put_back(original.as_ref(), &placeholder.digest, error.within(what)).await)
            }
        }
    }

    /// Pushes a manifest to the tag, and verifies that the tag points to it.
    async fn move_tag(&self, to: &Manifest, from: Option<&Digest>) -> Result<()> {
        let (repository, tag) = (self.repository, self.tag);
        let mut resend = true;
        loop {
            let pushed = repository.push_manifest(tag, to).await;
            let now = repository.resolve_by_content(Target::Tag(tag)).await;
            match (pushed, now) {
                (_, Ok(Some(now))) if now.digest == to.digest => return Ok(()),
                (Err(_), Ok(Some(Resolved { digest, .. }))) if from.is_some_and(|from| *from != digest) => {
                    return Err(moved(&format!("{repository}:{tag}"), from.unwrap_or(&digest), &digest));
                }
                (Err(error), Ok(_)) if resend && error.reply().is_none() => resend = false,
                (Err(error), Err(again)) if error.reply().is_none_or(|reply| reply.status >= 500) => {
                    let what = format!("cannot determine whether {repository}:{tag} points to {} now", to.digest);
                    return Err(error.within(what).because(again).with_kind(Kind::Incomplete));
                }
                (Err(error), _) => return Err(refused_push(error)),
                (Ok(()), Ok(_)) => {
                    let registry = repository.registry();
                    let what =
                        format!("{registry} accepted a push to {repository}:{tag}, and the tag does not point to it");
                    return Err(Error::new(Kind::Incomplete, what));
                }
                (Ok(()), Err(again)) => return Err(again.with_kind(Kind::Incomplete)),
            }
        }
    }

    /// Puts the tag back on what it pointed to before the placeholder, unless another client has pushed to it since.
    /// Returns the error with the result of that.
    async fn put_back(&self, original: Option<&Manifest>, placeholder: &Digest, error: Error) -> Error {
        let now = self.repository.resolve_by_content(Target::Tag(self.tag)).await;
        let restored = match (now, original) {
            (Ok(Some(now)), _) if now.digest != *placeholder => {
                return error.because(format!("another client pushed {} to the tag", now.digest));
            }
            (Ok(None), _) => return error.because("the tag is gone nevertheless").with_kind(Kind::Incomplete),
            (Ok(Some(_)), Some(original)) => {
                self.move_tag(original, Some(placeholder)).await.map(|()| &original.digest)
            }
            (Ok(Some(_)), None) => {
                return error.because("what the tag pointed to before could not be read").with_kind(Kind::Incomplete);
            }
            (Err(again), _) => Err(again),
        };
        match restored {
            Ok(original) => error.because(format!("the tag was put back on {original}")),
            Err(again) => error.because(format!("the tag cannot be put back: {again}")).with_kind(Kind::Incomplete),
        }
    }
}

/// Makes a unique placeholder, in docker's format where it replaces that: distribution 2.6 accepts no other.
fn manifest(blob: &Digest, replaced: Option<&str>) -> Manifest {
    let [media_type, config, layer] = match replaced.is_some_and(|replaced| replaced.contains("docker")) {
        true => [media_types::DOCKER_MANIFEST, DOCKER_CONFIG, DOCKER_LAYER],
        false => [media_types::OCI_MANIFEST, EMPTY_TYPE, EMPTY_TYPE],
    };
    let empty = |media_type| json!({"mediaType": media_type, "digest": blob, "size": EMPTY.len()});
    let unique = format!("{:032x}", fastrand::u128(..));
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": media_type,
        "artifactType": media_types::PLACEHOLDER,
        "config": empty(config),
        "layers": [empty(layer)],
        "annotations": {"io.registry-ls.placeholder": unique},
    });
    let bytes = Bytes::from(manifest.to_string());
    let digest = Digest::of(Algorithm::Sha256, &bytes);
    Manifest::new(digest, media_type, bytes)
}

/// "Not found" for a push says that the registry takes none, not that the tag does not exist.
fn refused_push(error: Error) -> Error {
    if !error.is_not_found() {
        return error;
    }
    let what = "the registry does not accept pushes, which a placeholder needs".to_owned();
    error.within(what).with_kind(Kind::Unsupported(Operation::Other))
}
