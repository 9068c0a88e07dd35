//! Digests: parse, compute, compare.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256, Sha512};

use super::refusal::{name_of, refuse};
use super::text::text;
use crate::error::Error;

/// The algorithm of a digest: the two registered ones of the OCI image specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// SHA-256, 64 hexadecimal digits.
    Sha256,
    /// SHA-512, 128 hexadecimal digits.
    Sha512,
}

impl Algorithm {
    const ALL: [Self; 2] = [Self::Sha256, Self::Sha512];

    /// The name before the colon: `sha256`, `sha512`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    /// The number of hexadecimal digits after the colon.
    fn digits(self) -> usize {
        match self {
            Self::Sha256 => 64,
            Self::Sha512 => 128,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A digest: `sha256:` and 64 or `sha512:` and 128 lower-case hexadecimal digits (OCI image specification,
/// descriptor.md, "Digests").
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(String);

text!(Digest);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(algorithm: Algorithm, bytes: &[u8]) -> Self {
        let mut hasher = Self::hasher(algorithm);
        hasher.update(bytes);
        hasher.finish()
    }

    /// Computes a digest of bytes that arrive in pieces.
    pub fn hasher(algorithm: Algorithm) -> Hasher {
        Hasher(match algorithm {
            Algorithm::Sha256 => State::Sha256(Sha256::new()),
            Algorithm::Sha512 => State::Sha512(Box::new(Sha512::new())),
        })
    }

    /// Its algorithm.
    pub fn algorithm(&self) -> Algorithm {
        if self.0.starts_with("sha512:") { Algorithm::Sha512 } else { Algorithm::Sha256 }
    }

    /// The hexadecimal digits after the colon.
    pub fn encoded(&self) -> &str {
        &self.0[self.algorithm().as_str().len() + 1..]
    }

    /// Whether it is the digest of `bytes`.
    pub fn matches(&self, bytes: &[u8]) -> bool {
        *self == Self::of(self.algorithm(), bytes)
    }

    /// The digest with all digits zero. No content with it is known, so that a request for it changes nothing.
    pub fn zero(algorithm: Algorithm) -> Self {
        Self(format!("{algorithm}:{}", "0".repeat(algorithm.digits())))
    }

    /// Like `from_str`; the error is the cause alone.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match fault(text) {
            None => Ok(Self(text.to_owned())),
            Some(cause) => Err(cause),
        }
    }
}

/// A digest as bytes: less than half the size of its text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum PackedDigest {
    Sha256([u8; 32]),
    Sha512(Box<[u8; 64]>),
}

impl From<&Digest> for PackedDigest {
    fn from(digest: &Digest) -> Self {
        fn bytes<const N: usize>(digits: &str) -> [u8; N] {
            let mut bytes = [0; N];
            // A digest has exactly the digits of its algorithm, all of them hexadecimal.
            let _ = hex::decode_to_slice(digits, &mut bytes);
            bytes
        }
        match digest.algorithm() {
            Algorithm::Sha256 => Self::Sha256(bytes(digest.encoded())),
            Algorithm::Sha512 => Self::Sha512(Box::new(bytes(digest.encoded()))),
        }
    }
}

impl From<&PackedDigest> for Digest {
    fn from(packed: &PackedDigest) -> Self {
        Self(match packed {
            PackedDigest::Sha256(bytes) => format!("sha256:{}", hex::encode(bytes)),
            PackedDigest::Sha512(bytes) => format!("sha512:{}", hex::encode(**bytes)),
        })
    }
}

impl FromStr for Digest {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text).map_err(|cause| refuse(text, "a digest", cause))
    }
}

/// Computes a digest; see [`Digest::hasher`].
#[derive(Debug, Clone)]
pub struct Hasher(State);

#[derive(Debug, Clone)]
enum State {
    Sha256(Sha256),
    Sha512(Box<Sha512>),
}

impl Hasher {
    /// Adds the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Sha256(state) => state.update(bytes),
            State::Sha512(state) => state.update(bytes),
        }
    }

    /// The digest of all added bytes.
    pub fn finish(self) -> Digest {
        Digest(match self.0 {
            State::Sha256(state) => format!("sha256:{}", hex::encode(state.finalize())),
            State::Sha512(state) => format!("sha512:{}", hex::encode(state.finalize())),
        })
    }
}

fn fault(text: &str) -> Option<String> {
    if text.is_empty() {
        return Some("the digest is empty".into());
    }
    let Some((name, encoded)) = text.split_once(':') else { return Some(without_colon(text)) };
    let Some(algorithm) = Algorithm::ALL.into_iter().find(|known| known.as_str() == name) else {
        let known = Algorithm::ALL.into_iter().find(|known| known.as_str().eq_ignore_ascii_case(name));
        return Some(match known {
            Some(known) => format!("the algorithm must be in lower case: {known}"),
            None => "a digest begins with 'sha256:' or 'sha512:'".into(),
        });
    };
    if let Some(odd) = encoded.chars().find(|c| !matches!(c, '0'..='9' | 'a'..='f')) {
        return Some(match odd {
            'A'..='F' => "the digits of a digest must be in lower case".into(),
            _ => format!("{} is not a hexadecimal digit", name_of(odd)),
        });
    }
    let (wanted, found) = (algorithm.digits(), encoded.len());
    (found != wanted).then(|| format!("{algorithm} has {wanted} hexadecimal digits, this digest has {found}"))
}

/// Guesses what was meant by a text without a colon.
fn without_colon(text: &str) -> String {
    let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if let Some(algorithm) = Algorithm::ALL.into_iter().find(|known| is_hex && known.digits() == text.len()) {
        return format!("the algorithm is missing: {algorithm}:{}", text.to_ascii_lowercase());
    }
    match super::tag::Tag::parse(text) {
        Ok(_) => "this looks like a tag; a digest is ALGORITHM:DIGITS".into(),
        Err(_) => "a digest is ALGORITHM:DIGITS".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn cause(text: &str) -> String {
        text.parse::<Digest>().expect_err("no digest").causes()[0].clone()
    }

    #[test]
    fn it_is_parsed_and_displayed_as_written() {
        let digest: Digest = EMPTY.parse().expect("a digest");
        assert_eq!(digest.algorithm(), Algorithm::Sha256);
        assert_eq!(digest.encoded(), &EMPTY[7..]);
        assert_eq!(digest.to_string(), EMPTY);
        assert_eq!(serde_json::to_string(&digest).expect("JSON"), format!("\"{EMPTY}\""));
        let longer = Digest::of(Algorithm::Sha512, b"");
        assert_eq!((longer.algorithm(), longer.encoded().len()), (Algorithm::Sha512, 128));
    }

    #[test]
    fn it_matches_its_own_bytes_alone() {
        for algorithm in Algorithm::ALL {
            let digest = Digest::of(algorithm, b"hello");
            assert!(digest.matches(b"hello"));
            assert!(!digest.matches(b"hello\n"));
            assert_eq!(digest.as_str().parse::<Digest>().expect("a digest"), digest);
        }
    }

    #[test]
    fn pieces_give_the_digest_of_the_whole() {
        for algorithm in Algorithm::ALL {
            let mut hasher = Digest::hasher(algorithm);
            hasher.update(b"hel");
            hasher.update(b"");
            hasher.update(b"lo");
            assert_eq!(hasher.finish(), Digest::of(algorithm, b"hello"));
        }
    }

    #[test]
    fn the_cause_names_the_part_that_is_wrong() {
        assert_eq!(cause(""), "the digest is empty");
        assert_eq!(cause("latest"), "this looks like a tag; a digest is ALGORITHM:DIGITS");
        assert_eq!(cause("la test"), "a digest is ALGORITHM:DIGITS");
        assert_eq!(cause(&EMPTY[7..]), format!("the algorithm is missing: {EMPTY}"));
        assert_eq!(cause("md5:00"), "a digest begins with 'sha256:' or 'sha512:'");
        assert_eq!(cause(&EMPTY.to_uppercase()), "the algorithm must be in lower case: sha256");
        assert_eq!(cause(&EMPTY.replace('e', "E")), "the digits of a digest must be in lower case");
        assert_eq!(cause("sha256:00g"), "'g' is not a hexadecimal digit");
        assert_eq!(cause("sha512:00"), "sha512 has 128 hexadecimal digits, this digest has 2");
        assert_eq!(cause(&format!("{EMPTY}\r")), "U+000D is not a hexadecimal digit");
    }
}
