//! What "not found" means in a page that no registry sends: HTML, XML or text.
//!
//! A gateway in front of a registry may answer so for what it does not pass on, which says nothing about what the
//! registry has. A registry of static files (a bucket, a web server) has no other answer. It is told apart by what
//! follows, asked for in this order and twice:
//!
//! 1. another tag of the repository is served, or its config where a blob is looked for;
//! 2. a name that does not exist is answered by such a page: a registry behind a gateway would answer it itself;
//! 3. what is looked for is answered by such a page.
//!
//! Otherwise it is unknown whether it exists. Asking twice detects two servers that answer in turn.

use futures::TryStreamExt;
use http::Method;
use http::header::{ACCEPT, HeaderValue};

use super::document::Content;
use super::endpoint::Endpoint;
use super::media_types;
use super::repository::RepositoryHandle;
use crate::error::Error;
use crate::name::{Algorithm, Digest, Tag, Target};

/// How many tags are tried as a witness.
const MAX_TRIES: usize = 5;

/// How a GET is answered.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Served,
    /// "Not found", in a page that no registry sends.
    Page,
    Other,
}

/// Whether an error is "not found" in a page that no registry sends.
pub(super) fn is_page(error: &Error) -> bool {
    error.reply().is_some_and(|reply| reply.status == 404 && reply.is_page)
}

impl RepositoryHandle {
    /// Whether a manifest that such a page calls "not found" does not exist.
    pub(super) async fn is_manifest_absent(&self, target: Target<'_>) -> bool {
        let Some(witness) = self.served_tag(Some(target)).await else { return false };
        let (tag, digest) = unused_names();
        let unused = match target {
            Target::Tag(_) => tag.as_ref().map_or(Target::Digest(&digest), Target::Tag),
            Target::Digest(_) => Target::Digest(&digest),
        };
        let manifest = |target| Endpoint::Manifest(&self.name, target);
        self.is_absent(manifest(Target::Tag(&witness)), manifest(unused), manifest(target)).await
    }

    /// The same for a blob.
    pub(super) async fn is_blob_absent(&self, digest: &Digest) -> bool {
        let Some(witness) = self.served_config(digest).await else { return false };
        let (_, unused) = unused_names();
        let blob = |digest| Endpoint::Blob(&self.name, digest);
        self.is_absent(blob(&witness), blob(&unused), blob(digest)).await
    }

    async fn is_absent(&self, witness: Endpoint<'_>, unused: Endpoint<'_>, wanted: Endpoint<'_>) -> bool {
        for _ in 0..2 {
            for (endpoint, expected) in [(witness, Answer::Served), (unused, Answer::Page), (wanted, Answer::Page)] {
                if self.answer(endpoint).await != expected {
                    return false;
                }
            }
        }
        true
    }

    async fn answer(&self, endpoint: Endpoint<'_>) -> Answer {
        let request = self.client.request(Method::GET, endpoint);
        let request = request.header(ACCEPT, HeaderValue::from_static(media_types::ACCEPT));
        match self.client.transport.send(&request).await {
            Ok(_) => Answer::Served,
            Err(error) if is_page(&error) => Answer::Page,
            Err(_) => Answer::Other,
        }
    }

    /// A tag that is served, other than `target`.
    async fn served_tag(&self, target: Option<Target<'_>>) -> Option<Tag> {
        let mut tags = self.tags();
        for _ in 0..MAX_TRIES {
            let tag = tags.try_next().await.ok()??;
            let is_wanted = target == Some(Target::Tag(&tag));
            if !is_wanted && self.answer(Endpoint::Manifest(&self.name, Target::Tag(&tag))).await == Answer::Served {
                return Some(tag);
            }
        }
        None
    }

    /// The config of a tag that is served, other than `digest`.
    async fn served_config(&self, digest: &Digest) -> Option<Digest> {
        let tag = self.served_tag(None).await?;
        let manifest = self.manifest(&tag).await.ok()?;
        let mut document = manifest.document().ok()?;
        let child = document.children().next().cloned();
        if let Some(child) = child {
            document = self.child(&child).await.ok()?.document().ok()?;
        }
        let Content::Image { config: Some(config), .. } = &document.content else { return None };
        config.digest.supported().filter(|config| *config != digest).cloned()
    }
}

/// Names that do not exist.
fn unused_names() -> (Option<Tag>, Digest) {
    let name = format!("registry-ls-probe-{:016x}", fastrand::u64(..));
    let digest = Digest::of(Algorithm::Sha256, name.as_bytes());
    (name.parse().ok(), digest)
}
