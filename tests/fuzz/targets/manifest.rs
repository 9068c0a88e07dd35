//! A manifest with its `Content-Type`: an accepted one has one form, the digest of its bytes, and sizes that can be
//! summed.

use std::collections::HashMap;

use bytes::Bytes;
use registry_ls::Kind;
use registry_ls::error::{Danger, Fault};
use registry_ls::name::Algorithm;
use registry_ls::registry::{ArtifactFacts, Content, Document, ImageConfig, Manifest, ManifestKind, media_types};
use serde_json::value::RawValue;

use super::{halves, joined, vectors};

pub fn seeds() -> Vec<Vec<u8>> {
    let file = include_str!("../../../fixtures/vectors/digests.json");
    let mut seeds: Vec<_> = vectors::inputs(file, &["type-confusion"])
        .iter()
        .map(|input| {
            joined(input["content_type"].as_str().unwrap_or_default(), input["body"].as_str().unwrap_or_default())
        })
        .collect();
    let digest = format!("sha256:{}", "0a".repeat(32));
    let descriptor = format!(
        r#"{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{digest}","size":7,"annotations":{{"a":"b"}},"platform":{{"os":"linux","architecture":"arm","variant":"v7"}}}}"#
    );
    seeds.push(joined(
        media_types::OCI_INDEX,
        format!(r#"{{"schemaVersion":2,"manifests":[{descriptor},{descriptor}],"subject":{descriptor}}}"#),
    ));
    seeds.push(joined(
        "",
        format!(
            r#"{{"mediaType":"{}","config":{descriptor},"layers":[{descriptor}],"artifactType":"x","annotations":{{}}}}"#,
            media_types::DOCKER_MANIFEST
        ),
    ));
    seeds.push(joined("application/json", format!(r#"{{"blobs":[{descriptor}]}}"#)));
    // {"formatLength":14,"formatTail":"fQ"}
    let signature = r#"{"protected":"eyJmb3JtYXRMZW5ndGgiOjE0LCJmb3JtYXRUYWlsIjoiZlEifQ"}"#;
    seeds.push(joined(
        media_types::SCHEMA1_SIGNED,
        format!(r#"{{"fsLayers":[],"architecture":"amd64","signatures":[{signature}],"x":"{digest}"}}"#),
    ));
    seeds.push(joined(
        "",
        r#"{"created":"2026-11-18T09:12:00.5Z","os":"linux","architecture":"arm","config":{"Labels":{"a":"b"},"Env":[],"Cmd":null},"history":[{"created_by":"RUN x","empty_layer":true}]}"#,
    ));
    seeds
}

pub fn run(input: &[u8]) {
    let (content_type, body) = halves(input);
    if let Ok(config) = ImageConfig::parse(body) {
        assert!(config.platform.is_none_or(|platform| !platform.os.is_empty() && !platform.architecture.is_empty()));
    }
    let content_type = std::str::from_utf8(content_type).ok().filter(|text| !text.is_empty());
    let manifest = match Manifest::read(Bytes::copy_from_slice(body), content_type, Algorithm::Sha256, "it") {
        Ok(manifest) => manifest,
        Err(error) => {
            assert!(
                matches!(error.kind(), Kind::Safety(Danger::Ambiguous) | Kind::Protocol(Fault::Malformed)),
                "{error}"
            );
            return;
        }
    };
    assert_eq!(manifest.bytes, body, "the bytes are kept as they came");
    assert!(manifest.digest.matches(body) || media_types::is_schema1(&manifest.media_type));
    // Without the header it is the same or refused: what a registry says may not make two things of one.
    if let Ok(alone) = Manifest::read(manifest.bytes.clone(), None, Algorithm::Sha256, "it") {
        assert!(alone.media_type == manifest.media_type || !body_names_type(body), "{}", manifest.media_type);
        if let (Ok(alone), Ok(report)) = (alone.document(), manifest.document()) {
            assert_eq!(alone, report, "{}", manifest.media_type);
        }
    }
    // What can be read of it is what it says where all of it can.
    let readable = manifest.readable();
    if let Ok((document, unreadable)) = &readable {
        fits(document, &manifest.media_type);
        match manifest.document() {
            Ok(whole) => assert!(unreadable.is_none() && whole == *document),
            Err(error) => assert_eq!(error.kind(), unreadable.as_ref().expect("a reason").kind()),
        }
    }
    assert!(readable.is_ok() || manifest.document().is_err());
}

fn body_names_type(body: &[u8]) -> bool {
    // Skipped members need not be UTF-8, nor numbers that can be held.
    let body = String::from_utf8_lossy(body);
    let members: HashMap<String, &RawValue> = serde_json::from_str(&body).expect("a manifest is JSON");
    let named = members.get("mediaType").and_then(|value| serde_json::from_str::<String>(value.get()).ok());
    named.is_some_and(|named| {
        media_types::is_index(&named) || media_types::is_image(&named) || media_types::is_schema1(&named)
    })
}

/// The form is that of the type, and sizes are OCI's `int64`.
fn fits(document: &Document, media_type: &str) {
    let descriptors = match &document.content {
        Content::Index(manifests) => {
            assert!(!media_types::is_image(media_type) && !media_types::is_schema1(media_type), "{media_type}");
            manifests.clone()
        }
        Content::Image { config, layers } => {
            assert!(!media_types::is_index(media_type) && !media_types::is_schema1(media_type), "{media_type}");
            config.iter().chain(layers).cloned().collect()
        }
        Content::Schema1(_) => {
            assert!(media_types::is_schema1(media_type), "{media_type}");
            Vec::new()
        }
    };
    assert_eq!(
        document.children().count() + document.listed_blobs().count(),
        match &document.content {
            Content::Index(listed) => listed.len(),
            Content::Image { .. } | Content::Schema1(_) => 0,
        }
    );
    document.dates();
    document.blobs();
    // What a listing keeps of it is bounded.
    let kind = ManifestKind::of(document);
    let facts = ArtifactFacts::of(document, kind);
    assert!(facts.files.len() <= 10 && facts.predicate_types.len() <= 10);
    let texts = facts.artifact_type.iter().chain(&facts.version).chain(&facts.files).chain(&facts.predicate_types);
    assert!(texts.into_iter().all(|text| !text.is_empty() && text.len() <= 255), "{facts:?}");
    for descriptor in descriptors.iter().chain(&document.subject) {
        assert!(i64::try_from(descriptor.size).is_ok());
        descriptor.attests();
    }
    assert_ne!(document.artifact_type.as_deref(), Some(""));
}
