//! The config of an artifact: a Helm chart's is `Chart.yaml` as JSON, a model's has a descriptor. What a listing keeps
//! of it is bounded.

use registry_ls::registry::{ArtifactFacts, ImageConfig, ManifestKind};

pub fn seeds() -> Vec<Vec<u8>> {
    [
        r#"{"name":"web","version":"0.9.0","apiVersion":"v2","appVersion":"2.1","dependencies":[{"name":"a"}],"icon":null}"#,
        r#"{"apiVersion":"v2","version":1.10,"appVersion":false}"#,
        r#"{"descriptor":{"createdAt":"2026-11-18T09:12:00+02:00","family":"llama","version":"3"},"config":{"paramSize":"8b"}}"#,
        r#"{"config":{"format":"gguf","size":"8B"},"descriptor":{"created":"2026-11-18T09:12:00Z"},"rootfs":{"diff_ids":[]}}"#,
        r#"{"architecture":"wasm","os":"wasip2","layerDigests":["sha256:00"],"component":{"exports":["a"]}}"#,
        "null",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

pub fn run(input: &[u8]) {
    let Ok(config) = ImageConfig::parse(input) else { return };
    for kind in [ManifestKind::Chart, ManifestKind::Model, ManifestKind::Image] {
        let mut facts = ArtifactFacts::default();
        facts.add_config(&config, kind);
        let versions: Vec<_> = facts.version.iter().chain(&facts.app_version).collect();
        assert!(versions.iter().all(|text| !text.is_empty() && text.len() <= 255), "{versions:?}");
        assert!(kind != ManifestKind::Image || versions.is_empty());
    }
}
