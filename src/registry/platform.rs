//! A platform: `OS/ARCH[/VARIANT]`.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

use crate::error::{Error, Result};

/// An operating system, architecture and variant, by the names of Go's `GOOS` and `GOARCH` (OCI image index, `platform`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
pub struct Platform {
    /// For instance `linux`.
    #[serde(default)]
    pub os: String,
    /// For instance `arm`.
    #[serde(default)]
    pub architecture: String,
    /// For instance `v7`.
    #[serde(default)]
    pub variant: Option<String>,
}

impl Platform {
    /// Whether a manifest for `self` serves who asked for `wanted`: `linux/arm64` asked for is served by `linux/arm64/v8`.
    pub fn serves(&self, wanted: &Self) -> bool {
        self.os == wanted.os
            && self.architecture == wanted.architecture
            && (wanted.variant.is_none()
                || wanted.variant == self.variant
                || wanted.variant.as_deref() == self.usual_variant())
    }

    /// The variant that is meant when none is named.
    fn usual_variant(&self) -> Option<&str> {
        match (self.variant.as_deref(), self.architecture.as_str()) {
            (None, "arm64") => Some("v8"),
            (None, "arm") => Some("v7"),
            _ => None,
        }
    }

    /// What buildkit gives to attestations, which are for no platform.
    pub fn is_unknown(&self) -> bool {
        self.os == "unknown" && self.architecture == "unknown"
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant.as_ref().map_or(Ok(()), |variant| write!(f, "/{variant}"))
    }
}

impl FromStr for Platform {
    type Err = Error;

    /// `OS/ARCH[/VARIANT]`, in lower case as registries have it.
    fn from_str(text: &str) -> Result<Self> {
        let lower = text.to_ascii_lowercase();
        let parts: Vec<_> = lower.split('/').collect();
        let well_formed = |part: &&str| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        };
        match parts.as_slice() {
            [os, architecture, variant @ ..] if variant.len() <= 1 && parts.iter().all(well_formed) => Ok(Self {
                os: (*os).to_owned(),
                architecture: match *architecture {
                    "x86_64" => "amd64".to_owned(),
                    "aarch64" => "arm64".to_owned(),
                    other => other.to_owned(),
                },
                variant: variant.first().map(|variant| (*variant).to_owned()),
            }),
            _ => Err(Error::invalid(format!("{text:?} is not a platform"))
                .because("a platform is OS/ARCH or OS/ARCH/VARIANT")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn platform(text: &str) -> Platform {
        text.parse().expect(text)
    }

    #[test]
    fn parses_and_prints() {
        for text in ["linux/amd64", "linux/arm/v7", "windows/amd64"] {
            assert_eq!(platform(text).to_string(), text);
        }
        assert_eq!(platform("linux/x86_64").to_string(), "linux/amd64");
        for text in ["linux", "linux/", "/amd64", "linux/arm/v7/x", "linux/a b", ""] {
            assert!(text.parse::<Platform>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_variant_narrows() {
        assert!(platform("linux/arm64/v8").serves(&platform("linux/arm64")));
        assert!(platform("linux/arm64").serves(&platform("linux/arm64/v8")));
        assert!(platform("linux/arm/v7").serves(&platform("linux/arm/v7")));
        assert!(!platform("linux/arm/v6").serves(&platform("linux/arm/v7")));
        assert!(!platform("linux/amd64").serves(&platform("windows/amd64")));
    }
}
