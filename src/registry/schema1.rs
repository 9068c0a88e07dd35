//! Docker's first manifest form: recognised and shown, so that old images can be found and removed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::document::{Content, Document};
use crate::name::Digest;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Schema1 {
    #[serde(default)]
    architecture: Option<String>,
    #[serde(default)]
    fs_layers: Vec<FsLayer>,
    #[serde(default)]
    signatures: Vec<Signature>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FsLayer {
    blob_sum: Digest,
}

#[derive(Deserialize)]
struct Signature {
    protected: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Protected {
    format_length: usize,
    format_tail: String,
}

/// The layers; schema 1 lists the topmost first. Of a signed manifest only the payload is read: the digest says nothing about what
/// stands between it and the signatures.
pub(super) fn document(body: &[u8]) -> Result<Document, serde_json::Error> {
    let signed = payload(body);
    let manifest: Schema1 = serde_json::from_slice(signed.as_deref().unwrap_or(body))?;
    let layers = manifest.fs_layers.into_iter().rev().map(|layer| layer.blob_sum).collect();
    Ok(Document {
        content: Content::Schema1 { architecture: manifest.architecture, layers },
        annotations: Default::default(),
        artifact_type: None,
        subject: None,
    })
}

/// What the digest of a signed manifest is computed over: the body without its signatures, put together as `libtrust` does, from
/// the length and tail that each signature protects. `None` when the body is not signed.
pub(super) fn payload(body: &[u8]) -> Option<Vec<u8>> {
    let manifest: Schema1 = serde_json::from_slice(body).ok()?;
    let protected = URL_SAFE_NO_PAD.decode(manifest.signatures.first()?.protected.trim_end_matches('=')).ok()?;
    let protected: Protected = serde_json::from_slice(&protected).ok()?;
    let tail = URL_SAFE_NO_PAD.decode(protected.format_tail.trim_end_matches('=')).ok()?;
    let mut payload = body.get(..protected.format_length)?.to_vec();
    payload.extend_from_slice(&tail);
    Some(payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_payload_leaves_the_signatures_out() {
        let unsigned = br#"{"fsLayers":[],"architecture":"amd64"}"#;
        let length = unsigned.len() - 1;
        let protected = format!(r#"{{"formatLength":{length},"formatTail":"{}"}}"#, URL_SAFE_NO_PAD.encode("}"));
        let signed = format!(
            r#"{},"signatures":[{{"protected":"{}"}}]}}"#,
            std::str::from_utf8(&unsigned[..length]).expect("UTF-8"),
            URL_SAFE_NO_PAD.encode(protected)
        );
        assert_eq!(payload(signed.as_bytes()).as_deref(), Some(&unsigned[..]));
        assert_eq!(payload(unsigned), None);
    }

    #[test]
    fn what_is_not_signed_is_not_shown() {
        let unsigned = r#"{"architecture":"amd64"}"#;
        let length = unsigned.len() - 1;
        let protected = format!(r#"{{"formatLength":{length},"formatTail":"{}"}}"#, URL_SAFE_NO_PAD.encode("}"));
        let layer = Digest::of(crate::name::Algorithm::Sha256, b"smuggled");
        let signed = format!(
            r#"{},"fsLayers":[{{"blobSum":"{layer}"}}],"signatures":[{{"protected":"{}"}}]}}"#,
            &unsigned[..length],
            URL_SAFE_NO_PAD.encode(protected)
        );
        assert_eq!(payload(signed.as_bytes()).as_deref(), Some(unsigned.as_bytes()));
        let Content::Schema1 { layers, .. } = document(signed.as_bytes()).expect("JSON").content else {
            panic!("another form")
        };
        assert_eq!(layers, []);
    }
}
