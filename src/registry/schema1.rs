//! Docker's manifest schema 1: read for display, so that old images can be found and removed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::Deserialize;

use super::created;
use super::descriptor::DescriptorDigest;
use super::members::{Member, Reader, members};

/// The content of a schema 1 manifest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schema1 {
    /// The architecture.
    pub architecture: Option<String>,
    /// The layers, lowest first.
    pub layers: Vec<DescriptorDigest>,
    /// When its newest layer was created, by its history.
    pub created: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Signed {
    #[serde(default)]
    signatures: Vec<Signature>,
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

/// Reads what can be read of a manifest: of a signed one only its payload, which the digest covers.
///
/// # Errors
///
/// Why nothing of it can be read.
pub(super) fn read(body: &[u8], reader: &mut Reader) -> Result<Schema1, String> {
    let signed = payload(body);
    let body = signed.as_deref().unwrap_or(body);
    let found = members(body, ["architecture", "fsLayers", "history"]).map_err(|error| error.to_string())?;
    let [architecture, layers, history] = found;
    let architecture = reader.text(architecture, format_args!("architecture"));
    // Schema 1 lists the topmost layer first.
    let mut layers = layers_of(layers, reader);
    layers.reverse();
    let history = reader.list(history, format_args!("history")).into_iter();
    let created = newest(history.map(|entry| entry.and_then(|entry| date(entry.get()))).collect());
    Ok(Schema1 { architecture, layers, created })
}

fn layers_of(layers: Member<'_>, reader: &mut Reader) -> Vec<DescriptorDigest> {
    let mut digests = Vec::new();
    for (number, layer) in reader.list(layers, format_args!("fsLayers")).into_iter().enumerate() {
        let Some(layer) = layer else { continue };
        match members(layer.get().as_bytes(), ["blobSum"]) {
            Ok([sum]) => digests.push(reader.value(sum, format_args!("fsLayers[{number}].blobSum"))),
            Err(error) => reader.fail(format_args!("fsLayers[{number}]"), error),
        }
    }
    digests.retain(|digest: &DescriptorDigest| !digest.is_empty());
    digests
}

/// When the layer of a history entry was created: the entry holds a v1 image's config as a string of JSON.
fn date(entry: &str) -> Option<Timestamp> {
    let text = |[text]: [Member<'_>; 1]| serde_json::from_str::<String>(text?.get()).ok();
    let v1 = text(members(entry.as_bytes(), ["v1Compatibility"]).ok()?)?;
    created::parse(&text(members(v1.as_bytes(), ["created"]).ok()?)?)
}

/// The newest of the dates, which begin with the topmost layer's. `None` where that layer has no date, or a fixed one:
/// those of the base image say nothing about the image.
fn newest(history: Vec<Option<Timestamp>>) -> Option<Timestamp> {
    let topmost = history.first().copied().flatten().filter(|date| created::is_not_fixed(*date))?;
    history.into_iter().flatten().max().max(Some(topmost))
}

/// The payload of a signed manifest, which its digest is computed over: the body without its signatures, restored from
/// the length and tail that each signature protects, as in `libtrust`. `None` when the body is not signed.
pub(super) fn payload(body: &[u8]) -> Option<Vec<u8>> {
    let signed: Signed = serde_json::from_slice(body).ok()?;
    let protected = URL_SAFE_NO_PAD.decode(signed.signatures.first()?.protected.trim_end_matches('=')).ok()?;
    let protected: Protected = serde_json::from_slice(&protected).ok()?;
    let tail = URL_SAFE_NO_PAD.decode(protected.format_tail.trim_end_matches('=')).ok()?;
    let mut payload = body.get(..protected.format_length)?.to_vec();
    payload.extend_from_slice(&tail);
    Some(payload)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::{Algorithm, Digest};

    fn read(body: &str) -> Schema1 {
        let mut reader = Reader::default();
        let schema1 = super::read(body.as_bytes(), &mut reader).expect("an object");
        assert_eq!(reader.causes(), [""; 0]);
        schema1
    }

    fn signed(unsigned: &str, between: &str) -> String {
        let length = unsigned.len() - 1;
        let protected = format!(r#"{{"formatLength":{length},"formatTail":"{}"}}"#, URL_SAFE_NO_PAD.encode("}"));
        let protected = URL_SAFE_NO_PAD.encode(protected);
        format!(r#"{}{between},"signatures":[{{"protected":"{protected}"}}]}}"#, &unsigned[..length])
    }

    #[test]
    fn the_payload_leaves_the_signatures_out() {
        let unsigned = r#"{"fsLayers":[],"architecture":"amd64"}"#;
        assert_eq!(payload(signed(unsigned, "").as_bytes()).as_deref(), Some(unsigned.as_bytes()));
        assert_eq!(payload(unsigned.as_bytes()), None);
        // It does not depend on whether the rest can be read.
        let odd = r#"{"fsLayers":7,"history":"nonsense"}"#;
        assert_eq!(payload(signed(odd, "").as_bytes()).as_deref(), Some(odd.as_bytes()));
    }

    #[test]
    fn what_is_not_signed_is_not_shown() {
        let unsigned = r#"{"architecture":"amd64"}"#;
        let layer = Digest::of(Algorithm::Sha256, b"smuggled");
        let signed = signed(unsigned, &format!(r#","fsLayers":[{{"blobSum":"{layer}"}}]"#));
        assert_eq!(payload(signed.as_bytes()).as_deref(), Some(unsigned.as_bytes()));
        assert_eq!(read(&signed).layers, []);
    }

    #[test]
    fn the_topmost_layer_is_first_and_what_names_nothing_is_left_out() {
        let schema1 =
            read(r#"{"fsLayers":[{"blobSum":"blake3:02"},null,{},{"blobSum":null},{"blobSum":"blake3:01"}]}"#);
        let layers: Vec<_> = schema1.layers.iter().map(DescriptorDigest::as_str).collect();
        assert_eq!((layers, schema1.architecture), (vec!["blake3:01", "blake3:02"], None));
        assert_eq!(read(r#"{"architecture":null,"fsLayers":null,"history":null}"#), Schema1::default());
    }

    #[test]
    fn the_creation_time_is_that_of_the_newest_layer_unless_fixed() {
        let created = |dates: &[&str]| {
            let entry = |date: &&str| format!(r#"{{"v1Compatibility":"{{\"created\":\"{date}\"}}"}}"#);
            let history: Vec<_> = dates.iter().map(entry).collect();
            let created = read(&format!(r#"{{"history":[{}]}}"#, history.join(","))).created;
            created.map(|created| created.to_string())
        };
        let (old, new) = ("2015-05-01T10:00:00Z", "2016-05-01T10:00:00Z");
        assert_eq!(created(&[new, old]).as_deref(), Some(new));
        assert_eq!(created(&[old, new]).as_deref(), Some(new));
        assert_eq!(created(&["1980-01-01T00:00:01Z", old]), None);
        assert_eq!(created(&["", old]), None);
        assert_eq!(created(&[]), None);
    }
}
