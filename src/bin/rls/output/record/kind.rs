//! Kinds of manifests, and predicates of attestations, as people call them.

/// The words for a kind, by its name in records.
pub fn kind_words(kind: &str) -> &str {
    match kind {
        "index" => "image index",
        "schema1" => "image in the obsolete schema 1",
        "sbom" => "SBOM",
        "wasm" => "Wasm module",
        "build-cache" => "build cache",
        "cnab" => "CNAB bundle",
        "end-of-life" => "end-of-life mark",
        other => other,
    }
}

/// The words for a predicate type, or the type itself.
pub fn predicate_words(predicate: &str) -> &str {
    const WORDS: [(&str, &str); 7] = [
        ("https://slsa.dev/provenance/", "SLSA provenance"),
        ("https://spdx.dev/", "SPDX"),
        ("https://cyclonedx.org/", "CycloneDX"),
        ("https://in-toto.io/attestation/vulns", "vulnerability scan"),
        ("https://cosign.sigstore.dev/attestation/vuln/", "vulnerability scan"),
        ("https://openvex.dev/", "VEX"),
        ("https://sigstore.dev/cosign/sign/", "cosign"),
    ];
    WORDS.iter().find(|(prefix, _)| predicate.starts_with(prefix)).map_or(predicate, |(_, words)| words)
}
