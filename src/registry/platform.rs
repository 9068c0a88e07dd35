//! Platforms: `OS/ARCH[/VARIANT]`, on Windows with the version of the system.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

use crate::error::{Error, Result};

/// An operating system, architecture and variant, by the names of Go's `GOOS` and `GOARCH` (OCI image index,
/// `platform`). Absent, `null` and empty members are equal.
///
/// The text form is containerd's: `linux/arm/v7`, or `windows(10.0.17763.1+win32k)/amd64` with the version and features
/// of the system.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(from = "Members")]
pub struct Platform {
    /// For instance `linux`.
    pub os: String,
    /// For instance `arm`.
    pub architecture: String,
    /// For instance `v7`.
    pub variant: Option<String>,
    /// The version of the operating system, for instance `10.0.17763.1`: it distinguishes images for Windows.
    pub os_version: Option<String>,
    /// Required features of the operating system, for instance `win32k`.
    pub os_features: Vec<String>,
}

#[derive(Deserialize)]
struct Members {
    os: Option<String>,
    architecture: Option<String>,
    variant: Option<String>,
    #[serde(rename = "os.version")]
    os_version: Option<String>,
    #[serde(rename = "os.features")]
    os_features: Option<Vec<Option<String>>>,
}

impl From<Members> for Platform {
    fn from(members: Members) -> Self {
        let is_stated = |text: &String| !text.is_empty();
        Self {
            os: members.os.unwrap_or_default(),
            architecture: members.architecture.unwrap_or_default(),
            variant: members.variant.filter(is_stated),
            os_version: members.os_version.filter(is_stated),
            os_features: members.os_features.into_iter().flatten().flatten().filter(is_stated).collect(),
        }
    }
}

impl Platform {
    /// Linux on an architecture.
    pub(super) fn linux(architecture: &str) -> Self {
        Self { os: "linux".to_owned(), architecture: architecture.to_owned(), ..Self::default() }
    }

    /// The platform whose images this machine runs: Linux except on Windows, if need be in a virtual machine.
    pub fn of_this_machine() -> Self {
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            "x86" => "386",
            "powerpc64" if cfg!(target_endian = "little") => "ppc64le",
            "loongarch64" => "loong64",
            other => other,
        };
        let os = if cfg!(windows) { "windows" } else { "linux" };
        Self { os: os.to_owned(), architecture: architecture.to_owned(), ..Self::default() }
    }

    /// Whether an image for `self` satisfies a request for `wanted`: `linux/arm64/v8` satisfies `linux/arm64`,
    /// `windows(10.0.17763.1)/amd64` satisfies `windows(10.0.17763)/amd64`.
    pub fn serves(&self, wanted: &Self) -> bool {
        self.os == wanted.os
            && self.architecture == wanted.architecture
            && (wanted.variant.is_none()
                || wanted.variant == self.variant
                || wanted.variant.as_deref() == self.usual_variant())
            && wanted.os_version.as_deref().is_none_or(|wanted| self.has_version(wanted))
            && wanted.os_features.iter().all(|wanted| self.os_features.contains(wanted))
    }

    fn has_version(&self, wanted: &str) -> bool {
        let rest = self.os_version.as_deref().and_then(|version| version.strip_prefix(wanted));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }

    /// The variant that is implied when none is named.
    fn usual_variant(&self) -> Option<&str> {
        match (self.variant.as_deref(), self.architecture.as_str()) {
            (None, "arm64") => Some("v8"),
            (None, "arm") => Some("v7"),
            _ => None,
        }
    }

    /// Whether it is `unknown/unknown`, which BuildKit gives to attestations.
    pub fn is_unknown(&self) -> bool {
        self.os == "unknown" && self.architecture == "unknown"
    }

    /// Whether nothing is stated.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether both the operating system and the architecture are stated.
    pub fn is_whole(&self) -> bool {
        !self.os.is_empty() && !self.architecture.is_empty()
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.os.is_empty() { "unknown" } else { &self.os })?;
        if self.os_version.is_some() || !self.os_features.is_empty() {
            write!(f, "({}", self.os_version.as_deref().unwrap_or_default())?;
            self.os_features.iter().try_for_each(|feature| write!(f, "+{feature}"))?;
            f.write_str(")")?;
        }
        let rest = [Some(&self.architecture).filter(|text| !text.is_empty()), self.variant.as_ref()];
        rest.into_iter().flatten().try_for_each(|part| write!(f, "/{part}"))
    }
}

impl FromStr for Platform {
    type Err = Error;

    /// Parses `OS[(VERSION[+FEATURE…])]/ARCH[/VARIANT]`; upper case is read as lower case.
    fn from_str(text: &str) -> Result<Self> {
        parse(&text.to_ascii_lowercase()).ok_or_else(|| {
            Error::invalid(format!("{text:?} is not a platform")).because("a platform is OS/ARCH or OS/ARCH/VARIANT")
        })
    }
}

fn parse(text: &str) -> Option<Platform> {
    let is_name = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    let name = |part: &str| is_name(part).then(|| part.to_owned());
    let parts: Vec<_> = text.split('/').collect();
    let (os, architecture, variant) = match *parts.as_slice() {
        [os, architecture] => (os, architecture, None),
        [os, architecture, variant] => (os, architecture, Some(name(variant)?)),
        _ => return None,
    };
    let (os, options) = match os.split_once('(') {
        Some((os, options)) => (os, options.strip_suffix(')')?),
        None => (os, ""),
    };
    let (version, features) = options.split_once('+').unwrap_or((options, ""));
    let features = features.split('+').filter(|feature| !feature.is_empty());
    Some(Platform {
        os: name(os)?,
        architecture: match name(architecture)?.as_str() {
            "x86_64" => "amd64".to_owned(),
            "aarch64" => "arm64".to_owned(),
            other => other.to_owned(),
        },
        variant,
        os_version: if version.is_empty() { None } else { Some(name(version)?) },
        os_features: features.map(name).collect::<Option<_>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    fn platform(text: &str) -> Platform {
        text.parse().expect(text)
    }

    #[test]
    fn parses_and_prints() {
        for text in [
            "linux/amd64",
            "linux/arm/v7",
            "windows/amd64",
            "windows(10.0.17763.1)/amd64",
            "windows(10.0.17763.1+win32k+a)/amd64",
            "windows(+win32k)/amd64",
        ] {
            assert_eq!(platform(text).to_string(), text);
        }
        assert_eq!(platform("linux/x86_64").to_string(), "linux/amd64");
        for text in [
            "linux",
            "linux/",
            "/amd64",
            "linux/arm/v7/x",
            "linux/a b",
            "",
            "windows(1/amd64",
            "windows(1)x/amd64",
            "(1)/amd64",
        ] {
            assert_eq!(*text.parse::<Platform>().expect_err(text).kind(), Kind::Invalid);
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

    #[test]
    fn a_version_and_features_narrow() {
        let image = platform("windows(10.0.17763.1+win32k)/amd64");
        for wanted in
            ["windows/amd64", "windows(10.0.17763)/amd64", "windows(10.0.17763.1)/amd64", "windows(+win32k)/amd64"]
        {
            assert!(image.serves(&platform(wanted)), "{wanted}");
        }
        for wanted in ["windows(10.0.1776)/amd64", "windows(10.0.20348)/amd64", "windows(+other)/amd64"] {
            assert!(!image.serves(&platform(wanted)), "{wanted}");
        }
    }

    #[test]
    fn absent_parts_are_not_shown() {
        let read = |json: &str| serde_json::from_str::<Platform>(json).expect(json);
        assert_eq!(read(r#"{"os":"linux","architecture":"amd64","variant":""}"#).to_string(), "linux/amd64");
        assert_eq!(read(r#"{"os":"linux","architecture":null,"os.features":[null]}"#).to_string(), "linux");
        assert_eq!(read(r#"{"architecture":"arm","variant":"v7"}"#).to_string(), "unknown/arm/v7");
        assert!(read(r#"{"os":"","architecture":null,"os.version":"","os.features":null}"#).is_empty());
        let windows = read(r#"{"os":"windows","architecture":"amd64","os.version":"10.0.20348.2"}"#);
        assert_eq!(windows.to_string(), "windows(10.0.20348.2)/amd64");
        assert_ne!(windows, platform("windows/amd64"));
    }
}
