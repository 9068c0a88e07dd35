//! Digests: displayed as written, and equal to computed ones.

use registry_ls::name::{Algorithm, Digest};

use super::vectors;

pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = vectors::texts(include_str!("../../../fixtures/vectors/digests.json"), &["parse"]);
    seeds.extend([Algorithm::Sha256, Algorithm::Sha512].map(|algorithm| Digest::of(algorithm, b"").to_string().into()));
    seeds
}

pub fn run(input: &[u8]) {
    for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
        let digest = Digest::of(algorithm, input);
        assert_eq!(digest.to_string().parse::<Digest>().ok().as_ref(), Some(&digest));
        let mut hasher = Digest::hasher(algorithm);
        input.chunks(7).for_each(|piece| hasher.update(piece));
        assert_eq!(hasher.finish(), digest);
    }
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Ok(digest) = text.parse::<Digest>() {
        assert_eq!(digest.as_str(), text);
        assert_eq!(format!("{}:{}", digest.algorithm(), digest.encoded()), text);
        assert!(digest.encoded().bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)), "{text}");
        assert!(!digest.matches(b"") || digest == Digest::of(digest.algorithm(), b""));
    }
}
